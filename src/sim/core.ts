/**
 * A core in the cycle model: control, units, queues and semaphores. The chip around it (cycle.ts) has the clock, the DRAM
 * channel and the host, and tells its cores what cycle it is.
 *
 * Control runs ahead of the units as far as its queues allow: an entry carries the cycle of its dispatch and no unit takes it
 * earlier, and only a queue that is full in the state reached so far can stall control. So control is always blocked (full
 * queue, sync, host, halt) when units advance, and everything that may happen at a cycle is known when that cycle is settled.
 */
import { internalError, type Place } from '#base';
import type { Program } from '#isa';
import { CONTROL_ACCOUNTS, controlCost } from '#timing';
import { memoryBytes } from './accesses.ts';
import { Control } from './control.ts';
import { type ControlCycles, type Counters, countActions, countTransfer, type UnitResult } from './counters.ts';
import { type Blocked, blockedIn } from './deadlock.ts';
import { type EntryQueue, readsDram } from './entries.ts';
import { checkAccesses, refuseManyCores } from './entryCheck.ts';
import type { Observer } from './events.ts';
import { refuseEndless } from './extent.ts';
import type { Hazards } from './hazards.ts';
import { LinearOperands } from './linearOperands.ts';
import type { Nodes } from './nodes.ts';
import type { Numbers } from './numbers.ts';
import { Plans } from './plan.ts';
import { Semaphores } from './semaphores.ts';
import type { Cause, CoreState } from './state.ts';
import { byQueue, type Slot, type SlotState, slotState, type Unit, unitsOf } from './unit.ts';

/** What cores share. */
export interface Surroundings {
  readonly program: Program;
  readonly nodes: Nodes;
  readonly counters: Counters;
  readonly observer: Observer | undefined;
  readonly hazards: Hazards | undefined;
  readonly numbers: Numbers | undefined;
}

/** Where control has arrived with everything drained; 'free': it goes on in the next moment. */
export type Arrival = 'halt' | 'host' | 'free';

export class Core {
  readonly control: Control;
  readonly units: readonly Unit[];
  /** What control cannot go on for. */
  blocked: Cause | undefined;
  /** Cycles that control has waited, by what for. */
  readonly waited: Record<Cause, number> = { queue: 0, sync: 0, host: 0, halt: 0 };
  readonly #unitOf: Readonly<Record<EntryQueue, Unit>>;
  readonly #semaphores = new Semaphores();
  readonly #plans: Plans;
  readonly #cost: ReturnType<typeof controlCost>;
  readonly #bytes: ReturnType<typeof memoryBytes>;
  readonly #chip: Surroundings;
  /** What control could not dispatch into a full queue. */
  #pending: Slot | undefined;

  constructor(chip: Surroundings, maxInstructions: number | undefined) {
    const { program, nodes } = chip;
    this.#chip = chip;
    const operands = new LinearOperands(program);
    this.control = new Control(program, nodes, operands, maxInstructions);
    this.units = unitsOf(program);
    this.#unitOf = byQueue(this.units);
    this.#plans = new Plans(program.machine, operands);
    this.#cost = controlCost(program.machine);
    this.#bytes = memoryBytes(program.machine, program.dramBytes);
  }

  /** Lets control run until it is blocked, or for so many instructions. */
  advanceControl(instructions = Number.POSITIVE_INFINITY): void {
    const control = this.control;
    const until = control.executed + instructions;
    for (;;) {
      const stop = control.advance(until);
      if (stop === 'next') return;
      this.#chip.counters.controlled(this.#chip.nodes.layer(control.at), control.executed);
      if (stop !== 'entry') {
        this.blocked = stop;
        return;
      }
      const unit = this.#unitOf[control.queue];
      const slot = this.#check(unit);
      if (unit.full) {
        this.#pending = slot;
        this.blocked = 'queue';
        return;
      }
      this.#push(unit, slot);
      if (control.executed >= until) return;
    }
  }

  /**
   * Does all that happens in it at cycle `now`, but for the channel; says where control has arrived with everything drained.
   * In single moments control is let go only, and does its own in the next one.
   */
  settle(now: number, single: boolean): Arrival | undefined {
    for (let moved = true; moved; ) {
      moved = false;
      for (const unit of this.units) while (this.#step(unit, now)) moved = true;
      if (this.blocked === 'queue') {
        const unit = this.#unitOf[this.control.queue];
        if (unit.full) continue;
        this.#resume('queue', now);
        this.#pending!.ready = this.control.time;
        this.#push(unit, this.#pending!);
        this.#pending = undefined;
      } else {
        const cause = this.blocked;
        if (cause === undefined || !this.units.every((unit) => unit.drained)) continue;
        this.#chip.hazards?.join();
        this.#resume(cause, now);
        if (cause === 'halt' || cause === 'host') return cause;
      }
      if (single) return 'free';
      this.advanceControl();
      moved = true;
    }
    return undefined;
  }

  /** The next cycle at which anything happens by itself; transfers that wait for the channel are the chip's. */
  nextCycle(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const unit of this.units) {
      const at = unit.running === undefined ? this.#startCycle(unit) : unit.end;
      if (at < next) next = at;
    }
    return next;
  }

  /** When control's next instruction ends, if it is not blocked. */
  get instructionEnd(): number {
    return this.control.beginning + this.#cost.instruction;
  }

  /** What control spent the cycles of a run on. */
  controlCycles(cycles: number): ControlCycles {
    const { executed, branchCycles, frontEnd } = this.control;
    const spent: ControlCycles = {
      issue: executed * this.#cost.instruction,
      branch: branchCycles,
      fetch: frontEnd?.fetch ?? 0,
      data: frontEnd?.data ?? 0,
      ...this.waited,
    };
    const sum = CONTROL_ACCOUNTS.reduce((n, account) => n + spent[account], 0);
    if (sum !== cycles) throw internalError({ what: `control spent ${sum} cycles, not the total of ${cycles}` });
    return spent;
  }

  /** What each unit is counted by when a run of so many cycles has ended. */
  results(cycles: number): readonly UnitResult[] {
    return this.units.map((unit) => unit.result(cycles));
  }

  /** What cannot go on in a deadlock. */
  stuck(): readonly Blocked[] {
    const { at, queue } = this.control;
    const control = { pc: at, cause: this.blocked!, queue: this.#unitOf[queue].name };
    return blockedIn(this.units, this.#semaphores, this.#chip.nodes, control);
  }

  save(): CoreState {
    return {
      blocked: this.blocked,
      pending: this.#pending && slotState(this.#pending),
      waited: { ...this.waited },
      control: this.control.save(),
      units: this.units.map((unit) => unit.save()),
      semaphores: this.#semaphores.save(),
    };
  }

  restore(state: CoreState): void {
    const slotOf = ({ entry, ready }: SlotState): Slot => {
      const plan = entry.kind === 'wait' || entry.kind === 'signal' ? undefined : this.#plans.of(entry);
      return { entry, plan, ready };
    };
    this.blocked = state.blocked;
    Object.assign(this.waited, state.waited);
    this.#pending = state.pending && slotOf(state.pending);
    this.control.restore(state.control);
    for (const [i, unit] of this.units.entries()) unit.restore(state.units[i]!, slotOf);
    this.#semaphores.restore(state.semaphores);
  }

  /** The slot of control's entry, checked as far as it can be by itself. */
  #check(unit: Unit): Slot {
    const { entry: made, time } = this.control;
    const entry = made!;
    const place = (): Place => this.#chip.nodes.place(entry.pc, time);
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      this.#semaphores.claim(entry.kind, entry.semaphore, unit.name, place);
      return { entry, plan: undefined, ready: time };
    }
    const plan = this.#plans.of(entry);
    if (entry.kind !== 'move' && entry.kind !== 'compute') {
      refuseManyCores(this.#chip.program.machine, place);
      refuseEndless(entry, place);
    }
    checkAccesses(entry, plan.accesses, this.#bytes, place);
    return { entry, plan, ready: time };
  }

  #push(unit: Unit, slot: Slot): void {
    unit.push(slot);
    const { observer, nodes } = this.#chip;
    if (observer === undefined) return;
    const { pc } = slot.entry;
    observer({ type: 'dispatch', cycle: slot.ready, pc, layer: nodes.layer(pc), unit: unit.name });
  }

  /** Control goes on, not before cycle `now`; only then is it known whether it had to wait at all. */
  #resume(cause: Cause, now: number): void {
    this.blocked = undefined;
    if (this.control.time >= now) return;
    this.#tell('control:stall', cause);
    this.waited[cause] += now - this.control.time;
    this.control.time = now;
    this.#tell('control:resume', cause);
  }

  /** Ends or starts one entry of a unit at this cycle, if it can. */
  #step(unit: Unit, now: number): boolean {
    if (unit.running !== undefined) {
      if (unit.end > now) return false;
      this.#complete(unit);
      return true;
    }
    if (this.#startCycle(unit) > now) return false;
    this.#start(unit, now);
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

  #start(unit: Unit, now: number): void {
    const { nodes, counters, hazards, numbers, observer } = this.#chip;
    const { entry, plan, ready } = unit.pop(now);
    const layer = nodes.layer(entry.pc);
    const work = counters.work(layer);
    work.entries++;
    if (entry.kind === 'wait') {
      this.#semaphores.take(entry.semaphore);
      hazards?.wait(unit.index, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else if (entry.kind === 'signal') {
      this.#semaphores.signal(entry.semaphore, now + this.#cost.signalLatency, () => nodes.place(entry.pc, now));
      hazards?.signal(unit.index, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else {
      const { accesses, transfer, cycles, macs, vectorOps, otherOps, actions } = plan!;
      hazards?.entry(unit.index, entry, accesses, now);
      if (entry.kind !== 'move' && entry.kind !== 'compute') {
        numbers?.apply(entry, () => nodes.place(entry.pc, now));
      }
      work.macs += macs;
      work.vectorOps += vectorOps;
      work.otherOps += otherOps;
      countActions(work, actions);
      if (transfer === undefined) unit.occupy(cycles);
      else {
        countTransfer(work, readsDram(entry), transfer);
        unit.transfer(transfer);
      }
    }
    if (observer === undefined) return;
    observer({ type: `${entry.kind}:start`, cycle: now, pc: entry.pc, layer, unit: unit.name, entry, ready });
  }

  #complete(unit: Unit): void {
    const start = unit.began;
    const { waited, stalled } = unit;
    const { entry, plan } = unit.complete();
    const cycle = unit.free;
    const layer = this.#chip.nodes.layer(entry.pc);
    this.#chip.counters.ran(layer, unit.name, cycle - start - waited - stalled, start, cycle);
    const { observer } = this.#chip;
    if (observer === undefined) return;
    const { pc } = entry;
    observer({ type: `${entry.kind}:end`, cycle, pc, layer, unit: unit.name, entry, start, waited, stalled, plan });
  }

  #tell(type: 'control:stall' | 'control:resume', cause: Cause): void {
    const { observer, nodes } = this.#chip;
    if (observer === undefined) return;
    const { at, time } = this.control;
    observer({ type, cycle: time, pc: at, layer: nodes.layer(at), cause });
  }
}
