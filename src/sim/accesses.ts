/**
 * What memory a queue entry touches: a list of accesses by operand, from which the range check and the hazard detector work.
 * All of it follows from the records and flags; only the operands' addresses change from one execution to the next, so regions
 * are relative to them. Addresses of ARAM are bytes too: accumulator n of entry e stands at (e·Tn + n) times its width.
 */
import { ELEMENT_BYTES, type ElementType, SELECTING_FUNCTIONS, secondType, winogradSides } from '#isa';
import { accumulatorEntries, accumulatorWidth, aramBytes, filtersOf, type Machine, unitFor } from '#machine';
import {
  DIMENSIONS,
  elementsOf,
  insideOf,
  isScaled,
  keepsSums,
  keptReduction,
  LO,
  type RecordWords,
  SIZE,
  type SparseShape,
  STRIDE,
  sparseWords,
} from '#timing';
import {
  type DataEntry,
  farRecord,
  isInward,
  type LinearEntry,
  type LoadSparseEntry,
  type MmaEntry,
  type MmaSparseEntry,
  sizesRecord,
  type TransferEntry,
  type VecEntry,
  type WinogradEntry,
} from './entries.ts';
import { type Intervals, intervalsOf, merged, type Region, RegionBuilder, wrapped } from './region.ts';

export const MEMORIES = ['nram', 'wram', 'aram', 'shared', 'dram'] as const;
export type Memory = (typeof MEMORIES)[number];
export const MEMORY_NAMES: Readonly<Record<Memory, string>> = {
  nram: 'NRAM',
  wram: 'WRAM',
  aram: 'ARAM',
  shared: 'SharedRAM',
  dram: 'DRAM',
};

export type AccessMode =
  | 'read'
  | 'write'
  /** Written with values nobody may read. */
  | 'clobber';

/** Where an operand's address stands in its entry; a number: in the list of a textbook entry. */
type AddressKey = 'dram' | 'shared' | 'pad' | 'a' | 'w' | 'c' | 'b' | 'bias' | 'acc';

/** One operand's access; immutable but for the intervals, which are worked out when they are first asked for. */
export class Access {
  readonly memory: Memory;
  readonly mode: AccessMode;
  readonly operand: string;
  /** Bytes of an element, to which addresses and strides must be aligned. */
  readonly align: number;
  /** Where what the operand may reach ends, if that is before the end of its memory. */
  readonly limit: number | undefined;
  readonly regions: readonly Region[];
  readonly #key: AddressKey | number;
  /** Bytes of one step of the address. */
  readonly #unit: number;
  #intervals: Intervals | undefined;

  constructor(
    memory: Memory,
    mode: AccessMode,
    operand: string,
    key: AddressKey | number,
    regions: readonly Region[],
    align = 4,
    unit = 1,
    limit?: number,
  ) {
    this.memory = memory;
    this.mode = mode;
    this.operand = operand;
    this.#key = key;
    this.regions = regions.filter((r) => r.extent > 0);
    this.align = align;
    this.#unit = unit;
    this.limit = limit;
  }

  /** Address of the operand in an entry, in bytes; regions are relative to it, modulo 2³². */
  address(entry: DataEntry | LinearEntry): number {
    if (typeof this.#key === 'number') return (entry as LinearEntry).addresses![this.#key]!;
    // The functions below give each access a key that its kind of entry has; the union alone does not know that.
    return (entry as unknown as Readonly<Record<AddressKey, number>>)[this.#key] * this.#unit;
  }

  /** The bytes touched, relative to the address. */
  get intervals(): Intervals {
    this.#intervals ??= this.regions
      .map(intervalsOf)
      .reduce<Intervals>((all, one) => (all.length === 0 ? one : merged(all, one)), []);
    return this.#intervals;
  }

  /** What to add to the intervals to have addresses. */
  shift(entry: DataEntry | LinearEntry): number {
    const first = this.regions[0]?.offset ?? 0;
    return wrapped(this.address(entry) + first) - first;
  }
}

/** Bytes of each memory as a program sees them. */
export const memoryBytes = (machine: Machine, dramBytes: number): Readonly<Record<Memory, number>> => ({
  nram: machine.nram.bytes,
  wram: machine.wram.bytes,
  aram: aramBytes(machine.matrix),
  shared: machine.cluster?.sharedRam.bytes ?? 0,
  dram: dramBytes,
});

export function accessesOf(entry: DataEntry, machine: Machine): readonly Access[] {
  switch (entry.kind) {
    case 'load':
    case 'store':
    case 'get':
    case 'put':
      return transfer(entry);
    case 'mma': {
      const bytes = ELEMENT_BYTES[entry.type] * elementsOf(entry.reduction) * Math.max(0, entry.output[16 + SIZE]!);
      const unit = unitFor(machine.matrix, entry.type);
      return product(entry, machine, bytes, keepsSums(unit, sizesOf(entry.reduction)));
    }
    case 'vec':
      return vec(entry);
    case 'loadSparse':
      return loadSparse(entry);
    case 'mmaSparse': {
      const filters = Math.max(0, entry.output[16 + SIZE]!);
      return product(entry, machine, 4 * sparseWords(machine, filters, sparseShape(entry)), keptSums(entry, machine));
    }
    case 'winograd':
      return winograd(entry);
  }
}

function transfer(entry: TransferEntry): readonly Access[] {
  const load = isInward(entry);
  const sizes = sizesRecord(entry);
  const record = farRecord(entry);
  const shape = { sizes, dram: record, elementBytes: entry.elementBytes };
  const far = new RegionBuilder();
  const pad = new RegionBuilder();
  for (let d = 0; d < DIMENSIONS; d++) {
    const first = Math.max(0, record[4 * d + LO]!);
    const inside = insideOf(shape, d);
    far.axis(inside, record[4 * d + STRIDE]!, first);
    // A load also writes the fill; a store does not look at what it will not write.
    if (load) pad.axis(sizes[4 * d + SIZE]!, entry.padRecord[4 * d + STRIDE]!);
    else pad.axis(inside, entry.padRecord[4 * d + STRIDE]!, first);
  }
  const bytes = entry.elementBytes;
  const memory = entry.kind === 'load' || entry.kind === 'store' ? 'dram' : 'shared';
  const near = entry.space === 'shared' ? MEMORY_NAMES.shared : 'scratchpad';
  return [
    new Access(memory, load ? 'read' : 'write', MEMORY_NAMES[memory], memory, [far.region(bytes)], bytes),
    new Access(entry.space, load ? 'write' : 'read', near, 'pad', [pad.region(bytes)], bytes),
  ];
}

/** Formats, reduction and rows of the weights of an `mma.sparse`. */
export const sparseShape = ({ format, reduction, pixels }: MmaSparseEntry): SparseShape => ({
  format,
  reduction: sizesOf(reduction),
  rows: pixels[16 + SIZE]!,
});

const keptSums = (entry: MmaSparseEntry, { matrix }: Machine): boolean =>
  keepsSums(matrix, keptReduction(sparseShape(entry)));

function loadSparse(entry: LoadSparseEntry): readonly Access[] {
  const pad = new RegionBuilder().record(entry.padRecord, entry.padRecord).region(entry.elementBytes);
  return [
    new Access('dram', 'read', 'stream', 'dram', [new RegionBuilder().region(entry.bytes)], 4),
    new Access(entry.space, 'write', 'scratchpad', 'pad', [pad], entry.elementBytes),
  ];
}

function winograd(entry: WinogradEntry): readonly Access[] {
  const { transform, tile, source, result } = entry;
  const side = winogradSides(transform, tile).result;
  const c = new RegionBuilder().record(result, source, 0, 2);
  for (const d of [3, 4]) c.axis(side, result[4 * d + STRIDE]!);
  return [
    new Access(entry.from, 'read', 'A', 'a', [new RegionBuilder().record(source, source).region(4)]),
    new Access(entry.to, 'write', 'C', 'c', [c.region(4)]),
  ];
}

/** @param isClobbered whether draining leaves sums of no meaning in the accumulators */
function product(
  entry: MmaEntry | MmaSparseEntry,
  machine: Machine,
  weightBytes: number,
  isClobbered: boolean,
): readonly Access[] {
  const tn = filtersOf(machine.matrix, entry.type);
  const operand = ELEMENT_BYTES[entry.type];
  const result = ELEMENT_BYTES[entry.result];
  const pixels = elementsOf(entry.pixels, 0, 3);
  const filters = Math.max(0, entry.output[16 + SIZE]!);
  const groupStride = entry.output[16 + STRIDE]!;
  const whole = Math.floor(filters / tn);
  const rest = filters % tn;
  if (pixels === 0 || filters === 0) return [];

  const a = new RegionBuilder().record(entry.pixels, entry.pixels, 0, 3).record(entry.reduction, entry.reduction);
  const accesses = [
    new Access('nram', 'read', 'A', 'a', [a.region(operand)], operand),
    new Access('wram', 'read', 'W', 'w', [new RegionBuilder().region(weightBytes)], operand),
  ];
  const hasBias = entry.drain && entry.useBias;
  const scaled = isScaled(entry);
  if (hasBias) accesses.push(new Access('wram', 'read', 'bias', 'bias', [new RegionBuilder().region(4 * filters)]));
  if (scaled) {
    const behind = hasBias ? 4 * filters : 0;
    accesses.push(new Access('wram', 'read', 'scale', 'bias', [new RegionBuilder(behind).region(4 * filters)]));
  }

  const width = accumulatorWidth(entry.type);
  const entryOf = width * tn;
  const accumulators = groups(
    whole,
    rest,
    (n) => new RegionBuilder().axis(n * pixels, entryOf).region(entryOf),
    () => new RegionBuilder(entryOf * whole * pixels).axis(pixels, entryOf).region(width * rest),
  );
  const limit = entryOf * accumulatorEntries(machine.matrix, entry.type);
  const aram = (mode: AccessMode): void => {
    accesses.push(new Access('aram', mode, 'accumulators', 'acc', accumulators, width, entryOf, limit));
  };
  if (!entry.clear) aram('read');
  if (!entry.drain) aram('write');
  else if (isClobbered) aram('clobber');
  if (entry.drain) {
    const output = (offset = 0): RegionBuilder => new RegionBuilder(offset).record(entry.output, entry.pixels, 0, 3);
    const results = groups(
      whole,
      rest,
      (n) =>
        output()
          .axis(n, groupStride)
          .region(result * tn),
      () => output(whole * groupStride).region(result * rest),
    );
    accesses.push(new Access('nram', 'write', 'C', 'c', results, result));
  }
  return accesses;
}

const groups = (whole: number, rest: number, all: (n: number) => Region, last: () => Region): Region[] => [
  ...(whole > 0 ? [all(whole)] : []),
  ...(rest > 0 ? [last()] : []),
];

function vec(entry: VecEntry): readonly Access[] {
  const access = (operand: 'A' | 'B' | 'C', mode: AccessMode): Access => {
    const { key, record, type } = {
      A: { key: 'a', record: entry.aRecord, type: entry.type },
      B: { key: 'b', record: entry.bRecord, type: secondType(entry.function, entry.type) },
      C: { key: 'c', record: entry.cRecord, type: entry.result },
    }[operand] as { key: AddressKey; record: RecordWords; type: ElementType };
    const bytes = ELEMENT_BYTES[type];
    const regions = [new RegionBuilder().record(record, entry.aRecord).region(bytes)];
    return new Access('nram', mode, operand, key, regions, bytes);
  };
  const accesses = [access('A', 'read')];
  if (entry.bMode === 'record') accesses.push(access('B', 'read'));
  if (readsResult(entry)) accesses.push(access('C', 'read'));
  accesses.push(access('C', 'write'));
  return accesses;
}

/** Whether C's elements are read: they are accumulated into, or stay where a condition does not hold. */
const readsResult = ({ accumulate, init, function: name }: VecEntry): boolean =>
  accumulate === 'none' ? SELECTING_FUNCTIONS.has(name) : !init;

/** Sizes of a record, innermost first. */
export const sizesOf = (record: RecordWords): readonly number[] => [
  record[SIZE]!,
  record[4 + SIZE]!,
  record[8 + SIZE]!,
  record[12 + SIZE]!,
  record[16 + SIZE]!,
];
