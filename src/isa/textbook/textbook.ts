/**
 * The dialect of the textbook's chapter 7: programs that say how much is moved and computed, not where.
 *   move FROM TO BYTES {mc}    compute TYPE COUNT    loop TIMES … endloop    sync    .equ NAME, VALUE
 * One instruction becomes one word of `dma.linear` or `mac.linear`, so that the Program counts time only. Memories are DRAM,
 * SharedRAM (SHARED), NRAM and WRAM; names are the same in upper and lower case; commas between operands may be left out.
 * Where operands lie may be said in brackets (`operands.ts`): that changes no word and no time, but is judged.
 */
import { internalError, nearestName, throwErrors } from '#base';
import { DEFAULT_MACHINE, type Machine, presets } from '#machine';
import { ERROR_LIMIT } from '../assembler/assemble.ts';
import {
  duplicateName,
  ErrorList,
  emptyLoop,
  loopTooDeep,
  misplaced,
  noInstruction,
  strayEndloop,
  tooLong,
} from '../assembler/errors.ts';
import { evaluate, type Scope } from '../assembler/expressions.ts';
import type { AssembledFile } from '../assembler/program.ts';
import { placeOf, type Source, scanLine, type Token } from '../assembler/tokens.ts';
import { encode, fieldRange } from '../encode.ts';
import { COMPUTE_TYPES, LINEAR_SPACES, type LinearSpace, LOOP_DEPTH } from '../fields.ts';
import { dmaLinear } from '../instructions/linear.ts';
import { loopi } from '../instructions/loop.ts';
import type { LinearOperand } from '../program.ts';
import {
  beyondMemory,
  needsCluster,
  noMulticast,
  noPath,
  notInCore,
  openTextbookLoop,
  operandBeyond,
  sizeRange,
  statementForm,
  unknownMemory,
  unknownStatement,
  unknownType,
} from './errors.ts';
import {
  bytesAt,
  capacityOf,
  LINEAR_NAMES,
  reachOf,
  readAddresses,
  splitCompute,
  TEXTBOOK_MEMORIES,
  takeOperand,
  type WrittenOperand,
  withoutCommas,
} from './operands.ts';

export const TEXTBOOK_USAGE = {
  move: 'move FROM{[ADDRESS]} TO{[ADDRESS]} BYTES {mc}',
  compute: 'compute TYPE COUNT {MEMORY[ADDRESS] BYTES …} {to MEMORY[ADDRESS] BYTES …}',
  loop: 'loop TIMES',
  endloop: 'endloop',
  sync: 'sync',
  '.equ': '.equ NAME, VALUE',
} as const;

const isScratchpad = (space: LinearSpace): boolean => space === 'nram' || space === 'wram';

const largest = (definition: typeof dmaLinear, field: string): number =>
  fieldRange(definition.fields.find((f) => f.name === field)!).max;
const SIZE_MAX = largest(dmaLinear, 'bytes');
const COUNT_MAX = largest(loopi, 'count');

/** Whether a file is written in the dialect: its instruction set has neither `move` nor `compute`. */
export const isTextbook = (text: string): boolean => /^[ \t]*(?:move|compute)(?![\w.:])/im.test(text);

export interface TextbookOptions {
  /** For messages. */
  readonly file: string;
  /** `textbook-single` by default. */
  readonly machine?: Machine;
}

/**
 * Assembles a program of the dialect; behind its last line a `halt` is put.
 * @throws SYS-ASM-… with the place; the other errors of the file in its `others`
 */
export function assembleTextbook(text: string, options: TextbookOptions): AssembledFile {
  const errors = new ErrorList(ERROR_LIMIT);
  let made: AssembledFile | undefined;
  errors.collect(() => {
    made = new TextbookAssembler(text, options, errors).assemble();
  });
  throwErrors(errors.sorted());
  if (made === undefined) throw internalError({ what: 'assembler without program or error' });
  return made;
}

interface Loop {
  readonly token: Token;
  readonly at: number;
  readonly count: number;
}

class TextbookAssembler {
  readonly #source: Source;
  readonly #errors: ErrorList;
  readonly #constants = new Map<string, bigint>();
  readonly #scope: Scope;
  readonly #machine: Machine;
  readonly #words: bigint[] = [];
  readonly #lines: number[] = [];
  /** Lines of `.equ` names. */
  readonly #definedOn = new Map<string, number>();
  readonly #loops: Loop[] = [];
  readonly #operands: LinearOperand[] = [];
  /** As far as operands reach. */
  #dramBytes = 64;
  /** That there is no SharedRAM is one mistake, however often it is named. */
  #told = false;

  constructor(text: string, { file, machine }: TextbookOptions, errors: ErrorList) {
    this.#source = { file, text };
    this.#errors = errors;
    this.#scope = { source: this.#source, errors, constants: this.#constants };
    this.#machine = machine ?? presets.get(DEFAULT_MACHINE)!;
  }

  assemble(): AssembledFile {
    const { file, text } = this.#source;
    for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
      const before = this.#errors.errors.length;
      const tokens = withoutCommas(scanLine(this.#source, line, i + 1, this.#errors));
      if (tokens.length > 0 && this.#errors.errors.length === before) this.#statement(tokens);
    }
    for (const loop of this.#loops) this.#errors.add(openTextbookLoop({}, placeOf(this.#source, loop.token)));
    if (this.#words.length === 0 && this.#errors.errors.length === 0)
      this.#errors.add(noInstruction({}, { file, line: 1, source: text }));
    this.#push('halt', {}, 0);
    const capacity = this.#machine.control.instructionWords;
    const { name } = this.#machine;
    if (this.#words.length > capacity) {
      this.#errors.add(tooLong({ words: this.#words.length, capacity, machine: name }, { file }));
    }
    return {
      program: {
        name: file.replace(/^.*[\\/]/, '').replace(/\.(s|asm)$/i, ''),
        machine: this.#machine,
        words: BigUint64Array.from(this.#words),
        dramBytes: this.#dramBytes,
        constants: [],
        inputs: [],
        outputs: [],
        host: [],
        layers: [],
        ...(this.#operands.length === 0 ? {} : { operands: this.#operands }),
      },
      lines: Int32Array.from(this.#lines),
    };
  }

  #push(mnemonic: string, fields: Readonly<Record<string, number>>, line: number): void {
    this.#words.push(encode({ mnemonic, fields }));
    this.#lines.push(line);
  }

  #statement(tokens: readonly Token[]): void {
    const head = tokens[0]!;
    const rest = tokens.slice(1);
    switch (head.text.toLowerCase()) {
      case 'move':
        return this.#move(head, rest);
      case 'compute':
        return this.#compute(head, rest);
      case 'loop':
        return this.#loop(head, rest);
      case 'endloop':
        return this.#endloop(head, rest);
      case '.equ':
        return this.#define(head, rest);
      case 'sync':
        if (rest.length > 0) return this.#form(head, rest);
        return this.#push('sync', {}, head.line);
      default: {
        const nearest = nearestName(head.text.toLowerCase(), Object.keys(TEXTBOOK_USAGE));
        this.#errors.add(unknownStatement({ name: head.text, nearest }, placeOf(this.#source, head)));
      }
    }
  }

  #define(head: Token, [name, ...value]: readonly Token[]): void {
    if (name === undefined || name.kind !== 'name' || value.length === 0) {
      return this.#form(head, name === undefined ? [] : [name, ...value]);
    }
    if (this.#constants.has(name.text)) {
      const line = this.#definedOn.get(name.text)!;
      this.#errors.add(duplicateName({ name: name.text, line }, placeOf(this.#source, name)));
      return;
    }
    this.#constants.set(name.text, evaluate(value, this.#scope, head) ?? 1n);
    this.#definedOn.set(name.text, head.line);
  }

  #form(head: Token, rest: readonly Token[]): undefined {
    const statement = head.text.toLowerCase() as keyof typeof TEXTBOOK_USAGE;
    const place = placeOf(this.#source, head, rest.at(-1) ?? head);
    this.#errors.add(statementForm({ statement, usage: TEXTBOOK_USAGE[statement] }, place));
  }

  #move(head: Token, rest: readonly Token[]): void {
    const last = rest.at(-1);
    const multicast = last?.text.toLowerCase() === 'mc';
    const source = takeOperand(rest, 0);
    const target = takeOperand(rest, source.next);
    const size = rest.slice(target.next, multicast ? -1 : undefined);
    if (size.length === 0) return this.#form(head, rest);
    const [fromToken, toToken] = [source.memory!, target.memory!];
    const from = this.#memory(fromToken);
    const to = this.#memory(toToken);
    const bytes = this.#size(size, head, 'bytes', SIZE_MAX);
    if (from === undefined || to === undefined || bytes === undefined) return;
    if (from === to || (isScratchpad(from) && isScratchpad(to))) {
      this.#errors.add(
        noPath({ from: LINEAR_NAMES[from], to: LINEAR_NAMES[to] }, placeOf(this.#source, fromToken, toToken)),
      );
      return;
    }
    if (multicast && !isScratchpad(to)) {
      this.#errors.add(noMulticast({ to: LINEAR_NAMES[to] }, placeOf(this.#source, last!)));
      return;
    }
    const good = [this.#holds(from, bytes, fromToken), this.#holds(to, bytes, toToken)];
    if (good.includes(false)) return;
    const transfer = { from, to, bytes, multicast };
    this.#place(source, from, 'read', bytesAt(this.#machine, transfer, from));
    this.#place(target, to, 'write', bytesAt(this.#machine, transfer, to));
    const code = (space: LinearSpace): number => LINEAR_SPACES.indexOf(space);
    const fields = { from: code(from), to: code(to), bytes, multicast: multicast ? 1 : 0 };
    this.#push('dma.linear', fields, head.line);
  }

  /** Notes where an operand of the next word lies, if the statement says so. */
  #place(operand: WrittenOperand, memory: LinearSpace, mode: LinearOperand['mode'], bytes: number): void {
    if (operand.address === undefined) return;
    const addresses = readAddresses(operand, this.#scope);
    if (addresses === undefined) return;
    const placed = { instruction: this.#words.length, memory, mode, bytes, ...addresses };
    const executions = this.#loops.reduce((n, loop) => n * loop.count, 1);
    const reach = reachOf(placed, executions);
    const capacity = capacityOf(this.#machine, memory);
    if (reach.from < 0 || reach.to > capacity) {
      const { name } = this.#machine;
      const place = placeOf(this.#source, operand.memory!, operand.last!);
      this.#errors.add(operandBeyond({ memory: LINEAR_NAMES[memory], ...reach, capacity, machine: name }, place));
      return;
    }
    if (memory === 'dram') this.#dramBytes = Math.max(this.#dramBytes, reach.to);
    this.#operands.push(placed);
  }

  #compute(head: Token, rest: readonly Token[]): void {
    const { type, count, operands } = splitCompute(rest);
    if (type === undefined || count.length === 0) return this.#form(head, rest);
    const code = COMPUTE_TYPES.indexOf(type.text.toLowerCase());
    if (code < 0) {
      const known = COMPUTE_TYPES.map((t) => t.toUpperCase());
      const nearest = nearestName(type.text.toUpperCase(), known);
      this.#errors.add(unknownType({ name: type.text, nearest, known }, placeOf(this.#source, type)));
    }
    const operations = this.#size(count, head, 'operations', SIZE_MAX);
    if (code < 0 || operations === undefined) return;
    for (const { operand, size, mode } of operands) {
      if (size.length === 0) return this.#form(head, rest);
      const memory = this.#memory(operand.memory!);
      const bytes = this.#size(size, head, 'bytes', SIZE_MAX);
      if (memory === undefined || bytes === undefined) continue;
      if (!isScratchpad(memory)) {
        this.#errors.add(notInCore({ memory: LINEAR_NAMES[memory] }, placeOf(this.#source, operand.memory!)));
      } else this.#place(operand, memory, mode, bytes);
    }
    this.#push('mac.linear', { type: code, count: operations }, head.line);
  }

  #loop(head: Token, rest: readonly Token[]): void {
    if (rest.length === 0) this.#form(head, rest);
    const count = rest.length === 0 ? 1 : (this.#size(rest, head, 'times', COUNT_MAX) ?? 1);
    this.#loops.push({ token: head, at: this.#words.length, count });
    if (this.#loops.length === LOOP_DEPTH + 1) {
      const place = placeOf(this.#source, head);
      this.#errors.add(loopTooDeep({ depth: this.#loops.length, limit: LOOP_DEPTH }, place));
    }
    // Its length is known at `endloop`.
    this.#push('nop', {}, head.line);
  }

  #endloop(head: Token, rest: readonly Token[]): void {
    const loop = this.#loops.pop();
    if (rest.length > 0) {
      const expected = { en: 'the end of the line', zh: '行尾' };
      this.#errors.add(misplaced({ found: rest[0]!.text, expected }, placeOf(this.#source, rest[0]!)));
    }
    if (loop === undefined) {
      this.#errors.add(strayEndloop({}, placeOf(this.#source, head)));
      return;
    }
    const target = this.#words.length - loop.at;
    if (target < 2) this.#errors.add(emptyLoop({}, placeOf(this.#source, loop.token)));
    else this.#words[loop.at] = encode({ mnemonic: 'loopi', fields: { count: loop.count, target } });
  }

  #memory(token: Token): LinearSpace | undefined {
    const space = TEXTBOOK_MEMORIES[token.text.toUpperCase()];
    if (space === undefined) {
      const nearest = nearestName(token.text.toUpperCase(), Object.keys(TEXTBOOK_MEMORIES));
      this.#errors.add(unknownMemory({ name: token.text, nearest }, placeOf(this.#source, token)));
      return undefined;
    }
    if (space !== 'shared' || this.#machine.cluster !== undefined) return space;
    if (this.#told) return undefined;
    this.#told = true;
    const clusters = [...presets.values()].filter((m) => m.cluster !== undefined).map((m) => m.name);
    this.#errors.add(needsCluster({ machine: this.#machine.name, clusters }, placeOf(this.#source, token)));
    return undefined;
  }

  #size(
    tokens: readonly Token[],
    after: Token,
    unit: 'bytes' | 'operations' | 'times',
    max: number,
  ): number | undefined {
    const value = evaluate(tokens, this.#scope, after);
    if (value === undefined) return undefined;
    if (value >= 1n && value <= BigInt(max)) return Number(value);
    const place = placeOf(this.#source, tokens[0]!, tokens.at(-1)!);
    this.#errors.add(sizeRange({ found: String(value), unit, max }, place));
    return undefined;
  }

  /** Even without addresses, no piece can be larger than the memory. */
  #holds(space: LinearSpace, bytes: number, token: Token): boolean {
    const capacity = capacityOf(this.#machine, space);
    if (bytes <= capacity) return true;
    const { name } = this.#machine;
    const place = placeOf(this.#source, token);
    this.#errors.add(beyondMemory({ memory: LINEAR_NAMES[space], bytes, capacity, machine: name }, place));
    return false;
  }
}
