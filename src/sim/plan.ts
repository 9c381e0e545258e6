/**
 * What follows from a queue instruction's flags and records alone, whatever its addresses: cost, work and accesses. Kept for
 * each instruction as long as its records stay the same, since loops execute one configuration many times.
 */
import { ELEMENT_BYTES, SELECTING_FUNCTIONS, secondType } from '#isa';
import { coresOf, type Machine, macsPerCycle } from '#machine';
import {
  type Actions,
  computeActions,
  type DmaCost,
  dmaCost,
  elementsOf,
  type FoldStates,
  type Lanes,
  type LinkCost,
  lanesFor,
  linearActions,
  linearComputeCycles,
  linearDmaCost,
  linearLanes,
  linearMode,
  linkActions,
  linkCost,
  linkCycles,
  loadSparseCost,
  macsOf,
  mmaActions,
  mmaCycles,
  mmaFolds,
  mmaLanes,
  mmaSparseActions,
  mmaSparseCycles,
  mmaSparseLanes,
  NO_ACTIONS,
  overLinks,
  type RecordWords,
  SIZE,
  STRIDE,
  transferActions,
  vecActions,
  vecCycles,
  vecLanes,
  winogradActions,
  winogradCycles,
  winogradLanes,
} from '#timing';
import { type Access, accessesOf, sizesOf, sparseShape } from './accesses.ts';
import { type DataEntry, farRecord, type LinearEntry, sizesRecord } from './entries.ts';
import { type Producer, producerOf } from './idle.ts';
import type { LinearOperands } from './linearOperands.ts';

export interface Plan {
  readonly accesses: readonly Access[];
  /** Of a load or store. */
  readonly transfer: DmaCost | undefined;
  /** Of a get or put. */
  readonly link: LinkCost | undefined;
  /** Of an mma or vec. */
  readonly cycles: number;
  readonly macs: number;
  readonly vectorOps: number;
  /** Operations of the matrix unit that are not multiply-accumulates. */
  readonly otherOps: number;
  /** What it reads and writes on chip. */
  readonly actions: Actions;
  /** Of an mma in a systolic array. */
  readonly folds: FoldStates | undefined;
  /** Of units that compute. */
  readonly lanes: Lanes | undefined;
  /** What it counts as when somebody waits for it. */
  readonly producer: Producer;
}

interface Kept {
  readonly records: readonly RecordWords[];
  /** Of a `load.sparse`, whose length comes from a register. */
  readonly streamBytes: number;
  readonly plan: Plan;
}

export class Plans {
  readonly #machine: Machine;
  readonly #operands: LinearOperands;
  readonly #kept: (Kept | undefined)[] = [];

  constructor(machine: Machine, operands: LinearOperands) {
    this.#machine = machine;
    this.#operands = operands;
  }

  of(entry: DataEntry | LinearEntry): Plan {
    const kept = this.#kept[entry.pc];
    if (kept !== undefined && isSame(kept, entry)) return kept.plan;
    const plan =
      entry.kind === 'move' || entry.kind === 'compute'
        ? linearPlan(entry, this.#machine, this.#operands.accesses(entry.pc))
        : makePlan(entry, this.#machine);
    const streamBytes = entry.kind === 'loadSparse' ? entry.bytes : 0;
    this.#kept[entry.pc] = { records: recordsOf(entry), streamBytes, plan };
    return plan;
  }
}

const NO_RECORDS: readonly RecordWords[] = [];

function recordsOf(entry: DataEntry | LinearEntry): readonly RecordWords[] {
  if (entry.kind === 'move' || entry.kind === 'compute') return NO_RECORDS;
  if (entry.kind === 'mma' || entry.kind === 'mmaSparse') return [entry.pixels, entry.reduction, entry.output];
  if (entry.kind === 'vec') return [entry.aRecord, entry.bRecord, entry.cRecord];
  if (entry.kind === 'winograd') return [entry.source, entry.result];
  if (entry.kind === 'loadSparse') return [entry.padRecord];
  return [entry.padRecord, farRecord(entry)];
}

function isSame({ records, streamBytes }: Kept, entry: DataEntry | LinearEntry): boolean {
  // All of it stands in the instruction.
  if (entry.kind === 'move' || entry.kind === 'compute') return true;
  if (entry.kind === 'mma' || entry.kind === 'mmaSparse') {
    return records[0] === entry.pixels && records[1] === entry.reduction && records[2] === entry.output;
  }
  if (entry.kind === 'vec') {
    return records[0] === entry.aRecord && records[1] === entry.bRecord && records[2] === entry.cRecord;
  }
  if (entry.kind === 'winograd') return records[0] === entry.source && records[1] === entry.result;
  if (entry.kind === 'loadSparse') return records[0] === entry.padRecord && streamBytes === entry.bytes;
  return records[0] === entry.padRecord && records[1] === farRecord(entry);
}

const EMPTY_PLAN: Omit<Plan, 'producer'> = {
  accesses: [],
  transfer: undefined,
  link: undefined,
  cycles: 0,
  macs: 0,
  vectorOps: 0,
  otherOps: 0,
  actions: NO_ACTIONS,
  lanes: undefined,
  folds: undefined,
};

function linearPlan(entry: LinearEntry, machine: Machine, accesses: readonly Access[]): Plan {
  const empty = { ...EMPTY_PLAN, accesses, producer: producerOf(entry)! };
  if (entry.kind === 'move') {
    const plan = { ...empty, actions: linearActions(machine, entry) };
    return overLinks(entry)
      ? { ...plan, cycles: linkCycles(machine, entry) }
      : { ...plan, transfer: linearDmaCost(machine, entry) };
  }
  const operations = coresOf(machine) * entry.count;
  const mode = linearMode(machine, entry.type);
  const cycles = linearComputeCycles(machine, entry.count, entry.type);
  const lanes = linearLanes(machine, coresOf(machine) * macsPerCycle(machine.matrix, mode), operations, cycles);
  return entry.type.startsWith('mac_')
    ? { ...empty, cycles, lanes, macs: operations, actions: { ...NO_ACTIONS, ...macsOf(mode, operations) } }
    : { ...empty, cycles, lanes, otherOps: operations, actions: computeActions(entry.type, operations) };
}

function makePlan(entry: DataEntry, machine: Machine): Plan {
  const plan = { ...EMPTY_PLAN, accesses: accessesOf(entry, machine), producer: producerOf(entry)! };
  switch (entry.kind) {
    case 'load':
    case 'store': {
      const { dramRecord: dram, elementBytes, space } = entry;
      const transfer = dmaCost(machine, {
        sizes: sizesRecord(entry),
        dram,
        elementBytes,
        ...(space === 'shared' ? { isShared: true } : { pad: { record: entry.padRecord, space } }),
      });
      return { ...plan, transfer, actions: transferActions(entry.kind, space, transfer.scratchBytes) };
    }
    case 'get':
    case 'put': {
      const { sharedRecord: dram, elementBytes, space } = entry;
      const pad = { record: entry.padRecord, space };
      const link = linkCost(machine, { sizes: sizesRecord(entry), dram, elementBytes, pad });
      return { ...plan, link, actions: linkActions(entry.kind, entry.space, link.scratchBytes, link.payloadBytes) };
    }
    case 'mma': {
      const pixels = elementsOf(entry.pixels, 0, 3);
      const filters = Math.max(0, entry.output[16 + SIZE]!);
      const sizes = sizesOf(entry.pixels).slice(0, 4);
      const reduction = sizesOf(entry.reduction);
      const cycles = mmaCycles(machine, sizes, filters, reduction, entry.type);
      const actions = mmaActions(machine, sizes, filters, reduction, entry);
      const lanes = mmaLanes(machine, sizes, filters, reduction, entry.type, cycles);
      const folds = mmaFolds(machine, sizes, filters, reduction, entry.type);
      return { ...plan, cycles, macs: pixels * filters * elementsOf(entry.reduction), actions, lanes, folds };
    }
    case 'loadSparse': {
      const { bytes, padRecord, elementBytes, space } = entry;
      const pad = { record: padRecord, space };
      const transfer = loadSparseCost(machine, bytes, elementsOf(padRecord), elementBytes, pad);
      return { ...plan, transfer, actions: transferActions('load', entry.space, transfer.scratchBytes) };
    }
    case 'mmaSparse': {
      const filters = Math.max(0, entry.output[16 + SIZE]!);
      const sizes = sizesOf(entry.pixels).slice(0, 4);
      const shape = sparseShape(entry);
      const cycles = mmaSparseCycles(machine, sizes, filters, shape);
      const lanes = mmaSparseLanes(machine, sizes, filters, shape, cycles);
      return { ...plan, cycles, lanes, ...mmaSparseActions(machine, sizes, filters, shape, entry) };
    }
    case 'winograd': {
      const shape = { transform: entry.transform, tile: entry.tile, sizes: sizesOf(entry.source).slice(0, 3) };
      const cycles = winogradCycles(machine, shape);
      const lanes = winogradLanes(machine, shape, cycles);
      return { ...plan, cycles, lanes, actions: winogradActions(shape, entry) };
    }
    case 'vec': {
      const sizes = sizesOf(entry.aRecord);
      const reducesInner = entry.accumulate !== 'none' && entry.cRecord[STRIDE] === 0 && sizes[0]! > 1;
      const streams = [entry.aRecord, entry.cRecord, ...(entry.bMode === 'record' ? [entry.bRecord] : [])];
      const strides = streams.map((record) => record[STRIDE]!);
      const cycles = vecCycles(machine, entry.function, sizes, reducesInner, {
        strides,
        type: entry.type,
        result: entry.result,
      });
      const actions = vecActions({
        name: entry.function,
        sizes,
        hasB: entry.bMode === 'record',
        ...(entry.accumulate === 'none' ? {} : { accumulates: sizes.map((_, d) => entry.cRecord[4 * d + STRIDE]!) }),
        init: entry.init,
        lanes: lanesFor(machine, entry),
        keepsC: SELECTING_FUNCTIONS.has(entry.function),
        bytes: {
          a: ELEMENT_BYTES[entry.type],
          b: ELEMENT_BYTES[secondType(entry.function, entry.type)],
          c: ELEMENT_BYTES[entry.result],
        },
      });
      const lanes = vecLanes(machine, entry.function, sizes, reducesInner, entry, cycles);
      return { ...plan, cycles, vectorOps: elementsOf(entry.aRecord), actions, lanes };
    }
  }
}
