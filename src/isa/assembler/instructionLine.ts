/** One instruction line: mnemonic and operands to field values. A loop without label gets target 0, to be closed later. */
import { nearestName } from '#base';
import type { Field, Instruction, InstructionDefinition } from '../define.ts';
import { fieldRange } from '../encode.ts';
import { RECORDS, SCALAR_REGISTERS } from '../fields.ts';
import { isLoop, operandFields, optionFields, optionWords, signature, spellings, suffixField } from '../syntax.ts';
import {
  badRegister,
  duplicateOption,
  emptyOperand,
  misplaced,
  missingComma,
  operandCount,
  operandKind,
  outOfRange,
  tooFar,
  unknownChoice,
  unknownLabel,
  unknownMnemonic,
  unknownOption,
} from './errors.ts';
import { evaluate, evaluateWithin, floatValue, type Scope } from './expressions.ts';
import { placeOf, splitOperands, type Token } from './tokens.ts';

export interface LineScope extends Scope {
  /** Instruction index of each label. */
  readonly labels: ReadonlyMap<string, number>;
  /** Index of this instruction. */
  readonly index: number;
}

/** The instruction, or undefined where something is wrong with it (all of which has been reported). */
export function parseInstruction(tokens: readonly Token[], scope: LineScope): Instruction | undefined {
  const [mnemonic, ...rest] = tokens as [Token, ...Token[]];
  const { source, errors } = scope;
  const spelling = spellings.get(mnemonic.text);
  if (spelling === undefined) {
    const nearest = nearestName(mnemonic.text, [...spellings.keys(), 'endloop']);
    errors.add(unknownMnemonic({ name: mnemonic.text, nearest }, placeOf(source, mnemonic)));
    return undefined;
  }
  const { definition, suffix } = spelling;
  const fields: Record<string, number> = {};
  const suffixed = suffixField(definition);
  if (suffixed !== undefined) fields[suffixed.name] = suffix!;

  const written = splitOperands(rest);
  if (!separated(written, definition, scope, mnemonic)) return undefined;
  const required = operandFields(definition);
  const least = required.length - (isLoop(definition) ? 1 : 0);
  // A scalar instruction with too many operands is a miscount; where there are options, what is too much is a bad option.
  const options = optionFields(definition);
  if (written.length < least || (options.length === 0 && written.length > required.length)) {
    const place = placeOf(source, mnemonic, tokens.at(-1));
    const expected = written.length < least ? least : required.length;
    const params = { found: written.length, expected, signature: signature(definition) };
    errors.add(operandCount({ mnemonic: mnemonic.text, ...params }, place));
    return undefined;
  }
  let good = true;
  for (const [i, f] of required.entries()) {
    const operand = written[i];
    if (operand === undefined) {
      fields[f.name] = 0;
      continue;
    }
    const value = parseOperand(f, operand, scope, mnemonic);
    if (value === undefined) good = false;
    else fields[f.name] = value;
  }
  if (!parseOptions(definition, written.slice(required.length), fields, scope, mnemonic)) good = false;
  return good ? { mnemonic: definition.mnemonic, fields } : undefined;
}

/** No operand is empty, and none holds two words or numbers side by side, but for a choice behind its word (`to i8`). */
function separated(
  written: readonly (readonly Token[])[],
  definition: InstructionDefinition,
  scope: Scope,
  mnemonic: Token,
): boolean {
  const form = signature(definition);
  const leads = optionFields(definition).map((f) => f.lead);
  let good = true;
  for (const [i, operand] of written.entries()) {
    if (operand.length === 0) {
      const last = written[i - 1]?.at(-1) ?? mnemonic;
      scope.errors.add(emptyOperand({ number: i + 1, signature: form }, placeOf(scope.source, last)));
      good = false;
    }
    for (const [j, token] of operand.entries()) {
      const before = operand[j - 1];
      if (before === undefined || before.kind === 'mark' || token.kind === 'mark') continue;
      if (j === 1 && leads.includes(before.text)) continue;
      scope.errors.add(missingComma({ found: token.text, before: before.text }, placeOf(scope.source, token)));
      good = false;
    }
  }
  return good;
}

/** Exactly one token; reports what stands behind it. */
function single(operand: readonly Token[], scope: Scope): Token | undefined {
  const [token, extra] = operand;
  if (extra === undefined) return token;
  const expected = { en: "',' or the end of the line", zh: " ',' 或行尾" };
  scope.errors.add(misplaced({ found: extra.text, expected }, placeOf(scope.source, extra)));
  return undefined;
}

function parseOperand(f: Field, operand: readonly Token[], scope: LineScope, mnemonic: Token): number | undefined {
  switch (f.kind) {
    case 'register':
      return parseNumbered('r', SCALAR_REGISTERS, operand, scope);
    case 'record':
      return parseNumbered('R', RECORDS, operand, scope);
    case 'enum': {
      const token = single(operand, scope);
      if (token === undefined) return undefined;
      const at = f.names!.indexOf(token.text);
      if (at >= 0) return at;
      const params = { name: token.text, nearest: nearestName(token.text, f.names!), known: f.names! };
      scope.errors.add(unknownChoice(params, placeOf(scope.source, token)));
      return undefined;
    }
    case 'label':
      return parseLabel(f, operand, scope);
    case 'word':
      return parseWord(operand, scope, mnemonic);
    default: {
      const { min, max } = fieldRange(f);
      const value = evaluateWithin(operand, scope, mnemonic, min, max);
      return value === undefined ? undefined : Number(value);
    }
  }
}

function parseNumbered(letter: 'r' | 'R', count: number, operand: readonly Token[], scope: Scope): number | undefined {
  const range = `${letter}0…${letter}${count - 1}`;
  const token = single(operand, scope);
  if (token === undefined) return undefined;
  const match = /^([rR])(\d+)$/.exec(token.text);
  if (match?.[1] !== letter) {
    const kind =
      letter === 'r'
        ? { en: `a scalar register, ${range}`, zh: `标量寄存器 ${range}` }
        : { en: `a record, ${range}`, zh: `记录 ${range}` };
    scope.errors.add(operandKind({ found: token.text, ...kind }, placeOf(scope.source, token)));
    return undefined;
  }
  const n = Number(match[2]);
  if (n < count) return n;
  scope.errors.add(badRegister({ found: token.text, range }, placeOf(scope.source, token)));
  return undefined;
}

function parseWord(operand: readonly Token[], scope: Scope, mnemonic: Token): number | undefined {
  const float = floatValue(operand, scope.constants);
  if (float !== undefined) {
    const rounded = Math.fround(float);
    if (Number.isFinite(float) && !Number.isFinite(rounded)) {
      const place = placeOf(scope.source, operand[0]!, operand.at(-1)!);
      const value = operand.map((t) => t.text).join('');
      scope.errors.add(outOfRange({ value, min: '-3.4028235e38', max: '3.4028235e38 (f32)' }, place));
      return undefined;
    }
    return new Int32Array(new Float32Array([rounded]).buffer)[0]!;
  }
  const value = evaluateWithin(operand, scope, mnemonic, -(2 ** 31), 2 ** 32 - 1);
  return value === undefined ? undefined : Number(BigInt.asIntN(32, value));
}

/** `name`, or `.`, `.+3`, `.-3` relative to the instruction itself. */
function parseLabel(f: Field, operand: readonly Token[], scope: LineScope): number | undefined {
  const { min, max } = fieldRange(f);
  const [first, ...rest] = operand;
  if (first?.text === '.') {
    const offset = rest.length === 0 ? 0n : evaluate(rest, scope, first);
    if (offset === undefined) return undefined;
    if (offset >= min && offset <= max) return Number(offset);
    const place = placeOf(scope.source, first, operand.at(-1));
    scope.errors.add(outOfRange({ value: String(offset), min: String(min), max: String(max) }, place));
    return undefined;
  }
  const token = single(operand, scope);
  if (token === undefined) return undefined;
  if (token.kind !== 'name') {
    const kind = { en: "a label, or '.' with an offset", zh: "标号，或带偏移的 '.'" };
    scope.errors.add(operandKind({ found: token.text, ...kind }, placeOf(scope.source, token)));
    return undefined;
  }
  const index = scope.labels.get(token.text);
  if (index === undefined) {
    const nearest = nearestName(token.text, scope.labels.keys());
    scope.errors.add(unknownLabel({ name: token.text, nearest }, placeOf(scope.source, token)));
    return undefined;
  }
  const offset = index - scope.index;
  if (offset >= min && offset <= max) return offset;
  scope.errors.add(tooFar({ label: token.text, offset, min, max }, placeOf(scope.source, token)));
  return undefined;
}

function parseOptions(
  d: InstructionDefinition,
  written: readonly (readonly Token[])[],
  fields: Record<string, number>,
  scope: Scope,
  mnemonic: Token,
): boolean {
  const options = optionFields(d);
  const words = options.flatMap((f) => optionWords(f).map((word, i) => ({ word, field: f, value: i + 1 })));
  const known = words.map((w) => w.word);
  const seen = new Map<string, string>();
  let good = true;
  for (const f of options) fields[f.name] = 0;
  for (const operand of written) {
    const [first, second] = operand as [Token, Token | undefined];
    const isLed = second !== undefined && options.some((f) => f.lead === first.text);
    const token = isLed ? second : first;
    if (single(isLed ? operand.slice(1) : operand, scope) === undefined) {
      good = false;
      continue;
    }
    const place = placeOf(scope.source, first, token);
    const name = isLed ? `${first.text} ${token.text}` : token.text;
    const option = words.find((w) => w.word === name);
    if (option === undefined) {
      good = false;
      // A choice without its word means that choice: `i8` is `to i8`.
      const nearest = known.find((word) => word.endsWith(` ${name}`)) ?? nearestName(name, known);
      scope.errors.add(unknownOption({ name, mnemonic: mnemonic.text, nearest, known }, place));
      continue;
    }
    const before = seen.get(option.field.name);
    if (before !== undefined) {
      good = false;
      scope.errors.add(duplicateOption({ name, first: before }, place));
      continue;
    }
    seen.set(option.field.name, name);
    fields[option.field.name] = option.value;
  }
  return good;
}
