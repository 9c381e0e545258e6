/**
 * Operations of networks: convolution, pooling, normalisation, dropout. Shapes are NCHW, weights [outputs, inputs ÷ groups, kernel…],
 * as in PyTorch. A number stands for the same along every spatial axis.
 */
import { diagnostic } from '#base';
import { type Attribute, float, int, ints, string, tensorOf } from '#ir';
import { apply, applyAll } from '../apply.ts';
import { wholes } from '../arguments.ts';
import { constantTensor } from '../autograd.ts';
import { type Generator, uniform } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, ge, mul, sqrt } from './elementwise.ts';
import { reshape } from './movement.ts';
import { castTo } from './operands.ts';
import { mean } from './reduce.ts';

export type Sizes = number | readonly number[];

export interface WindowOptions {
  readonly stride?: Sizes;
  /** A number, one for each axis, or [begins…, ends…]. */
  readonly padding?: Sizes | 'same' | 'valid';
  readonly dilation?: Sizes;
}

const perAxis = (sizes: Sizes, axes: number): readonly number[] => {
  const list = wholes('a size of a window', sizes);
  // An input with too few axes has none here: the operator's rule tells.
  return typeof sizes === 'number' ? new Array<number>(Math.max(0, axes)).fill(sizes) : list;
};

function windowAttributes(
  axes: number,
  { stride, padding = 0, dilation = 1 }: WindowOptions,
  otherwise: Sizes,
): Record<string, Attribute> {
  const attributes: Record<string, Attribute> = {
    strides: ints(perAxis(stride ?? otherwise, axes)),
    dilations: ints(perAxis(dilation, axes)),
  };
  if (padding === 'same' || padding === 'valid') {
    return { ...attributes, auto_pad: string(padding === 'same' ? 'SAME_UPPER' : 'VALID') };
  }
  const pads = perAxis(padding, axes);
  return { ...attributes, pads: ints(pads.length === axes ? [...pads, ...pads] : pads) };
}

export interface ConvOptions extends WindowOptions {
  readonly groups?: number;
}

/** Convolution over as many spatial axes as the input has. */
export const conv = (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor =>
  apply('Conv', [x, weight, bias], {
    ...windowAttributes(x.rank - 2, options, 1),
    kernel_shape: ints(weight.shape.slice(2)),
    group: int(options.groups ?? 1),
  });

export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPadding?: Sizes;
}

/** The transposed convolution; weights [inputs, outputs ÷ groups, kernel…]. */
export const convTranspose = (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTransposeOptions = {}): Tensor =>
  apply('ConvTranspose', [x, weight, bias], {
    ...windowAttributes(x.rank - 2, options, 1),
    kernel_shape: ints(weight.shape.slice(2)),
    group: int(options.groups ?? 1),
    output_padding: ints(perAxis(options.outputPadding ?? 0, x.rank - 2)),
  });

export interface PoolOptions extends WindowOptions {
  /** Round the output size up. */
  readonly ceil?: boolean;
}

/** The largest of each window; the stride is the window's size unless another is given. */
export function maxPool(x: Tensor, kernel: Sizes, options: PoolOptions = {}): Tensor {
  const axes = x.rank - 2;
  const attributes = {
    ...windowAttributes(axes, options, kernel),
    kernel_shape: ints(perAxis(kernel, axes)),
    ceil_mode: int(options.ceil ? 1 : 0),
  };
  // Where gradients flow, the places of the largest elements are kept for them.
  return applyAll('MaxPool', [x], attributes, x.tracked ? 2 : 1)[0]!;
}

/** The mean of each window. */
export const avgPool = (
  x: Tensor,
  kernel: Sizes,
  options: PoolOptions & { readonly countPadding?: boolean } = {},
): Tensor => {
  const axes = x.rank - 2;
  return apply('AveragePool', [x], {
    ...windowAttributes(axes, options, kernel),
    kernel_shape: ints(perAxis(kernel, axes)),
    ceil_mode: int(options.ceil ? 1 : 0),
    count_include_pad: int((options.countPadding ?? true) ? 1 : 0),
  });
};

/** The mean over all spatial positions: [N, C, 1, …]. */
export const globalAvgPool = (x: Tensor): Tensor => apply('GlobalAveragePool', [x]);

/**
 * The mean of windows that share out each spatial axis into `sizes` parts, the i-th of n elements from ⌊i·n/parts⌋ to before
 * ⌈(i+1)·n/parts⌉, as PyTorch's AdaptiveAvgPool: the output has that size whatever the input's.
 */
export function adaptiveAvgPool(x: Tensor, sizes: Sizes): Tensor {
  const axes = x.rank - 2;
  const wanted = perAxis(sizes, axes);
  const given = wanted.map((_, i) => x.sizeOf(i + 2));
  if (wanted.every((size, i) => size === given[i])) return x;
  if (wanted.every((size) => size === 1)) return globalAvgPool(x);
  if (wanted.every((size, i) => given[i]! % size === 0))
    return avgPool(
      x,
      wanted.map((size, i) => given[i]! / size),
    );
  // Uneven windows: along each axis a product with the matrix of shares.
  const last = x.rank - 1;
  return wanted.reduce((y, size, i) => {
    const perm = y.dims.map((_, k) => (k === i + 2 ? last : k === last ? i + 2 : k));
    const moved = apply('Transpose', [y], { perm: ints(perm) });
    const product = apply('MatMul', [moved, castTo(shares(given[i]!, size), x.dataType)]);
    return apply('Transpose', [product], { perm: ints(perm) });
  }, x);
}

/** [n, parts]: the share of each of n elements in the mean of each part. */
function shares(n: number, parts: number): Tensor {
  const values = new Float64Array(n * parts);
  for (let i = 0; i < parts; i++) {
    const [from, to] = [Math.floor((i * n) / parts), Math.ceil(((i + 1) * n) / parts)];
    for (let k = from; k < to; k++) values[k * parts + i] = 1 / (to - from);
  }
  return constantTensor(tensorOf('float32', [n, parts], values));
}

/** (x − mean) ÷ √(variance + ε) · scale + bias over the last `weight.rank` axes. */
export const layerNorm = (x: Tensor, weight: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor =>
  apply('LayerNormalization', [x, weight, bias], { axis: int(-weight.rank), epsilon: float(epsilon) });

/** x [N, C, spatial…] scaled and shifted by channel, [C]. */
function byChannel(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const spread = (t: Tensor): Tensor => reshape(t, [-1, ...x.dims.slice(2).map(() => 1)]);
  const scaled = weight === undefined ? x : mul(x, spread(weight));
  return bias === undefined ? scaled : add(scaled, spread(bias));
}

/**
 * Each of `groups` groups of channels of each sample by its own mean and deviation, then scaled and shifted by channel (Wu and He 2018). Of
 * operators of the opset in which graphs are written: GroupNormalization has this meaning only since opset 21.
 * @param weight and bias [C]
 */
export function groupNorm(x: Tensor, groups: number, weight?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  const channels = x.sizeOf(1);
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) throw badGroups({ groups, channels });
  const vector = (value: number): Tensor =>
    constantTensor(tensorOf(x.dataType, [groups], new Array<number>(groups).fill(value)));
  const apart = reshape(x, [0, groups, -1]);
  const normalised = apply('InstanceNormalization', [apart, vector(1), vector(0)], { epsilon: float(epsilon) });
  const isOpen = x.dims.some((d) => typeof d !== 'number');
  const shape = isOpen ? apply('Shape', [x]) : constantTensor(tensorOf('int64', [x.rank], x.shape.map(BigInt)));
  return byChannel(apply('Reshape', [normalised, shape]), weight, bias);
}

/** Each channel of each sample by its own mean and deviation, then scaled and shifted (Ulyanov et al. 2016). */
export const instanceNorm = (x: Tensor, weight?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor =>
  groupNorm(x, x.sizeOf(1), weight, bias, epsilon);

/**
 * x ÷ √(mean x² + ε) · weight over the last `axes` axes (Zhang and Sennrich 2019), in f32 at least. Of operators of the opset in which graphs are
 * written: RMSNormalization is there since opset 23.
 */
export function rmsNorm(x: Tensor, weight?: Tensor, epsilon = 1e-5, axes = weight?.rank ?? 1): Tensor {
  const wide = castTo(x, x.dataType === 'float64' ? 'float64' : 'float32');
  const over = Array.from({ length: axes }, (_, i) => i - axes);
  const root = sqrt(add(mean(mul(wide, wide), over, true), epsilon));
  const normalised = castTo(div(wide, root), x.dataType);
  return weight === undefined ? normalised : mul(normalised, weight);
}

const badGroups = diagnostic<{ groups: number; channels: number }>('SYS-TEN-163', 'usage', {
  en: (p) => `groupNorm of ${p.channels} channels in ${p.groups} groups: the groups must divide the channels.`,
  zh: (p) => `groupNorm 将 ${p.channels} 个通道分为 ${p.groups} 组：组数必须整除通道数。`,
});

/** Normalisation by given statistics, for each channel. */
export const batchNormWith = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon = 1e-5,
): Tensor => apply('BatchNormalization', [x, weight, bias, mean, variance], { epsilon: float(epsilon) });

/** Across channels, Krizhevsky et al. 2012: `size` neighbours. */
export const localResponseNorm = (x: Tensor, size: number, alpha = 1e-4, beta = 0.75, k = 1): Tensor =>
  apply('LRN', [x], { size: int(size), alpha: float(alpha), beta: float(beta), bias: float(k) });

const badShare = diagnostic<{ p: number }>('SYS-TEN-047', 'usage', {
  en: (p) => `dropout of ${p.p}: expected a share from 0 to below 1.`,
  zh: (p) => `dropout 的比例为 ${p.p}；应不小于 0 且小于 1。`,
});

/** Drops elements with probability p and scales the others by 1 ÷ (1 − p). The generator gives each call numbers of its own. */
export function dropout(x: Tensor, p: number, generator?: Generator): Tensor {
  if (!(p >= 0 && p < 1)) throw badShare({ p });
  if (p === 0) return x;
  const kept = ge(uniform(x.shape, { generator }), p);
  return mul(x, div(castTo(kept, x.dataType), 1 - p));
}

/** Rows of `table` [entries, size] at integer indices of any shape. */
export const embedding = (indices: Tensor, table: Tensor): Tensor =>
  apply('Gather', [table, indices], { axis: int(0) });

/** Another spatial size, by nearest or linear interpolation (half-pixel centres). */
export const resize = (x: Tensor, sizes: readonly number[], mode: 'nearest' | 'linear' | 'cubic' = 'nearest'): Tensor =>
  apply('Resize', [x, undefined, undefined, sizesTensor(x, sizes)], {
    mode: string(mode),
    coordinate_transformation_mode: string(mode === 'nearest' ? 'asymmetric' : 'half_pixel'),
    ...(mode === 'nearest' ? { nearest_mode: string('floor') } : {}),
  });

const sizesTensor = (x: Tensor, sizes: readonly number[]): Tensor => {
  const all = [...x.shape.slice(0, 2), ...sizes];
  return constantTensor(tensorOf('int64', [all.length], all.map(BigInt)));
};
