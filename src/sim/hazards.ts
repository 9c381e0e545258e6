/**
 * Race detection by happens-before. Each physical unit numbers its entries (epochs) and keeps a vector clock: the epoch of
 * every unit that is certain to be complete before its next entry. An epoch is n · words + instruction, n counting entries:
 * it grows along its unit and tells what to name in a message, so that nothing is kept of entries that are over, and memory
 * follows the size of the memories, not the length of the run. A signal carries its unit's clock to the wait it pairs
 * with (k-th to k-th); sync and host calls join all of a core. Where cores meet, what their controls are behind joins, and
 * entries that are dispatched afterwards are behind it. Two overlapping accesses of which one writes must be ordered so,
 * whatever the timing of this run was; a read must find a writer.
 * (Vector clocks as in Flanagan and Freund, FastTrack, PLDI 2009, with epochs per byte span instead of per variable.)
 */
import { diagnostic, type Place } from '#base';
import { type Program, SEMAPHORES, type TensorSlot } from '#isa';
import { type Access, MEMORIES, MEMORY_NAMES, type Memory } from './accesses.ts';
import { AccessMap, type AccessMapState, type AccessState, SETTLED } from './accessMap.ts';
import type { DataEntry, LinearEntry } from './entries.ts';
import { filledBefore } from './linearOperands.ts';
import type { Nodes } from './nodes.ts';
import { ReadLog, type ReadLogState } from './readLog.ts';
import { slotIntervals } from './slots.ts';
import type { Topology } from './topology.ts';

const neverWritten = diagnostic<{ memory: string; address: number; operand: string }>('SYS-SIM-030', 'invalid', {
  en: (p) =>
    `operand ${p.operand} reads ${p.memory} address ${p.address}, which nobody has written: load or compute it first, ` +
    'or correct address, size and stride.',
  zh: (p) =>
    `操作数 ${p.operand} 读取 ${p.memory} 地址 ${p.address}，但该处从未写入：请先加载或计算，或更正地址、尺寸与步长。`,
});
const race = diagnostic<{
  memory: string;
  address: number;
  unit: string;
  access: 'read' | 'write';
  other: string;
  otherZh: string;
  otherUnit: string;
  otherAccess: 'read' | 'write';
  /** In the textbook's dialect, which has no semaphores. */
  textbook: boolean;
}>('SYS-SIM-031', 'invalid', {
  en: (p) =>
    `the ${p.unit} unit ${p.access}s ${p.memory} address ${p.address}, which ${p.other} on the ${p.otherUnit} unit ` +
    `${p.otherAccess}s too, and no ${p.textbook ? 'sync' : 'semaphore or sync'} orders the two: the result would depend on timing. ` +
    `${p.textbook ? 'Put a sync between them' : `Let ${p.otherUnit} signal a semaphore behind it and ${p.unit} wait for that one`}, or use separate buffers.`,
  zh: (p) =>
    `${p.unit} 单元${p.access === 'read' ? '读' : '写'} ${p.memory} 地址 ${p.address}，而 ${p.otherUnit} 单元的${p.otherZh}` +
    `也${p.otherAccess === 'read' ? '读' : '写'}该处，两者之间没有${p.textbook ? ' sync' : '信号量或 sync'} 定序，结果将取决于时序。` +
    `${p.textbook ? '请在两者之间加 sync' : `请让 ${p.otherUnit} 在其后 signal 一个信号量、${p.unit} 先 wait 它`}，或使用不同的缓冲区。`,
});

const ofEach = <T>(make: (memory: Memory) => T): Readonly<Record<Memory, T>> =>
  Object.fromEntries(MEMORIES.map((memory) => [memory, make(memory)])) as Record<Memory, T>;

/** The detector written out: plain data. */
export interface HazardsState {
  readonly clocks: readonly (readonly number[])[];
  readonly controls: readonly (readonly number[])[];
  readonly tokens: readonly (readonly (readonly number[])[])[];
  /** By core of the memory, SharedRAM by cluster, DRAM once. */
  readonly writes: Readonly<Record<Memory, readonly AccessMapState[]>>;
  readonly reads: Readonly<Record<Memory, readonly ReadLogState[]>>;
}

/** What the detector knows of an entry when it begins. */
export type Clock = readonly number[];

export class Hazards {
  readonly #nodes: readonly Nodes[];
  readonly #units: readonly string[];
  readonly #cores: number;
  /** Units of a core. */
  readonly #perCore: number;
  /** Of each unit, which of the memories it means. */
  readonly #homes: Readonly<Record<Memory, readonly number[]>>;
  readonly #writes: Readonly<Record<Memory, readonly AccessMap[]>>;
  readonly #reads: Readonly<Record<Memory, readonly ReadLog[]>>;
  /** Per unit: epochs of all units that are before its next entry. */
  #clocks: number[][];
  /** Per core: epochs that are before whatever its control dispatches. They are replaced, not changed. */
  #controls: Clock[];
  /** Per unit: the clock of control that it has last been told of. */
  readonly #told: (Clock | undefined)[] = [];
  /** Clocks on their way, oldest first: 16 of each core. */
  #tokens: number[][][];
  /** Length of the program. */
  readonly #words: number;

  /**
   * @param units names of the units of a core, by their index
   * @param nodes by core
   */
  constructor(units: readonly string[], { places, clusters }: Topology, nodes: readonly Nodes[], program: Program) {
    const { words, inputs } = program;
    const cores = places.length;
    const each = <T>(one: (unit: string, core: number) => T): T[] =>
      places.flatMap((_, core) => units.map((unit) => one(unit, core)));
    this.#cores = cores;
    this.#perCore = units.length;
    this.#units = each((unit, core) => (cores === 1 ? unit : `core ${core} ${unit}`));
    this.#nodes = nodes;
    this.#clocks = each(() => new Array<number>(cores * units.length).fill(0));
    this.#controls = places.map(() => []);
    this.#tokens = Array.from({ length: cores * SEMAPHORES }, () => []);
    this.#words = words.length;
    const cluster = each((_, core) => places[core]!.cluster);
    const own = each((_, core) => core);
    this.#homes = { nram: own, wram: own, aram: own, shared: cluster, dram: own.map(() => 0) };
    const written = [
      filledBefore(program)
        .filter((c) => c.bytes > 0)
        .map((c) => [c.address, c.address + c.bytes] as const)
        .sort((x, y) => x[0] - y[0])
        .flat(),
      ...inputs.map(slotIntervals),
    ];
    const counts: Readonly<Record<Memory, number>> = {
      nram: cores,
      wram: cores,
      aram: cores,
      shared: clusters,
      dram: 1,
    };
    this.#writes = ofEach((memory) =>
      Array.from({ length: counts[memory] }, () => new AccessMap(memory === 'dram' ? written : [])),
    );
    this.#reads = ofEach((memory) => Array.from({ length: counts[memory] }, () => new ReadLog()));
  }

  /** What is before an entry that control of a core dispatches now; nothing to tell where there is one core. */
  behind(core: number): Clock | undefined {
    return this.#cores === 1 ? undefined : this.#controls[core]!;
  }

  /** A unit begins an entry that was dispatched behind a clock. */
  begin(unit: number, behind: Clock | undefined): void {
    if (behind === undefined || this.#told[unit] === behind) return;
    raise(this.#clocks[unit]!, behind);
    this.#told[unit] = behind;
  }

  /** @param core whose semaphore it is */
  signal(unit: number, core: number, semaphore: number): void {
    this.#tokens[core * SEMAPHORES + semaphore]!.push(this.#clocks[unit]!.slice());
  }

  wait(unit: number, semaphore: number): void {
    const core = this.#cores === 1 ? 0 : Math.floor(unit / this.#perCore);
    const token = this.#tokens[core * SEMAPHORES + semaphore]!.shift();
    if (token !== undefined) raise(this.#clocks[unit]!, token);
  }

  /** All queues of a core are drained: everything of it so far is before everything of it to come. */
  join(core: number): void {
    if (this.#cores === 1) {
      this.#joinAll();
      return;
    }
    const from = core * this.#perCore;
    const clocks = this.#clocks.slice(from, from + this.#perCore);
    const joined = clocks[0]!.slice();
    for (const clock of clocks) raise(joined, clock);
    raise(joined, this.#controls[core]!);
    for (const clock of clocks) raise(clock, joined);
    this.#controls[core] = joined;
    for (let u = 0; u < this.#perCore; u++) this.#told[from + u] = joined;
    for (const memory of ['nram', 'wram', 'aram'] as const) this.#settle(memory, core);
  }

  /** Cores meet: what control of one is behind, that of all is. With all queues drained, everything so far is before all to come. */
  meet(cores: readonly number[], isDrained: boolean): void {
    const joined: number[] = [...this.#controls[cores[0]!]!];
    for (const core of cores) raise(joined, this.#controls[core]!);
    for (const core of cores) this.#controls[core] = joined;
    if (isDrained && cores.length === this.#cores) this.#joinAll();
  }

  #joinAll(): void {
    for (let u = 0; u < this.#units.length; u++) {
      const epoch = this.#clocks[u]![u]!;
      for (const clock of this.#clocks) clock[u] = epoch;
    }
    for (const memory of MEMORIES) for (let k = 0; k < this.#writes[memory].length; k++) this.#settle(memory, k);
  }

  #settle(memory: Memory, home: number): void {
    this.#writes[memory][home]!.settle();
    this.#reads[memory][home]!.forget();
  }

  /**
   * Checks and records what an entry touches, at its start.
   * @throws SYS-SIM-030 read of what nobody wrote, SYS-SIM-031 race
   */
  entry(unit: number, entry: DataEntry | LinearEntry, accesses: readonly Access[], cycle: number): void {
    const epoch = this.#next(unit, entry);
    this.#clocks[unit]![unit] = epoch;
    this.#touch(unit, epoch, entry, accesses, cycle);
  }

  /**
   * The same for a transfer in which units of several cores take part, the first of which reads for all. It begins when all have
   * come to it and ends for all, so it is behind what each is behind, and what follows in any of them is behind it.
   */
  together(
    units: readonly number[],
    entries: readonly DataEntry[],
    accesses: readonly (readonly Access[])[],
    cycle: number,
  ): void {
    const joined = this.#clocks[units[0]!]!.slice();
    for (const unit of units) raise(joined, this.#clocks[unit]!);
    units.forEach((unit, i) => {
      joined[unit] = this.#next(unit, entries[i]!);
    });
    for (const unit of units) raise(this.#clocks[unit]!, joined);
    units.forEach((unit, i) => {
      const own = i === 0 ? accesses[i]! : accesses[i]!.filter(({ mode }) => mode !== 'read');
      this.#touch(unit, joined[unit]!, entries[i]!, own, cycle);
    });
  }

  /** The epoch of a unit's next entry. */
  #next(unit: number, entry: DataEntry | LinearEntry): number {
    return (Math.floor(this.#clocks[unit]![unit]! / this.#words) + 1) * this.#words + entry.pc;
  }

  #touch(
    unit: number,
    epoch: number,
    entry: DataEntry | LinearEntry,
    accesses: readonly Access[],
    cycle: number,
  ): void {
    // Reads stand before writes in the list.
    for (const access of accesses) {
      if (access.mode === 'read') this.#read(unit, epoch, entry, access, cycle);
      else this.#write(unit, epoch, entry, access, cycle);
    }
  }

  /** The host reads tensors; control has synchronised before. */
  hostReads(slot: TensorSlot, pc: number, cycle: number): void {
    this.#writes.dram[0]!.visit(slotIntervals(slot), 0, (state, from) => {
      if (state !== undefined) return;
      const operand = `'${slot.name}'`;
      throw neverWritten({ memory: 'DRAM', address: from, operand }, this.#nodes[0]!.place(pc, cycle));
    });
  }

  hostWrites(slot: TensorSlot): void {
    this.#writes.dram[0]!.apply(slotIntervals(slot), 0, () => SETTLED);
  }

  save(): HazardsState {
    return {
      clocks: this.#clocks.map((clock) => clock.slice()),
      controls: this.#controls.slice(),
      // A clock on its way does not change.
      tokens: this.#tokens.map((clocks) => clocks.slice()),
      writes: ofEach((memory) => this.#writes[memory].map((map) => map.save())),
      reads: ofEach((memory) => this.#reads[memory].map((log) => log.save())),
    };
  }

  restore(state: HazardsState): void {
    this.#clocks = state.clocks.map((clock) => clock.slice());
    this.#controls = state.controls.slice();
    // They are told again, which changes nothing.
    this.#told.length = 0;
    this.#tokens = state.tokens.map((clocks) => clocks.map((clock) => clock.slice()));
    for (const memory of MEMORIES) {
      state.writes[memory].forEach((map, k) => {
        this.#writes[memory][k]!.restore(map);
      });
      state.reads[memory].forEach((log, k) => {
        this.#reads[memory][k]!.restore(log);
      });
    }
  }

  #read(unit: number, epoch: number, entry: DataEntry | LinearEntry, access: Access, cycle: number): void {
    const clock = this.#clocks[unit]!;
    const shift = access.shift(entry);
    const home = this.#homes[access.memory][unit]!;
    this.#writes[access.memory][home]!.visit(access.intervals, shift, (state, from) => {
      if (state === undefined) {
        const place = this.#place(unit, entry.pc, cycle);
        throw neverWritten({ memory: MEMORY_NAMES[access.memory], address: from, operand: access.operand }, place);
      }
      if (state.epoch > clock[state.writer]!) {
        throw this.#race(access, entry, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
    });
    const floor = (): number => this.#clocks.reduce((least, c) => Math.min(least, c[unit]!), epoch);
    this.#reads[access.memory][home]!.add(unit, epoch, access.intervals, shift, floor);
  }

  #write(unit: number, epoch: number, entry: DataEntry | LinearEntry, access: Access, cycle: number): void {
    const clock = this.#clocks[unit]!;
    const shift = access.shift(entry);
    const home = this.#homes[access.memory][unit]!;
    const reader = this.#reads[access.memory][home]!.unordered(access.intervals, shift, clock);
    if (reader !== undefined) {
      throw this.#race(access, entry, unit, epoch, reader.address, reader.unit, reader.epoch, 'read', cycle);
    }
    const after: AccessState | undefined = access.mode === 'clobber' ? undefined : { writer: unit, epoch };
    this.#writes[access.memory][home]!.apply(access.intervals, shift, (state, from) => {
      if (state !== undefined && state.epoch > clock[state.writer]!) {
        throw this.#race(access, entry, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
      return after;
    });
  }

  #place(unit: number, pc: number, cycle: number): Place {
    return this.#nodes[Math.floor(unit / this.#perCore)]!.place(pc, cycle);
  }

  #race(
    access: Access,
    entry: DataEntry | LinearEntry,
    unit: number,
    epoch: number,
    address: number,
    otherUnit: number,
    otherEpoch: number,
    otherAccess: 'read' | 'write',
    cycle: number,
  ): Error {
    const other = otherEpoch % this.#words;
    return race(
      {
        memory: MEMORY_NAMES[access.memory],
        address,
        unit: this.#units[unit]!,
        access: access.mode === 'read' ? 'read' : 'write',
        other: this.#nodes[0]!.text(other),
        otherZh: this.#nodes[0]!.textZh(other),
        otherUnit: this.#units[otherUnit]!,
        otherAccess,
        textbook: entry.kind === 'move' || entry.kind === 'compute',
      },
      this.#place(unit, epoch % this.#words, cycle),
    );
  }
}

/** The later of two clocks, unit by unit, into the first. */
function raise(clock: number[], to: Clock): void {
  for (let u = 0; u < to.length; u++) if (to[u]! > (clock[u] ?? 0)) clock[u] = to[u]!;
}
