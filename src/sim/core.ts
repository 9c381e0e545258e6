/**
 * A core in the cycle model: control, units, queues and semaphores. The chip around it (cycle.ts) has the clock, the channels, the
 * host and the places where cores meet, and tells its cores what cycle it is.
 *
 * Control runs ahead of the units as far as its queues allow: an entry carries the cycle of its dispatch and no unit takes it
 * earlier, and only a queue that is full in the state reached so far can stall control. So control is always blocked (full
 * queue, sync, barrier, host, halt) when units advance, and everything that may happen at a cycle is known when that cycle is
 * settled.
 */
import { internalError, type Place } from '#base';
import type { Program, Queue } from '#isa';
import { CONTROL_ACCOUNTS, controlCost } from '#timing';
import { memoryBytes } from './accesses.ts';
import { type Banks, banksOf } from './banks.ts';
import { type Collectives, isCollective } from './collectives.ts';
import { Control } from './control.ts';
import { type ControlCycles, type Counters, countActions, countTransfer, type UnitResult } from './counters.ts';
import { type Blocked, blockedIn } from './deadlock.ts';
import type { Decoded } from './decoded.ts';
import { isData, readsDram, type SignalEntry } from './entries.ts';
import { checkAccesses } from './entryCheck.ts';
import type { Observer } from './events.ts';
import { queueTooLong, refuseEndless, WAITING_MAX } from './extent.ts';
import type { Hazards } from './hazards.ts';
import type { Producer } from './idle.ts';
import { LinearOperands } from './linearOperands.ts';
import { refuseInLockstep } from './lockstep.ts';
import type { Nodes } from './nodes.ts';
import type { Numbers } from './numbers.ts';
import { Plans } from './plan.ts';
import { Scoreboard, type Tracked, type TrackedState } from './scoreboard.ts';
import { Semaphores } from './semaphores.ts';
import type { Cause, CoreState } from './state.ts';
import type { Topology } from './topology.ts';
import { byQueue, type Slot, type SlotState, slotState, type Unit, unitsOf } from './unit.ts';

/** What cores share. */
export interface Surroundings {
  readonly program: Program;
  readonly decoded: readonly Decoded[];
  readonly topology: Topology;
  /** By core. */
  readonly nodes: readonly Nodes[];
  readonly counters: Counters;
  readonly observer: Observer | undefined;
  readonly hazards: Hazards | undefined;
  readonly numbers: Numbers | undefined;
  /** By number. */
  readonly cores: readonly Core[];
  readonly collectives: Collectives;
}

/**
 * What settling a core did: units moved; control was let go and goes on in the next moment; control has arrived where it waits
 * for other cores or the host, or at its end.
 */
export type Settled = 'moved' | 'free' | 'arrived' | undefined;

export class Core {
  readonly number: number;
  readonly control: Control;
  readonly units: readonly Unit[];
  readonly nodes: Nodes;
  /** What control cannot go on for. */
  blocked: Cause | undefined;
  /** The cycle since which it waits for other cores, or has ended. */
  arrived: number | undefined;
  /** Cycles that control has waited, by what for. */
  readonly waited: Record<Cause, number> = { queue: 0, sync: 0, barrier: 0, host: 0, halt: 0 };
  readonly semaphores = new Semaphores();
  readonly #unitOf: Readonly<Record<Queue, Unit>>;
  readonly #plans: Plans;
  readonly #banks: Banks | undefined;
  readonly #cost: ReturnType<typeof controlCost>;
  readonly #bytes: ReturnType<typeof memoryBytes>;
  readonly #scoreboard: Scoreboard | undefined;
  readonly #chip: Surroundings;
  /** Instructions that the counters know of. */
  #counted = 0;
  /** What control could not dispatch into a full queue. */
  #pending: Slot | undefined;

  constructor(chip: Surroundings, core: number, maxInstructions: number | undefined) {
    const { program, decoded, topology } = chip;
    this.number = core;
    this.#chip = chip;
    this.nodes = chip.nodes[core]!;
    const operands = new LinearOperands(program);
    this.control = new Control(program, decoded, this.nodes, operands, topology, core, maxInstructions);
    this.units = unitsOf(program, this.isAlone ? undefined : core);
    this.#unitOf = byQueue(this.units);
    this.#plans = new Plans(program.machine, operands);
    this.#banks = banksOf(program.machine);
    this.#cost = controlCost(program.machine);
    this.#bytes = memoryBytes(program.machine, program.dramBytes);
    const { scoreboard } = program.machine.control;
    this.#scoreboard = scoreboard && new Scoreboard(scoreboard);
  }

  unitOf(queue: Queue): Unit {
    return this.#unitOf[queue];
  }

  /** Whether all cores of the program are this one. */
  get isAlone(): boolean {
    return this.#chip.topology.places.length === 1;
  }

  /** Lets control run until it is blocked, or for so many instructions. */
  advanceControl(instructions = Number.POSITIVE_INFINITY): void {
    const control = this.control;
    const until = control.executed + instructions;
    for (;;) {
      const stop = control.advance(until);
      if (stop === 'next') return;
      this.#chip.counters.work(this.nodes.layer(control.at)).instructions += control.executed - this.#counted;
      this.#counted = control.executed;
      if (stop !== 'entry') {
        this.blocked = stop;
        return;
      }
      const unit = this.#unitOf[control.queue];
      const slot = this.#check(unit);
      if (!this.#hasRoom(unit, slot)) {
        this.#pending = slot;
        this.blocked = 'queue';
        return;
      }
      this.#push(unit, slot);
      if (control.executed >= until) return;
    }
  }

  /**
   * Does all that happens in it at cycle `now`, but for the channels and where cores meet. In single moments control is let go
   * only, and does its own in the next one.
   */
  settle(now: number, single: boolean): Settled {
    let settled: Settled;
    for (let moved = true; moved; ) {
      moved = false;
      for (const unit of this.units) while (this.#step(unit, now)) moved = true;
      if (moved) settled = 'moved';
      const cause = this.blocked;
      if (cause === undefined || this.arrived !== undefined) continue;
      if (cause === 'queue') {
        const unit = this.#unitOf[this.control.queue];
        if (!this.#hasRoom(unit, this.#pending!)) continue;
        this.resume(now);
        this.#pending!.ready = this.control.time;
        this.#push(unit, this.#pending!);
        this.#pending = undefined;
      } else {
        if (cause !== 'barrier') {
          if (!this.units.every((unit) => unit.drained)) continue;
          this.#chip.hazards?.join(this.number);
        }
        if (cause !== 'sync' || this.control.scope !== 'core') {
          this.arrived = cause === 'barrier' ? this.control.time : Math.max(this.control.time, now);
          return 'arrived';
        }
        this.resume(now);
      }
      if (single) return 'free';
      this.advanceControl();
      moved = true;
      settled = 'moved';
    }
    return settled;
  }

  /** Control goes on, not before a cycle; only then is it known whether it had to wait at all. */
  resume(cycle: number): void {
    const cause = this.blocked!;
    const drained = cause === 'barrier' ? this.control.time : (this.arrived ?? cycle);
    this.blocked = undefined;
    this.arrived = undefined;
    if (this.control.time >= cycle) return;
    if (cause !== 'queue') this.#stood(drained, cycle);
    this.#wait(cause, cycle);
  }

  /** Control has stood until the last unit was drained, then until the other cores had come; idle units had nothing to do. */
  #stood(drained: number, cycle: number): void {
    const { time } = this.control;
    const last = drained > time ? this.units.find((unit) => unit.free === drained)! : undefined;
    for (const unit of this.units) {
      if (!unit.drained) continue;
      if (last !== undefined) unit.idle.synced(drained - Math.max(time, unit.free), last.producer);
      unit.idle.synced(cycle - Math.max(drained, unit.free), 'core');
    }
  }

  #wait(cause: Cause, cycle: number): void {
    this.#tell('control:stall', cause);
    this.waited[cause] += cycle - this.control.time;
    this.control.time = cycle;
    this.#tell('control:resume', cause);
  }

  /** Control has come to the end of its program. */
  end(): void {
    const cycle = this.arrived!;
    if (this.control.time < cycle) this.#wait('halt', cycle);
    const { at } = this.control;
    this.#chip.observer?.({ type: 'halt', cycle, core: this.number, pc: at, layer: this.nodes.layer(at) });
  }

  /** The next cycle at which anything happens by itself; transfers that wait for a channel are the chip's. */
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

  /** What control spent the cycles of a run on; a core that has ended waits for the others. */
  controlCycles(cycles: number): ControlCycles {
    const { executed, branchCycles, frontEnd } = this.control;
    const spent: ControlCycles = {
      issue: executed * this.#cost.instruction,
      branch: branchCycles,
      fetch: frontEnd?.fetch ?? 0,
      data: frontEnd?.data ?? 0,
      ...this.waited,
      halt: this.waited.halt + cycles - this.control.time,
    };
    const sum = CONTROL_ACCOUNTS.reduce((n, account) => n + spent[account], 0);
    if (sum !== cycles) throw internalError({ what: `control spent ${sum} cycles, not the total of ${cycles}` });
    return spent;
  }

  /** What each unit is counted by when a run of so many cycles has ended. */
  results(cycles: number): readonly UnitResult[] {
    return this.units.map((unit) => unit.result(cycles, this.isAlone ? undefined : this.number));
  }

  /** Whether control or a unit stands where other cores have to come to. */
  get waitsForOthers(): boolean {
    if (this.arrived !== undefined && this.blocked !== 'halt') return true;
    return this.units.some(({ head }) => head !== undefined && isCollective(head.entry));
  }

  /** What cannot go on in a deadlock. */
  stuck(): readonly Blocked[] {
    const { at, queue, scope } = this.control;
    const hasArrived = this.arrived !== undefined;
    const unit = this.#unitOf[queue];
    const scoreboardFull = this.blocked === 'queue' && !unit.full;
    const standing = { pc: at, cause: this.blocked!, queue: unit.name, scope, hasArrived, scoreboardFull };
    return blockedIn(this.units, this.semaphores, this.nodes, standing, this.isAlone ? undefined : this.number);
  }

  /** The host works for so many cycles, with all units idle. */
  hosted(cycles: number): void {
    this.waited.host += cycles;
    for (const unit of this.units) unit.idle.hosted(cycles);
  }

  save(): CoreState {
    return {
      blocked: this.blocked,
      arrived: this.arrived,
      counted: this.#counted,
      pending: this.#pending && slotState(this.#pending),
      waited: { ...this.waited },
      control: this.control.save(),
      units: this.units.map((unit) => unit.save()),
      semaphores: this.semaphores.save(),
      scoreboard: this.#scoreboard?.save(),
    };
  }

  restore(state: CoreState): void {
    const slotOf = ({ entry, ready, behind }: SlotState): Slot => {
      const plan = entry.kind === 'wait' || entry.kind === 'signal' ? undefined : this.#plans.of(entry);
      return { entry, plan, ready, behind, tracked: undefined };
    };
    this.blocked = state.blocked;
    Object.assign(this.waited, state.waited);
    this.arrived = state.arrived;
    this.#counted = state.counted;
    this.#pending = state.pending && slotOf(state.pending);
    this.control.restore(state.control);
    for (const [i, unit] of this.units.entries()) unit.restore(state.units[i]!, slotOf);
    this.semaphores.restore(state.semaphores);
    if (state.scoreboard !== undefined) this.#restoreScoreboard(state.scoreboard, slotOf);
  }

  #restoreScoreboard(states: readonly TrackedState[], slotOf: (state: SlotState) => Slot): void {
    const slots = new Map(this.units.flatMap((unit) => unit.slots).map((slot) => [slot.entry, slot]));
    // Of what is over no slot is left.
    this.#scoreboard!.restore(states, (entry) => slots.get(entry) ?? slotOf({ entry, ready: 0 }));
  }

  #hasRoom(unit: Unit, { plan }: Slot): boolean {
    return !unit.full && !(this.#scoreboard?.full === true && plan !== undefined);
  }

  /** The slot of control's entry, checked as far as it can be by itself. */
  #check(unit: Unit): Slot {
    const { entry: made, time } = this.control;
    const entry = made!;
    const { hazards, topology, program } = this.#chip;
    const behind = hazards?.behind(this.number);
    const place = (): Place => this.nodes.place(entry.pc, time);
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      const isRemote = entry.kind === 'signal' && entry.core !== undefined;
      if (isRemote && topology.isLockstep) refuseInLockstep(program.machine, place);
      this.#semaphoresOf(entry).claim(entry.kind, entry.semaphore, unit.label, place);
      return { entry, plan: undefined, ready: time, behind, tracked: undefined };
    }
    const plan = this.#plans.of(entry);
    if (isData(entry)) {
      if (topology.isLockstep) refuseInLockstep(program.machine, place);
      refuseEndless(entry, place);
    }
    checkAccesses(entry, plan.accesses, this.#bytes, place);
    return { entry, plan, ready: time, behind, tracked: undefined };
  }

  #push(unit: Unit, slot: Slot): void {
    if (unit.waiting >= WAITING_MAX) {
      const place = this.nodes.place(slot.entry.pc, slot.ready);
      throw queueTooLong({ queue: unit.label, most: WAITING_MAX }, place);
    }
    if (this.#scoreboard !== undefined && slot.plan !== undefined) this.#scoreboard.add(slot, slot.plan.accesses);
    unit.push(slot);
    const { observer } = this.#chip;
    if (observer === undefined) return;
    const { pc } = slot.entry;
    const layer = this.nodes.layer(pc);
    observer({ type: 'dispatch', cycle: slot.ready, core: this.number, pc, layer, unit: unit.name });
  }

  /** Those of the core whose semaphore an entry names. */
  #semaphoresOf(entry: { readonly kind: 'wait' } | SignalEntry): Semaphores {
    return entry.kind === 'wait' || entry.core === undefined
      ? this.semaphores
      : this.#chip.cores[entry.core]!.semaphores;
  }

  /** Ends or starts one entry of a unit at this cycle, if it can. */
  #step(unit: Unit, now: number): boolean {
    if (unit.running !== undefined) {
      if (unit.end > now) return false;
      this.#complete(unit);
      return true;
    }
    if (this.#startCycle(unit) > now) return false;
    const { entry } = unit.head!;
    if (isCollective(entry)) this.#chip.collectives.start(this, entry, now);
    else this.#start(unit, now);
    return true;
  }

  /** When an idle unit can take the next of its queue, as far as is known. */
  #startCycle(unit: Unit): number {
    const from = this.#readyCycle(unit);
    if (this.#banks === undefined || from === Number.POSITIVE_INFINITY) return from;
    const { entry } = unit.head!;
    return isCollective(entry) ? this.#chip.collectives.startCycle(this, entry, from) : this.bankCycle(unit, from);
  }

  /** When the banks for the head of a unit are its own to take, from a cycle on at which it could start otherwise. */
  bankCycle(unit: Unit, from: number): number {
    return this.#banks?.startCycle(this.units, unit, from, (other) => this.#readyCycle(other)) ?? from;
  }

  /** The same, were there no banks. */
  #readyCycle(unit: Unit): number {
    const head = unit.head;
    if (head === undefined) return Number.POSITIVE_INFINITY;
    if (this.#scoreboard !== undefined) return this.#trackedStartCycle(unit, this.#scoreboard);
    const { entry, ready } = head;
    const from = Math.max(unit.free, ready);
    if (entry.kind === 'wait') return Math.max(from, this.semaphores.visibleAt(entry.semaphore));
    return isCollective(entry) ? this.#chip.collectives.readyCycle(this, entry) : from;
  }

  #trackedStartCycle(unit: Unit, { order }: Scoreboard): number {
    const slot = unit.at(unit.next(order));
    if (slot === undefined) return Number.POSITIVE_INFINITY;
    const { entry, ready } = slot;
    const from = Math.max(unit.free, ready);
    return entry.kind === 'wait' ? Math.max(from, this.semaphores.visibleAt(entry.semaphore)) : from;
  }

  #start(unit: Unit, now: number): void {
    const { counters, hazards, numbers, observer } = this.#chip;
    const scoreboard = this.#scoreboard;
    const place = scoreboard === undefined ? 0 : unit.next(scoreboard.order);
    const { entry, plan, ready, behind, tracked } = unit.pop(now, place);
    const { pc } = entry;
    const layer = this.nodes.layer(pc);
    const work = counters.work(layer);
    work.entries++;
    hazards?.begin(unit.index, behind);
    if (entry.kind === 'wait') {
      unit.idle.blocked(unit.blocked, this.semaphores.take(entry.semaphore));
      if (scoreboard === undefined) hazards?.wait(unit.index, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else if (entry.kind === 'signal') {
      unit.idle.unblocked();
      this.#signal(entry, unit.producer, now);
      if (scoreboard === undefined) hazards?.signal(unit.index, entry.core ?? this.number, entry.semaphore);
      unit.occupy(this.#cost.semaphore);
    } else {
      const { accesses, transfer, link, cycles, macs, vectorOps, otherOps, actions, lanes, producer } = plan!;
      unit.idle.unblocked();
      // What is no semaphore waits for its turn: by the scoreboard, else for banks.
      unit.idle.cycles[tracked === undefined ? 'bank' : 'dependence'] += unit.blocked;
      unit.producer = producer;
      if (tracked === undefined) {
        hazards?.entry(unit.index, entry, accesses, now);
        if (isData(entry)) numbers?.apply(entry, this.number, () => this.nodes.place(pc, now));
      } else {
        this.#startTracked(tracked, now);
      }
      work.macs += macs;
      work.vectorOps += vectorOps;
      work.otherOps += otherOps;
      countActions(work, actions);
      if (lanes !== undefined) {
        unit.computed(lanes);
        counters.computed(layer, unit.name, lanes);
      }
      if (transfer !== undefined) {
        countTransfer(work, readsDram(entry), transfer);
        unit.transfer(transfer, transfer.dramBytes > 0);
      } else if (link !== undefined) unit.transfer(link, link.takesPort);
      else unit.occupy(cycles);
    }
    if (observer === undefined) return;
    const core = this.number;
    observer({ type: `${entry.kind}:start`, cycle: now, core, pc, layer, unit: unit.name, entry, ready });
  }

  #signal(entry: SignalEntry, by: Producer, now: number): void {
    const { signalLatency, remoteSignalLatency } = this.#cost;
    const latency = entry.core === undefined ? signalLatency : remoteSignalLatency;
    const from = entry.core === undefined ? by : 'core';
    this.#semaphoresOf(entry).signal(entry.semaphore, now + latency, from, () => this.nodes.place(entry.pc, now));
  }

  /** What the scoreboard watches takes effect behind all that it conflicts with: ordered, as if one unit did all of it. */
  #startTracked(tracked: Tracked, now: number): void {
    const { hazards, numbers } = this.#chip;
    this.#scoreboard!.start(tracked, ({ entry, accesses }) => {
      hazards?.entry(this.units[0]!.index, entry, accesses, now);
      if (isData(entry)) numbers?.apply(entry, this.number, () => this.nodes.place(entry.pc, now));
    });
  }

  #complete(unit: Unit): void {
    const start = unit.began;
    const { waited, stalled } = unit;
    const { entry, plan, tracked } = unit.complete();
    if (tracked !== undefined) this.#scoreboard!.complete(tracked);
    const { pc } = entry;
    const cycle = unit.free;
    const layer = this.nodes.layer(pc);
    this.#chip.counters.ran(layer, unit.name, cycle - start - waited - stalled, start, cycle);
    const { observer } = this.#chip;
    if (observer === undefined) return;
    const [core, { name }] = [this.number, unit];
    observer({ type: `${entry.kind}:end`, cycle, core, pc, layer, unit: name, entry, start, waited, stalled, plan });
  }

  #tell(type: 'control:stall' | 'control:resume', cause: Cause): void {
    const { observer } = this.#chip;
    if (observer === undefined) return;
    const { at, time } = this.control;
    observer({ type, cycle: time, core: this.number, pc: at, layer: this.nodes.layer(at), cause });
  }
}
