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
import { diagnostic, type Place, type SystoleError } from '#base';
import type { HostPart, Program, TensorSlot } from '#isa';
import { controlCost } from '#timing';
import { memoryBytes } from './accesses.ts';
import { Control } from './control.ts';
import { Counters, countActions, countTransfer, type SimulationResult } from './counters.ts';
import { deadlockError } from './deadlock.ts';
import type { DramMemory } from './dram.ts';
import type { EntryQueue, Kernels } from './entries.ts';
import { checkAccesses, refuseManyCores } from './entryCheck.ts';
import type { Observer } from './events.ts';
import { Hazards } from './hazards.ts';
import { Nodes } from './nodes.ts';
import { findSlot, Numbers, numbersFor } from './numbers.ts';
import { Plans } from './plan.ts';
import type { Moment, RunState, SimulationOptions } from './run.ts';
import { Semaphores } from './semaphores.ts';
import { type Cause, checkState, fingerprintOf, type ProcessorState, type SimulationState } from './state.ts';
import { refuseTimingOnly } from './timingOnly.ts';
import { byQueue, type Slot, type SlotState, slotState, type Unit, unitsOf } from './unit.ts';

const noSuchPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-015', 'invalid', {
  en: (p) => `'host ${p.part}' calls a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”调用了程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
});

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
  readonly #numbers: Numbers | undefined;
  readonly #bytes: ReturnType<typeof memoryBytes>;
  readonly #cost: ReturnType<typeof controlCost>;
  /** All events before this cycle have happened. */
  #now = 0;
  /** Units have done all that they can at this cycle; kept between moments only. */
  #settled = false;
  #channelFree = 0;
  #blocked: Cause | undefined;
  /** What control could not dispatch into a full queue. */
  #pending: Slot | undefined;
  #atHost: HostPart | undefined;
  #fingerprint: number | undefined;
  #result: SimulationResult | undefined;

  constructor(program: Program, options: SimulationOptions) {
    const { machine } = program;
    this.program = program;
    this.#observer = options.observer;
    this.#nodes = new Nodes(program.layers, program.words.length);
    this.#control = new Control(program, this.#nodes, options.maxInstructions);
    this.#units = unitsOf(program);
    this.#unitOf = byQueue(this.#units);
    this.#counters = new Counters(program.layers.length);
    this.#plans = new Plans(machine);
    this.#bytes = memoryBytes(machine, program.dramBytes);
    this.#cost = controlCost(machine);
    if (options.data) refuseTimingOnly(program, (instruction) => this.#nodes.place(instruction, 0));
    if (options.hazards ?? true) {
      const unitNames = this.#units.map((u) => u.name);
      this.#hazards = new Hazards(unitNames, this.#nodes, program.words.length, program.constants, program.inputs);
    }
    if (options.data) this.#numbers = new Numbers(program);
  }

  /** Puts dense row-major bytes into an input. */
  writeInput(name: string, bytes: Uint8Array): void {
    const slot = findSlot(this.program, 'input', name);
    numbersFor(slot, this.#numbers).writeInput(slot, bytes);
  }

  /** An output's bytes, dense and row-major. */
  readOutput(name: string): Uint8Array {
    return this.readTensor(findSlot(this.program, 'output', name));
  }

  /** The values of a tensor in DRAM, dense and row-major. */
  readTensor(slot: TensorSlot): Uint8Array {
    return numbersFor(slot, this.#numbers).read(slot);
  }

  writeTensor(slot: TensorSlot, bytes: Uint8Array): void {
    numbersFor(slot, this.#numbers).write(slot, bytes);
  }

  /** DRAM and scratchpads as they stand; undefined without data. */
  get memories(): { readonly dram: DramMemory; readonly kernels: Kernels } | undefined {
    return this.#numbers;
  }

  /**
   * Runs to the next host call (with data), to the end, or for so many steps (cycles at which something happens), so that a
   * caller can let others have the thread in between.
   * @throws errors of the program with cycle, instruction and node: SYS-SIM-0xx
   */
  run(steps = Number.POSITIVE_INFINITY): RunState {
    if (this.#result !== undefined) return { state: 'done', result: this.#result };
    this.checkInputs();
    if (this.#atHost !== undefined) this.#leaveHost(this.#atHost);
    if (this.#blocked === undefined) this.#advanceControl();
    this.#settled = false;
    for (let left = steps; ; left--) {
      if (left <= 0) return { state: 'running', cycle: this.#now };
      const stop = this.#settle(false);
      if (stop === 'halt') {
        this.#result = this.#finish();
        return { state: 'done', result: this.#result };
      }
      if (stop === 'host') {
        const part = this.#enterHost();
        if (this.#numbers !== undefined) return { state: 'host', part: this.#control.part };
        this.#leaveHost(part);
        this.#advanceControl();
        continue;
      }
      const next = this.#nextCycle();
      if (next === Number.POSITIVE_INFINITY) throw this.#deadlock();
      this.#now = next;
    }
  }

  /** What `moment` does next. */
  get next(): Moment {
    if (this.#result !== undefined) return 'done';
    if (this.#atHost !== undefined) return 'host';
    const { time } = this.#control;
    if (this.#blocked === undefined && time + this.#cost.instruction <= this.#now) return 'instruction';
    return this.#settled ? 'time' : 'units';
  }

  /**
   * The least that can happen, with control kept from running ahead: an instruction that ends at this cycle; else what units
   * do at this cycle; else time goes on to the next cycle at which anything happens. A run in moments takes the same time and
   * leaves the same memories as `run`; of several errors it meets the first in time. At 'host' with data the caller does the
   * host part first.
   * @throws as `run`
   */
  moment(): void {
    this.checkInputs();
    switch (this.next) {
      case 'done':
        return;
      case 'host':
        this.#leaveHost(this.#atHost!);
        return;
      case 'instruction':
        this.#settled = false;
        this.#advanceControl(1);
        return;
      case 'units': {
        const stop = this.#settle(true);
        if (stop === 'halt') this.#result = this.#finish();
        else if (stop === 'host') {
          const part = this.#enterHost();
          if (this.#numbers === undefined) this.#leaveHost(part);
        } else this.#settled = stop === undefined;
        return;
      }
      case 'time': {
        const { upcoming } = this;
        if (upcoming === Number.POSITIVE_INFINITY) throw this.#deadlock();
        this.#now = upcoming;
        this.#settled = false;
      }
    }
  }

  /** The next cycle at which anything happens, for a run in moments whose next is 'time'; infinite in a deadlock. */
  get upcoming(): number {
    const units = this.#nextCycle();
    if (this.#blocked !== undefined) return units;
    const { time } = this.#control;
    return Math.min(units, time > this.#now ? time : time + this.#cost.instruction);
  }

  /** Where a run in moments stands: its cycle, instructions that control has completed, and the one that is to be next. */
  get position(): { readonly cycle: number; readonly completed: number; readonly pc: number } {
    const { at, executed, pc, time } = this.#control;
    const isDone = this.#result !== undefined;
    const isUnderWay = !isDone && (this.#blocked !== undefined || this.#atHost !== undefined || time > this.#now);
    return { cycle: this.#now, completed: isUnderWay ? executed - 1 : executed, pc: isUnderWay || isDone ? at : pc };
  }

  /** @throws SYS-SIM-007 an input that was not written */
  checkInputs(): void {
    this.#numbers?.checkInputs();
  }

  /** Control, queues, units and semaphores as they stand. */
  processor(): ProcessorState {
    return {
      now: this.#now,
      settled: this.#settled,
      channelFree: this.#channelFree,
      blocked: this.#blocked,
      pending: this.#pending && slotState(this.#pending),
      atHost: this.#atHost !== undefined,
      control: this.#control.save(),
      units: this.#units.map((unit) => unit.save()),
      semaphores: this.#semaphores.save(),
    };
  }

  /**
   * All of it written out, between calls of `run` or `moment`.
   * @param before an earlier state of this program, with which the new one shares what is equal
   */
  save(before?: SimulationState): SimulationState {
    this.#fingerprint ??= fingerprintOf(this.program);
    return {
      fingerprint: this.#fingerprint,
      processor: this.processor(),
      counters: this.#counters.save(),
      hazards: this.#hazards?.save(),
      numbers: this.#numbers?.save(before?.numbers),
      result: this.#result,
    };
  }

  /**
   * Goes on from a state that this or another simulation of the same program has saved.
   * @throws SYS-SIM-050 a state of another program or fidelity
   */
  restore(state: SimulationState): void {
    this.#fingerprint ??= fingerprintOf(this.program);
    const like = { fingerprint: this.#fingerprint, hazards: this.#hazards, numbers: this.#numbers };
    checkState(state, like, this.program);
    const { processor, counters, hazards, numbers } = state;
    const slotOf = ({ entry, ready }: SlotState): Slot => {
      const plan = entry.kind === 'wait' || entry.kind === 'signal' ? undefined : this.#plans.of(entry);
      return { entry, plan, ready };
    };
    this.#now = processor.now;
    this.#settled = processor.settled;
    this.#channelFree = processor.channelFree;
    this.#blocked = processor.blocked;
    this.#pending = processor.pending && slotOf(processor.pending);
    this.#atHost = processor.atHost ? this.program.host[processor.control.part] : undefined;
    this.#control.restore(processor.control);
    for (const [i, unit] of this.#units.entries()) unit.restore(processor.units[i]!, slotOf);
    this.#semaphores.restore(processor.semaphores);
    this.#counters.restore(counters);
    if (hazards !== undefined) this.#hazards?.restore(hazards);
    if (numbers !== undefined) this.#numbers?.restore(numbers);
    this.#result = state.result;
  }

  /** Lets control run until it is blocked, or for so many instructions. */
  #advanceControl(instructions = Number.POSITIVE_INFINITY): void {
    const control = this.#control;
    const until = control.executed + instructions;
    for (;;) {
      const stop = control.advance(until);
      if (stop === 'next') return;
      this.#counters.controlled(this.#nodes.layer(control.at), control.executed);
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
      if (control.executed >= until) return;
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
      refuseManyCores(this.program.machine, place);
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

  /**
   * Does all that happens at cycle `now`; says where control has arrived with everything drained. In single moments control
   * is let go only, and does its own in the next one.
   */
  #settle(single: boolean): 'halt' | 'host' | 'free' | undefined {
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
        const cause = this.#blocked;
        if (cause === undefined || !this.#units.every((unit) => unit.drained)) continue;
        this.#hazards?.join();
        this.#resume(cause);
        if (cause === 'halt' || cause === 'host') return cause;
      }
      if (single) return 'free';
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
      const { accesses, transfer, cycles, macs, vectorOps, otherOps, actions } = plan!;
      if (entry.kind !== 'move' && entry.kind !== 'compute') {
        this.#hazards?.entry(unit.index, entry, accesses, now);
        this.#numbers?.apply(entry);
      }
      work.macs += macs;
      work.vectorOps += vectorOps;
      work.otherOps += otherOps;
      countActions(work, actions);
      if (transfer === undefined) unit.occupy(cycles);
      else {
        countTransfer(work, entry.kind === 'load' || (entry.kind === 'move' && entry.from === 'dram'), transfer);
        unit.transfer(transfer);
      }
    }
    this.#observer?.({ type: `${entry.kind}:start`, cycle: now, pc: entry.pc, layer, unit: unit.name, entry });
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
    const units = this.#units.map((unit) => unit.result(cycles));
    const { at } = this.#control;
    this.#observer?.({ type: 'halt', cycle: cycles, pc: at, layer: this.#nodes.layer(at) });
    return { cycles, dynamicInstructions: this.#control.executed, units, ...this.#counters.result(cycles) };
  }

  #deadlock(): SystoleError {
    const { at, queue } = this.#control;
    const control = { pc: at, cause: this.#blocked!, queue: this.#unitOf[queue].name };
    return deadlockError(this.#units, this.#semaphores, this.#nodes, control, this.#now);
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
