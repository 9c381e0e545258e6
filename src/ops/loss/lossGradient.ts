/**
 * The gradient of the negative log-likelihood, by the logarithms and by the weights. Targets become masks over the classes (one
 * at the class, none where a target is ignored), which keeps everything after them products and sums.
 */
import { int, intAttribute, stringAttribute, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';

export interface LossGradient {
  readonly byLogarithms: Expression;
  readonly byWeight: Expression | undefined;
}

export function lossGradient(c: GradientContext, logarithms: Expression, dy: Expression): LossGradient {
  const weight = c.inputs[2];
  const others = logarithms.shape.map((_, k) => k).filter((k) => k !== 1);
  const mask = classMask(c, logarithms);
  const weighted = weight === undefined ? mask : mask.mul(weight.unsqueeze(others.slice(1).map((k) => k - 1)));
  const reduction = stringAttribute(c.node, 'reduction', 'mean');
  const scale =
    reduction === 'mean' ? dy.div(weighted.sum(undefined, false)) : reduction === 'sum' ? dy : dy.unsqueeze([1]);
  // The mean divides by the weights: a heavier class also moves the mean towards its own losses.
  const pulled = reduction === 'mean' ? logarithms.add(c.outputs[0]!) : logarithms;
  return {
    byLogarithms: weighted.mul(scale).neg(),
    byWeight: weight && c.wanted(2) ? mask.mul(pulled).mul(scale).sum(others, false).neg() : undefined,
  };
}

/** [N, C, D1, …]: 1 at the class of each target. */
function classMask(c: GradientContext, logarithms: Expression): Expression {
  const classes = logarithms.shape[1]!;
  const depth =
    typeof classes === 'number'
      ? logarithms.constant(tensorOf('int64', [], [classes]))
      : logarithms.apply('Shape').apply('Gather', [logarithms.constant(tensorOf('int64', [], [1]))]);
  const target = c.inputs[1]!.cast('int64');
  // A class out of range sets no place.
  const placed = c.node.attributes.has('ignore_index')
    ? target.equal(intAttribute(c.node, 'ignore_index', 0)).where(depth, target)
    : target;
  const offOn = logarithms.constant(tensorOf(logarithms.dtype, [2], [0, 1]));
  return placed.apply('OneHot', [depth, offOn], { axis: int(1) });
}
