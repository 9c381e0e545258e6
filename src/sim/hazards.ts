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
import { DIMENSIONS, SIZE, STRIDE } from '#timing';
import type { Access, Memory } from './accesses.ts';
import { AccessMap, type AccessState, SETTLED, type Transition } from './accessMap.ts';
import type { DataEntry } from './entries.ts';
import type { Nodes } from './nodes.ts';
import { firstCommon } from './region.ts';
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
}>('SYS-SIM-031', 'invalid', {
  en: (p) =>
    `the ${p.unit} unit ${p.access}s ${p.memory} address ${p.address}, which ${p.other} on the ${p.otherUnit} unit ` +
    `${p.otherAccess}s too, and no semaphore or sync orders the two: the result would depend on timing. Let ${p.otherUnit} ` +
    `signal a semaphore behind it and ${p.unit} wait for that one, or use separate buffers.`,
  zh: (p) =>
    `${p.unit} 单元${p.access === 'read' ? '读' : '写'} ${p.memory} 地址 ${p.address}，而 ${p.otherUnit} 单元的${p.otherZh}` +
    `也${p.otherAccess === 'read' ? '读' : '写'}该处，两者之间没有信号量或 sync 定序，结果将取决于时序。请让 ${p.otherUnit} ` +
    `在其后 signal 一个信号量、${p.unit} 先 wait 它，或使用不同的缓冲区。`,
});
const partialOverlap = diagnostic<{ memory: string; address: number; operand: string }>('SYS-SIM-032', 'invalid', {
  en: (p) =>
    `operands ${p.operand} and C overlap at ${p.memory} address ${p.address} without being the same: an operand may share ` +
    'memory with the result only with the same address and strides (in place), and never in an mma.',
  zh: (p) =>
    `操作数 ${p.operand} 与 C 在 ${p.memory} 地址 ${p.address} 处重叠却不相同：只有地址与步长都相同（原位）时操作数才可与结果共用存储，` +
    'mma 则不允许。',
});

const NAMES: Readonly<Record<Memory, string>> = { nram: 'NRAM', wram: 'WRAM', aram: 'ARAM', dram: 'DRAM' };

export class Hazards {
  readonly #nodes: Nodes;
  readonly #units: readonly string[];
  readonly #maps: Readonly<Record<Memory, AccessMap>>;
  /** Per unit: epochs of all units that are before its next entry. */
  readonly #clocks: number[][];
  /** Epochs that every unit is behind: states not above it are settled. */
  readonly #floor: number[];
  /** Clocks on their way, oldest first. */
  readonly #tokens: number[][][] = Array.from({ length: SEMAPHORES }, () => []);
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
    this.#floor = SETTLED.reads.slice();
    this.#words = words;
    const written = [
      constants
        .filter((c) => c.bytes > 0)
        .map((c) => [c.address, c.address + c.bytes] as const)
        .sort((x, y) => x[0] - y[0])
        .flat(),
      ...inputs.map(slotIntervals),
    ];
    this.#maps = { nram: new AccessMap(), wram: new AccessMap(), aram: new AccessMap(), dram: new AccessMap(written) };
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
    for (let u = 0; u < this.#units.length; u++) {
      let floor = clock[u]!;
      for (let v = 0; v < this.#units.length; v++) floor = Math.min(floor, this.#clocks[v]![u]!);
      this.#floor[u] = floor;
    }
  }

  /** Everything so far is before everything to come: sync and host calls. */
  join(): void {
    for (let u = 0; u < this.#units.length; u++) {
      const epoch = this.#clocks[u]![u]!;
      for (const clock of this.#clocks) clock[u] = epoch;
      this.#floor[u] = epoch;
    }
  }

  /**
   * Checks and records what an entry touches, at its start.
   * @throws SYS-SIM-030 read of what nobody wrote, SYS-SIM-031 race, SYS-SIM-032 operands that overlap in part
   */
  entry(unit: number, entry: DataEntry, accesses: readonly Access[], cycle: number): void {
    const clock = this.#clocks[unit]!;
    const epoch = (Math.floor(clock[unit]! / this.#words) + 1) * this.#words + entry.pc;
    clock[unit] = epoch;
    this.#checkOverlap(entry, accesses, cycle);
    // Reads stand before writes in the list.
    for (const access of accesses) {
      const check =
        access.mode === 'read' ? this.#read(unit, epoch, access, cycle) : this.#write(unit, epoch, access, cycle);
      this.#maps[access.memory].apply(access.intervals, access.shift(entry), check);
    }
  }

  /** The host reads tensors; control has synchronised before. */
  hostReads(slot: TensorSlot, pc: number, cycle: number): void {
    this.#maps.dram.apply(slotIntervals(slot), 0, (state, from) => {
      if (state === undefined) {
        const operand = `'${slot.name}'`;
        throw neverWritten({ memory: 'DRAM', address: from, operand }, this.#nodes.place(pc, cycle));
      }
      return state;
    });
  }

  hostWrites(slot: TensorSlot): void {
    this.#maps.dram.apply(slotIntervals(slot), 0, () => SETTLED);
  }

  #read(unit: number, epoch: number, access: Access, cycle: number): Transition {
    const clock = this.#clocks[unit]!;
    const memory = NAMES[access.memory];
    const floor = this.#floor;
    const onlyHere = { ...SETTLED, reads: SETTLED.reads.map((_, u) => (u === unit ? epoch : 0)) };
    let before: AccessState | undefined;
    let after: AccessState | undefined;
    return (state, from) => {
      if (state === undefined) {
        const place = this.#nodes.place(epoch % this.#words, cycle);
        throw neverWritten({ memory, address: from, operand: access.operand }, place);
      }
      if (state.epoch > clock[state.writer]!) {
        throw this.#race(access, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
      if (state === before) return after;
      before = state;
      // Reads that everything to come is behind need not be kept; then all that is settled becomes one state and melts.
      const settled = state.epoch <= floor[state.writer]!;
      if (settled && state.reads.every((e, u) => u === unit || e <= floor[u]!)) {
        after = onlyHere;
        return after;
      }
      const reads = state.reads.map((e, u) => (u === unit ? epoch : e <= floor[u]! ? 0 : e));
      after = settled ? { ...SETTLED, reads } : { writer: state.writer, epoch: state.epoch, reads };
      return after;
    };
  }

  #write(unit: number, epoch: number, access: Access, cycle: number): Transition {
    const clock = this.#clocks[unit]!;
    const after: AccessState | undefined =
      access.mode === 'clobber' ? undefined : { writer: unit, epoch, reads: SETTLED.reads };
    return (state, from) => {
      if (state === undefined) return after;
      if (state.epoch > clock[state.writer]!) {
        throw this.#race(access, unit, epoch, from, state.writer, state.epoch, 'write', cycle);
      }
      for (let u = 0; u < this.#units.length; u++) {
        if (state.reads[u]! > clock[u]!) {
          throw this.#race(access, unit, epoch, from, u, state.reads[u]!, 'read', cycle);
        }
      }
      return after;
    };
  }

  #race(
    access: Access,
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
        memory: NAMES[access.memory],
        address,
        unit: this.#units[unit]!,
        access: access.mode === 'read' ? 'read' : 'write',
        other: this.#nodes.text(other),
        otherZh: this.#nodes.textZh(other),
        otherUnit: this.#units[otherUnit]!,
        otherAccess,
      },
      this.#nodes.place(epoch % this.#words, cycle),
    );
  }

  /** Operands A and B against C: disjoint, or in place. */
  #checkOverlap(entry: DataEntry, accesses: readonly Access[], cycle: number): void {
    if (entry.kind !== 'mma' && entry.kind !== 'vec') return;
    const c = accesses[accesses.length - 1];
    if (c === undefined || c.memory !== 'nram') return;
    for (const access of accesses) {
      if (access.memory !== 'nram' || access.operand === 'C') continue;
      const address = firstCommon(access.intervals, access.shift(entry), c.intervals, c.shift(entry));
      if (address < 0 || (entry.kind === 'vec' && inPlace(entry, access.operand))) continue;
      throw partialOverlap({ memory: 'NRAM', address, operand: access.operand }, this.#nodes.place(entry.pc, cycle));
    }
  }
}

function inPlace(entry: DataEntry & { kind: 'vec' }, operand: string): boolean {
  const address = operand === 'A' ? entry.a : entry.b;
  const record = operand === 'A' ? entry.aRecord : entry.bRecord;
  if (address !== entry.c) return false;
  for (let d = 0; d < DIMENSIONS; d++) {
    if (entry.aRecord[4 * d + SIZE]! > 1 && record[4 * d + STRIDE] !== entry.cRecord[4 * d + STRIDE]) return false;
  }
  return true;
}
