/**
 * The assembler: text to words. Pass one finds labels, loops and `.equ` values (every instruction is one word, so that
 * places are known at once); pass two parses operands and encodes. All errors of a file are reported, up to 20.
 */
import { internalError, throwErrors } from '#base';
import type { Instruction } from '../define.ts';
import { decode, encode } from '../encode.ts';
import { LOOP_DEPTH } from '../fields.ts';
import { isLoop, spellings } from '../syntax.ts';
import { type Declarations, declare, USAGE } from './directives.ts';
import {
  crossingLoops,
  directiveForm,
  duplicateName,
  ErrorList,
  emptyLoop,
  loopTooDeep,
  misplaced,
  openLoop,
  reservedName,
  strayEndloop,
} from './errors.ts';
import { evaluate, evaluateWithin, type Scope } from './expressions.ts';
import { parseInstruction } from './instructionLine.ts';
import { placeOf, scanLine, splitOperands, type Token } from './tokens.ts';

/** How many errors of one file are reported. */
export const ERROR_LIMIT = 20;

export interface AssembleOptions {
  /** For messages. */
  readonly file: string;
}

export interface Assembly {
  readonly words: BigUint64Array;
  /** Decoded; undefined where `.word` gave a word that is no instruction. */
  readonly instructions: readonly (Instruction | undefined)[];
  /** Source line of each word. */
  readonly lines: Int32Array;
  /** Labels and the index of the instruction behind them. */
  readonly symbols: ReadonlyMap<string, number>;
  /** `.equ` names. */
  readonly constants: ReadonlyMap<string, bigint>;
  readonly declarations: Declarations;
}

interface Statement {
  readonly tokens: readonly Token[];
  readonly index: number;
  /** For `.word`: which of its operands. */
  readonly operand?: number;
  /** Its text could not be split into words, which has been reported. */
  readonly broken?: boolean;
}

interface Loop {
  readonly token: Token;
  readonly from: number;
  /** One past the body; undefined until closed by `endloop` or known from a label. */
  end?: number;
}

/**
 * Assembles a file.
 * @throws SYS-ASM-… with the place; the other errors of the file in its `others`
 */
export function assemble(text: string, options: AssembleOptions): Assembly {
  const errors = new ErrorList(ERROR_LIMIT);
  let result: Assembly | undefined;
  errors.collect(() => {
    result = assembleInto(text, options.file, errors);
  });
  throwErrors(errors.sorted());
  if (result === undefined) throw internalError({ what: 'assembler without result or error' });
  return result;
}

/** As `assemble`, but reports into `errors`; words of lines with errors are 0. */
export function assembleInto(text: string, file: string, errors: ErrorList): Assembly {
  const source = { file, text };
  const constants = new Map<string, bigint>();
  const symbols = new Map<string, number>();
  const definedOn = new Map<string, number>();
  const scope: Scope = { source, errors, constants };
  const statements: Statement[] = [];
  const directives: { readonly tokens: readonly Token[]; readonly index: number }[] = [];
  const loops: Loop[] = [];
  const open: Loop[] = [];

  const define = (token: Token): boolean => {
    const earlier = definedOn.get(token.text);
    if (/^[rR]\d+$/.test(token.text)) errors.add(reservedName({ name: token.text }, placeOf(source, token)));
    else if (earlier !== undefined) {
      errors.add(duplicateName({ name: token.text, line: earlier }, placeOf(source, token)));
    } else {
      definedOn.set(token.text, token.line);
      return true;
    }
    return false;
  };

  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const before = errors.errors.length;
    let tokens = scanLine(source, line, i + 1, errors);
    const broken = errors.errors.length > before;
    while (tokens[0]?.kind === 'name' && tokens[1]?.text === ':') {
      if (define(tokens[0])) symbols.set(tokens[0].text, statements.length);
      tokens = tokens.slice(2);
    }
    const head = tokens[0];
    if (head === undefined) continue;
    if (broken) {
      // The rest of the line would only be misread; it still takes its place, so that labels stay right.
      if (head.kind === 'name' && !head.text.startsWith('.'))
        statements.push({ tokens, index: statements.length, broken });
      continue;
    }
    if (head.kind !== 'name') {
      const expected = { en: 'an instruction, a directive or a label', zh: '指令、伪指令或标号' };
      errors.add(misplaced({ found: head.text, expected }, placeOf(source, head)));
    } else if (head.text === '.equ') {
      const [name, value] = splitOperands(tokens.slice(1));
      if (name?.length !== 1 || name[0]!.kind !== 'name' || value === undefined || value.length === 0) {
        const place = placeOf(source, head, tokens.at(-1));
        errors.add(directiveForm({ directive: '.equ', usage: USAGE['.equ']! }, place));
      } else if (define(name[0]!)) {
        const number = evaluate(value, scope, head);
        constants.set(name[0]!.text, number ?? 0n);
      }
    } else if (head.text === '.word') {
      const count = Math.max(1, splitOperands(tokens.slice(1)).length);
      for (let operand = 0; operand < count; operand++) statements.push({ tokens, index: statements.length, operand });
    } else if (head.text.startsWith('.')) {
      directives.push({ tokens, index: statements.length });
    } else if (head.text === 'endloop') {
      const loop = open.pop();
      if (loop === undefined) errors.add(strayEndloop({}, placeOf(source, head)));
      else loop.end = statements.length;
      if (tokens[1] !== undefined) {
        const expected = { en: 'the end of the line', zh: '行尾' };
        errors.add(misplaced({ found: tokens[1].text, expected }, placeOf(source, tokens[1])));
      }
    } else {
      const spelling = spellings.get(head.text);
      if (spelling !== undefined && isLoop(spelling.definition)) {
        const loop: Loop = { token: head, from: statements.length };
        loops.push(loop);
        if (splitOperands(tokens.slice(1)).length < 2) open.push(loop);
      }
      statements.push({ tokens, index: statements.length });
    }
  }
  for (const loop of open) errors.add(openLoop({}, placeOf(source, loop.token)));

  const declarations: Declarations = { inputs: [], outputs: [], bytes: [], constants: [], omitted: [], nodes: [] };
  for (const { tokens, index } of directives) declare(tokens, index, declarations, scope);

  const words = new BigUint64Array(statements.length);
  const lines = new Int32Array(statements.length);
  const instructions: (Instruction | undefined)[] = [];
  const loopAt = new Map(loops.map((loop) => [loop.from, loop]));
  for (const { tokens, index, operand, broken } of statements) {
    lines[index] = tokens[0]!.line;
    if (broken === true) {
      instructions.push(undefined);
      continue;
    }
    if (operand !== undefined) {
      words[index] = wordValue(tokens, operand, scope) ?? 0n;
      instructions.push(decodeOrUndefined(words[index]!));
      continue;
    }
    let instruction = parseInstruction(tokens, { ...scope, labels: symbols, index });
    const loop = loopAt.get(index);
    if (instruction !== undefined && loop !== undefined) {
      const offset = instruction.fields.target!;
      if (loop.end === undefined && offset !== 0) loop.end = index + offset;
      if (loop.end !== undefined) {
        // An empty body is reported below; the word only has to be a valid one until then.
        const target = Math.max(2, loop.end - index);
        instruction = { ...instruction, fields: { ...instruction.fields, target } };
      } else instruction = undefined;
    }
    instructions.push(instruction);
    if (instruction !== undefined) words[index] = encode(instruction, index);
  }
  checkLoops(loops, scope);
  return { words, instructions, lines, symbols, constants, declarations };
}

function wordValue(tokens: readonly Token[], operand: number, scope: Scope): bigint | undefined {
  const operands = splitOperands(tokens.slice(1));
  if (operands.some((o) => o.length === 0) || operands.length === 0) {
    if (operand > 0) return undefined;
    const place = placeOf(scope.source, tokens[0]!, tokens.at(-1));
    scope.errors.add(directiveForm({ directive: '.word', usage: USAGE['.word']! }, place));
    return undefined;
  }
  return evaluateWithin(operands[operand]!, scope, tokens[0]!, 0n, 2n ** 64n - 1n);
}

function decodeOrUndefined(word: bigint): Instruction | undefined {
  try {
    return decode(word);
  } catch {
    // `.word` may hold anything: what does not decode is what the writer asked for.
    return undefined;
  }
}

/** Bodies are not empty, lie inside each other, and not too deep. Loops come in order of their start. */
function checkLoops(loops: readonly Loop[], scope: Scope): void {
  const around: Loop[] = [];
  for (const loop of loops) {
    if (loop.end === undefined) continue;
    while (around.length > 0 && around.at(-1)!.end! <= loop.from) around.pop();
    const place = placeOf(scope.source, loop.token);
    const outer = around.at(-1);
    if (loop.end - loop.from < 2) scope.errors.add(emptyLoop({}, place));
    else if (outer !== undefined && loop.end > outer.end!) {
      scope.errors.add(crossingLoops({ line: outer.token.line }, place));
      continue;
    }
    around.push(loop);
    // One error for a nest is enough: what lies deeper still is not reported again.
    if (around.length === LOOP_DEPTH + 1)
      scope.errors.add(loopTooDeep({ depth: around.length, limit: LOOP_DEPTH }, place));
  }
}
