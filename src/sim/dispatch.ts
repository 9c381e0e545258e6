/** Dispatch: from a decoded queue instruction and the state of control to the entry that waits in the queue. */
import { diagnostic, internalError, type Place } from '#base';
import {
  ACTIVATIONS,
  COMPUTE_TYPES,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  LINEAR_SPACES,
  MULTICASTS,
  QUEUES,
  SCRATCHPADS,
  SPACES,
  STREAM_FORMATS,
  type SyncScope,
  WEIGHT_FORMATS,
  WINOGRAD_TILES,
  type WinogradTransform,
} from '#isa';
import { type Machine, presets } from '#machine';
import type { Decoded } from './decoded.ts';
import type {
  GetEntry,
  LoadEntry,
  LoadSparseEntry,
  MmaEntry,
  MmaSparseEntry,
  MoveEntry,
  PutEntry,
  QueueEntry,
  StoreEntry,
  TransferEntry,
  WinogradEntry,
} from './entries.ts';
import { checkLoadSparse, checkMmaSparse, checkSemaphore, checkWinograd } from './optionalUnits.ts';
import { type Quantisation, typesOfMma } from './quant.ts';
import type { RecordFile } from './records.ts';
import type { CorePlace } from './topology.ts';
import { makeVecEntry } from './vecEntry.ts';

const onlyF32 = diagnostic<{ mnemonic: string; type: string }>('SYS-SIM-014', 'unsupported', {
  en: (p) =>
    `'${p.mnemonic}' on ${p.type} is not supported on this machine: its units compute f32. Convert the operands to f32 first.`,
  zh: (p) => `本机不支持 ${p.type} 类型的“${p.mnemonic}”：其运算单元只计算 f32。请先把操作数转换为 f32。`,
});

const noRoute = diagnostic<{ from: string; to: string; multicast: boolean }>('SYS-SIM-017', 'invalid', {
  en: (p) =>
    `there is no ${p.multicast ? 'multicast' : 'path'} from ${p.from} to ${p.to}: data go between DRAM, SharedRAM and the ` +
    'scratchpads NRAM and WRAM; multicast (mc) goes from DRAM or SharedRAM to scratchpads.',
  zh: (p) =>
    `没有从 ${p.from} 到 ${p.to} 的${p.multicast ? '多播' : '通路'}：数据在 DRAM、SharedRAM 与片上存储 NRAM、WRAM 之间传输；` +
    '多播（mc）从 DRAM 或 SharedRAM 到 NRAM、WRAM。',
});
const multicastToShared = diagnostic<object>('SYS-SIM-121', 'invalid', {
  en: () =>
    "a multicast ('mc') fills scratchpads of several cores; the SharedRAM is one memory for them already. Leave 'mc' out, or load " +
    'into nram or wram.',
  zh: () =>
    '多播（mc）写入多个核的片上存储；SharedRAM 本来就是这些核共用的一个存储器。请去掉 mc，或改为载入 nram 或 wram。',
});
const noSuchCore = diagnostic<{ core: number; cores: number }>('SYS-SIM-125', 'invalid', {
  en: (p) =>
    `'signal.to' names core ${p.core}, but cores 0 to ${p.cores - 1} run this program: correct the register that holds the number.`,
  zh: (p) => `“signal.to”指向核 ${p.core}，而运行该程序的是核 0 到 ${p.cores - 1}：请更正存放核号的寄存器。`,
});
const noSharedRam = diagnostic<{ machine: string; clusters: readonly string[] }>('SYS-SIM-018', 'unsupported', {
  en: (p) =>
    `machine '${p.machine}' has no SharedRAM: take one with a cluster (${p.clusters.join(', ')}), or add 'cluster' to the machine file.`,
  zh: (p) =>
    `机器“${p.machine}”没有 SharedRAM：请改用带簇的机器（${p.clusters.join('、')}），或在机器文件中加入 cluster。`,
});

function checkRoute(entry: MoveEntry, machine: Machine, place: Place): void {
  const { from, to, multicast } = entry;
  const scratchpad = (space: string): boolean => space === 'nram' || space === 'wram';
  const usesShared = from === 'shared' || to === 'shared';
  if (from === to || (scratchpad(from) && scratchpad(to)) || (multicast && !scratchpad(to))) {
    throw noRoute({ from: SPACE_NAMES[from], to: SPACE_NAMES[to], multicast }, place);
  }
  if (usesShared) needsShared(machine, place);
}

function needsShared(machine: Machine, place: Place): void {
  if (machine.cluster !== undefined) return;
  const clusters = [...presets.values()].filter((m) => m.cluster !== undefined).map((m) => m.name);
  throw noSharedRam({ machine: machine.name, clusters }, place);
}

const SPACE_NAMES = { dram: 'DRAM', shared: 'SharedRAM', nram: 'NRAM', wram: 'WRAM' } as const;

export interface DispatchState {
  readonly place: CorePlace;
  readonly registers: Int32Array;
  readonly records: RecordFile;
  /** Parameters of `cfg.act`, bits of f32. */
  readonly p0: number;
  readonly p1: number;
  readonly quantisation: Quantisation;
  /** Zero point of `cfg.zero`. */
  readonly zero: number;
}

/**
 * @throws what `makeVecEntry` throws; SYS-SIM-014 a type that the unit does not compute; SYS-SIM-017, -018 and -121 a transfer that no
 * path of the machine carries; SYS-SIM-125 a core that does not run; SYS-SIM-100…103 types and zero points of an mma; SYS-SIM-172 to
 * -178 what the machine lacks
 */
export function makeEntry(i: Decoded, pc: number, state: DispatchState, machine: Machine, place: Place): QueueEntry {
  const address = (register: number): number => state.registers[register]! >>> 0;
  switch (i.mnemonic) {
    case 'wait':
    case 'signal':
    case 'signal.to': {
      checkSemaphore(QUEUES[i.queue]!, i.semaphore, machine, place);
      if (i.mnemonic !== 'signal.to') return { kind: i.mnemonic, pc, semaphore: i.semaphore };
      const core = state.registers[i.ra]!;
      const { cores } = state.place;
      if (core < 0 || core >= cores) throw noSuchCore({ core, cores }, place);
      return { kind: 'signal', pc, semaphore: i.semaphore, core };
    }
    case 'load':
    case 'store':
    case 'get':
    case 'put':
      return transferEntry(i, pc, state, machine, place);
    case 'load.sparse': {
      const type = ELEMENT_TYPES[i.type]!;
      const entry: LoadSparseEntry = {
        kind: 'loadSparse',
        pc,
        space: SCRATCHPADS[i.space]!,
        type,
        elementBytes: ELEMENT_BYTES[type],
        format: STREAM_FORMATS[i.format]!,
        pad: address(i.rd),
        padRecord: state.records.snapshot(i.dst),
        dram: address(i.ra),
        bytes: address(i.rb),
      };
      checkLoadSparse(entry, machine, place);
      return entry;
    }
    case 'mma': {
      const { type, weights, result } = typesOfMma(i, state.quantisation, machine, place);
      const { za, zw, zc } = state.quantisation;
      const entry: MmaEntry = { kind: 'mma', ...matrixProduct(i, pc, state), ...{ type, weights, result, za, zw, zc } };
      return entry;
    }
    case 'mma.sparse': {
      checkType(i, place);
      const format = WEIGHT_FORMATS[i.format]!;
      const entry: MmaSparseEntry = {
        kind: 'mmaSparse',
        ...matrixProduct(i, pc, state),
        ...{ type: 'f32', result: 'f32', format },
      };
      checkMmaSparse(entry, machine, place);
      return entry;
    }
    case 'wino.input':
    case 'wino.weight':
    case 'wino.output': {
      checkType(i, place);
      const entry: WinogradEntry = {
        kind: 'winograd',
        pc,
        transform: i.mnemonic.slice('wino.'.length) as WinogradTransform,
        tile: WINOGRAD_TILES[i.tile]!,
        // Of the transforms in NRAM both fields are 0, which is NRAM.
        from: SCRATCHPADS[i.from]!,
        to: SCRATCHPADS[i.to]!,
        a: address(i.ra),
        c: address(i.rd),
        source: state.records.snapshot(i.src),
        result: state.records.snapshot(i.dst),
      };
      checkWinograd(entry, machine, place);
      return entry;
    }
    case 'vec':
      return makeVecEntry(i, pc, state, machine, place);
    case 'dma.linear': {
      const entry: MoveEntry = {
        kind: 'move',
        pc,
        from: LINEAR_SPACES[i.from]!,
        to: LINEAR_SPACES[i.to]!,
        bytes: i.bytes,
        multicast: i.multicast === 1,
      };
      checkRoute(entry, machine, place);
      return entry;
    }
    case 'mac.linear':
      return { kind: 'compute', pc, type: COMPUTE_TYPES[i.type]!, count: i.count };
    default:
      throw internalError({ what: `the simulator does not execute '${i.mnemonic}'` });
  }
}

/** The operands that an mma has, whatever its weights. */
function matrixProduct(i: Decoded, pc: number, { registers, records, p0, p1 }: DispatchState) {
  const address = (register: number): number => registers[register]! >>> 0;
  return {
    pc,
    a: address(i.ra),
    w: address(i.rb),
    c: address(i.rd),
    pixels: records.snapshot(i.pixels),
    reduction: records.snapshot(i.reduction),
    output: records.snapshot(i.output),
    acc: address(i.acc),
    bias: address(i.bias),
    clear: i.clear === 1,
    drain: i.drain === 1,
    useBias: i.useBias === 1,
    act: ACTIVATIONS[i.act]!,
    p0,
    p1,
  };
}

function transferEntry(i: Decoded, pc: number, state: DispatchState, machine: Machine, place: Place): TransferEntry {
  const type = ELEMENT_TYPES[i.type]!;
  const isInward = i.mnemonic === 'load' || i.mnemonic === 'get';
  const address = (register: number): number => state.registers[register]! >>> 0;
  const sides = {
    pc,
    type,
    elementBytes: ELEMENT_BYTES[type],
    pad: address(isInward ? i.rd : i.ra),
    padRecord: state.records.snapshot(isInward ? i.dst : i.src),
  };
  const far = address(isInward ? i.ra : i.rd);
  const farRecord = state.records.snapshot(isInward ? i.src : i.dst);
  const space = SPACES[i.space]!;
  if (space === 'shared' || i.mnemonic === 'get' || i.mnemonic === 'put') needsShared(machine, place);
  const scope = scopeOf(i, state.place);
  if (scope !== undefined && space === 'shared') throw multicastToShared({}, place);
  const together = scope === undefined || aloneIn(scope, state.place) ? {} : { multicast: scope };
  switch (i.mnemonic) {
    case 'load':
      return { kind: 'load', ...sides, space, dram: far, dramRecord: farRecord, ...together } satisfies LoadEntry;
    case 'store':
      return { kind: 'store', ...sides, space, dram: far, dramRecord: farRecord } satisfies StoreEntry;
    case 'get': {
      const scratchpad = SCRATCHPADS[i.space]!;
      return {
        kind: 'get',
        ...sides,
        space: scratchpad,
        shared: far,
        sharedRecord: farRecord,
        ...together,
      } satisfies GetEntry;
    }
    default:
      return {
        kind: 'put',
        ...sides,
        space: SCRATCHPADS[i.space]!,
        shared: far,
        sharedRecord: farRecord,
      } satisfies PutEntry;
  }
}

function scopeOf(i: Decoded, { ranks, cores }: CorePlace): Exclude<SyncScope, 'core'> | undefined {
  switch (MULTICASTS[i.multicast]!) {
    case 'none':
      return undefined;
    case 'mc':
      return 'cluster';
    case 'mc.chip':
      // In one cluster the chip is the cluster, so that the two forms meet.
      return ranks === cores ? 'cluster' : 'chip';
  }
}

/** Whether only this core runs in a scope: then a multicast is an ordinary transfer. */
const aloneIn = (scope: SyncScope, { ranks, cores }: CorePlace): boolean => (scope === 'chip' ? cores : ranks) === 1;

function checkType(i: Decoded, place: Place): void {
  if (i.type !== 0) throw onlyF32({ mnemonic: i.mnemonic, type: ELEMENT_TYPES[i.type]! }, place);
}
