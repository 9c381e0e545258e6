/**
 * The control unit's front end as cost and state: when the word of an instruction stands in the fetch buffer, and when what it reads has
 * been written. Machines that describe neither have none: their words are always there, and results serve the next instruction.
 *
 * Instruction fetch. Words come in aligned groups of `wordsPerCycle`, a group a cycle, each `latencyCycles` after it was asked for;
 * a group is asked for while all its words have room in the buffer, in which words on their way count, too. A word leaves the buffer in
 * the cycle in which its instruction begins, and its place can be asked for in that cycle. Where control goes on elsewhere (a taken
 * branch, a jump, a call, a return, the end of a hardware loop's round, a loop that is skipped), buffer and words on their way are
 * dropped, and the target is asked for at once. The loop buffer holds the last `loopWords` words that came one behind the other; what
 * leads into it drops nothing and needs no fetch, while the stream goes on behind its end.
 *
 * Results. An instruction begins once every register, record and parameter that it reads has been written; writes of one register stay
 * in order. A result can be read by instructions that begin the cycles of its class or more after its own did (Patterson and Hennessy,
 * "Computer Organization and Design", chapter 4, "Data Hazards: Forwarding versus Stalling").
 */
import { byMnemonic, classOf, dataflowOf, type OpcodeClass, RECORDS, SCALAR_REGISTERS } from '#isa';
import type { Machine } from '#machine';

/** A decoded instruction: its mnemonic, and its fields by name. */
export interface FrontEndInstruction {
  readonly mnemonic: string;
  readonly field: (name: string) => number;
}

/** What an instruction reads and writes, as places of the scoreboard. */
interface Use {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Cycles from its begin until what it writes can be read. */
  readonly latency: number;
}

/** Registers, then records, then the parameters that no record holds. */
const RECORD_0 = SCALAR_REGISTERS;
const PARAMETERS = RECORD_0 + RECORDS;
const PLACES = PARAMETERS + 1;

const NUMBERS = ['fetch', 'data', 'from', 'frontier', 'group', 'asked'] as const;

/** A front end written out: plain data; the numbers are those of `FrontEnd`. */
export interface FrontEndState extends Readonly<Record<(typeof NUMBERS)[number], number>> {
  readonly ready: Float64Array;
  readonly begun: Float64Array;
}

export class FrontEnd {
  /** Cycles that instructions have waited for their words, and then for their operands. */
  fetch = 0;
  data = 0;
  /** Where the stream of words began, and the next one that leaves the buffer. */
  from = 0;
  frontier = 0;
  /** The group that was asked for last, and when; −1: none yet, and from when on one may be. */
  group = -1;
  asked = 0;
  readonly #uses: readonly Use[];
  /** Cycle from which an instruction that reads it may begin, by place. */
  readonly #ready = new Float64Array(PLACES);
  readonly #fetch: NonNullable<Machine['control']['fetch']> | undefined;
  /** When the last words left the buffer, by address modulo its size. */
  readonly #begun: Float64Array;

  constructor({ control }: Machine, program: readonly FrontEndInstruction[]) {
    const { pipeline, fetch } = control;
    this.#uses = program.map((instruction) => useOf(instruction, pipeline));
    this.#fetch = fetch;
    this.#begun = new Float64Array(fetch?.bufferWords ?? 0);
  }

  /** The first cycle from `time` on at which the instruction at pc has its word. */
  wordAt(pc: number, time: number): number {
    const fetch = this.#fetch;
    if (fetch === undefined || pc < this.frontier) return time;
    return Math.max(time, this.#askedAt(Math.floor(pc / fetch.wordsPerCycle), fetch) + fetch.latencyCycles);
  }

  /** The first cycle from `time` on at which the instruction at pc begins. Changes nothing. */
  beginning(pc: number, time: number): number {
    const word = this.wordAt(pc, time);
    const use = this.#uses[pc];
    return use === undefined ? word : this.#operandsAt(use, word);
  }

  /** The instruction at pc begins: counts what it has waited for. Returns the cycle. */
  begin(pc: number, time: number): number {
    const word = this.wordAt(pc, time);
    const use = this.#uses[pc]!;
    const at = this.#operandsAt(use, word);
    this.fetch += word - time;
    this.data += at - word;
    for (const place of use.writes) this.#ready[place] = at + use.latency;
    const fetch = this.#fetch;
    if (fetch !== undefined && pc >= this.frontier) {
      const group = Math.floor(pc / fetch.wordsPerCycle);
      this.asked = this.#askedAt(group, fetch);
      this.group = group;
      this.#begun[pc % fetch.bufferWords] = at;
      this.frontier = pc + 1;
    }
    return at;
  }

  /** Control goes on at `target` from cycle `time` on, and not with the next word. */
  redirect(target: number, time: number): void {
    if (this.#fetch === undefined) return;
    const held = Math.max(this.from, this.frontier - this.#fetch.loopWords);
    if (target >= held && target <= this.frontier) return;
    this.from = target;
    this.frontier = target;
    this.group = -1;
    this.asked = time;
  }

  save(): FrontEndState {
    const numbers = Object.fromEntries(NUMBERS.map((key) => [key, this[key]]));
    return {
      ready: this.#ready.slice(),
      begun: this.#begun.slice(),
      ...(numbers as Record<(typeof NUMBERS)[number], number>),
    };
  }

  restore(state: FrontEndState): void {
    this.#ready.set(state.ready);
    this.#begun.set(state.begun);
    for (const key of NUMBERS) this[key] = state[key];
  }

  /** When a group of the stream, the last one asked for or the one behind it, is asked for. */
  #askedAt(group: number, { wordsPerCycle, bufferWords }: NonNullable<Machine['control']['fetch']>): number {
    if (group === this.group) return this.asked;
    const next = this.group < 0 ? this.asked : this.asked + 1;
    // The word whose place the last of the group takes; the first groups find the buffer empty.
    const before = (group + 1) * wordsPerCycle - 1 - bufferWords;
    return before < this.from ? next : Math.max(next, this.#begun[before % bufferWords]!);
  }

  /** The first cycle from `time` on at which all that the instruction reads has been written, and its own result would be the newest. */
  #operandsAt({ reads, writes, latency }: Use, time: number): number {
    let at = time;
    for (const place of reads) at = Math.max(at, this.#ready[place]!);
    for (const place of writes) at = Math.max(at, this.#ready[place]! - latency);
    return at;
  }
}

/** The front end of a machine, if it describes one. */
export const frontEndOf = (machine: Machine, program: readonly FrontEndInstruction[]): FrontEnd | undefined =>
  machine.control.pipeline === undefined && machine.control.fetch === undefined
    ? undefined
    : new FrontEnd(machine, program);

function useOf({ mnemonic, field }: FrontEndInstruction, pipeline: Machine['control']['pipeline']): Use {
  const definition = byMnemonic.get(mnemonic)!;
  const flow = dataflowOf(definition);
  if (pipeline === undefined) return { reads: [], writes: [], latency: 0 };
  // r0 is no register: it reads 0, and what is written to it is lost.
  const registers = (names: readonly string[]): number[] => names.map(field).filter((register) => register !== 0);
  const records = (names: readonly string[]): number[] => names.map((name) => RECORD_0 + field(name));
  return {
    reads: [...registers(flow.reads), ...records(flow.readsRecords), ...(flow.readsParameters ? [PARAMETERS] : [])],
    writes: [...registers(flow.writes), ...records(flow.writesRecords), ...(flow.writesParameters ? [PARAMETERS] : [])],
    latency: latencyOf(classOf(definition), pipeline),
  };
}

function latencyOf(kind: OpcodeClass, pipeline: NonNullable<Machine['control']['pipeline']>): number {
  switch (kind) {
    case 'alu':
    case 'jump':
      return pipeline.aluCycles;
    case 'multiply':
      return pipeline.multiplyCycles;
    case 'load':
      return pipeline.loadCycles;
    case 'config':
      return pipeline.configCycles;
    default:
      return 0;
  }
}
