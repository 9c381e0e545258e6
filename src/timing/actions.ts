/**
 * What an entry does beside multiply-accumulates and DRAM traffic: bytes read and written on chip and operations by class, from
 * which its energy follows where the machine has figures. Bytes follow the size of the elements;
 * operations of the vector unit count alike for all types.
 *
 * `mma` of P pixels, N filters in G groups, K elements of reduction, as the units of `matrix.ts` bring operands in:
 *
 *   unit                 inputs (NRAM)   weights (WRAM)
 *   dot                  P·K·G           P·K·N, since it has no register for weights
 *   weight-stationary    P·K·G           K·N, held while pixels stream
 *   input-stationary     P·K             K·N for each fold of pixels
 *   output-stationary    P·K·G           K·N for each fold of pixels
 *   scalar               P·K·N           K·N for each block of pixels; of one pixel alone P·K for each block of filters, and K·N
 *
 * An array of scalar MACs hands inputs to neighbours, which is not credited: its inputs are an upper bound. Biases are read once.
 * Sums of an array that keeps them between chunks pass through the accumulators P·N·(chunks − 1) times each way; without
 * `clear` they are read once more, without `drain` written once more; with it results go to NRAM. Scales are read as biases are.
 */
import { ELEMENT_BYTES, type ElementType, type Scratchpad, type Space, type VectorFunction } from '#isa';
import { accumulatorWidth, coresOf, type Machine, type MatrixMode, type MatrixType, modeOf, unitFor } from '#machine';
import { type LinearTransfer, piecesOf } from './linear.ts';
import { keepsSums, operandReads, type PixelSizes, workOf } from './matrix.ts';
import { VECTOR_CLASSES } from './vector.ts';

/** Bytes of the memories on chip, each both ways, and what operations are dearer than simple ones. */
export interface Actions {
  readonly nramReadBytes: number;
  readonly nramWriteBytes: number;
  readonly wramReadBytes: number;
  readonly wramWriteBytes: number;
  readonly accumulatorReadBytes: number;
  readonly accumulatorWriteBytes: number;
  readonly sharedReadBytes: number;
  readonly sharedWriteBytes: number;
  /** Multiply-accumulates in other types than f32. */
  readonly f16Macs: number;
  readonly bf16Macs: number;
  readonly i8Macs: number;
  readonly i16Macs: number;
  /** Of the operations that are no multiply-accumulates. */
  readonly divideOps: number;
  readonly transcendentalOps: number;
  /** Operations of the vector unit, each type's divided by its lanes: the least cycles in which one core does them. */
  readonly vectorLaneCycles: number;
  /** Additions and multiplications of the Winograd unit. */
  readonly winogradOps: number;
}

export const NO_ACTIONS: Actions = {
  nramReadBytes: 0,
  nramWriteBytes: 0,
  wramReadBytes: 0,
  wramWriteBytes: 0,
  accumulatorReadBytes: 0,
  accumulatorWriteBytes: 0,
  sharedReadBytes: 0,
  sharedWriteBytes: 0,
  f16Macs: 0,
  bf16Macs: 0,
  i8Macs: 0,
  i16Macs: 0,
  divideOps: 0,
  transcendentalOps: 0,
  vectorLaneCycles: 0,
  winogradOps: 0,
};

const WORD = 4;

/** What of an `mma` says where its operands come from and its sums go. */
export interface MmaFlags {
  readonly type: MatrixType;
  readonly clear: boolean;
  readonly drain: boolean;
  readonly useBias: boolean;
  /** Of the results. */
  readonly result: ElementType;
}

/** Whether results are sums of integers times a scale for each filter. */
export const isScaled = ({ type, drain, result }: Pick<MmaFlags, 'type' | 'drain' | 'result'>): boolean =>
  drain && (type === 'i8' || type === 'u8' || type === 'i16') && result !== 'i32' && result !== 'i64';

/** @param sizes of the pixels, x first; `reduction` innermost first */
export function mmaActions(
  { matrix }: Machine,
  sizes: PixelSizes,
  filters: number,
  reduction: readonly number[],
  flags: MmaFlags,
): Actions {
  const { type, clear, drain, useBias, result } = flags;
  const unit = unitFor(matrix, type);
  const product = (of: readonly number[]): number => of.reduce((n, size) => n * Math.max(0, size), 1);
  const [pixels, depth] = [product(sizes), product(reduction)];
  const work = workOf(unit, filters, reduction);
  const { inputs, weights } = operandReads(unit, sizes, work);
  const sums = pixels * work.filters;
  if (sums === 0) return NO_ACTIONS;
  const between = keepsSums(unit, reduction) ? work.chunks - 1 : 0;
  const bytes = ELEMENT_BYTES[type];
  const sum = accumulatorWidth(type);
  const parameters = (useBias && drain ? WORD : 0) + (isScaled(flags) ? WORD : 0);
  return {
    ...NO_ACTIONS,
    nramReadBytes: bytes * pixels * depth * inputs,
    wramReadBytes: work.filters * (bytes * depth * weights + parameters),
    accumulatorReadBytes: sum * sums * (between + (clear ? 0 : 1)),
    accumulatorWriteBytes: sum * sums * (between + (drain ? 0 : 1)),
    nramWriteBytes: drain ? ELEMENT_BYTES[result] * sums : 0,
    ...macsOf(modeOf(type), sums * depth),
  };
}

/** Multiply-accumulates by type, but those in f32. */
export const macsOf = (mode: MatrixMode, macs: number): Partial<Actions> =>
  mode === 'f32' ? {} : { [`${mode}Macs`]: macs };

export interface VecShape {
  readonly name: VectorFunction;
  /** Of the index space, innermost first. */
  readonly sizes: readonly number[];
  /** Whether B is a stream and not a scalar. */
  readonly hasB: boolean;
  /** Strides of C, where it is accumulated into; absent where C is only written. */
  readonly accumulates?: readonly number[];
  /** The first of each element of C meets the identity and not what C holds. */
  readonly init: boolean;
  /** For its types. */
  readonly lanes: number;
  /** Whether C is read though it is not accumulated into (`select`). */
  readonly keepsC?: boolean;
  /** Bytes of an element of A, B and C; 4 each where absent. */
  readonly bytes?: { readonly a: number; readonly b: number; readonly c: number };
}

/**
 * Every index reads A and B. C is written at every index; where it is accumulated it is read there, too, but a reduced run of
 * d0 meets in the lanes and reaches C once.
 */
export function vecActions({ name, sizes, hasB, accumulates, init, lanes, keepsC, bytes }: VecShape): Actions {
  const { a, b, c } = bytes ?? WORDS;
  const count = (keep: (d: number) => boolean): number =>
    sizes.reduce((n, size, d) => n * (keep(d) ? Math.max(0, size) : Math.min(1, Math.max(0, size))), 1);
  const all = count(() => true);
  const passes = accumulates?.[0] === 0 ? count((d) => d > 0) : all;
  const fresh = init ? count((d) => accumulates?.[d] !== 0) : 0;
  return {
    ...NO_ACTIONS,
    nramReadBytes: all * (a + (hasB ? b : 0)) + c * (keepsC ? all : accumulates === undefined ? 0 : passes - fresh),
    nramWriteBytes: c * passes,
    vectorLaneCycles: all / lanes,
    ...classOf(VECTOR_CLASSES[name], all),
  };
}

const WORDS = { a: WORD, b: WORD, c: WORD };

const classOf = (
  name: keyof Machine['vector']['cycles'],
  count: number,
): Pick<Actions, 'divideOps' | 'transcendentalOps'> => ({
  divideOps: name === 'divide' ? count : 0,
  transcendentalOps: name === 'transcendental' ? count : 0,
});

/** Operations of the textbook's `compute`, in all cores: their operands are not told, so no memory is counted. */
export function computeActions(type: string, count: number): Actions {
  const operation = type.split('_')[0]!;
  const name = operation === 'mac' ? 'simple' : VECTOR_CLASSES[operation as VectorFunction];
  return { ...NO_ACTIONS, ...classOf(name ?? 'simple', count) };
}

/** Of a load or store that fills or empties `bytes` of a scratchpad or of SharedRAM. */
export function transferActions(kind: 'load' | 'store', space: Space, bytes: number): Actions {
  return { ...NO_ACTIONS, [`${space}${kind === 'load' ? 'Write' : 'Read'}Bytes`]: bytes };
}

/** Of a get or put, which also reads or writes `shared` bytes of SharedRAM. */
export function linkActions(kind: 'get' | 'put', space: Scratchpad, bytes: number, shared: number): Actions {
  return kind === 'get'
    ? { ...transferActions('load', space, bytes), sharedReadBytes: shared }
    : { ...transferActions('store', space, bytes), sharedWriteBytes: shared };
}

/** Of the textbook's transfers: what leaves a memory once may arrive in the scratchpads of all cores. */
export function linearActions(machine: Machine, transfer: LinearTransfer): Actions {
  const { from, to, bytes } = transfer;
  const sent = piecesOf(machine, transfer) * bytes;
  const received = to === 'shared' ? sent : coresOf(machine) * bytes;
  return {
    ...NO_ACTIONS,
    nramReadBytes: from === 'nram' ? sent : 0,
    wramReadBytes: from === 'wram' ? sent : 0,
    sharedReadBytes: from === 'shared' ? sent : 0,
    nramWriteBytes: to === 'nram' ? received : 0,
    wramWriteBytes: to === 'wram' ? received : 0,
    sharedWriteBytes: to === 'shared' ? received : 0,
  };
}
