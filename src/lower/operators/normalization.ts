/**
 * Normalisations whose statistics follow from the data: each a formula over the axes of a row, group or plane. A row that fits NRAM is
 * loaded once and stored once.
 */
import { floatAttribute, type GraphNode, intAttribute, intsAttribute } from '#ir';
import { isFloating } from '../elementTypes.ts';
import { add, apply, type Expression, mul, reduce, sub, sum, sumOfSquares } from '../formula/expression.ts';
import type { Lowering, Planner } from '../planner.ts';
import { notComputed } from '../reasons.ts';
import type { View } from '../views.ts';
import { finish, perChannel } from './elementwise.ts';
import { Kernels, operandOf } from './formulas.ts';

const countOf = (dims: readonly number[], axes: readonly boolean[]): number =>
  dims.reduce((n, d, i) => (axes[i] ? n * d : n), 1);

/** (x − mean) ÷ √(variance + ε) over the reduced axes. */
function standardised(x: Expression, count: number, epsilon: number): Expression {
  const centred = sub(x, mul(sum(x), 1 / count));
  const variance = mul(sumOfSquares(centred), 1 / count);
  return mul(centred, apply('rsqrt', add(variance, epsilon)));
}

const scaled = (x: Expression, scale: Expression | undefined, bias: Expression | undefined): Expression => {
  const product = scale === undefined ? x : mul(x, scale);
  return bias === undefined ? product : add(product, bias);
};

const optional = (p: Planner, name: string | undefined): Expression | undefined =>
  name === undefined || name === '' ? undefined : operandOf(p.view(name));

const isRead = (p: Planner, name: string): boolean => name !== '' && (p.consumers(name).length > 0 || p.isOutput(name));

const notAllFloat = (node: GraphNode, p: Planner): string | undefined =>
  node.inputs.find((name) => name !== '' && !isFloating(p.dtype(name)));

/** LayerNormalization, RMSNormalization: rows are all axes from `axis` on. */
export const lowerRowNormalization: Lowering = (node, p) => {
  const other = notAllFloat(node, p);
  if (other !== undefined) return notComputed(p.dtype(other));
  const [name, scaleName, biasName] = node.inputs as [string, string, string | undefined];
  const dims = p.dims(name);
  const axis = intAttribute(node, 'axis', -1);
  const at = axis < 0 ? axis + dims.length : axis;
  const reduced = dims.map((_, i) => i >= at);
  const count = countOf(dims, reduced);
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const x = operandOf(p.view(name));
  const rows =
    node.op === 'RMSNormalization'
      ? mul(x, apply('rsqrt', add(mul(sumOfSquares(x), 1 / count), epsilon)))
      : standardised(x, count, epsilon);
  const root = scaled(rows, optional(p, scaleName), optional(p, biasName));
  // Mean and inverse deviation of each row, where somebody wants them: kernels of their own.
  const before = new Kernels(p, node);
  const mean = mul(sum(x), 1 / count);
  const statistics = [mean, apply('rsqrt', add(mul(sumOfSquares(sub(x, mean)), 1 / count), epsilon))];
  statistics.forEach((e, i) => {
    const name = node.outputs[1 + i];
    if (name !== undefined && isRead(p, name)) before.formula(dims, reduced, e, p.output(name, 'row-major'));
  });
  return before.refused ?? finish(p, node, root, { reduced, before });
};

/** InstanceNormalization: a plane of each channel of each image. */
export const lowerInstanceNormalization: Lowering = (node, p) => {
  const other = notAllFloat(node, p);
  if (other !== undefined) return notComputed(p.dtype(other));
  const [name, scale, bias] = node.inputs as [string, string, string];
  const dims = p.dims(name);
  const reduced = dims.map((_, i) => i >= 2);
  const x = standardised(operandOf(p.view(name)), countOf(dims, reduced), floatAttribute(node, 'epsilon', 1e-5));
  const ofChannel = (n: string): Expression => operandOf(perChannel(p.view(n), dims.length));
  return finish(p, node, scaled(x, ofChannel(scale), ofChannel(bias)), { reduced });
};

/** GroupNormalization: the channels of a group together; scale and bias of a channel, before opset 21 of a group. */
export const lowerGroupNormalization: Lowering = (node, p) => {
  const other = notAllFloat(node, p);
  if (other !== undefined) return notComputed(p.dtype(other));
  const [name, scaleName, biasName] = node.inputs as [string, string, string];
  const dims = p.dims(name);
  const groups = intAttribute(node, 'num_groups', 1);
  const [batch, channels, ...rest] = dims as [number, number, ...number[]];
  const perGroup = channels / groups;
  /** Channels as groups and channels of a group. */
  const grouped = [batch, groups, perGroup, ...rest];
  const split = (v: View): View => ({
    ...v,
    dims: grouped,
    strides: [v.strides[0]!, v.strides[1]! * perGroup, v.strides[1]!, ...v.strides.slice(2)],
  });
  const parameter = (n: string): Expression => {
    const v = p.view(n);
    const [width] = v.strides as [number];
    const ofGroup = p.opset < 21;
    return operandOf({
      ...v,
      dims: [groups, ofGroup ? 1 : perGroup, ...rest.map(() => 1)],
      strides: [ofGroup ? width : width * perGroup, ofGroup ? 0 : width, ...rest.map(() => 0)],
    });
  };
  const reduced = grouped.map((_, i) => i >= 2);
  const view = p.view(name);
  const x = standardised(operandOf(split(view)), countOf(grouped, reduced), floatAttribute(node, 'epsilon', 1e-5));
  const output = p.output(node.outputs[0]!, view);
  const kernels = new Kernels(p, node);
  kernels.formula(grouped, reduced, scaled(x, parameter(scaleName), parameter(biasName)), split(output), output);
  return kernels.commit();
};

/**
 * MeanVarianceNormalization: over `axes`, by default all but channels; without scale, ε as in ONNX's own function. It is so small that what
 * the rounding of a mean leaves of equal elements would be made ±1: centred once more, they are 0.
 */
export const lowerMeanVarianceNormalization: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  const dims = p.dims(name);
  const axes = intsAttribute(node, 'axes') ?? [0, 2, 3];
  const reduced = dims.map((_, i) => axes.some((a) => (a < 0 ? a + dims.length : a) === i));
  const count = countOf(dims, reduced);
  const x = operandOf(p.view(name));
  const about = (e: Expression): Expression => sub(e, mul(sum(e), 1 / count));
  const centred = about(about(x));
  const deviation = apply('sqrt', mul(sumOfSquares(centred), 1 / count));
  return finish(p, node, apply('div', centred, add(deviation, 1e-9)), { reduced });
};

/** LpNormalization: each vector along `axis` divided by its norm; a vector of norm 0 stays 0. */
export const lowerLpNormalization: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  const dims = p.dims(name);
  const axis = intAttribute(node, 'axis', -1);
  const at = axis < 0 ? axis + dims.length : axis;
  const x = operandOf(p.view(name));
  const norm = intAttribute(node, 'p', 2) === 1 ? reduce('add', x, 'abs') : apply('sqrt', sumOfSquares(x));
  // Where the norm is 0 so are all elements: any other divisor leaves them.
  const divisor = add(norm, apply('eq', norm, 0));
  return finish(p, node, apply('div', x, divisor), { reduced: dims.map((_, i) => i === at) });
};
