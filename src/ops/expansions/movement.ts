/** DepthToSpace, SpaceToDepth, Tile, Pad that continues its input, CumSum: views, copies and products with constants. */
import { intAttribute, intsAttribute, stringAttribute, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import { padSources } from '../movement/padSources.ts';
import { alongAxis, dimsOf, type Expansion, integersOf, isUnitFloat, notExpanded } from './expansion.ts';

export const depthToSpace: Expansion = (c) => {
  const x = c.inputs[0]!;
  const block = intAttribute(c.node, 'blocksize', 1);
  const [n, channels, h, w] = dimsOf(x) as [number, number, number, number];
  const depth = channels / (block * block);
  const columnsFirst = stringAttribute(c.node, 'mode', 'DCR') === 'CRD';
  const split = columnsFirst
    ? x.reshape([n, depth, block, block, h, w]).transpose([0, 1, 4, 2, 5, 3])
    : x.reshape([n, block, block, depth, h, w]).transpose([0, 3, 4, 1, 5, 2]);
  return [split.reshape([n, depth, h * block, w * block])];
};

export const spaceToDepth: Expansion = (c) => {
  const x = c.inputs[0]!;
  const block = intAttribute(c.node, 'blocksize', 1);
  const [n, channels, h, w] = dimsOf(x) as [number, number, number, number];
  const split = x.reshape([n, channels, h / block, block, w / block, block]).transpose([0, 3, 5, 1, 2, 4]);
  return [split.reshape([n, channels * block * block, h / block, w / block])];
};

/** x, each of its axes so many times as often: a repeated axis before each, then one of both. */
export const tile: Expansion = (c) => {
  const x = c.inputs[0]!;
  const repeats = integersOf(c.inputs[1]);
  if (repeats === undefined)
    return notExpanded('its repeats are computed, not constant', '其重复次数是计算得到的，而不是常量');
  const dims = dimsOf(x);
  if (repeats.some((r) => r === 0)) return notExpanded('a repeat is 0', '有一个重复次数为 0');
  const apart = dims.flatMap((d, i) => (repeats[i]! > 1 ? [1, d] : [d]));
  const wide = dims.flatMap((d, i) => (repeats[i]! > 1 ? [repeats[i]!, d] : [d]));
  const y = repeats.every((r) => r === 1) ? x : x.reshape(apart).apply('Expand', [x.int64s(wide)]);
  return [y.reshape(dims.map((d, i) => d * repeats[i]!))];
};

/** Pad by reflection, by the border or around: along each axis elements of the input in another order. */
export const pad: Expansion = (c) => {
  const mode = stringAttribute(c.node, 'mode', 'constant');
  if (mode === 'constant') return notExpanded('its padding is constant', '其填充为常量');
  const x = c.inputs[0]!;
  const dims = dimsOf(x);
  const pads = c.inputs[1] === undefined ? intsAttribute(c.node, 'pads') : integersOf(c.inputs[1]);
  const given = c.inputs[3] === undefined ? dims.map((_, i) => i) : integersOf(c.inputs[3]);
  if (pads === undefined || given === undefined)
    return notExpanded('its pads or axes are computed, not constant', '其填充量或轴是计算得到的，而不是常量');
  const axes = given.map((a) => (a < 0 ? a + dims.length : a));
  let y = x;
  for (const [i, axis] of axes.entries()) {
    const [begin, end] = [pads[i]!, pads[i + axes.length]!];
    const sources = padSources(dims[axis]!, begin, end, mode as 'edge' | 'reflect' | 'wrap');
    if (sources === undefined) return notExpanded('it continues an axis without elements', '它延续一个没有元素的轴');
    if (begin !== 0 || end !== 0)
      y = y.apply('Gather', [y.int64s(sources)], { axis: { kind: 'int', value: BigInt(axis) } });
  }
  return [y];
};

/** The longest axis whose running sums are a product with a triangular matrix. */
const LONGEST_SUM = 1024;

export const cumSum: Expansion = (c) => {
  const x = c.inputs[0]!;
  const given = integersOf(c.inputs[1]);
  if (given === undefined) return notExpanded('its axis is computed, not constant', '其轴是计算得到的，而不是常量');
  const axis = given[0]! < 0 ? given[0]! + x.rank : given[0]!;
  const n = dimsOf(x)[axis]!;
  if (!isUnitFloat(x)) return notExpanded(`it sums ${x.dtype}`, `它累加 ${x.dtype}`);
  if (n > LONGEST_SUM)
    return notExpanded(
      `its axis has ${n} elements; running sums of up to ${LONGEST_SUM} are a product`,
      `其轴有 ${n} 个元素；不超过 ${LONGEST_SUM} 个元素的累加以矩阵乘法实现`,
    );
  const exclusive = intAttribute(c.node, 'exclusive', 0) !== 0;
  const reverse = intAttribute(c.node, 'reverse', 0) !== 0;
  const takes = (j: number, k: number): boolean => {
    const [a, b] = reverse ? [k, j] : [j, k];
    return exclusive ? b < a : b <= a;
  };
  const values = Float32Array.from({ length: n * n }, (_, i) => (takes(Math.floor(i / n), i % n) ? 1 : 0));
  const matrix = c.constant(tensorOf(x.dtype, [n, n], values));
  if (x.rank === 1) return [alongAxis(x.reshape([1, n]), matrix, 1).reshape([n])];
  return [alongAxis(x, matrix, axis)];
};

/** Pads of an expression's spatial axes written as Pad with zeros, other axes left. */
export function padded(x: Expression, before: readonly number[], after: readonly number[]): Expression {
  if ([...before, ...after].every((p) => p === 0)) return x;
  const lead = Array<number>(x.rank - before.length).fill(0);
  return x.apply('Pad', [x.int64s([...lead, ...before, ...lead, ...after])]);
}
