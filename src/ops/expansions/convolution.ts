/**
 * Convolutions that the matrix unit's nest has no form for, as those it has: three spatial axes become channels of two; weights that are
 * computed meet the windows written out (im2col); a transposed convolution is a convolution for each phase of its stride (Shi et
 * al., Real-Time Single Image and Video Super-Resolution, CVPR 2016), whose results lie interleaved.
 */
import { elementCount, int, intAttribute, ints, tensorOf } from '#ir';
import type { Attributes, Expression } from '../expression.ts';
import { accepted } from '../shapes.ts';
import { spreadOf, spreadWindow } from '../spread.ts';
import { type Window, windowOf, windowPads } from '../window.ts';
import {
  dimsOf,
  type Expansion,
  type ExpansionContext,
  isUnitFloat,
  joined,
  notExpanded,
  strided,
} from './expansion.ts';
import { padded } from './movement.ts';

/** The most taps whose elements are written out as rows. */
const MOST_TAPS = 64;

export const conv: Expansion = (c) => {
  const [x, w, bias] = c.inputs as [Expression, Expression, Expression | undefined];
  const window = windowOf(accepted, c.node, dimsOf(w).slice(2));
  const rank = window.kernel.length;
  // What is known the convolution adds itself; what is added to its result rounds that twice.
  const isOwn =
    bias === undefined ||
    ((rank === 3 || hasRepeatedChannels(x, w, intAttribute(c.node, 'group', 1))) &&
      w.known !== undefined &&
      bias.known !== undefined);
  if (isOwn ? !isUnitFloat(x) : x.dtype !== 'float32')
    return notExpanded(`it computes in ${x.dtype}`, `它以 ${x.dtype} 计算`);
  const out = c.outputs[0];
  if (out === undefined || rank > 3) return notExpanded(`it is a ${rank}-D convolution`, `它是 ${rank} 维卷积`);
  const pads = windowPads(window, dimsOf(x).slice(2));
  const groups = intAttribute(c.node, 'group', 1);
  if (hasRepeatedChannels(x, w, groups) && rank < 3) {
    const others = bias === undefined ? [w] : [w, bias];
    if (others.every((e) => e.known !== undefined)) return [repeatedChannels(c, 1)];
  }
  if (w.known === undefined && elementCount(window.kernel) > MOST_TAPS)
    return notExpanded(
      `its weights are computed and its window has ${elementCount(window.kernel)} taps; up to ${MOST_TAPS} are written out`,
      `其权重是计算得到的，且窗口有 ${elementCount(window.kernel)} 个元素；最多展开 ${MOST_TAPS} 个`,
    );
  const plain = (): Expression => {
    if (w.known === undefined) return windowsWrittenOut(x, w, window, pads, groups, out);
    if (rank === 3) return depthAsChannels(x, w, isOwn ? bias : undefined, window, pads, groups, out);
    // Only its bias keeps it from the matrix unit.
    return x.apply('Conv', [w], Object.fromEntries(c.node.attributes));
  };
  if (bias === undefined || isOwn) return [plain()];
  return [plain().add(bias.reshape([dimsOf(bias)[0]!, ...Array<number>(rank).fill(1)]))];
};

/** A depthwise convolution with several filters for each channel. */
const hasRepeatedChannels = (x: Expression, w: Expression, groups: number): boolean =>
  w.known !== undefined && groups > 1 && groups === dimsOf(x)[1] && dimsOf(w)[0]! > groups;

/** It with every channel repeated for each of its filters. @param at which of its inputs are the weights */
function repeatedChannels(c: ExpansionContext, at: number): Expression {
  const [x, ...others] = c.inputs as [Expression, ...(Expression | undefined)[]];
  const [batch, channels, ...rest] = dimsOf(x) as [number, number, ...number[]];
  const filters = dimsOf(c.inputs[at]!)[0]!;
  const apart = x.reshape([batch, channels, 1, ...rest]);
  const wide = apart.apply('Expand', [x.int64s([batch, channels, filters / channels, ...rest])]);
  return wide
    .reshape([batch, filters, ...rest])
    .apply(c.node.op, others, { ...Object.fromEntries(c.node.attributes), group: int(filters) });
}

export const qLinearConv: Expansion = (c) =>
  hasRepeatedChannels(c.inputs[0]!, c.inputs[3]!, intAttribute(c.node, 'group', 1))
    ? [repeatedChannels(c, 3)]
    : notExpanded(
        'it has one filter for each channel, or channels that meet',
        '它每个通道只有一个滤波器，或通道之间相加',
      );

const attributesOf = (window: Window, pads: readonly number[], groups: number, from: number): Attributes => {
  const rank = window.kernel.length;
  return {
    strides: ints(window.strides.slice(from)),
    dilations: ints(window.dilations.slice(from)),
    pads: ints([...pads.slice(from, rank), ...pads.slice(rank + from)]),
    group: int(groups),
  };
};

/** The elements that a tap of a window meets along one axis. */
const tapped = (x: Expression, axis: number, start: number, count: number, stride: number): Expression =>
  strided(x, axis, start, start + (count - 1) * stride + 1, stride);

/** Taps of the depth side by side with the channels, depths with the images. */
function depthAsChannels(
  x: Expression,
  w: Expression,
  bias: Expression | undefined,
  window: Window,
  pads: readonly number[],
  groups: number,
  out: readonly number[],
): Expression {
  const [filters, perGroup, depth, kh, kw] = dimsOf(w) as [number, number, number, number, number];
  const all = padded(x, [pads[0]!, 0, 0], [pads[3]!, 0, 0]);
  const [batch, channels, , height, width] = dimsOf(all) as [number, number, number, number, number];
  const depths = out[2]!;
  const parts = Array.from({ length: depth }, (_, k) =>
    tapped(all, 2, k * window.dilations[0]!, depths, window.strides[0]!)
      .transpose([0, 2, 1, 3, 4])
      .reshape([batch, depths, channels, 1, height, width]),
  );
  const planes = joined(parts, 3).reshape([batch * depths, channels * depth, height, width]);
  const y = planes.apply(
    'Conv',
    [w.reshape([filters, perGroup * depth, kh, kw]), ...(bias === undefined ? [] : [bias])],
    attributesOf(window, pads, groups, 1),
  );
  return y.reshape([batch, depths, filters, out[3]!, out[4]!]).transpose([0, 2, 1, 3, 4]);
}

/** The windows as columns of a matrix for each image and group. */
function windowsWrittenOut(
  x: Expression,
  w: Expression,
  window: Window,
  pads: readonly number[],
  groups: number,
  out: readonly number[],
): Expression {
  const rank = window.kernel.length;
  const all = padded(x, pads.slice(0, rank), pads.slice(rank));
  const [batch, channels] = dimsOf(all) as [number, number];
  const places = out.slice(2);
  const taps = elementCount(window.kernel);
  const parts = Array.from({ length: taps }, (_, tap) => {
    let part = all;
    let rest = tap;
    for (let a = rank - 1; a >= 0; a--) {
      part = tapped(part, 2 + a, (rest % window.kernel[a]!) * window.dilations[a]!, places[a]!, window.strides[a]!);
      rest = Math.floor(rest / window.kernel[a]!);
    }
    return part.reshape([batch, channels, 1, ...places]);
  });
  const [filters] = dimsOf(w) as [number];
  const [inner, pixels] = [(channels / groups) * taps, elementCount(places)];
  const matrix = joined(parts, 2).reshape(groups === 1 ? [batch, inner, pixels] : [batch, groups, inner, pixels]);
  const rows = w.reshape(groups === 1 ? [filters, inner] : [groups, filters / groups, inner]);
  return rows.matMul(matrix).reshape([...out]);
}

export const convTranspose: Expansion = (c) => {
  const [x, w, bias] = c.inputs as [Expression, Expression, Expression | undefined];
  const out = c.outputs[0];
  if (!isUnitFloat(x)) return notExpanded(`it computes in ${x.dtype}`, `它以 ${x.dtype} 计算`);
  const rank = x.rank - 2;
  if (out === undefined || rank > 3) return notExpanded(`it has ${rank} spatial axes`, `它有 ${rank} 个空间轴`);
  const spread = spreadOf(accepted, c.node, dimsOf(w).slice(2));
  const window = spreadWindow(spread, dimsOf(x).slice(2));
  const phases = window.strides.reduce((n, s) => n * s, 1);
  if (phases > MOST_TAPS)
    return notExpanded(
      `its strides have ${phases} phases; up to ${MOST_TAPS} are convolutions of their own`,
      `其步幅有 ${phases} 个相位；最多 ${MOST_TAPS} 个相位各为一个卷积`,
    );
  const groups = intAttribute(c.node, 'group', 1);
  const [channels, maps] = dimsOf(w) as [number, number];
  // [C, M/g, …] as the filters of a convolution [M, C/g, …].
  const kernel = window.kernel;
  const filters = w
    .reshape([groups, channels / groups, maps, ...kernel])
    .transpose([0, 2, 1, ...kernel.map((_, i) => i + 3)])
    .reshape([groups * maps, channels / groups, ...kernel]);
  const axes = kernel.map((_, a) => axisPhases(window, a, dimsOf(x)[2 + a]!, out[2 + a]!));
  const phase = (chosen: readonly number[]): Expression => {
    const own = chosen.map((r, a) => axes[a]!.phases[r]!);
    if (own.some((p) => p === undefined)) return untouched(c, bias, [out[0]!, out[1]!, ...axes.map((a) => a.length)]);
    let part = filters;
    let image = x;
    own.forEach((p, a) => {
      part = part.apply('Gather', [part.int64s(p!.taps)], { axis: int(2 + a) });
      // Elements before the first that is reached.
      image = strided(image, 2 + a, p!.skip, dimsOf(image)[2 + a]! - p!.drop, 1);
    });
    const y = image.apply('Conv', bias === undefined ? [part] : [part, bias], {
      dilations: ints(own.map((p) => p!.dilation)),
      pads: ints([...own.map((p) => p!.before), ...own.map((p) => p!.after)]),
      group: int(groups),
    });
    return y;
  };
  const interleaved = (chosen: readonly number[]): Expression => {
    const a = chosen.length;
    if (a === rank) {
      const dims = axes.flatMap((axis) => [axis.length, 1]);
      return phase(chosen).reshape([out[0]!, out[1]!, ...dims]);
    }
    return joined(
      axes[a]!.phases.map((_, r) => interleaved([...chosen, r])),
      3 + 2 * a,
    );
  };
  const all = interleaved([]).reshape([out[0]!, out[1]!, ...axes.map((a) => a.length * a.phases.length)]);
  return [axes.reduce((y, a, i) => strided(y, 2 + i, a.offset, a.offset + out[2 + i]!, 1), all)];
};

/** Results that no tap reaches: the bias alone. */
function untouched(c: ExpansionContext, bias: Expression | undefined, dims: readonly number[]): Expression {
  const one = bias ?? c.constant(tensorOf(c.inputs[0]!.dtype, [dims[1]!], new Float32Array(dims[1]!)));
  const shape = dims.map((d, i) => (i === 1 ? d : 1));
  return one.reshape(shape).apply('Expand', [one.int64s(dims)]);
}

interface Phase {
  /** Taps of the kernel, in the order in which the convolution meets them. */
  readonly taps: readonly number[];
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  /** Elements of the input that no result needs, at either end. */
  readonly skip: number;
  readonly drop: number;
}

/**
 * Results o = stride·j + r of an axis meet the inputs j + (r − tap·dilation) ÷ stride of those taps for which that is whole.
 */
function axisPhases(
  window: Window,
  axis: number,
  size: number,
  out: number,
): { phases: readonly (Phase | undefined)[]; length: number; offset: number } {
  const [kernel, stride, dilation] = [window.kernel[axis]!, window.strides[axis]!, window.dilations[axis]!];
  const pad = window.pads[axis]!;
  const from = Math.floor(pad / stride);
  const length = Math.ceil((out + pad) / stride) - from;
  const phases = Array.from({ length: stride }, (_, r): Phase | undefined => {
    const taps = Array.from({ length: kernel }, (_, k) => k).filter((k) => (r - k * dilation) % stride === 0);
    if (taps.length === 0) return undefined;
    // From the largest tap, which meets the earliest input, on.
    taps.reverse();
    const at = taps.map((k) => from + (r - k * dilation) / stride);
    const [first, last] = [at[0]!, at.at(-1)! + length - 1];
    return {
      taps,
      dilation: at.length > 1 ? at[1]! - at[0]! : 1,
      before: Math.max(0, -first),
      after: Math.max(0, last - (size - 1)),
      skip: Math.max(0, first),
      drop: Math.max(0, size - 1 - last),
    };
  });
  return { phases, length, offset: pad - from * stride };
}
