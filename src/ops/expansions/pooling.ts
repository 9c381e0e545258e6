/** Pools over three axes: maximum and mean separate, so planes first and then depths. LpPool: powers, their sums, a root. */
import { type Attribute, intAttribute, ints, intsAttribute } from '#ir';
import type { Expression } from '../expression.ts';
import { accepted } from '../shapes.ts';
import { windowOf, windowPads } from '../window.ts';
import { dimsOf, type Expansion, isUnitFloat, notExpanded } from './expansion.ts';

export const pool3D: Expansion = (c) => {
  const x = c.inputs[0]!;
  const dims = dimsOf(x);
  const out = c.outputs[0];
  // A mean of means rounds twice.
  const isComputed = c.node.op === 'MaxPool' ? isUnitFloat(x) : x.dtype === 'float32';
  if (dims.length !== 5 || out === undefined || !isComputed)
    return notExpanded(
      `it pools ${x.dtype} of ${dims.length - 2} axes`,
      `它对 ${dims.length - 2} 个轴的 ${x.dtype} 池化`,
    );
  if (c.isRead(1)) return notExpanded('its Indices output is asked for', '需要它的 Indices 输出');
  const window = windowOf(accepted, c.node, intsAttribute(c.node, 'kernel_shape') ?? []);
  const pads = windowPads(window, dims.slice(2));
  const [batch, channels, depth, height, width] = dims as [number, number, number, number, number];
  const [, , d, h, w] = out as [number, number, number, number, number];
  const part = (of: Expression, from: number, to: number, still: boolean): Expression => {
    const pick = (list: readonly number[], rest: number): number[] => [
      ...list.slice(from, to),
      ...(still ? [rest] : []),
    ];
    const attributes: Record<string, Attribute> = {
      kernel_shape: ints(pick(window.kernel, 1)),
      strides: ints(pick(window.strides, 1)),
      pads: ints([...pick(pads.slice(0, 3), 0), ...pick(pads.slice(3), 0)]),
    };
    if (window.dilations.some((n) => n !== 1)) attributes.dilations = ints(pick(window.dilations, 1));
    for (const name of ['ceil_mode', 'count_include_pad']) {
      const given = c.node.attributes.get(name);
      if (given !== undefined) attributes[name] = given;
    }
    return of.apply(c.node.op, [], attributes);
  };
  const planes = part(x.reshape([batch, channels * depth, height, width]), 1, 3, false);
  const along = part(planes.reshape([batch, channels, depth, h * w]), 0, 1, true);
  return [along.reshape([batch, channels, d, h, w])];
};

/** The largest p of a norm. */
export const MOST_POWER = 16;

/** |x|ᵖ. */
export const powerOf = (x: Expression, p: number): Expression =>
  p === 1 ? x.apply('Abs') : p === 2 ? x.mul(x) : x.apply('Abs').pow(p);

/** The p-th root of what is not negative; of 0 by way of −∞. */
export const rootOf = (x: Expression, p: number): Expression =>
  p === 1
    ? x
    : p === 2
      ? x.sqrt()
      : x
          .log()
          .mul(1 / p)
          .exp();

/** (Σ |x|ᵖ)^(1/p) over windows: the sum is a depthwise convolution with ones. */
export const lpPool: Expansion = (c) => {
  const x = c.inputs[0]!;
  const out = c.outputs[0];
  const p = intAttribute(c.node, 'p', 2);
  if (out === undefined || x.dtype !== 'float32' || p < 1 || p > MOST_POWER)
    return notExpanded(
      `its norm is ${p}, of ${x.dtype}; norms from 1 to ${MOST_POWER} of float32 run on the processor`,
      `其范数为 ${p}，类型 ${x.dtype}；处理器支持 float32 的 1 到 ${MOST_POWER} 范数`,
    );
  const rank = x.rank - 2;
  const window = windowOf(accepted, c.node, intsAttribute(c.node, 'kernel_shape') ?? []);
  const pads = windowPads(window, dimsOf(x).slice(2));
  const [, channels] = dimsOf(x) as [number, number];
  // Windows that ceil_mode adds reach further.
  const after = window.kernel.map((k, a) => {
    const reach = (out[2 + a]! - 1) * window.strides[a]! + (k - 1) * window.dilations[a]! + 1;
    return Math.max(0, reach - dimsOf(x)[2 + a]! - pads[a]!);
  });
  const count = channels * window.kernel.reduce((n, k) => n * k, 1);
  const one = c.constant({
    dtype: 'float32',
    dims: [channels, 1, ...window.kernel],
    bytes: new Uint8Array(new Float32Array(count).fill(1).buffer),
  });
  const powers = powerOf(x, p);
  const sums = powers.apply('Conv', [one], {
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints([...pads.slice(0, rank), ...after]),
    group: { kind: 'int', value: BigInt(channels) },
  });
  return [rootOf(sums, p)];
};
