/**
 * A stepping debugger over the cycle model: runs a program to an instruction, a cycle or a breakpoint, steps by either, goes
 * back, and shows the processor at the cycle where it stands. Browser-safe; moves are asynchronous, so that the thread is free
 * now and then and host parts can be run by an engine. Of several cores it follows one at a time: steps and breakpoints on
 * instructions are those of that core, and what is shown is its own; cycles, accesses and semaphores count in all of them.
 *
 * What is shown at cycle c is what the hardware would hold when all of cycle c has happened. Control does not run ahead here as
 * in a plain run (`Simulation.moment`): registers and queues have what instructions that ended by c have done. On machines whose
 * instructions take no time many of them end in one cycle; a step by instruction then stands between them, before the units
 * do theirs of that cycle. Data of an entry is moved and computed when the entry starts (see cycle.ts), and a host call's when
 * it begins: until its end, a debugger shows results before the hardware has them.
 *
 * An error of the program is met where time comes to it, which may be another one than a plain run reports first.
 */
import { diagnostic, SystoleError } from '#base';
import { type HostPart, instructionText, type Program } from '#isa';
import { MEMORY_NAMES, type Memory } from './accesses.ts';
import type { SimulationResult } from './counters.ts';
import { createSimulation, type Simulation } from './cycle.ts';
import {
  type Breakpoint,
  Breakpoints,
  checkCycle,
  checkInstruction,
  checkRange,
  type Hit,
} from './debugger/breakpoints.ts';
import { type Checkpoint, History } from './debugger/history.ts';
import * as views from './debugger/views.ts';
import type { Observer } from './events.ts';
import { Nodes } from './nodes.ts';
import type { CoreState } from './state.ts';

export interface DebuggerOptions {
  /** Move and compute the numbers, or count time only. */
  readonly data: boolean;
  /** Dense row-major bytes of every input, by name. Needed with data. */
  readonly inputs?: ReadonlyMap<string, Uint8Array>;
  /**
   * Runs a host part with data: bytes of its inputs to bytes of its outputs, dense and row-major, in the part's order. After
   * steps back its answer is repeated, not asked for again, while the answers so far fit half of `checkpointBytes`.
   */
  readonly host?: (
    part: HostPart,
    inputs: readonly Uint8Array[],
  ) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly hazards?: boolean;
  /** As in a simulation. */
  readonly maxInstructions?: number;
  /** What checkpoints may hold, beside the first and the processor itself; 256 MiB by default. */
  readonly checkpointBytes?: number;
  /** Told whatever happens while the debugger goes forward; again after steps back, but not on the way back. */
  readonly observer?: Observer;
}

/** Why a move ended. */
export type StopReason =
  /** It has arrived. */
  | { readonly kind: 'arrived' }
  | {
      readonly kind: 'breakpoint';
      readonly id: number;
      readonly breakpoint: Breakpoint;
      readonly hit: Hit | undefined;
    }
  /** The program has ended. */
  | { readonly kind: 'done'; readonly result: SimulationResult }
  /** There is nothing before. */
  | { readonly kind: 'start' }
  /** The program cannot go on; the debugger stands before what failed. */
  | { readonly kind: 'error'; readonly error: SystoleError }
  | { readonly kind: 'interrupted' };

export interface Stop {
  readonly cycle: number;
  /** Instructions that control has completed. */
  readonly instructions: number;
  readonly reasons: readonly StopReason[];
}

export interface InstructionView {
  readonly pc: number;
  /** As assembly. */
  readonly text: string;
  /** The layer (main graph node) that it belongs to. */
  readonly node: string | undefined;
}

const moving = diagnostic<object>('SYS-SIM-056', 'usage', {
  en: () => 'the debugger is moving already: wait for the move to end, or interrupt() it.',
  zh: () => '调试器正在运行：请等待其结束，或用 interrupt() 中断。',
});
const noMemory = diagnostic<{ memory: string }>('SYS-SIM-057', 'usage', {
  en: (p) => `${p.memory} has no contents: the run counts time only. Debug with data to see them.`,
  zh: (p) => `${p.memory} 没有内容：该运行只计时间。请以带数据方式调试。`,
});
const noCore = diagnostic<{ core: number; cores: number }>('SYS-SIM-133', 'usage', {
  en: (p) =>
    `there is no core ${p.core}: ${p.cores === 1 ? 'one core runs' : `cores 0 to ${p.cores - 1} run`} the program.`,
  zh: (p) => `没有核 ${p.core}：运行该程序的${p.cores === 1 ? '只有核 0' : `是核 0 到 ${p.cores - 1}`}。`,
});
const noHost = diagnostic<{ part: string }>('SYS-SIM-058', 'usage', {
  en: (p) => `the program calls the host (part '${p.part}'), and the debugger was created without one`,
  zh: (p) => `程序需要调用主机（部分“${p.part}”），但创建调试器时未提供主机`,
});

/** Where a move is to end: after so many completed instructions, behind all of a cycle, or at the next event. */
type Goal =
  | { readonly instructions: number }
  | { readonly cycle: number }
  | { readonly after: number }
  | { readonly moments: number };

/** The thread is given up this often (milliseconds), looked at every so many moments. */
const SLICE = 50;
const MOMENTS = 256;
const DEFAULT_CHECKPOINT_BYTES = 2 ** 28;

/** Mutable: one run of one program under inspection. */
export class Debugger {
  readonly program: Program;
  readonly breakpoints: Breakpoints;
  readonly #options: DebuggerOptions;
  readonly #simulation: Simulation;
  readonly #history: History;
  readonly #nodes: Nodes;
  /** Host answers by completed instructions. */
  readonly #answers = new Map<number, readonly Uint8Array[]>();
  #answerBytes = 0;
  /** Moments from the start to where it stands. */
  #moments = 0;
  /** The cycle where it stands: that of the simulation, or a later one up to which nothing happens. */
  #cycle = 0;
  /** The core that is followed. */
  #core = 0;
  /** The last cycle that was over when the move began. */
  #behind = -1;
  #isReplaying = false;
  #isMoving = false;
  #isInterrupted = false;

  /** @throws SYS-SIM-006, -007 inputs that are not the program's; what `createSimulation` throws */
  constructor(program: Program, options: DebuggerOptions) {
    const { data, hazards, maxInstructions, inputs } = options;
    this.program = program;
    this.breakpoints = new Breakpoints(program);
    this.#options = options;
    this.#nodes = new Nodes(program.layers, program.words.length);
    this.#simulation = createSimulation(program, {
      data,
      ...(hazards === undefined ? {} : { hazards }),
      ...(maxInstructions === undefined ? {} : { maxInstructions }),
      observer: (event) => {
        if (this.#isReplaying) return;
        this.breakpoints.observe(event);
        options.observer?.(event);
      },
    });
    for (const [name, bytes] of inputs ?? []) this.#simulation.writeInput(name, bytes);
    this.#simulation.checkInputs();
    const { nram, wram, matrix, cluster } = program.machine;
    const { clusters, places } = this.#simulation.topology;
    const pads = places.length * (nram.bytes + wram.bytes + matrix.accumulatorBytes);
    const copied = data ? pads + clusters * (cluster?.sharedRam.bytes ?? 0) : 0;
    this.#history = new History(options.checkpointBytes ?? DEFAULT_CHECKPOINT_BYTES, copied);
    this.#leaveCheckpoint();
  }

  /** The cycle where it stands. */
  get cycle(): number {
    return this.#cycle;
  }

  /** Instructions that control of the followed core has completed. */
  get instructions(): number {
    return this.#position.completed;
  }

  /** How many cores run the program. */
  get cores(): number {
    return this.#simulation.topology.places.length;
  }

  /** The core that steps and views are of. */
  get core(): number {
    return this.#core;
  }

  /** Follows another core. @throws SYS-SIM-133 */
  follow(core: number): void {
    const { cores } = this;
    if (!Number.isInteger(core) || core < 0 || core >= cores) throw noCore({ core, cores });
    this.#core = core;
  }

  get #position(): ReturnType<Simulation['position']> {
    return this.#simulation.position(this.#core);
  }

  get #state(): CoreState {
    return this.#simulation.processor().cores[this.#core]!;
  }

  get isDone(): boolean {
    return this.#simulation.next === 'done';
  }

  /** Goes on until control has completed so many more instructions, or a breakpoint is met. */
  step(count = 1): Promise<Stop> {
    return this.#move(() => this.#forward({ instructions: this.instructions + count }));
  }

  /** Goes on for so many cycles, or until a breakpoint is met. */
  stepCycles(count = 1): Promise<Stop> {
    return this.#move(() => this.#forward({ cycle: this.#cycle + count }));
  }

  /** Goes on to the next cycle at which control or a unit does anything. */
  stepEvent(): Promise<Stop> {
    return this.#move(() => this.#forward({ after: this.#cycle }));
  }

  /** Goes on until a breakpoint is met, or to the end. */
  continue(): Promise<Stop> {
    return this.#move(() => this.#forward({ cycle: Number.POSITIVE_INFINITY }));
  }

  /**
   * Goes to a cycle, forward (up to a breakpoint) or back.
   * @throws SYS-SIM-052
   */
  runToCycle(cycle: number): Promise<Stop> {
    checkCycle(cycle);
    return this.#move(() => (cycle >= this.#cycle ? this.#forward({ cycle }) : this.#backTo({ cycle })));
  }

  /**
   * Goes on until control is about to execute an instruction, or a breakpoint is met.
   * @throws SYS-SIM-051
   */
  runToInstruction(pc: number): Promise<Stop> {
    checkInstruction(this.program, pc);
    return this.#move(() => this.#forward({ cycle: Number.POSITIVE_INFINITY }, pc));
  }

  /** Back to where control had completed so many instructions less; within an instruction the first is to its beginning. */
  stepBack(count = 1): Promise<Stop> {
    return this.#move(async () => {
      const [moments, cycle, { instructions }] = [this.#moments, this.#cycle, this];
      if (moments === 0) return this.#stop([{ kind: 'start' }]);
      await this.#backTo({ instructions });
      if (this.#isInterrupted) return this.#stop([{ kind: 'interrupted' }]);
      const isWithin = this.#moments !== moments || this.#cycle !== cycle;
      return this.#backTo({ instructions: instructions - count + (isWithin ? 1 : 0) });
    });
  }

  /** Back by so many cycles. */
  stepCyclesBack(count = 1): Promise<Stop> {
    return this.#move(() => this.#backTo({ cycle: this.#cycle - count }));
  }

  /** Back to the beginning. */
  restart(): Promise<Stop> {
    return this.#move(() => this.#backTo({ cycle: -1 }));
  }

  /** Lets the move that is going on end where it is. */
  interrupt(): void {
    this.#isInterrupted = this.#isMoving;
  }

  control(): views.ControlView {
    const { atHost } = this.#simulation.processor();
    return views.controlView(this.program, this.#state, atHost, this.#cycle, this.isDone);
  }

  /** The address-generator records. */
  records(): views.RecordView[] {
    return this.#state.control.records.map(views.recordView);
  }

  units(): views.UnitView[] {
    return this.#state.units.map((unit) => views.unitView(unit, this.#cycle));
  }

  semaphores(): views.SemaphoreView[] {
    return views.semaphoreViews(this.#state, this.#cycle);
  }

  /** Where the DRAM channel is taken: the cycle from which it is free. */
  get channelFree(): number {
    return this.#simulation.processor().channelFree;
  }

  /**
   * Bytes of a memory as they stand; 0 where nobody has written.
   * @throws SYS-SIM-053 outside the memory, SYS-SIM-057 without data
   */
  read(memory: Memory, address: number, count: number): Uint8Array {
    checkRange(this.program, memory, address, address + count);
    const memories = this.#simulation.memories;
    if (memories === undefined) throw noMemory({ memory: MEMORY_NAMES[memory] });
    const bytes = new Uint8Array(count);
    if (memory === 'dram') memories.dram.read(address, bytes, 0, count);
    else {
      const contents = memories.bytesOf(memory, this.#core);
      bytes.set(contents.subarray(address, address + count));
    }
    return bytes;
  }

  /** An instruction, by default that which control executes, stands at or begins next. @throws SYS-SIM-051 */
  instruction(pc = this.#position.pc): InstructionView {
    checkInstruction(this.program, pc);
    return { pc, text: instructionText(this.program.words[pc]!, pc), node: this.#nodes.name(pc) };
  }

  /** An output's bytes, dense and row-major. @throws SYS-SIM-006, -008 */
  readOutput(name: string): Uint8Array {
    return this.#simulation.readOutput(name);
  }

  /** Checkpoints that are held, and their bytes beside the first. */
  get checkpoints(): { readonly count: number; readonly bytes: number } {
    return { count: this.#history.length, bytes: this.#history.bytes() };
  }

  async #move(move: () => Promise<Stop>): Promise<Stop> {
    if (this.#isMoving) throw moving({});
    this.#isMoving = true;
    this.#isInterrupted = false;
    try {
      return await move();
    } finally {
      this.#isMoving = false;
      this.#isReplaying = false;
    }
  }

  /** @param to also stop where this instruction is next */
  async #forward(goal: Goal, to?: number): Promise<Stop> {
    this.breakpoints.clear();
    this.#behind = this.#simulation.next === 'time' ? this.#cycle : this.#cycle - 1;
    try {
      return this.#stop(await this.#run(goal, to));
    } catch (error) {
      if (!(error instanceof SystoleError)) throw error;
      // What failed has left the simulation half changed.
      const cycle = this.#cycle;
      await this.#replay({ moments: this.#moments }, ({ moments }) => moments <= this.#moments);
      this.#cycle = cycle;
      return this.#stop([{ kind: 'error', error }]);
    }
  }

  /** Where the goal was first reached; to the start where that is before it. */
  async #backTo(goal: { readonly instructions: number } | { readonly cycle: number }): Promise<Stop> {
    // From a checkpoint that is at the goal already it may be past where the goal was reached.
    const isBefore = (c: Checkpoint): boolean =>
      'cycle' in goal ? c.cycle < goal.cycle : c.completed[this.#core]! < goal.instructions;
    const isStart = 'cycle' in goal ? goal.cycle < 0 : goal.instructions <= 0;
    const reasons = await this.#replay(isStart ? { moments: 0 } : goal, isBefore);
    return this.#stop(isStart ? [{ kind: 'start' }] : reasons);
  }

  /** Goes to a goal that lies behind it, from the last of the first checkpoints for which a condition holds. */
  async #replay(goal: Goal, isBefore: (c: Checkpoint) => boolean): Promise<StopReason[]> {
    const from = this.#history.lastWhere(isBefore);
    this.#simulation.restore(from.state);
    this.#moments = from.moments;
    this.#cycle = from.cycle;
    this.#isReplaying = true;
    this.breakpoints.clear();
    try {
      return await this.#run(goal);
    } finally {
      this.#isReplaying = false;
    }
  }

  /** Does moments until one can stop and there is reason to. */
  async #run(goal: Goal, to?: number): Promise<StopReason[]> {
    const simulation = this.#simulation;
    let looked = performance.now();
    let { completed } = this.#position;
    for (let n = 1; ; n++) {
      const position = this.#position;
      let reasons: StopReason[] = [];
      if (position.completed > completed) {
        completed = position.completed;
        if (!this.#isReplaying) this.breakpoints.atInstruction(position.pc);
        if (position.pc === to) to = -1;
      }
      if (simulation.next !== 'units' || 'moments' in goal) {
        reasons = this.#reasons(goal, to === -1);
        if (reasons.length > 0) return reasons;
      }
      if (n % MOMENTS === 0 && performance.now() - looked > SLICE) {
        await new Promise((resolve) => setTimeout(resolve));
        looked = performance.now();
      }
      if (simulation.next === 'host') await this.#callHost();
      simulation.moment();
      this.#moments++;
      this.#cycle = Math.max(this.#cycle, simulation.position().cycle);
      if (this.#history.isDue(this.#moments)) this.#leaveCheckpoint();
    }
  }

  /** Whether to stop before the next moment, at the earliest cycle that is asked for before it. */
  #reasons(goal: Goal, hasComeTo: boolean): StopReason[] {
    const simulation = this.#simulation;
    const { next } = simulation;
    const position = this.#position;
    const reasons: StopReason[] = [];
    const arrived = (): number => reasons.push({ kind: 'arrived' });
    const end = next === 'done' ? simulation.run() : undefined;
    if (end?.state === 'done') return [{ kind: 'done', result: end.result }];
    if ('moments' in goal) {
      if (this.#moments >= goal.moments) arrived();
      return reasons;
    }
    if ('instructions' in goal && position.completed >= goal.instructions) arrived();
    if (hasComeTo) arrived();
    if (next === 'time') {
      const { upcoming } = simulation;
      const until = 'cycle' in goal ? goal.cycle : Number.POSITIVE_INFINITY;
      const stop = this.#isReplaying ? Number.POSITIVE_INFINITY : this.breakpoints.nextCycle(this.#behind);
      const cycle = Math.min(until, stop);
      // In a deadlock nothing happens before any cycle; that is to be said, not waited for.
      if (cycle < upcoming && upcoming !== Number.POSITIVE_INFINITY) {
        this.#cycle = Math.max(this.#cycle, cycle);
        if (cycle === until) arrived();
        if (cycle === stop) this.breakpoints.atCycle(cycle);
      }
      if ('after' in goal && position.cycle > goal.after) arrived();
    }
    if (!this.#isReplaying) {
      for (const met of this.breakpoints.met) reasons.push({ kind: 'breakpoint', ...met });
    }
    if (this.#isInterrupted && reasons.length === 0) reasons.push({ kind: 'interrupted' });
    return reasons;
  }

  #stop(reasons: readonly StopReason[]): Stop {
    return { cycle: this.#cycle, instructions: this.instructions, reasons };
  }

  #leaveCheckpoint(): void {
    const state = this.#simulation.save(this.#history.last?.state);
    const positions = Array.from({ length: this.cores }, (_, core) => this.#simulation.position(core));
    const [{ cycle }] = positions as [(typeof positions)[0]];
    this.#history.add({ moments: this.#moments, cycle, completed: positions.map((p) => p.completed), state });
  }

  async #callHost(): Promise<void> {
    const simulation = this.#simulation;
    const { control } = simulation.processor().cores[0]!;
    const part = this.program.host[control.part]!;
    let answer = this.#answers.get(control.executed);
    if (answer === undefined) {
      if (this.#options.host === undefined) throw noHost({ part: part.name });
      answer = await this.#options.host(
        part,
        part.inputs.map((slot) => simulation.readTensor(slot)),
      );
      this.#keep(control.executed, answer);
    }
    for (const [i, slot] of part.outputs.entries()) simulation.writeTensor(slot, answer[i]!);
  }

  /** Keeps a host answer, and of all of them the newest that fit. */
  #keep(at: number, answer: readonly Uint8Array[]): void {
    const bytes = (one: readonly Uint8Array[]): number => one.reduce((n, b) => n + b.length, 0);
    this.#answers.set(at, answer);
    this.#answerBytes += bytes(answer);
    const most = (this.#options.checkpointBytes ?? DEFAULT_CHECKPOINT_BYTES) / 2;
    for (const [first, old] of this.#answers) {
      if (this.#answerBytes <= most) break;
      this.#answers.delete(first);
      this.#answerBytes -= bytes(old);
    }
  }
}

/** A debugger at the beginning of a program. @throws as its constructor */
export const createDebugger = (program: Program, options: DebuggerOptions): Debugger => new Debugger(program, options);
