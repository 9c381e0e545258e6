/**
 * The cycle model: the chip with its clock, its DRAM channel and the host, advanced from event to event as ARCHITECTURE.md,
 * "Time", defines them; with data, every entry also moves or computes the real numbers. What goes on in a core is in core.ts.
 *
 * Data takes effect when an entry starts. In a program without races this equals any other moment of its execution: whatever
 * it conflicts with is ordered before it by semaphores or sync (and complete, since a signal passes only behind complete
 * entries) or after it (and not begun). Programs with races are reported, not run on.
 */
import { diagnostic, type SystoleError } from '#base';
import type { HostPart, Program, TensorSlot } from '#isa';
import { queuesOf } from '#machine';
import { bankedDramOf } from './bankedDram.ts';
import { Channel } from './channel.ts';
import { type Arrival, Core, type Surroundings } from './core.ts';
import { Counters, type SimulationResult } from './counters.ts';
import { deadlockError } from './deadlock.ts';
import type { DramMemory } from './dram.ts';
import { type Kernels, readsDram } from './entries.ts';
import { Hazards } from './hazards.ts';
import { filledBefore } from './linearOperands.ts';
import { Nodes } from './nodes.ts';
import { findSlot, Numbers, numbersFor } from './numbers.ts';
import type { Moment, RunState, SimulationOptions } from './run.ts';
import { checkState, fingerprintOf, type ProcessorState, type SimulationState } from './state.ts';
import { refuseTimingOnly } from './timingOnly.ts';

const noSuchPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-015', 'invalid', {
  en: (p) => `'host ${p.part}' calls a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”调用了程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
});

/** Mutable: one run of one program. */
export class Simulation {
  readonly program: Program;
  readonly #chip: Surroundings;
  readonly #core: Core;
  readonly #channel: Channel;
  /** All events before this cycle have happened. */
  #now = 0;
  /** Units have done all that they can at this cycle; kept between moments only. */
  #settled = false;
  #atHost: HostPart | undefined;
  #fingerprint: number | undefined;
  #result: SimulationResult | undefined;

  constructor(program: Program, options: SimulationOptions) {
    this.program = program;
    const nodes = new Nodes(program.layers, program.words.length);
    if (options.data) refuseTimingOnly(program, (instruction) => nodes.place(instruction, 0));
    this.#chip = {
      program,
      nodes,
      counters: new Counters(program.layers.length),
      observer: options.observer,
      hazards:
        (options.hazards ?? true)
          ? new Hazards(queuesOf(program.machine), nodes, program.words.length, filledBefore(program), program.inputs)
          : undefined,
      numbers: options.data ? new Numbers(program) : undefined,
    };
    this.#core = new Core(this.#chip, options.maxInstructions);
    this.#channel = new Channel(this.#core.units, bankedDramOf(program.machine));
  }

  /** Puts dense row-major bytes into an input. */
  writeInput(name: string, bytes: Uint8Array): void {
    const slot = findSlot(this.program, 'input', name);
    numbersFor(slot, this.#chip.numbers).writeInput(slot, bytes);
  }

  /** An output's bytes, dense and row-major. */
  readOutput(name: string): Uint8Array {
    return this.readTensor(findSlot(this.program, 'output', name));
  }

  /** The values of a tensor in DRAM, dense and row-major. */
  readTensor(slot: TensorSlot): Uint8Array {
    return numbersFor(slot, this.#chip.numbers).read(slot);
  }

  writeTensor(slot: TensorSlot, bytes: Uint8Array): void {
    numbersFor(slot, this.#chip.numbers).write(slot, bytes);
  }

  /** DRAM and scratchpads as they stand; undefined without data. */
  get memories(): { readonly dram: DramMemory; readonly kernels: Kernels } | undefined {
    return this.#chip.numbers;
  }

  /**
   * Runs to the next host call (with data), to the end, or for so many steps (cycles at which something happens), so that a
   * caller can let others have the thread in between.
   * @throws errors of the program with cycle, instruction and node: SYS-SIM-0xx
   */
  run(steps = Number.POSITIVE_INFINITY): RunState {
    if (this.#result !== undefined) return { state: 'done', result: this.#result };
    this.checkInputs();
    const core = this.#core;
    if (this.#atHost !== undefined) this.#leaveHost(this.#atHost);
    if (core.blocked === undefined) core.advanceControl();
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
        if (this.#chip.numbers !== undefined) return { state: 'host', part: core.control.part };
        this.#leaveHost(part);
        core.advanceControl();
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
    const core = this.#core;
    if (core.blocked === undefined && core.instructionEnd <= this.#now) return 'instruction';
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
        this.#core.advanceControl(1);
        return;
      case 'units': {
        const stop = this.#settle(true);
        if (stop === 'halt') this.#result = this.#finish();
        else if (stop === 'host') {
          const part = this.#enterHost();
          if (this.#chip.numbers === undefined) this.#leaveHost(part);
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
    const { blocked, control, instructionEnd } = this.#core;
    if (blocked !== undefined) return units;
    const { beginning } = control;
    return Math.min(units, beginning > this.#now ? beginning : instructionEnd);
  }

  /** Where a run in moments stands: its cycle, instructions that control has completed, and the one that is to be next. */
  get position(): { readonly cycle: number; readonly completed: number; readonly pc: number } {
    const { blocked, control } = this.#core;
    const { at, executed, pc, time } = control;
    const isDone = this.#result !== undefined;
    const isUnderWay = !isDone && (blocked !== undefined || this.#atHost !== undefined || time > this.#now);
    return { cycle: this.#now, completed: isUnderWay ? executed - 1 : executed, pc: isUnderWay || isDone ? at : pc };
  }

  /** @throws SYS-SIM-007 an input that was not written */
  checkInputs(): void {
    this.#chip.numbers?.checkInputs();
  }

  /** Control, queues, units and semaphores as they stand. */
  processor(): ProcessorState {
    return {
      now: this.#now,
      settled: this.#settled,
      channelFree: this.#channel.free,
      dram: this.#channel.banks?.state,
      atHost: this.#atHost !== undefined,
      ...this.#core.save(),
    };
  }

  /**
   * All of it written out, between calls of `run` or `moment`.
   * @param before an earlier state of this program, with which the new one shares what is equal
   */
  save(before?: SimulationState): SimulationState {
    const { counters, hazards, numbers } = this.#chip;
    this.#fingerprint ??= fingerprintOf(this.program);
    return {
      fingerprint: this.#fingerprint,
      processor: this.processor(),
      counters: counters.save(),
      hazards: hazards?.save(),
      numbers: numbers?.save(before?.numbers),
      result: this.#result,
    };
  }

  /**
   * Goes on from a state that this or another simulation of the same program has saved.
   * @throws SYS-SIM-050 a state of another program or fidelity
   */
  restore(state: SimulationState): void {
    this.#fingerprint ??= fingerprintOf(this.program);
    const { counters, hazards, numbers } = this.#chip;
    checkState(state, { fingerprint: this.#fingerprint, hazards, numbers }, this.program);
    const { processor } = state;
    this.#now = processor.now;
    this.#settled = processor.settled;
    this.#channel.free = processor.channelFree;
    if (processor.dram !== undefined) this.#channel.banks!.state = processor.dram;
    this.#atHost = processor.atHost ? this.program.host[processor.control.part] : undefined;
    this.#core.restore(processor);
    counters.restore(state.counters);
    if (state.hazards !== undefined) hazards?.restore(state.hazards);
    if (state.numbers !== undefined) numbers?.restore(state.numbers);
    this.#result = state.result;
  }

  /** Does all that happens at cycle `now`; says where control has arrived with everything drained. */
  #settle(single: boolean): Arrival | undefined {
    const arrival = this.#core.settle(this.#now, single);
    if (arrival === undefined) this.#grantChannel();
    return arrival;
  }

  #grantChannel(): void {
    const grant = this.#channel.grant(this.#now);
    if (grant === undefined) return;
    const { unit, dram } = grant;
    const { observer, nodes, counters } = this.#chip;
    if (observer === undefined && dram === undefined) return;
    const { entry, plan } = unit.running!;
    const layer = nodes.layer(entry.pc);
    if (dram !== undefined) counters.banks(layer, dram);
    observer?.({
      type: 'channel:grant',
      cycle: this.#now,
      pc: entry.pc,
      layer,
      unit: unit.name,
      waited: unit.waited,
      taken: dram?.cycles ?? plan!.transfer!.channelCycles,
      bytes: plan!.transfer!.dramBytes,
      isWrite: !readsDram(entry),
      ...(dram && { dram }),
    });
  }

  /** The next cycle at which anything happens. */
  #nextCycle(): number {
    return Math.min(this.#core.nextCycle(), this.#channel.next());
  }

  #enterHost(): HostPart {
    const { at, part: index, time } = this.#core.control;
    const part = this.program.host[index];
    const { hazards, nodes } = this.#chip;
    if (part === undefined) throw noSuchPart({ part: index, parts: this.program.host.length }, nodes.place(at, time));
    for (const slot of part.inputs) hazards?.hostReads(slot, at, time);
    this.#atHost = part;
    this.#tellHost('host:start', part);
    return part;
  }

  #leaveHost(part: HostPart): void {
    const { counters, hazards, nodes } = this.#chip;
    const { control } = this.#core;
    const start = control.time;
    control.time += part.cycles;
    this.#core.waited.host += part.cycles;
    for (const slot of part.outputs) hazards?.hostWrites(slot);
    const layer = nodes.layer(control.at);
    counters.work(layer).hostCycles += part.cycles;
    counters.ran(layer, undefined, 0, start, control.time);
    this.#atHost = undefined;
    this.#tellHost('host:end', part);
  }

  #finish(): SimulationResult {
    const { counters, hazards, nodes, observer } = this.#chip;
    const { at, executed, time: cycles } = this.#core.control;
    for (const slot of this.program.outputs) hazards?.hostReads(slot, at, cycles);
    const units = this.#core.results(cycles);
    observer?.({ type: 'halt', cycle: cycles, pc: at, layer: nodes.layer(at) });
    const control = this.#core.controlCycles(cycles);
    const banks = this.#channel.banks;
    const dram = banks && { dram: { ...counters.dram(), ...banks.refreshesBy(cycles) } };
    return { cycles, control, dynamicInstructions: executed, units, ...counters.result(cycles), ...dram };
  }

  #deadlock(): SystoleError {
    return deadlockError(this.#core.stuck(), this.#chip.nodes, this.#now);
  }

  #tellHost(type: 'host:start' | 'host:end', part: HostPart): void {
    const { observer, nodes } = this.#chip;
    if (observer === undefined) return;
    const { at, time, part: index } = this.#core.control;
    observer({ type, cycle: time, pc: at, layer: nodes.layer(at), part: index, name: part.name });
  }
}

/**
 * A run of a program.
 * @throws SYS-ISA-00x and SYS-SIM-00x where the program is not one for its machine
 */
export const createSimulation = (program: Program, options: SimulationOptions): Simulation =>
  new Simulation(program, options);
