/**
 * The cycle model: the chip with its clock, its channels and the host, advanced from event to event as ARCHITECTURE.md,
 * "Time", defines them; with data, every entry also moves or computes the real numbers. What goes on in a core is in core.ts.
 *
 * Data takes effect when an entry starts. In a program without races this equals any other moment of its execution: whatever
 * it conflicts with is ordered before it by semaphores or sync (and complete, since a signal passes only behind complete
 * entries) or after it (and not begun). Programs with races are reported, not run on.
 */
import { diagnostic, type SystoleError } from '#base';
import type { HostPart, Program, TensorSlot } from '#isa';
import { queuesOf } from '#machine';
import { CONTROL_ACCOUNTS } from '#timing';
import { bankedDramOf } from './bankedDram.ts';
import { Channel } from './channel.ts';
import { Collectives } from './collectives.ts';
import { Core, type Surroundings } from './core.ts';
import { type ControlCycles, Counters, type SimulationResult } from './counters.ts';
import { deadlockError } from './deadlock.ts';
import { decodeProgram } from './decoded.ts';
import { readsDram } from './entries.ts';
import { tooLong } from './extent.ts';
import { Hazards } from './hazards.ts';
import { Meetings } from './meetings.ts';
import { Nodes } from './nodes.ts';
import { findSlot, Numbers, numbersFor } from './numbers.ts';
import type { Moment, RunState, SimulationOptions } from './run.ts';
import { checkState, fingerprintOf, type ProcessorState, type SimulationState } from './state.ts';
import { refuseTimingOnly } from './timingOnly.ts';
import { type Topology, topologyOf } from './topology.ts';

const noSuchPart = diagnostic<{ part: number; parts: number }>('SYS-SIM-015', 'invalid', {
  en: (p) => `'host ${p.part}' calls a host part that the program does not have: it has ${p.parts}, counted from 0.`,
  zh: (p) => `“host ${p.part}”调用了程序中不存在的主机部分：共有 ${p.parts} 个，从 0 计数。`,
});

/** Mutable: one run of one program. */
export class Simulation {
  readonly program: Program;
  readonly #chip: Surroundings;
  readonly #cores: readonly Core[];
  readonly #dram: Channel;
  /** The one port of each SharedRAM, where cores have no links of their own. */
  readonly #ports: readonly Channel[];
  readonly #meetings: Meetings;
  /** All events before this cycle have happened. */
  #now = 0;
  /** Units have done all that they can at this cycle; kept between moments only. */
  #settled = false;
  #atHost: HostPart | undefined;
  #fingerprint: number | undefined;
  #result: SimulationResult | undefined;

  constructor(program: Program, options: SimulationOptions) {
    this.program = program;
    const { machine, layers, words } = program;
    const topology = topologyOf(program);
    const all = new Nodes(layers, words.length);
    const nodes = topology.places.length === 1 ? [all] : topology.places.map(({ core }) => all.ofCore(core));
    if (options.data) refuseTimingOnly(program, (instruction) => all.place(instruction, 0));
    const cores: Core[] = [];
    const shared = {
      program,
      decoded: decodeProgram(program),
      topology,
      nodes,
      counters: new Counters(layers.length),
      observer: options.observer,
      hazards: (options.hazards ?? true) ? new Hazards(queuesOf(machine), topology, nodes, program) : undefined,
      numbers: options.data ? new Numbers(program, topology) : undefined,
      cores,
    };
    this.#chip = { ...shared, collectives: new Collectives(shared) };
    for (const { core } of topology.places) cores.push(new Core(this.#chip, core, options.maxInstructions));
    this.#cores = cores;
    this.#meetings = new Meetings(this.#chip);
    const clients = cores.flatMap(({ units }) => units.filter(({ name }) => name !== 'link'));
    this.#dram = new Channel(clients, bankedDramOf(machine));
    this.#ports = machine.cluster?.sharedRam.ports === 'one' ? portsOf(cores, topology) : [];
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

  /** Where the cores stand that run the program. */
  get topology(): Topology {
    return this.#chip.topology;
  }

  /** DRAM, SharedRAM and scratchpads as they stand; undefined without data. */
  get memories(): Numbers | undefined {
    return this.#chip.numbers;
  }

  /**
   * Runs to the next host call (with data), to the end, or for so many steps (cycles at which something happens), so that a
   * caller can let others have the thread in between.
   * @throws errors of the program with cycle, instruction and node: SYS-SIM-0xx and -1xx
   */
  run(steps = Number.POSITIVE_INFINITY): RunState {
    if (this.#result !== undefined) return { state: 'done', result: this.#result };
    this.checkInputs();
    if (this.#atHost !== undefined) this.#leaveHost(this.#atHost);
    this.#advanceControls();
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
        if (this.#chip.numbers !== undefined) return { state: 'host', part: this.#cores[0]!.control.part };
        this.#leaveHost(part);
        this.#advanceControls();
        continue;
      }
      const next = this.#nextCycle();
      if (next > Number.MAX_SAFE_INTEGER) throw this.#endless(next);
      this.#now = next;
    }
  }

  /** What `moment` does next. */
  get next(): Moment {
    if (this.#result !== undefined) return 'done';
    if (this.#atHost !== undefined) return 'host';
    if (this.#ready() !== undefined) return 'instruction';
    return this.#settled ? 'time' : 'units';
  }

  /**
   * The least that can happen, with control kept from running ahead: an instruction that ends at this cycle, of the first core
   * that has one; else what units do at this cycle; else time goes on to the next cycle at which anything happens. A run in
   * moments takes the same time and leaves the same memories as `run`; of several errors it meets the first in time. At 'host'
   * with data the caller does the host part first.
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
        this.#ready()!.advanceControl(1);
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
        if (upcoming > Number.MAX_SAFE_INTEGER) throw this.#endless(upcoming);
        this.#now = upcoming;
        this.#settled = false;
      }
    }
  }

  /** The next cycle at which anything happens, for a run in moments whose next is 'time'; infinite in a deadlock. */
  get upcoming(): number {
    let next = this.#nextCycle();
    for (const { blocked, control, instructionEnd } of this.#cores) {
      if (blocked !== undefined) continue;
      const { beginning } = control;
      next = Math.min(next, beginning > this.#now ? beginning : instructionEnd);
    }
    return next;
  }

  /** Where a run in moments stands: its cycle, instructions that control has completed, and the one that is to be next. */
  position(core = 0): { readonly cycle: number; readonly completed: number; readonly pc: number } {
    const { blocked, arrived, control } = this.#cores[core]!;
    const { at, executed, pc, time } = control;
    const isDone = this.#result !== undefined || (blocked === 'halt' && arrived !== undefined);
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
      channelFree: this.#dram.free,
      dram: this.#dram.banks?.state,
      portsFree: this.#ports.map(({ free }) => free),
      atHost: this.#atHost !== undefined,
      cores: this.#cores.map((core) => core.save()),
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
    const { counters, hazards, numbers, collectives } = this.#chip;
    checkState(state, { fingerprint: this.#fingerprint, hazards, numbers }, this.program);
    const { processor } = state;
    this.#now = processor.now;
    this.#settled = processor.settled;
    this.#dram.free = processor.channelFree;
    if (processor.dram !== undefined) this.#dram.banks!.state = processor.dram;
    for (const [k, port] of this.#ports.entries()) port.free = processor.portsFree[k]!;
    this.#atHost = processor.atHost ? this.program.host[processor.cores[0]!.control.part] : undefined;
    for (const [i, core] of this.#cores.entries()) core.restore(processor.cores[i]!);
    collectives.restore();
    counters.restore(state.counters);
    if (state.hazards !== undefined) hazards?.restore(state.hazards);
    if (state.numbers !== undefined) numbers?.restore(state.numbers);
    this.#result = state.result;
  }

  /** The first core in a run in moments whose instruction ends at this cycle. */
  #ready(): Core | undefined {
    return this.#cores.find(({ blocked, instructionEnd }) => blocked === undefined && instructionEnd <= this.#now);
  }

  /** Lets every control run that is not blocked. */
  #advanceControls(): void {
    for (const core of this.#cores) if (core.blocked === undefined) core.advanceControl();
  }

  /**
   * Does all that happens at cycle `now`; says where all control has arrived with everything drained. In single moments control
   * is let go only, and does its own in the next one.
   */
  #settle(single: boolean): 'halt' | 'host' | 'free' | undefined {
    for (let again = true; again; ) {
      again = false;
      for (const core of this.#cores) {
        const settled = core.settle(this.#now, single);
        if (settled === 'free') return 'free';
        if (settled === 'arrived') {
          const met = this.#meetings.arrive(core);
          if (met === 'halt' || met === 'host') return met;
          if (met === 'on') {
            if (single) return 'free';
            this.#advanceControls();
          }
        }
        // What one does may let another go on; one alone has done all it can, unless it has met itself.
        if (settled === 'moved' ? this.#cores.length > 1 : settled === 'arrived') again = true;
      }
    }
    this.#grant(this.#dram);
    for (const port of this.#ports) this.#grant(port);
    return undefined;
  }

  #grant(channel: Channel): void {
    const grant = channel.grant(this.#now);
    if (grant === undefined) return;
    const { unit, dram } = grant;
    const { observer, counters } = this.#chip;
    if (observer === undefined && dram === undefined) return;
    const { nodes, number: core } = this.#cores.find(({ units }) => units.includes(unit))!;
    const { entry, plan } = unit.running!;
    const { pc } = entry;
    const layer = nodes.layer(pc);
    if (dram !== undefined) counters.banks(layer, dram);
    const cost = plan!.transfer ?? plan!.link!;
    observer?.({
      type: 'channel:grant',
      cycle: this.#now,
      core,
      pc,
      layer,
      unit: unit.name,
      channel: channel === this.#dram ? 'dram' : 'port',
      waited: unit.waited,
      taken: dram?.cycles ?? cost.channelCycles,
      bytes: 'dramBytes' in cost ? cost.dramBytes : cost.payloadBytes,
      isWrite: channel === this.#dram ? !readsDram(entry) : entry.kind === 'put',
      ...(dram && { dram }),
    });
  }

  /** The next cycle at which anything happens. */
  #nextCycle(): number {
    let next = this.#dram.next();
    for (const port of this.#ports) next = Math.min(next, port.next());
    for (const core of this.#cores) next = Math.min(next, core.nextCycle());
    return next;
  }

  #enterHost(): HostPart {
    const { control, nodes } = this.#cores[0]!;
    const { at, part: index, time } = control;
    const part = this.program.host[index];
    const { hazards } = this.#chip;
    if (part === undefined) throw noSuchPart({ part: index, parts: this.program.host.length }, nodes.place(at, time));
    for (const slot of part.inputs) hazards?.hostReads(slot, at, time);
    this.#atHost = part;
    this.#tellHost('host:start', part);
    return part;
  }

  #leaveHost(part: HostPart): void {
    const { counters, hazards } = this.#chip;
    const { control, nodes } = this.#cores[0]!;
    const start = control.time;
    for (const core of this.#cores) {
      core.control.time = start + part.cycles;
      core.hosted(part.cycles);
    }
    for (const slot of part.outputs) hazards?.hostWrites(slot);
    const layer = nodes.layer(control.at);
    counters.work(layer).hostCycles += part.cycles;
    counters.ran(layer, undefined, 0, start, control.time);
    this.#atHost = undefined;
    this.#tellHost('host:end', part);
  }

  #finish(): SimulationResult {
    const { counters, hazards } = this.#chip;
    const cycles = Math.max(...this.#cores.map(({ control }) => control.time));
    const { at } = this.#cores[0]!.control;
    for (const slot of this.program.outputs) hazards?.hostReads(slot, at, cycles);
    const units = this.#cores.flatMap((core) => core.results(cycles));
    const control = sumOf(this.#cores.map((core) => core.controlCycles(cycles)));
    const dynamicInstructions = this.#cores.reduce((sum, core) => sum + core.control.executed, 0);
    const { banks } = this.#dram;
    const dram = banks && { dram: { ...counters.dram(), ...banks.refreshesBy(cycles) } };
    return { cycles, control, dynamicInstructions, units, ...counters.result(cycles), ...dram };
  }

  /** Why time cannot go on to a next cycle: there is none, or it is beyond what is counted exactly. */
  #endless(next: number): SystoleError {
    return next === Number.POSITIVE_INFINITY ? this.#deadlock() : tooLong({ cycle: next });
  }

  #deadlock(): SystoleError {
    const blocked = this.#cores.flatMap((core) => core.stuck());
    const meets = this.#cores.some((core) => core.waitsForOthers);
    const { nodes } = this.#cores[blocked[0]!.core ?? 0]!;
    return deadlockError(blocked, meets, nodes, this.#now);
  }

  #tellHost(type: 'host:start' | 'host:end', part: HostPart): void {
    const { observer } = this.#chip;
    if (observer === undefined) return;
    const { control, nodes } = this.#cores[0]!;
    const { at, time, part: index } = control;
    observer({ type, cycle: time, core: 0, pc: at, layer: nodes.layer(at), part: index, name: part.name });
  }
}

function sumOf(cores: readonly ControlCycles[]): ControlCycles {
  const sum = { ...cores[0]! };
  for (const cycles of cores.slice(1)) for (const account of CONTROL_ACCOUNTS) sum[account] += cycles[account];
  return sum;
}

const portsOf = (cores: readonly Core[], { clusters, places }: Topology): readonly Channel[] =>
  Array.from({ length: clusters }, (_, k) => {
    const inCluster = cores.filter(({ number }) => places[number]!.cluster === k);
    return new Channel(inCluster.map((core) => core.unitOf('link')));
  });

/**
 * A run of a program.
 * @throws SYS-ISA-00x and SYS-SIM-00x where the program is not one for its machine
 */
export const createSimulation = (program: Program, options: SimulationOptions): Simulation =>
  new Simulation(program, options);
