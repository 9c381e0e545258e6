/**
 * The family of InstanceNormalization and GroupNormalization over X [N, C, D1, …]: a row is one image's group of channels; each
 * channel is then scaled and shifted.
 */
import { type Dim, elementCount, floatAttribute } from '#ir';
import { elements, staticDims } from '../costs.ts';
import type { Cost, CostContext, EvaluateContext, InferContext, RefTensor } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, refOf } from '../refTensor.ts';
import { inputType, mayEqual, shapeText } from '../shapes.ts';
import { centredGradient, normalize } from './rowGradient.ts';
import { DEFAULT_EPSILON, normalizationCost, rowStatistics } from './rows.ts';

/** The shape rule; `parameters` is the size that scale and bias have for C channels. */
export function inferChannels(c: InferContext, parameters: (channels: Dim) => Dim) {
  const x = inputType(c, 0);
  if (x.shape !== undefined && x.shape.length < 2) c.fail(`X ${shapeText(x.shape)}`, 'X [N, C, D1, …]');
  const expected = parameters(x.shape?.[1] ?? null);
  for (const i of [1, 2]) {
    const own = inputType(c, i).shape;
    if (own === undefined || (own.length === 1 && mayEqual(own[0]!, expected))) continue;
    c.fail(`X ${shapeText(x.shape)}, ${c.node.inputs[i]} ${shapeText(own)}`, shapeText([expected]));
  }
  return { types: [x] };
}

export function channelsCost(c: CostContext, groups: number): Cost {
  const n = elements(c.inputs[0]);
  return normalizationCost(c, staticDims(c.inputs[0])[0]! * groups, { multiplications: n, additions: n });
}

/** @param parameter the place in scale and bias of a channel */
export function evaluateChannels(
  c: EvaluateContext,
  groups: number,
  parameter: (channel: number) => number,
): readonly RefTensor[] {
  const [x, scale, bias] = c.inputs.map((t) => t!);
  const [, channels, ...spatial] = x!.dims as readonly [number, number, ...number[]];
  const plane = elementCount(spatial);
  const length = (channels / groups) * plane;
  const values = numbersOf(x!);
  const { means, inverses } = rowStatistics(values, length, floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON));
  const [scales, biases] = [numbersOf(scale!), numbersOf(bias!)];
  const y = values.map((value, i) => {
    const row = Math.floor(i / length);
    const at = parameter(Math.floor(i / plane) % channels);
    return (value - means[row]!) * inverses[row]! * scales[at]! + biases[at]!;
  });
  return [refOf(x!.dtype, x!.dims, y)];
}

/**
 * With a row as last axis of [N, groups, row].
 * @param groups undefined: every channel is one
 * @param byChannel scale and bias have an element a channel, else one a group
 */
export function channelsGradient(
  c: GradientContext,
  groups: number | undefined,
  byChannel: boolean,
): readonly (Expression | undefined)[] {
  const [x, scale, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const inRows = (v: Expression): Expression => v.apply('Reshape', [v.int64s([0, groups ?? 0, -1])]);
  const others = x.shape.map((_, k) => k).filter((k) => k !== 1);
  const rows = normalize(inRows(x), [2], floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON));
  // Where the parameters are the groups', so is the form in which they meet the gradient.
  const [d, normal, axes] = byChannel ? [dy, rows.normal.reshapeLike(x), others] : [inRows(dy), rows.normal, [0, 2]];
  const scaled = d.mul(scale.unsqueeze(axes.flatMap((k) => (k > 1 ? [k - 1] : []))));
  return [
    c.wanted(0) ? centredGradient(byChannel ? inRows(scaled) : scaled, rows, [2]).reshapeLike(x) : undefined,
    c.wanted(1) ? d.mul(normal).sum(axes, false) : undefined,
    c.wanted(2) ? d.sum(axes, false) : undefined,
  ];
}
