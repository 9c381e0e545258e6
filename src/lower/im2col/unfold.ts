/**
 * im2col: a convolution whose windows are unfolded on the way into NRAM, so that the reduction is one run and fills the lanes of the
 * matrix unit, however few channels there are. Lanes that end with a run lose most where a run is short: (kx, c) of an image of three
 * channels is 33 elements in a kernel of 11 × 11, three rows of 16 lanes each for 363 elements, which need 23.
 *
 * Only as many taps are unfolded as it takes. The rows of a kernel are brought side by side, a pixel then being [ky, c]; pixels along x
 * follow each other, so that a window is one run of [kx, ky, c] which begins `scale` pixels behind the one before (Cho and Brand, "MEC",
 * ICML 2017, arXiv:1706.06873). So an element is there kernel ÷ stride times along y, and once along x. Likewise the columns, where those
 * are side by side in no run for their dilation; where rows and columns are dilated, the whole window.
 *
 * Transfers unfold, one for each tap, which brings elements several times from DRAM; or copies of the vector unit, ahead of the matrix unit.
 * What is left is a contraction again, of fewer taps and more channels, and all that is known of contractions holds for it: `unfolded`
 * makes it. Its y is the axis whose taps are kept, its x the other one.
 */
import { type Machine, vectorLanes } from '#machine';
import { type Contraction, type Spatial, typesOfContraction } from '../contraction.ts';
import type { Pooling } from '../pooled.ts';
import { sparseOf } from '../sparse/forms.ts';
import { isKept } from '../stream.ts';
import type { Reason } from '../winograd/applies.ts';
import { transfersOfUnfold } from './unfoldedStream.ts';

/** What a compilation does with windows: what is predicted to be fastest, nothing, or im2col wherever there is something to unfold. */
export const CONVOLUTION_CHOICES = ['auto', 'direct', 'im2col'] as const;
export type ConvolutionChoice = (typeof CONVOLUTION_CHOICES)[number];

export const UNFOLDERS = ['dma', 'vector'] as const;

/** How a contraction came of a convolution. */
export interface Unfold {
  readonly taps: 'rows' | 'columns' | 'window';
  /** The transfers that bring the activations, or copies of the vector unit. */
  readonly by: (typeof UNFOLDERS)[number];
  readonly of: Contraction;
}

/** The axes whose taps are unfolded, outermost first, and the one whose taps are not. */
export function unfoldedAxes({ taps, of }: Unfold): {
  readonly along: readonly ('y' | 'x')[];
  readonly kept: Spatial | undefined;
} {
  if (taps === 'window') return { along: ['y', 'x'], kept: undefined };
  return taps === 'rows' ? { along: ['y'], kept: of.x } : { along: ['x'], kept: of.y };
}

/** An axis of what was unfolded: an element for each output. */
const outputs = (s: Spatial): Spatial => ({
  ...{ total: s.total, scale: 1, kernel: 1, dilation: 1, pad: 0, limit: s.pool?.limit ?? s.total },
  ...{ aStride: s.scale * s.aStride, outStride: s.outStride },
  ...(s.pool === undefined ? {} : { pool: s.pool }),
});

/** The contraction that a convolution is when its taps are unfolded. */
export function unfolded(of: Contraction, taps: Unfold['taps'], by: Unfold['by']): Contraction {
  if (of.weights.kind !== 'constant') return of;
  const { stride } = of.weights;
  const kernel = { y: of.y.kernel, x: of.x.kernel };
  const channels = of.c.total;
  const isSwapped = taps === 'rows';
  const side = taps === 'rows' ? kernel.y : taps === 'columns' ? kernel.x : kernel.y * kernel.x;
  /** Where the weights of a tap lie. */
  const tap = (t: number): number => {
    if (taps === 'rows') return t * stride.ky;
    if (taps === 'columns') return t * stride.kx;
    return Math.floor(t / kernel.x) * stride.ky + (t % kernel.x) * stride.kx;
  };
  const operands = of.epilogue?.operands.map((o) => (isSwapped ? { ...o, y: o.x, x: o.y } : o));
  return {
    ...of,
    y: taps === 'window' ? outputs(of.y) : taps === 'rows' ? of.x : of.y,
    x: outputs(isSwapped ? of.y : of.x),
    c: { total: side * channels, aStride: of.c.aStride },
    weights: {
      ...of.weights,
      stride: { ...stride, ky: taps === 'rows' ? stride.kx : taps === 'columns' ? stride.ky : 0, kx: 0 },
      channel: (c) => tap(Math.floor(c / channels)) + (c % channels) * stride.c,
    },
    ...(of.epilogue === undefined ? {} : { epilogue: { ...of.epilogue, operands: operands! } }),
    ...(of.pool !== undefined && isSwapped ? { pool: swappedPool(of.pool) } : {}),
    // Copies make it in buffers of its own.
    ...(by === 'vector' ? { a: { address: 0 } } : {}),
    unfold: { taps, by, of },
  };
}

/** A pooling of results whose axes are exchanged. */
const swappedPool = ({ scale, ...pool }: Pooling): Pooling => ({
  ...pool,
  ...(scale === undefined ? {} : { scale: typeof scale === 'number' ? scale : { ...scale, y: scale.x, x: scale.y } }),
});

/** Which taps to unfold, so that a window is one run; undefined where it is one as it stands, or where nothing can be unfolded. */
export function tapsToUnfold(k: Contraction): Unfold['taps'] | undefined {
  if (k.weights.kind !== 'constant' || k.prologue !== undefined || k.unfold !== undefined) return undefined;
  if (sparseOf(k) !== undefined) return undefined;
  const isRun = { y: k.y.kernel === 1 || k.y.dilation === 1, x: k.x.kernel === 1 || k.x.dilation === 1 };
  if (k.y.kernel === 1) return isRun.x ? undefined : 'columns';
  if (isRun.x) return 'rows';
  return isRun.y ? 'columns' : 'window';
}

/** Why a convolution cannot be done by im2col; undefined where it can. */
export function whyNotUnfolded(k: Contraction, by: Unfold['by'], machine: Machine): Reason | undefined {
  if (k.weights.kind !== 'constant') return { en: 'its weights are computed', zh: '其权重由计算得出' };
  if (sparseOf(k) !== undefined) return { en: 'its weights lie compressed', zh: '其权重以压缩形式存放' };
  if (k.prologue !== undefined) return { en: 'its activations are made tile by tile', zh: '其激活由上一步逐块产生' };
  const taps = tapsToUnfold(k);
  if (taps === undefined) return { en: 'its windows are single runs as they lie', zh: '其窗口本身即为一段连续数据' };
  return by === 'dma' ? lacksTransfers(k, taps) : lacksCopies(k, machine);
}

/** Transfers that may bring a tile: each is some code of its own. */
const MOST_TRANSFERS = 64;

function lacksTransfers(k: Contraction, taps: Unfold['taps']): Reason | undefined {
  if (isKept(k.a)) return { en: 'its activations stay in NRAM', zh: '其激活驻留在 NRAM 中' };
  const transfers = transfersOfUnfold({ taps, by: 'dma', of: k });
  return transfers > MOST_TRANSFERS
    ? { en: `a tile would take ${transfers} transfers`, zh: `每块需 ${transfers} 次传输` }
    : undefined;
}

function lacksCopies(k: Contraction, machine: Machine): Reason | undefined {
  if (machine.cluster !== undefined)
    return { en: 'the semaphores that it needs are those of the links', zh: '其所需的信号量由簇内链路占用' };
  if (k.pool !== undefined)
    return { en: 'the vector unit pools its results in that nest', zh: '该循环中向量单元用于池化其结果' };
  const { a: type } = typesOfContraction(k);
  return vectorLanes(machine.vector, type) === undefined
    ? { en: `the vector unit has no lanes for ${type}`, zh: `向量单元没有 ${type} 的通道` }
    : undefined;
}

/** A convolution by im2col; undefined where it cannot be had so. */
export function byIm2col(k: Contraction, by: Unfold['by'], machine: Machine): Contraction | undefined {
  const taps = whyNotUnfolded(k, by, machine) === undefined ? tapsToUnfold(k) : undefined;
  return taps === undefined ? undefined : unfolded(k, taps, by);
}
