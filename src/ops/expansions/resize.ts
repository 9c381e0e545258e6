/**
 * Resize and Upsample, axis by axis: elements that are repeated a whole number of times are a view with a repeated axis, evenly spaced
 * ones a slice, everything else (interpolation of any kind, uneven choices) a product with the axis's matrix, a constant.
 */
import { floatsAttribute, type Tensor, tensorNumbers, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import { axisTaps, type Taps } from '../resize/interpolation.ts';
import { resizePlan, upsamplePlan } from '../resize/settled.ts';
import {
  alongAxis,
  dimsOf,
  type Expansion,
  type ExpansionContext,
  isNotExpanded,
  type NotExpanded,
  notExpanded,
  strided,
} from './expansion.ts';

export const resizeExpansion: Expansion = (c) => expand(c);

function expand(c: ExpansionContext) {
  const x = c.inputs[0]!;
  if (c.inputs.slice(1).some((e) => e !== undefined && e.known === undefined))
    return notExpanded('its scales or sizes are computed, not constant', '其缩放比例或大小是计算得到的，而不是常量');
  const operand = (i: number): readonly number[] | undefined => {
    const t: Tensor | undefined = c.inputs[i]?.known;
    return t === undefined || t.dims[0] === 0 ? undefined : [...tensorNumbers(t)];
  };
  const { settings, axes } =
    c.node.op === 'Upsample'
      ? upsamplePlan(c, dimsOf(x), operand(1) ?? floatsAttribute(c.node, 'scales') ?? [])
      : resizePlan(c, dimsOf(x), operand);
  let y: Expression = x;
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const taps = axisTaps(settings, axes[axis]!);
    if (taps === undefined) continue;
    const made = resizedAxis(c, y, axis, taps, settings.extrapolation);
    if (isNotExpanded(made)) return made;
    y = made;
  }
  return [y];
}

function resizedAxis(
  c: ExpansionContext,
  x: Expression,
  axis: number,
  taps: readonly Taps[],
  outside: number,
): Expression | NotExpanded {
  const dims = dimsOf(x);
  const [from, to] = [dims[axis]!, taps.length];
  const single = taps.map((t) => (t !== 'outside' && t.length === 1 && t[0]!.weight === 1 ? t[0]!.index : undefined));
  const times = to / from;
  if (Number.isInteger(times) && single.every((s, i) => s === Math.floor(i / times))) {
    const [before, after] = [dims.slice(0, axis), dims.slice(axis + 1)];
    const apart = x.reshape([...before, from, 1, ...after]);
    return apart.apply('Expand', [x.int64s([...before, from, times, ...after])]).reshape([...before, to, ...after]);
  }
  const step = to > 1 && single[0] !== undefined && single[1] !== undefined ? single[1] - single[0] : 1;
  if (step > 0 && single.every((s, i) => s !== undefined && s === single[0]! + i * step))
    return strided(x, axis, single[0]!, single[0]! + (to - 1) * step + 1, step);
  // Weights of other types are not exact, and a result of several axes would be rounded at each.
  if (x.dtype !== 'float32') return notExpanded(`it interpolates ${x.dtype}`, `它对 ${x.dtype} 插值`);
  const values = new Float32Array(to * from);
  for (const [j, row] of taps.entries()) {
    if (row === 'outside') continue;
    for (const { index, weight } of row) values[j * from + index]! += weight;
  }
  const y = alongAxis(
    x.rank === 1 ? x.reshape([1, from]) : x,
    c.constant(tensorOf('float32', [to, from], values)),
    x.rank === 1 ? 1 : axis,
  );
  const whole = x.rank === 1 ? y.reshape([to]) : y;
  if (outside === 0 || !taps.includes('outside')) return whole;
  const shape = dims.map((_, i) => (i === axis ? to : 1));
  return whole.add(
    c.constant(
      tensorOf(
        'float32',
        shape,
        taps.map((t) => (t === 'outside' ? outside : 0)),
      ),
    ),
  );
}
