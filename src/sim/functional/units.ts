/**
 * What each unit does with a queue entry, in plain loops: the executable form of "The processor" in ARCHITECTURE.md.
 * Addresses are computed modulo 2³². Order of loops is order of effects.
 */
import type { Place } from '#base';
import type { Machine } from '#machine';
import { FILL, HI, LO, type RecordWords, SIZE } from '#timing';
import type { DataEntry, GetEntry, LoadEntry, PutEntry, StoreEntry } from '../entries.ts';
import { malformedStream, overfullFilter } from '../sparseFaults.ts';
import type { PlainMemory } from './memory.ts';
import { mma } from './mma.ts';
import { loadSparse, mmaSparse } from './sparse.ts';
import { vec } from './vector.ts';
import { address, type Index, indices, offset } from './walk.ts';
import { winograd } from './winograd.ts';

export interface Memories {
  readonly nram: PlainMemory;
  readonly wram: PlainMemory;
  /** In bytes: accumulator n of entry e stands at (e·Tn + n) times its width. */
  readonly aram: PlainMemory;
  /** Of the core's cluster; without bytes where there is none. */
  readonly shared: PlainMemory;
  readonly dram: PlainMemory;
}

const inside = (bounds: RecordWords, index: Index): boolean =>
  index.every((i, d) => bounds[4 * d + LO]! <= i && i < bounds[4 * d + HI]!);

/** @throws SYS-SIM-170 and -171 data that is not what the instruction says of it */
export function execute(entry: DataEntry, machine: Machine, memories: Memories, place: () => Place): void {
  switch (entry.kind) {
    case 'load':
      return inward(entry, memories[entry.space], memories.dram, entry.dram, entry.dramRecord);
    case 'store':
      return outward(entry, memories[entry.space], memories.dram, entry.dram, entry.dramRecord);
    case 'get':
      return inward(entry, memories[entry.space], memories.shared, entry.shared, entry.sharedRecord);
    case 'put':
      return outward(entry, memories[entry.space], memories.shared, entry.shared, entry.sharedRecord);
    case 'mma':
      return mma(entry, machine, memories);
    case 'vec':
      return vec(entry, machine, memories.nram);
    case 'winograd':
      return winograd(entry, memories);
    case 'loadSparse': {
      const fault = loadSparse(entry, memories);
      if (fault !== undefined) throw malformedStream(entry, fault, place());
      return;
    }
    case 'mmaSparse': {
      const overfull = mmaSparse(entry, machine, memories);
      if (overfull !== undefined) throw overfullFilter({ ...overfull, rows: entry.pixels[16 + SIZE]! }, place());
    }
  }
}

/** Load and get: sizes, bounds and fill are those of the source. */
function inward(e: LoadEntry | GetEntry, to: PlainMemory, from: PlainMemory, at: number, record: RecordWords): void {
  const fill = BigInt.asUintN(8 * e.elementBytes, BigInt(record[FILL]! | 0));
  for (const index of indices(record)) {
    const bits = inside(record, index) ? from.readBits(address(at, offset(record, index)), e.elementBytes) : fill;
    to.writeBits(address(e.pad, offset(e.padRecord, index)), e.elementBytes, bits);
  }
}

/** Store and put: sizes are those of the source, bounds those of the target. */
function outward(e: StoreEntry | PutEntry, from: PlainMemory, to: PlainMemory, at: number, record: RecordWords): void {
  for (const index of indices(e.padRecord)) {
    if (!inside(record, index)) continue;
    const bits = from.readBits(address(e.pad, offset(e.padRecord, index)), e.elementBytes);
    to.writeBits(address(at, offset(record, index)), e.elementBytes, bits);
  }
}
