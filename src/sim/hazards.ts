/**
 * Race detection by happens-before. Each physical unit numbers its entries (epochs) and keeps a vector clock: the epoch of
 * every unit that is certain to be complete before its next entry. An epoch is n · words + instruction, n counting entries:
 * it grows along its unit and tells what to name in a message, so that nothing is kept of entries that are over, and memory
 * follows the size of the memories, not the length of the run. A signal carries its unit's clock to the wait it pairs
 * with (k-th to k-th); sync and host calls join all. Two overlapping accesses of which one writes must be ordered so, whatever
 * the timing of this run was; a read must find a writer.
 * (Vector clocks as in Flanagan and Freund, FastTrack, PLDI 2009, with epochs per byte span instead of per variable.)
 */
import { diagnostic } from '#base';
import { type ConstantSegment, SEMAPHORES, type TensorSlot } from '#isa';
import { type Access, MEMORIES, MEMORY_NAMES, type Memory } from './accesses.ts';
import { AccessMap, type AccessMapState, type AccessState, SETTLED } from './accessMap.ts';
import type { DataEntry, LinearEntry } from './entries.ts';
import type { Nodes } from './nodes.ts';
import { ReadLog, type ReadLogState } from './readLog.ts';
import { slotIntervals } from './slots.ts';

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
  readonly tokens: readonly (readonly (readonly number[])[])[];
  readonly writes: Readonly<Record<Memory, AccessMapState>>;
  readonly reads: Readonly<Record<Memory, ReadLogState>>;
}

export class Hazards {
  readonly #nodes: Nodes;
  readonly #units: readonly string[];
  readonly #writes: Readonly<Record<Memory, AccessMap>>;
  readonly #reads: Readonly<Record<Memory, ReadLog>>;
  /** Per unit: epochs of all units that are before its next entry. */
  #clocks: number[][];
  /** Clocks on their way, oldest first. */
  #tokens: number[][][] = Array.from({ length: SEMAPHORES }, () => []);
  /** Length of the program. */
  readonly #words: number;

  /**
   * @param units names of the physical units, by their index
   * @param words length of the program
   */
  constructor(
    units: readonly string[],
    nodes: Nodes,
    words: number,
    constants: readonly ConstantSegment[],
    inputs: readonly TensorSlot[],
  ) {
    this.#units = units;
    this.#nodes = nodes;
    this.#clocks = units.map(() => units.map(() => 0));
    this.#words = words;
    const written = [
      constants
        .filter((c) => c.bytes > 0)
        .map((c) => [c.address, c.address + c.bytes] as const)
        .sort((x, y) => x[0] - y[0])
        .flat(),
      ...inputs.map(slotIntervals),
    ];
    this.#writes = ofEach((memory) => new AccessMap(memory === 'dram' ? written : []));
    this.#reads = ofEach(() => new ReadLog());
  }

  signal(unit: number, semaphore: number): void {
    this.#tokens[semaphore]!.push(this.#clocks[unit]!.slice());
  }

  wait(unit: number, semaphore: number): void {
    const clock = this.#clocks[unit]!;
    const token = this.#tokens[semaphore]!.shift();
    token?.forEach((epoch, u) => {
      if (epoch > clock[u]!) clock[u] = epoch;
    });
  }

  /** Everything so far is before everything to come: sync and host calls. */
  join(): void {
    for (let u = 0; u < this.#units.length; u++) {
      const epoch = this.#clocks[u]![u]!;
      for (const clock of this.#clocks) clock[u] = epoch;
    }
    for (const memory of MEMORIES) {
      this.#writes[memory].settle();
      this.#reads[memory].forget();
    }
  }

  /**
   * Checks and records what an entry touches, at its start.
   * @throws SYS-SIM-030 read of what nobody wrote, SYS-SIM-031 race
   */
  entry(unit: number, entry: DataEntry | LinearEntry, accesses: readonly Access[], cycle: number): void {
    const clock = this.#clocks[unit]!;
    const epoch = (Math.floor(clock[unit]! / this.#words) + 1) * this.#words + entry.pc;
    clock[unit] = epoch;
    // Reads stand before writes in the list.
    for (const access of accesses) {
      if (access.mode === 'read') this.#read(unit, epoch, entry, access, cycle);
      else this.#write(unit, epoch, entry, access, cycle);
    }
  }

  /** The host reads tensors; control has synchronised before. */
  hostReads(slot: TensorSlot, pc: number, cycle: number): void {
    this.#writes.dram.visit(slotIntervals(slot), 0, (state, from) => {
      if (state !== undefined) return;
      const operand = `'${slot.name}'`;
      throw neverWritten({ memory: 'DRAM', address: from, operand }, this.#nodes.place(pc, cycle));
    });
  }

  hostWrites(slot: TensorSlot): void {
    this.#writes.dram.apply(slotIntervals(slot), 0, () => SETTLED);
  }

  save(): HazardsState {
    const writes = this.#writes;
    const reads = this.#reads;
    return {
      clocks: this.#clocks.map((clock) => clock.slice()),
      // A clock on its way does not change.
      tokens: this.#tokens.map((clocks) => clocks.slice()),
      writes: ofEach((memory) => writes[memory].save()),
      reads: ofEach((memory) => reads[memory].save()),
    };
  }

  restore(state: HazardsState): void {
    this.#clocks = state.clocks.map((clock) => clock.slice());
    this.#tokens = state.tokens.map((clocks) => clocks.map((clock) => clock.slice()));
    for (const memory of MEMORIES) {
      this.#writes[memory].restore(state.writes[memory]);
      this.#reads[memory].restore(state.reads[memory]);
    }
  }

  #read(unit: number, epoch: number, entry: DataEntry | LinearEntry, access: Access, cycle: number): void {
    const clock = this.#clocks[unit]!;
    const shift = access.shift(entry);
    this.#writes[access.memory].visit(access.intervals, shift, (state, from) => {
      if (state === undefined) {
        const place = this.#nodes.place(entry.pc, cycle);
        throw neverWritten({ memory: MEMORY_NAMES[access.memory], address: from, operand: access.operand }, place);
      }
      if (state.epoch > clock[state.writer]!) {
        throw this.#race(access, entry, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
    });
    const floor = (): number => this.#clocks.reduce((least, c) => Math.min(least, c[unit]!), epoch);
    this.#reads[access.memory].add(unit, epoch, access.intervals, shift, floor);
  }

  #write(unit: number, epoch: number, entry: DataEntry | LinearEntry, access: Access, cycle: number): void {
    const clock = this.#clocks[unit]!;
    const shift = access.shift(entry);
    const reader = this.#reads[access.memory].unordered(access.intervals, shift, clock);
    if (reader !== undefined) {
      throw this.#race(access, entry, unit, epoch, reader.address, reader.unit, reader.epoch, 'read', cycle);
    }
    const after: AccessState | undefined = access.mode === 'clobber' ? undefined : { writer: unit, epoch };
    this.#writes[access.memory].apply(access.intervals, shift, (state, from) => {
      if (state !== undefined && state.epoch > clock[state.writer]!) {
        throw this.#race(access, entry, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
      return after;
    });
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
        other: this.#nodes.text(other),
        otherZh: this.#nodes.textZh(other),
        otherUnit: this.#units[otherUnit]!,
        otherAccess,
        textbook: entry.kind === 'move' || entry.kind === 'compute',
      },
      this.#nodes.place(epoch % this.#words, cycle),
    );
  }
}
