/**
 * The transposed window: what sends an output's gradient back to the elements of its window. ConvTranspose with the same strides,
 * dilations and pads; what a stride leaves over at the end comes in as output padding, what `ceil_mode` adds there as further pads.
 */
import { type Dim, int, ints } from '#ir';
import type { Attributes, Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { effectiveKernel, type Window, windowPads } from '../window.ts';

/** Sizes that a rule needs as numbers. */
export function knownSizes(c: GradientContext, shape: readonly Dim[]): readonly number[] {
  if (shape.every((d) => typeof d === 'number')) return shape as readonly number[];
  return c.fail(
    { en: `spatial sizes [${shape.map((d) => d ?? '?')}]`, zh: `空间尺寸 [${shape.map((d) => d ?? '?')}]` },
    { en: 'sizes that are known while the graph is built', zh: '建图时已知的尺寸' },
  );
}

/** Attributes of the ConvTranspose that goes from the output sizes of a window back to its input sizes. */
export function transposedWindow(w: Window, input: readonly number[], output: readonly number[]): Attributes {
  const rank = input.length;
  const begins = windowPads(w, input).slice(0, rank);
  const ends = input.map((size, i) => (output[i]! - 1) * w.strides[i]! + effectiveKernel(w, i) - begins[i]! - size);
  const { strides, dilations } = w;
  return {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begins, ...ends.map((end) => Math.max(0, end))]),
    output_padding: ints(ends.map((end) => Math.max(0, -end))),
  };
}

/**
 * dL/dW of Y = Conv(X, W): a convolution of X with dY as kernel, in which stride and dilation change places and batch and channels do.
 * Groups stand side by side in the channels.
 */
export function weightGradient(
  x: Expression,
  dy: Expression,
  w: Window,
  group: number,
  sizes: { readonly x: readonly number[]; readonly kernel: readonly number[] },
): Expression {
  const [batch, channels, ...input] = sizes.x as [number, number, ...number[]];
  const spatial = input.map((_, i) => i);
  const swap = [1, 0, ...spatial.map((i) => i + 2)];
  const perGroup = channels / group;
  const grouped =
    group === 1
      ? x.transpose(swap)
      : x
          .reshape([batch, group, perGroup, ...input])
          .transpose([2, 1, 0, ...spatial.map((i) => i + 3)])
          .reshape([perGroup, group * batch, ...input]);
  const full = grouped.apply('Conv', [dy.transpose(swap)], {
    strides: ints(w.dilations),
    dilations: ints(w.strides),
    pads: ints(windowPads(w, input)),
    group: int(group),
  });
  // Elements that the stride leaves over give further, unwanted taps at the end.
  const fits = sizes.kernel.every((k, i) => full.shape[i + 2] === k);
  const axes = spatial.map((i) => i + 2);
  const cut = fits
    ? full
    : full.slice(
        axes,
        spatial.map(() => 0),
        sizes.kernel,
      );
  return cut.transpose(swap);
}
