/**
 * The cycle model: control, units, queues, semaphores and the DRAM channel advanced from event to event, as ARCHITECTURE.md,
 * "Time", defines them; with data, every entry also moves or computes the real numbers.
 *
 * Control runs ahead of the units as far as its queues allow: an entry carries the cycle of its dispatch and no unit takes it
 * earlier, and only a queue that is full in the state reached so far can stall control. So control is always blocked (full
 * queue, sync, host, halt) when units advance, and everything that may happen at a cycle is known when that cycle is settled.
 *
 * Data takes effect when an entry starts. In a program without races this equals any other moment of its execution: whatever
 * it conflicts with is ordered before it by semaphores or sync (and complete, since a signal passes only behind complete
 * entries) or after it (and not begun). Programs with races are reported, not run on.
 */
import { diagnostic, internalError, type Place, type SystoleError } from '#base';
import type { HostPart, Program, TensorSlot } from '#isa';
import { coresOf } from '#machine';
import { controlCost } from '#timing';
import { memoryBytes } from './accesses.ts';
import { Control } from './control.ts';
import { Counters, countTransfer, type SimulationResult } from './counters.ts';
import { deadlockError } from './deadlock.ts';
import { DramMemory } from './dram.ts';
import type { DataEntry, EntryQueue, Kernels } from './entries.ts';
import { checkAccesses } from './entryCheck.ts';
import type { Observer, UnitName } from './events.ts';
import { Hazards } from './hazards.ts';
import { createKernels } from './kernels/index.ts';
import { Nodes } from './nodes.ts';
import { Plans } from './plan.ts';
import { Semaphores } from './semaphores.ts';
import { readSlot, writeSlot } from './slots.ts';
import { refuseTimingOnly } from './timingOnly.ts';
import { type Slot, Unit } from './unit.ts';

const unknownTensor = diagnostic<{ name: string; kind: 'input' | 'output'; known: readonly string[] }>(
  'SYS-SIM-006',
  'usage',
  {
    en: (p) => `the program has no ${p.kind} '${p.name}': its ${p.kind}s are ${p.known.join(', ') || '(none)'}.`,
    zh: (p) =>
      `程序没有名为“${p.name}”的${p.kind === 'input' ? '输入' : '输出'}：可用的有 ${p.known.join('、') || '（无）'}。`,
  },
);
const missingInput = diagnostic<{ name: string }>('SYS-SIM-007', 'usage', {
  en: (p) => `input '${p.name}' was not given: write it before the run.`,
  zh: (p) => `未给出输入“${p.name}”：请在运行前写入。`,
});
const noData = diagnostic<{ name: string }>('SYS-SIM-008', 'usage', {
  en: (p) => `tensor '${p.name}' has no values: the simulation counts time only. Create it with data.`,
  zh: (p) => `张量“${p.name}”没有数值：该仿真只计时间。请以带数据方式创建。`,
});
const noSuchPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-015', 'invalid', {
  en: (p) => `'host ${p.part}' calls a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”调用了程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
});

const oneStream = diagnostic<{ machine: string }>('SYS-SIM-019', 'unsupported', {
  en: (p) =>
    `machine '${p.machine}' has several cores, which run the textbook's programs (move, compute) only so far: take a ` +
    "machine of one core, or leave 'cluster' out of the machine file.",
  zh: (p) =>
    `机器“${p.machine}”有多个核，目前只能运行教材写法的程序（move、compute）：请改用单核机器，或在机器文件中去掉 cluster。`,
});

export interface SimulationOptions {
  /** Move and compute the numbers, or count time only. */
  readonly data: boolean;
  /** Detect races and reads of what nobody wrote, in either fidelity; false only for a program that is known to be good. */
  readonly hazards?: boolean;
  readonly observer?: Observer;
  /**
   * Instructions that control may execute: a guard against endless loops. By default 500 million in all and 20 million in a
   * row that give no unit work.
   */
  readonly maxInstructions?: number;
}

export type RunState =
  /** The caller does host part `part` (readTensor, writeTensor) and calls run() again. Only with data. */
  | { readonly state: 'host'; readonly part: number }
  /** As many steps as were asked for are done; run() goes on from here. */
  | { readonly state: 'running'; readonly cycle: number }
  | { readonly state: 'done'; readonly result: SimulationResult };

/** What control is blocked by. */
type Cause = 'queue' | 'sync' | 'host' | 'halt';

/** Mutable: one run of one program. */
export class Simulation {
  readonly program: Program;
  readonly #observer: Observer | undefined;
  readonly #nodes: Nodes;
  readonly #control: Control;
  readonly #units: readonly Unit[];
  readonly #unitOf: Readonly<Record<EntryQueue, Unit>>;
  readonly #semaphores = new Semaphores();
  readonly #counters: Counters;
  readonly #plans: Plans;
  readonly #hazards: Hazards | undefined;
  readonly #kernels: Kernels | undefined;
  readonly #dram: DramMemory | undefined;
  readonly #bytes: ReturnType<typeof memoryBytes>;
  readonly #cost: ReturnType<typeof controlCost>;
  readonly #missing: Set<string>;
  /** All events before this cycle have happened. */
  #now = 0;
  #channelFree = 0;
  #blocked: Cause | undefined;
  /** What control could not dispatch into a full queue. */
  #pending: Slot | undefined;
  #atHost: HostPart | undefined;
  #result: SimulationResult | undefined;

  constructor(program: Program, options: SimulationOptions) {
    const { machine } = program;
    this.program = program;
    this.#observer = options.observer;
    this.#nodes = new Nodes(program.layers, program.words.length);
    this.#control = new Control(program, this.#nodes, options.maxInstructions);
    const depth = machine.control.queueDepth;
    const names: UnitName[] = [...(machine.dma.queues === 1 ? (['dma'] as const) : (['load', 'store'] as const))];
    if (machine.cluster !== undefined) names.push('link');
    names.push('matrix', 'vector');
    this.#units = names.map((name, i) => new Unit(name, i, depth));
    const unit = (name: UnitName): Unit | undefined => this.#units.find((u) => u.name === name);
    const dma = unit('dma');
    this.#unitOf = {
      load: (dma ?? unit('load'))!,
      store: (dma ?? unit('store'))!,
      // Dispatch has refused transfers over links that the machine lacks.
      link: unit('link')!,
      matrix: unit('matrix')!,
      vector: unit('vector')!,
    };
    this.#counters = new Counters(program.layers.length);
    this.#plans = new Plans(machine);
    this.#bytes = memoryBytes(machine, program.dramBytes);
    this.#cost = controlCost(machine);
    if (options.data) refuseTimingOnly(program, (instruction) => this.#nodes.place(instruction, 0));
    if (options.hazards ?? true) {
      const unitNames = this.#units.map((u) => u.name);
      this.#hazards = new Hazards(unitNames, this.#nodes, program.words.length, program.constants, program.inputs);
    }
    if (options.data) {
      this.#kernels = createKernels(machine);
      this.#dram = new DramMemory(program.constants);
    }
    this.#missing = new Set(options.data ? program.inputs.map((slot) => slot.name) : []);
  }

  /** Puts dense row-major bytes into an input. */
  writeInput(name: string, bytes: Uint8Array): void {
    this.writeTensor(this.#find('input', name), bytes);
    this.#missing.delete(name);
  }

  /** An output's bytes, dense and row-major. */
  readOutput(name: string): Uint8Array {
    return this.readTensor(this.#find('output', name));
  }

  /** The values of a tensor in DRAM, dense and row-major. */
  readTensor(slot: TensorSlot): Uint8Array {
    if (this.#dram === undefined) throw noData({ name: slot.name });
    return readSlot(this.#dram, slot);
  }

  writeTensor(slot: TensorSlot, bytes: Uint8Array): void {
    if (this.#dram === undefined) throw noData({ name: slot.name });
    writeSlot(this.#dram, slot, bytes);
  }

  /** DRAM and scratchpads as they stand; undefined without data. */
  get memories(): { readonly dram: DramMemory; readonly kernels: Kernels } | undefined {
    return this.#dram && this.#kernels && { dram: this.#dram, kernels: this.#kernels };
  }

  /**
   * Runs to the next host call (with data), to the end, or for so many steps (cycles at which something happens), so that a
   * caller can let others have the thread in between.
   * @throws errors of the program with cycle, instruction and node: SYS-SIM-0xx
   */
  run(steps = Number.POSITIVE_INFINITY): RunState {
    if (this.#result !== undefined) return { state: 'done', result: this.#result };
    for (const name of this.#missing) throw missingInput({ name });
    if (this.#atHost !== undefined) this.#leaveHost(this.#atHost);
    if (this.#blocked === undefined) this.#advanceControl();
    for (let left = steps; ; left--) {
      if (left <= 0) return { state: 'running', cycle: this.#now };
      const stop = this.#settle();
      if (stop === 'halt') {
        this.#result = this.#finish();
        return { state: 'done', result: this.#result };
      }
      if (stop === 'host') {
        const part = this.#enterHost();
        if (this.#dram !== undefined) return { state: 'host', part: this.#control.part };
        this.#leaveHost(part);
        this.#advanceControl();
        continue;
      }
      const next = this.#nextCycle();
      if (next === Number.POSITIVE_INFINITY) throw this.#deadlock();
      this.#now = next;
    }
  }

  /** Lets control run until it is blocked. */
  #advanceControl(): void {
    const control = this.#control;
    for (;;) {
      const stop = control.advance();
      if (stop !== 'entry') {
        this.#blocked = stop;
        return;
      }
      const unit = this.#unitOf[control.queue];
      const slot = this.#check(unit);
      if (unit.full) {
        this.#pending = slot;
        this.#blocked = 'queue';
        return;
      }
      unit.push(slot);
    }
  }

  /** The slot of control's entry, checked as far as it can be by itself. */
  #check(unit: Unit): Slot {
    const { entry: made, time } = this.#control;
    const entry = made!;
    const place = (): Place => this.#nodes.place(entry.pc, time);
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      this.#semaphores.claim(entry.kind, entry.semaphore, unit.name, place);
      return { entry, plan: undefined, ready: time };
    }
    const plan = this.#plans.of(entry);
    if (entry.kind !== 'move' && entry.kind !== 'compute') {
      if (coresOf(this.program.machine) > 1) throw oneStream({ machine: this.program.machine.name }, place());
      checkAccesses(entry, plan.accesses, this.#bytes, place);
    }
    return { entry, plan, ready: time };
  }

  /** Control goes on, not before cycle `now`; only then is it known whether it had to wait at all. */
  #resume(cause: Cause): void {
    this.#blocked = undefined;
    if (this.#control.time >= this.#now) return;
    this.#tellControl('control:stall', cause);
    this.#control.time = this.#now;
    this.#tellControl('control:resume', cause);
  }

  /** Does all that happens at cycle `now`; says where control has arrived with everything drained. */
  #settle(): 'halt' | 'host' | undefined {
    for (let moved = true; moved; ) {
      moved = false;
      for (const unit of this.#units) while (this.#step(unit)) moved = true;
      if (this.#blocked === 'queue') {
        const unit = this.#unitOf[this.#control.queue];
        if (unit.full) continue;
        this.#resume('queue');
        this.#pending!.ready = this.#control.time;
        unit.push(this.#pending!);
        this.#pending = undefined;
      } else {
        if (!this.#units.every((unit) => unit.drained)) continue;
        const cause = this.#blocked!;
        this.#hazards?.join();
        this.#resume(cause);
        if (cause === 'halt' || cause === 'host') return cause;
      }
      this.#advanceControl();
      moved = true;
    }
    this.#grantChannel();
    return undefined;
  }

  /** Ends or starts one entry of a unit at this cycle, if it can. */
  #step(unit: Unit): boolean {
    if (unit.running !== undefined) {
      if (unit.end > this.#now) return false;
      this.#complete(unit);
      return true;
    }
    if (this.#startCycle(unit) > this.#now) return false;
    this.#start(unit);
    return true;
  }

  /** When an idle unit can take the head of its queue. */
  #startCycle(unit: Unit): number {
    const head = unit.head;
    if (head === undefined) return Number.POSITIVE_INFINITY;
    const { entry, ready } = head;
    const from = Math.max(unit.free, ready);
    return entry.kind === 'wait' ? Math.max(from, this.#semaphores.visibleAt(entry.semaphore)) : from;
  }

  #start(unit: Unit): void {
    const now = this.#now;
    const { entry, plan } = unit.pop(now);
    const layer = this.#nodes.layer(entry.pc);
    const work = this.#counters.work(layer);
    work.entries++;
    if (entry.kind === 'wait') {
      this.#semaphores.take(entry.semaphore);
      this.#hazards?.wait(unit.index, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else if (entry.kind === 'signal') {
      this.#semaphores.signal(entry.semaphore, now + this.#cost.signalLatency, () => this.#nodes.place(entry.pc, now));
      this.#hazards?.signal(unit.index, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else {
      const { accesses, transfer, cycles, macs, vectorOps, otherOps } = plan!;
      if (entry.kind !== 'move' && entry.kind !== 'compute') {
        this.#hazards?.entry(unit.index, entry, accesses, now);
        if (this.#kernels !== undefined) this.#apply(entry, this.#kernels, this.#dram!);
      }
      work.macs += macs;
      work.vectorOps += vectorOps;
      work.otherOps += otherOps;
      if (transfer === undefined) unit.occupy(cycles);
      else {
        countTransfer(work, entry.kind === 'load' || (entry.kind === 'move' && entry.from === 'dram'), transfer);
        unit.transfer(transfer);
      }
    }
    this.#observer?.({ type: `${entry.kind}:start`, cycle: now, pc: entry.pc, layer, unit: unit.name, entry });
  }

  #apply(entry: DataEntry, kernels: Kernels, dram: DramMemory): void {
    switch (entry.kind) {
      case 'load':
        kernels.load(entry, dram);
        break;
      case 'store':
        kernels.store(entry, dram);
        break;
      case 'mma':
        kernels.mma(entry);
        break;
      case 'vec':
        kernels.vec(entry);
        break;
    }
  }

  #complete(unit: Unit): void {
    const start = unit.began;
    const waited = unit.waited;
    const { entry } = unit.complete();
    const cycle = unit.free;
    const layer = this.#nodes.layer(entry.pc);
    this.#counters.ran(layer, unit.name, cycle - start - waited, start, cycle);
    this.#observer?.({ type: `${entry.kind}:end`, cycle, pc: entry.pc, layer, unit: unit.name, entry, start });
  }

  /** The channel serves whole transfers in order of arrival; at a tie the load, which is the unit of lower index. */
  #grantChannel(): void {
    if (this.#channelFree > this.#now) return;
    let next: Unit | undefined;
    for (const unit of this.#units) {
      if (!unit.awaitsChannel || unit.arrival > this.#now) continue;
      if (next === undefined || unit.arrival < next.arrival) next = unit;
    }
    if (next === undefined) return;
    next.grant(this.#now);
    this.#channelFree = this.#now + next.channelCycles;
    if (this.#observer !== undefined) {
      const { pc } = next.running!.entry;
      const layer = this.#nodes.layer(pc);
      this.#observer({ type: 'channel:grant', cycle: this.#now, pc, layer, unit: next.name, waited: next.waited });
    }
  }

  /** The next cycle at which anything happens. */
  #nextCycle(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const unit of this.#units) {
      let at: number;
      if (unit.awaitsChannel) at = Math.max(unit.arrival, this.#channelFree);
      else at = unit.running === undefined ? this.#startCycle(unit) : unit.end;
      if (at < next) next = at;
    }
    return next;
  }

  #enterHost(): HostPart {
    const { at, part: index, time } = this.#control;
    const part = this.program.host[index];
    if (part === undefined) {
      throw noSuchPart({ part: index, parts: this.program.host.length }, this.#nodes.place(at, time));
    }
    for (const slot of part.inputs) this.#hazards?.hostReads(slot, at, time);
    this.#atHost = part;
    this.#tellHost('host:start', part);
    return part;
  }

  #leaveHost(part: HostPart): void {
    const control = this.#control;
    const start = control.time;
    control.time += part.cycles;
    for (const slot of part.outputs) this.#hazards?.hostWrites(slot);
    const layer = this.#nodes.layer(control.at);
    this.#counters.work(layer).hostCycles += part.cycles;
    this.#counters.ran(layer, undefined, 0, start, control.time);
    this.#atHost = undefined;
    this.#tellHost('host:end', part);
  }

  #finish(): SimulationResult {
    const cycles = this.#control.time;
    for (const slot of this.program.outputs) this.#hazards?.hostReads(slot, this.#control.at, cycles);
    const units = this.#units.map((unit) => {
      unit.idle.tail = cycles - unit.free;
      const { name, busy, entries } = unit;
      const idleBy = { ...unit.idle };
      const idle = idleBy.empty + idleBy.semaphore + idleBy.channel + idleBy.tail;
      if (busy + idle !== cycles) {
        throw internalError({ what: `${name}: ${busy} busy and ${idle} idle cycles are not the total of ${cycles}` });
      }
      return { name, busy, idle, idleBy, entries };
    });
    const { at } = this.#control;
    this.#observer?.({ type: 'halt', cycle: cycles, pc: at, layer: this.#nodes.layer(at) });
    return { cycles, dynamicInstructions: this.#control.executed, units, ...this.#counters.result(cycles) };
  }

  #deadlock(): SystoleError {
    const { at, queue } = this.#control;
    const control = { pc: at, cause: this.#blocked!, queue: this.#unitOf[queue].name };
    return deadlockError(this.#units, this.#semaphores, this.#nodes, control, this.#now);
  }

  #find(kind: 'input' | 'output', name: string): TensorSlot {
    const slots = kind === 'input' ? this.program.inputs : this.program.outputs;
    const slot = slots.find((s) => s.name === name);
    if (slot === undefined) throw unknownTensor({ name, kind, known: slots.map((s) => s.name) });
    return slot;
  }

  #tellControl(type: 'control:stall' | 'control:resume', cause: Cause): void {
    if (this.#observer === undefined) return;
    const { at, time } = this.#control;
    this.#observer({ type, cycle: time, pc: at, layer: this.#nodes.layer(at), cause });
  }

  #tellHost(type: 'host:start' | 'host:end', part: HostPart): void {
    if (this.#observer === undefined) return;
    const { at, time, part: index } = this.#control;
    this.#observer({ type, cycle: time, pc: at, layer: this.#nodes.layer(at), part: index, name: part.name });
  }
}

/**
 * A run of a program.
 * @throws SYS-ISA-00x and SYS-SIM-00x where the program is not one for its machine
 */
export const createSimulation = (program: Program, options: SimulationOptions): Simulation =>
  new Simulation(program, options);
