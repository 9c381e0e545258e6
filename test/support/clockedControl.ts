/**
 * Control, a cycle after the other, as the decode table of `timing/decode` has it: the state machine takes the row that applies, with
 * status lines that it reads off the model around it, a fetch buffer whose words come and go one by one, and a ready time for each
 * register. Instructions are executed by the functional model's control.
 */
import { byMnemonic, dataflowOf, decode, type Instruction, type Program } from '#isa';
import type { Machine } from '#machine';
import { type ControlAccount, type DecodeState, decodeMachine } from '#timing';
import { type Outcome, PlainControl } from '../../src/sim/functional/control.ts';
import { topologyOf } from '../../src/sim/topology.ts';

/** What control sees of the model around it. */
export interface Processor {
  /** Whether the queue of the entry that control holds can take it. */
  readonly room: () => boolean;
  readonly drained: () => boolean;
  readonly push: () => void;
  /** Cycles of a host part. */
  readonly hostCycles: (part: number) => number;
}

/** Words that stand in the buffer or are on their way, from the stream that began with the last redirection. */
class FetchBuffer {
  readonly #fetch: NonNullable<Machine['control']['fetch']>;
  #words: { readonly address: number; readonly arrives: number }[] = [];
  /** Next word to ask for, next to be used, and where the words that may be used again begin. */
  #next = 0;
  #head = 0;
  #first = 0;
  #hasAsked = false;

  constructor(fetch: NonNullable<Machine['control']['fetch']>) {
    this.#fetch = fetch;
  }

  #isKept(pc: number): boolean {
    return pc >= this.#first && pc < this.#head && pc >= this.#head - this.#fetch.loopWords;
  }

  has(pc: number, now: number): boolean {
    if (this.#isKept(pc)) return true;
    const [word] = this.#words;
    return word !== undefined && word.address === pc && word.arrives <= now;
  }

  /** The instruction at pc begins. */
  use(pc: number): void {
    if (this.#isKept(pc)) return;
    this.#words.shift();
    this.#head = pc + 1;
  }

  /** Asks for a group, once a cycle. */
  ask(now: number): boolean {
    const { wordsPerCycle, bufferWords, latencyCycles } = this.#fetch;
    const words = wordsPerCycle - (this.#next % wordsPerCycle);
    // Room is needed for whole groups, also where only the end of one is wanted.
    const group = this.#next - (this.#next % wordsPerCycle) + wordsPerCycle;
    if (this.#hasAsked || group - this.#head > bufferWords) return false;
    for (let i = 0; i < words; i++) this.#words.push({ address: this.#next++, arrives: now + latencyCycles });
    this.#hasAsked = true;
    return true;
  }

  edge(): void {
    this.#hasAsked = false;
  }

  redirect(target: number): void {
    if (this.#isKept(target) || target === this.#head) return;
    this.#words = [];
    this.#next = target;
    this.#head = target;
    this.#first = target;
    this.#hasAsked = false;
  }
}

export class ClockedControl {
  state: DecodeState = decodeMachine.initial;
  readonly spent: Record<ControlAccount, number> = {
    issue: 0,
    branch: 0,
    fetch: 0,
    data: 0,
    queue: 0,
    sync: 0,
    barrier: 0,
    host: 0,
    halt: 0,
  };
  /** Of the instruction in the instruction register; undefined before it is executed. */
  outcome: Outcome | undefined;
  readonly #program: Program;
  readonly #processor: Processor;
  readonly #control: PlainControl;
  readonly #buffer: FetchBuffer | undefined;
  readonly #ready = new Map<string, number>();
  /** Cycles left of the row taken last. */
  #left = 0;
  #hostLeft = 0;
  #opcode = 0;
  #instruction: Instruction = { mnemonic: 'nop', fields: {} };
  /** Where the instruction stands; from its successor on pc has been followed. */
  #at = -1;
  #redirects = false;

  constructor(program: Program, processor: Processor) {
    this.#program = program;
    this.#processor = processor;
    this.#control = new PlainControl(program, topologyOf(program).places[0]!);
    const { fetch } = program.machine.control;
    this.#buffer = fetch && new FetchBuffer(fetch);
  }

  /** One change at this cycle. */
  step(now: number): boolean {
    if (this.#buffer?.ask(now)) return true;
    if (this.#left > 0 || this.state === 'HALT') return false;
    if (this.#redirects) {
      this.#redirects = false;
      this.#buffer?.redirect(this.#control.pc);
      return true;
    }
    const { pc } = this.#control;
    const isTaken = this.outcome?.kind === 'next' && this.outcome.taken === true;
    const row = decodeMachine.step(this.state, {
      opcode: this.#opcode,
      status: {
        start: true,
        inside: pc < this.#program.words.length,
        fetched: this.#buffer?.has(pc, now) ?? true,
        valid: true,
        ready: this.#operandsReady(now),
        faulted: false,
        taken: isTaken,
        room: this.#processor.room(),
        drained: this.#processor.drained(),
        met: true,
        done: this.#hostLeft === 0,
      },
    });
    const { control } = this.#program.machine;
    const cycles = { 0: 0, 1: 1, instruction: control.cyclesPerInstruction, branch: control.branchPenalty }[row.cycles];
    if (row.account !== undefined) this.spent[row.account] += cycles;
    this.#left = cycles;
    if (row.from === 'FETCH' && row.to === 'DECODE') this.#latch(pc);
    if (row.from === 'DECODE' && row.to !== 'DECODE') this.#begin(now);
    if (row.from === 'HOST' && row.to === 'HOST') this.#hostLeft--;
    if (row.to === 'HOST' && row.from !== 'HOST' && this.outcome?.kind === 'host') {
      this.#hostLeft = this.#processor.hostCycles(this.outcome.part);
    }
    if (row.does.startsWith('push')) this.#processor.push();
    // Followed once the cycles of the row are over.
    if (row.does.includes('pc = ') && row.from !== 'IDLE') this.#redirects = this.#control.pc !== this.#at + 1;
    this.state = row.to;
    return true;
  }

  edge(): void {
    if (this.#left > 0) this.#left--;
    this.#buffer?.edge();
  }

  #latch(pc: number): void {
    this.#at = pc;
    this.#opcode = Number(this.#program.words[pc]! >> 56n);
    this.#instruction = decode(this.#program.words[pc]!);
    this.outcome = undefined;
  }

  #begin(now: number): void {
    const { writes } = this.#places();
    for (const place of writes) this.#ready.set(place, now + this.#latency());
    this.#buffer?.use(this.#at);
    this.outcome = this.#control.step();
  }

  #operandsReady(now: number): boolean {
    if (this.#program.machine.control.pipeline === undefined) return true;
    const { reads, writes } = this.#places();
    const at = (place: string): number => this.#ready.get(place) ?? 0;
    return reads.every((place) => at(place) <= now) && writes.every((place) => at(place) <= now + this.#latency());
  }

  #places(): { readonly reads: string[]; readonly writes: string[] } {
    const { mnemonic, fields } = this.#instruction;
    const flow = dataflowOf(byMnemonic.get(mnemonic)!);
    const registers = (names: readonly string[]) => names.map((n) => `r${fields[n]}`).filter((name) => name !== 'r0');
    const records = (names: readonly string[]) => names.map((n) => `R${fields[n]}`);
    return {
      reads: [...registers(flow.reads), ...records(flow.readsRecords), ...(flow.readsParameters ? ['p'] : [])],
      writes: [...registers(flow.writes), ...records(flow.writesRecords), ...(flow.writesParameters ? ['p'] : [])],
    };
  }

  #latency(): number {
    const { pipeline } = this.#program.machine.control;
    if (pipeline === undefined) return 0;
    const { mnemonic } = this.#instruction;
    if (['mul', 'muli', 'mad'].includes(mnemonic)) return pipeline.multiplyCycles;
    if (mnemonic === 'lw') return pipeline.loadCycles;
    return mnemonic.startsWith('cfg.') ? pipeline.configCycles : pipeline.aluCycles;
  }
}
