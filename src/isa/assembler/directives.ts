/**
 * Directives: what a program that stands alone says about its machine, its DRAM and its layers.
 *   .name NAME    .machine NAME    .cores COUNT    .dram BYTES
 *   .input NAME, ADDRESS, TYPE[DIMS] {, strides[BYTES, …]}     .output likewise
 *   .const ADDRESS, TYPE VALUE, VALUE, …     .fill ADDRESS, BYTES, {TYPE} VALUE
 *   .constant NAME, ADDRESS, BYTES           (one constant of what .const and .fill put there)
 *   .node "NAME"    .node    .equ NAME, VALUE    .word VALUE, …    .omitted KIND, NAME
 */
import { nearestName } from '#base';
import { machineNames } from '#machine';
import { repeat } from '../fill.ts';
import { denseStrides, SLOT_BYTES, type SlotType, type TensorSlot } from '../program.ts';
import { integerRange, isFloat, slotTypes, writeValue } from './elements.ts';
import {
  directiveForm,
  duplicateName,
  noMultiple,
  operandKind,
  unknownChoice,
  unknownDirective,
  unknownProgramMachine,
} from './errors.ts';
import { evaluateWithin, floatValue, type Scope } from './expressions.ts';
import { placeOf, splitOperands, type Token } from './tokens.ts';

export const USAGE: Readonly<Record<string, string>> = {
  '.name': '.name "NAME"',
  '.machine': '.machine NAME',
  '.cores': '.cores COUNT',
  '.dram': '.dram BYTES',
  '.input': '.input NAME, ADDRESS, f32[1, 3, 8, 8] {, strides[768, 4, 96, 12]}',
  '.output': '.output NAME, ADDRESS, f32[1, 10] {, strides[40, 4]}',
  '.const': '.const ADDRESS, f32 1.5, -2, 3',
  '.fill': '.fill ADDRESS, BYTES, f32 0.5 (or a byte from 0 to 255)',
  '.constant': '.constant "NAME", ADDRESS, BYTES',
  '.node': '.node {"NAME"}',
  '.equ': '.equ NAME, VALUE',
  '.word': '.word 0x0100000000000000',
  '.omitted': '.omitted constant, "NAME"',
};

/** Bytes that `.const` or `.fill` put into DRAM; a fill is not written out until asked for. */
export interface DeclaredBytes {
  readonly token: Token;
  readonly address: number;
  readonly bytes: number;
  readonly data: () => Uint8Array;
}

/** A piece of DRAM that is one constant. */
export interface DeclaredConstant {
  readonly token: Token;
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
}

/** What a disassembled program holds and its text does not. */
export interface DeclaredOmission {
  readonly token: Token;
  readonly kind: OmittedKind;
  readonly name: string;
}

export const OMITTED_KINDS = ['constant', 'host', 'machine'] as const;
export type OmittedKind = (typeof OMITTED_KINDS)[number];

export interface DeclaredSlot {
  readonly token: Token;
  readonly slot: TensorSlot;
}

/** What the directives of a file say, but for `.equ` and `.word`, which the passes themselves obey. */
export interface Declarations {
  name?: string;
  machine?: string;
  cores?: number;
  dram?: { readonly token: Token; readonly bytes: number };
  readonly inputs: DeclaredSlot[];
  readonly outputs: DeclaredSlot[];
  readonly bytes: DeclaredBytes[];
  readonly constants: DeclaredConstant[];
  readonly omitted: DeclaredOmission[];
  /** Layers in order; each begins at an instruction and ends where the next begins. Without a name: no layer. */
  readonly nodes: { readonly name: string | undefined; readonly from: number }[];
}

/** Fewest and most operands, where not one. */
const OPERANDS: Readonly<Record<string, readonly [number, number]>> = {
  '.input': [3, 4],
  '.output': [3, 4],
  '.const': [2, Number.POSITIVE_INFINITY],
  '.constant': [3, 3],
  '.fill': [3, 3],
  '.node': [0, 1],
  '.omitted': [2, 2],
};

/** Largest address, of 32 bits. */
const ADDRESS_MAX = 2 ** 32 - 1;

/** Obeys one directive. `index` is that of the next instruction. */
export function declare(tokens: readonly Token[], index: number, to: Declarations, scope: Scope): void {
  const [directive, ...rest] = tokens as [Token, ...Token[]];
  const { source, errors } = scope;
  const usage = USAGE[directive.text];
  if (usage === undefined) {
    const known = Object.keys(USAGE);
    const params = { name: directive.text, nearest: nearestName(directive.text, known), known };
    errors.add(unknownDirective(params, placeOf(source, directive)));
    return;
  }
  const operands = splitOperands(rest);
  const form = () =>
    errors.add(directiveForm({ directive: directive.text, usage }, placeOf(source, directive, tokens.at(-1))));
  const [least, most] = OPERANDS[directive.text] ?? [1, 1];
  if (operands.some((o) => o.length === 0) || operands.length < least || operands.length > most) {
    form();
    return;
  }
  switch (directive.text) {
    case '.node': {
      const name = nameOf(rest);
      if (name === undefined && rest.length > 0) return form();
      to.nodes.push({ name, from: index });
      return;
    }
    case '.name':
    case '.machine': {
      const name = nameOf(rest);
      if (name === undefined) return form();
      if (directive.text === '.name') {
        to.name = name;
        return;
      }
      const known = machineNames();
      if (!known.includes(name)) {
        const params = { name, nearest: nearestName(name, known), known };
        errors.add(unknownProgramMachine(params, placeOf(source, rest[0]!, rest.at(-1)!)));
      } else to.machine = name;
      return;
    }
    case '.cores': {
      const cores = evaluateWithin(rest, scope, directive, 1, ADDRESS_MAX);
      if (cores !== undefined) to.cores = Number(cores);
      return;
    }
    case '.dram': {
      const bytes = evaluateWithin(rest, scope, directive, 0, ADDRESS_MAX + 1);
      if (bytes !== undefined) to.dram = { token: directive, bytes: Number(bytes) };
      return;
    }
    case '.input':
    case '.output': {
      const slots = directive.text === '.input' ? to.inputs : to.outputs;
      const name = nameOf(operands[0]!);
      if (name === undefined) return form();
      const earlier = slots.find((s) => s.slot.name === name);
      if (earlier !== undefined) {
        const place = placeOf(source, operands[0]![0]!, operands[0]!.at(-1)!);
        errors.add(duplicateName({ name, line: earlier.token.line }, place));
      }
      const address = evaluateWithin(operands[1]!, scope, directive, 0, ADDRESS_MAX);
      const type = tensorType(operands[2]!, scope, form);
      if (address === undefined || type === undefined) return;
      const dense = denseStrides(type.dtype, type.dims);
      const strides = operands[3] === undefined ? dense : stridesOf(operands[3], type.dims, scope, form);
      if (strides !== undefined) {
        slots.push({ token: directive, slot: { name, ...type, strides, address: Number(address) } });
      }
      return;
    }
    case '.constant': {
      const name = nameOf(operands[0]!);
      if (name === undefined) return form();
      const address = evaluateWithin(operands[1]!, scope, directive, 0, ADDRESS_MAX);
      const bytes = evaluateWithin(operands[2]!, scope, directive, 0, ADDRESS_MAX);
      if (address === undefined || bytes === undefined) return;
      to.constants.push({ token: directive, name, address: Number(address), bytes: Number(bytes) });
      return;
    }
    case '.omitted': {
      const [kind, name] = operands.map(nameOf);
      if (kind === undefined || name === undefined) return form();
      const known = OMITTED_KINDS.find((k) => k === kind);
      if (known === undefined) {
        const params = { name: kind, nearest: nearestName(kind, OMITTED_KINDS), known: OMITTED_KINDS };
        errors.add(unknownChoice(params, placeOf(source, operands[0]![0]!)));
      } else to.omitted.push({ token: directive, kind: known, name });
      return;
    }
    case '.const':
    case '.fill': {
      const declared = directive.text === '.const' ? constant(operands, scope) : fill(operands, scope);
      if (declared !== undefined) to.bytes.push({ token: directive, ...declared });
    }
  }
}

/** A name as it stands, or text in quotes. */
function nameOf([first, extra]: readonly Token[]): string | undefined {
  if (extra !== undefined) return undefined;
  return first?.kind === 'string' ? first.content : first?.kind === 'name' ? first.text : undefined;
}

function typeOf(token: Token | undefined, scope: Scope): SlotType | undefined {
  if (token === undefined) return undefined;
  const type = slotTypes.get(token.text);
  if (type === undefined) {
    const known = [...slotTypes.keys()];
    const params = { name: token.text, nearest: nearestName(token.text, known), known };
    scope.errors.add(unknownChoice(params, placeOf(scope.source, token)));
  }
  return type;
}

/** `f32[1, 3, 8, 8]`; `f32` or `f32[]` is a scalar. */
function tensorType(
  tokens: readonly Token[],
  scope: Scope,
  form: () => void,
): Pick<TensorSlot, 'dtype' | 'dims'> | undefined {
  const [name, open] = tokens;
  const dtype = typeOf(name, scope);
  if (dtype === undefined) return undefined;
  const dims = open === undefined ? [] : listOf(tokens, 0, scope, form);
  return dims && { dtype, dims };
}

/** `strides[768, 4, 96, 12]`: bytes from one element to the next, for each dimension. */
function stridesOf(
  tokens: readonly Token[],
  dims: readonly number[],
  scope: Scope,
  form: () => void,
): number[] | undefined {
  const isList = tokens[0]!.text === 'strides' && tokens[1] !== undefined;
  const strides = isList ? listOf(tokens, -ADDRESS_MAX, scope, form) : [];
  if (strides === undefined || (isList && strides.length === dims.length)) return strides;
  form();
  return undefined;
}

/** The integers in `WORD[…]`. */
function listOf(tokens: readonly Token[], min: number, scope: Scope, form: () => void): number[] | undefined {
  const open = tokens[1];
  if (open?.text !== '[' || tokens.at(-1)?.text !== ']') {
    form();
    return undefined;
  }
  const list: number[] = [];
  for (const one of splitOperands(tokens.slice(2, -1))) {
    const value = evaluateWithin(one, scope, open, min, ADDRESS_MAX);
    if (value === undefined) return undefined;
    list.push(Number(value));
  }
  return list;
}

/** One value of a type; reports what it cannot hold. */
function elementValue(
  tokens: readonly Token[],
  type: SlotType,
  scope: Scope,
  after: Token,
): number | bigint | undefined {
  const float = floatValue(tokens, scope.constants);
  if (isFloat(type)) return float ?? evaluateWithin(tokens, scope, after, -(2 ** 1023), 2 ** 1023);
  const { min, max } = integerRange(type);
  if (float === undefined) return evaluateWithin(tokens, scope, after, min, max);
  const kind = { en: `an integer for ${type}`, zh: ` ${type} 的整数` };
  const found = tokens.map((t) => t.text).join('');
  scope.errors.add(operandKind({ found, ...kind }, placeOf(scope.source, tokens[0]!, tokens.at(-1)!)));
  return undefined;
}

function constant(operands: Token[][], scope: Scope): Omit<DeclaredBytes, 'token'> | undefined {
  const [at, [typeToken, ...first], ...rest] = operands as [Token[], Token[], ...Token[][]];
  const address = evaluateWithin(at, scope, typeToken!, 0, ADDRESS_MAX);
  const type = typeOf(typeToken, scope);
  if (address === undefined || type === undefined) return undefined;
  const size = SLOT_BYTES[type];
  const bytes = new Uint8Array(size * (1 + rest.length));
  const view = new DataView(bytes.buffer);
  let good = true;
  for (const [i, tokens] of [first, ...rest].entries()) {
    const value = elementValue(tokens, type, scope, typeToken!);
    if (value === undefined) good = false;
    else writeValue(view, i * size, type, value);
  }
  return good ? { address: Number(address), bytes: bytes.length, data: () => bytes } : undefined;
}

function fill(operands: Token[][], scope: Scope): Omit<DeclaredBytes, 'token'> | undefined {
  const [at, length, what] = operands as [Token[], Token[], Token[]];
  const address = evaluateWithin(at, scope, at[0]!, 0, ADDRESS_MAX);
  const bytes = evaluateWithin(length, scope, length[0]!, 1, ADDRESS_MAX);
  const typed = what.length > 1 && slotTypes.has(what[0]!.text);
  const type = typed ? slotTypes.get(what[0]!.text)! : 'uint8';
  const value = elementValue(typed ? what.slice(1) : what, type, scope, what[0]!);
  if (address === undefined || bytes === undefined || value === undefined) return undefined;
  const size = SLOT_BYTES[type];
  if (Number(bytes) % size !== 0) {
    scope.errors.add(
      noMultiple({ bytes: Number(bytes), type, size }, placeOf(scope.source, length[0]!, length.at(-1)!)),
    );
    return undefined;
  }
  const element = new Uint8Array(size);
  writeValue(new DataView(element.buffer), 0, type, value);
  return { address: Number(address), bytes: Number(bytes), data: () => repeat(element, Number(bytes)) };
}
