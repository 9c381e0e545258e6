/**
 * Queue entries: what dispatch leaves of an instruction, with registers read and records snapshotted. Functional model,
 * cycle model, hazard detector and kernels all work on these. Addresses are unsigned byte addresses; values that are
 * bits of a number (`p0`, `p1`, `b` in scalar mode, a record's fill) stay bits, so that no NaN is rewritten on the way.
 */
import type {
  Accumulation,
  Activation,
  BMode,
  ElementType,
  Scratchpad,
  Space,
  StreamFault,
  StreamFormat,
  SyncScope,
  VectorFunction,
  WeightFormat,
  WinogradTile,
  WinogradTransform,
} from '#isa';
import type { MatrixType } from '#machine';
import type { LinearTransfer, RecordWords } from '#timing';
import type { DramMemory } from './dram.ts';

interface Dispatched {
  /** Index of the instruction. */
  readonly pc: number;
}

/** What every transfer has on the side of the scratchpad, or of the SharedRAM where that stands for one. */
interface Transfer extends Dispatched {
  readonly type: ElementType;
  readonly elementBytes: number;
  /** Address and record of the scratchpad: strides, and of a store or put sizes. */
  readonly pad: number;
  readonly padRecord: RecordWords;
}

/** Of a load or get in which several cores take part. */
interface Collective {
  readonly multicast?: Exclude<SyncScope, 'core'>;
}

export interface LoadEntry extends Transfer, Collective {
  readonly kind: 'load';
  readonly space: Space;
  /** DRAM address and record: sizes, strides, bounds, fill. */
  readonly dram: number;
  readonly dramRecord: RecordWords;
}

export interface StoreEntry extends Transfer {
  readonly kind: 'store';
  readonly space: Space;
  /** DRAM address and record: strides and bounds. */
  readonly dram: number;
  readonly dramRecord: RecordWords;
}

export interface GetEntry extends Transfer, Collective {
  readonly kind: 'get';
  readonly space: Scratchpad;
  /** SharedRAM address and record: sizes, strides, bounds, fill. */
  readonly shared: number;
  readonly sharedRecord: RecordWords;
}

export interface PutEntry extends Transfer {
  readonly kind: 'put';
  readonly space: Scratchpad;
  /** SharedRAM address and record: strides and bounds. */
  readonly shared: number;
  readonly sharedRecord: RecordWords;
}

/** `load.sparse`: a compressed stream of so many bytes at a DRAM address. */
export interface LoadSparseEntry extends Dispatched {
  readonly kind: 'loadSparse';
  readonly space: Scratchpad;
  readonly type: ElementType;
  readonly elementBytes: number;
  readonly format: StreamFormat;
  /** Scratchpad address and record: sizes and strides. */
  readonly pad: number;
  readonly padRecord: RecordWords;
  readonly dram: number;
  readonly bytes: number;
}

/** What `mma` and `mma.sparse` share. */
interface MatrixProduct extends Dispatched {
  /** NRAM address of A, WRAM address of W, NRAM address of C. */
  readonly a: number;
  readonly w: number;
  readonly c: number;
  /** RP: d3…d0; RK: d4…d0; RC: strides d3…d0 per pixel, d4 = { size N, stride of a group }. */
  readonly pixels: RecordWords;
  readonly reduction: RecordWords;
  readonly output: RecordWords;
  /** First accumulator entry. */
  readonly acc: number;
  /** WRAM address of the bias, used when `useBias`. */
  readonly bias: number;
  readonly clear: boolean;
  readonly drain: boolean;
  readonly useBias: boolean;
  readonly act: Activation;
  /** `cfg.act` parameters: bits of f32, or i32 where they clamp sums of integers. */
  readonly p0: number;
  readonly p1: number;
  /** Of A, and of what is drained. */
  readonly type: MatrixType;
  readonly result: ElementType;
}

export interface MmaEntry extends MatrixProduct {
  readonly kind: 'mma';
  /** Of W. */
  readonly weights: MatrixType;
  /** Zero points of A, W and C, as `cfg.quant` left them; floats take no notice. */
  readonly za: number;
  readonly zw: number;
  readonly zc: number;
}

/** RP.d4.size: kept rows of `bitmap`. */
export interface MmaSparseEntry extends MatrixProduct {
  readonly kind: 'mmaSparse';
  readonly format: WeightFormat;
}

export interface VecEntry extends Dispatched {
  readonly kind: 'vec';
  readonly function: VectorFunction;
  /** Of the elements of A and C; those of B are of `secondType`. */
  readonly type: ElementType;
  readonly result: ElementType;
  readonly saturate: boolean;
  /** Zero point of `quant` and `dequant`; 0 elsewhere. */
  readonly zero: number;
  /** NRAM addresses; `b` is an address in mode `record` and the bits of an f32 or integer in mode `scalar`. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Sizes come from `aRecord`. */
  readonly aRecord: RecordWords;
  readonly bRecord: RecordWords;
  readonly cRecord: RecordWords;
  readonly bMode: BMode;
  readonly accumulate: Accumulation;
  readonly init: boolean;
}

/** `wino.input`, `wino.weight`, `wino.output`. */
export interface WinogradEntry extends Dispatched {
  readonly kind: 'winograd';
  readonly transform: WinogradTransform;
  readonly tile: WinogradTile;
  /** Scratchpads and addresses of what is read and written. */
  readonly from: Scratchpad;
  readonly to: Scratchpad;
  readonly a: number;
  readonly c: number;
  /** d0 … d2 channels and tiles, d3 and d4 the elements of a tile; sizes are those of the source. */
  readonly source: RecordWords;
  readonly result: RecordWords;
}

export interface WaitEntry extends Dispatched {
  readonly kind: 'wait';
  readonly semaphore: number;
}

export interface SignalEntry extends Dispatched {
  readonly kind: 'signal';
  readonly semaphore: number;
  /** Number of the core whose semaphore it is; absent: this one's. */
  readonly core?: number;
}

/** Where operands lie, in the order of the plan's accesses, if the program says so. */
interface Placed {
  readonly addresses?: readonly number[];
}

/** `dma.linear`: a transfer without addresses in its word. */
export interface MoveEntry extends Dispatched, LinearTransfer, Placed {
  readonly kind: 'move';
}

/** `mac.linear`: operations without operands in their word. */
export interface ComputeEntry extends Dispatched, Placed {
  readonly kind: 'compute';
  readonly type: string;
  /** Operations of each core. */
  readonly count: number;
}

export type TransferEntry = LoadEntry | StoreEntry | GetEntry | PutEntry;
export type DataEntry = TransferEntry | LoadSparseEntry | MmaEntry | MmaSparseEntry | VecEntry | WinogradEntry;
/** What has sizes only, and no data. */
export type LinearEntry = MoveEntry | ComputeEntry;
export type QueueEntry = DataEntry | LinearEntry | WaitEntry | SignalEntry;

/** Whether a transfer that uses the DRAM channel brings data from there, and does not write there. */
export const readsDram = (entry: QueueEntry): boolean =>
  entry.kind === 'load' || entry.kind === 'loadSparse' || (entry.kind === 'move' && entry.from === 'dram');

/** The side of a transfer that is no scratchpad, DRAM or SharedRAM: its address. */
export const farAddress = (entry: TransferEntry): number =>
  entry.kind === 'load' || entry.kind === 'store' ? entry.dram : entry.shared;

/** Its record: strides and bounds, and inward also sizes and fill. */
export const farRecord = (entry: TransferEntry): RecordWords =>
  entry.kind === 'load' || entry.kind === 'store' ? entry.dramRecord : entry.sharedRecord;

/** Whether it fills what stands on the side of the scratchpad. */
export const isInward = (entry: TransferEntry): entry is LoadEntry | GetEntry =>
  entry.kind === 'load' || entry.kind === 'get';

/** The record that gives a transfer's sizes. */
export const sizesRecord = (entry: TransferEntry): RecordWords =>
  isInward(entry) ? farRecord(entry) : entry.padRecord;

/** What a transfer reads or writes beside scratchpads: DRAM in chunks, SharedRAM in one. */
export type FarMemory = Pick<DramMemory, 'forReading' | 'forWriting' | 'read' | 'write'>;

/** Whether an entry has operands at addresses of its own. */
export const isData = (entry: QueueEntry): entry is DataEntry =>
  entry.kind !== 'wait' && entry.kind !== 'signal' && entry.kind !== 'move' && entry.kind !== 'compute';

/** A filter of `bitmap` with more kept weights than rows. */
export interface OverfullFilter {
  readonly filter: number;
  readonly kept: number;
}

/**
 * What moves and computes data, implemented under `kernels/`. Entries arrive checked: inside their memories, aligned to
 * their elements, of types that their units compute. Scratchpads start as zeros.
 */
export interface Kernels {
  readonly nram: Uint8Array;
  readonly wram: Uint8Array;
  /** Accumulators: entry e lies from e times the bytes of an entry of its type. */
  readonly aram: Uint8Array;
  mma(entry: MmaEntry): void;
  vec(entry: VecEntry): void;
  /** A load or get: from the far memory. */
  load(entry: LoadEntry | GetEntry, far: FarMemory): void;
  /** A store or put: to the far memory. */
  store(entry: StoreEntry | PutEntry, far: FarMemory): void;
  /** What of the stream is not one, if anything is; then nothing is written. */
  loadSparse(entry: LoadSparseEntry, dram: DramMemory): StreamFault | undefined;
  /** The first filter that keeps more than the rows there are, if any does; then nothing is computed. */
  mmaSparse(entry: MmaSparseEntry): OverfullFilter | undefined;
  winograd(entry: WinogradEntry): void;
}
