/**
 * What NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss share: of the logarithms of class probabilities [N, C, D1, …], the
 * one that the target [N, D1, …] names, negated and weighted by class; then none, the sum, or the mean (the sum ÷ the sum of
 * the weights that took part). Targets of `ignore_index` take no part: loss 0, weight 0.
 */
import { type Dim, elementCount, intAttribute, stringAttribute, type TensorType, tensorType } from '#ir';
import { elements, type Work } from '../costs.ts';
import type { AttributeSpec, CostContext, EvaluateContext, InferContext, RefTensor } from '../define.ts';
import { numbersOf, refOf } from '../refTensor.ts';
import { inputType, mayEqual, type Refuse, type Shape, shapeText, tighter } from '../shapes.ts';

export const LOSS_ATTRIBUTES: Readonly<Record<string, AttributeSpec>> = {
  ignore_index: { kind: 'int', doc: 'a target that takes no part, in or out of the range of classes; default: none' },
  reduction: { kind: 'string', doc: 'none: a loss a target; sum; mean (default), weighted' },
};

type Reduction = 'none' | 'sum' | 'mean';
const REDUCTIONS: readonly string[] = ['none', 'sum', 'mean'] satisfies Reduction[];

const reductionOf = ({ node }: Pick<InferContext, 'node'>): Reduction =>
  stringAttribute(node, 'reduction', 'mean') as Reduction;

/** The type of the loss. */
export function lossType(c: InferContext): TensorType {
  const [x, target, weight] = [inputType(c, 0), inputType(c, 1), c.inputs[2]];
  const reduction = reductionOf(c);
  if (!REDUCTIONS.includes(reduction)) c.fail(`reduction '${reduction}'`, REDUCTIONS.join(' | '));
  if (!areAligned(x.shape, target.shape, weight?.shape)) {
    const found = [x, target, ...(weight ? [weight] : [])].map((t, i) => `${c.node.inputs[i]} ${shapeText(t.shape)}`);
    c.fail(found.join(', '), {
      en: `${c.node.inputs[0]} [N, C, D1, …], ${c.node.inputs[1]} [N, D1, …], weights [C]`,
      zh: `${c.node.inputs[0]} [N, C, D1, …]、${c.node.inputs[1]} [N, D1, …]、权重 [C]`,
    });
  }
  if (reduction !== 'none') return tensorType(x.dtype, []);
  const own = x.shape === undefined ? undefined : withoutClasses(x.shape);
  return tensorType(x.dtype, own?.map((d, k) => tighter(d, target.shape?.[k] ?? null)) ?? target.shape);
}

const withoutClasses = <D extends Dim>([n, , ...spatial]: readonly D[]): D[] => [n!, ...spatial];

function areAligned(x: Shape | undefined, target: Shape | undefined, weight: Shape | undefined): boolean {
  if (weight !== undefined && (weight.length !== 1 || !mayEqual(weight[0]!, x?.[1] ?? null))) return false;
  if (x === undefined) return true;
  if (x.length < 2) return false;
  const expected = withoutClasses(x);
  return (
    target === undefined || (target.length === expected.length && target.every((d, k) => mayEqual(d, expected[k]!)))
  );
}

export const LOSS_COST =
  'a target: one negation, with weights one multiplication; with sum or mean one addition more, for the mean one more and one division';

/** Work of picking, weighting and reducing. */
export function lossWork(c: CostContext): Work {
  const targets = elements(c.inputs[1]);
  const sums = { none: 0, sum: 1, mean: 2 }[reductionOf(c)];
  return {
    additions: targets + sums * Math.max(0, targets - 1),
    multiplications: c.inputs[2] === undefined ? 0 : targets,
    divisions: reductionOf(c) === 'mean' ? 1 : 0,
  };
}

/** The class of a target; undefined where it takes no part. */
function classOf(c: Refuse & Pick<InferContext, 'node'>, target: number, classes: number): number | undefined {
  if (c.node.attributes.has('ignore_index') && target === intAttribute(c.node, 'ignore_index', 0)) return undefined;
  if (target < 0 || target >= classes) {
    c.fail(
      { en: `target ${target}`, zh: `目标 ${target}` },
      { en: `a class from 0 to ${classes - 1}, or ignore_index`, zh: `0 到 ${classes - 1} 的类别，或 ignore_index` },
    );
  }
  return target;
}

/** The loss for the logarithms of class probabilities of shape `dims`. */
export function evaluateLoss(c: EvaluateContext, logarithms: Float64Array): RefTensor {
  const { dims, dtype } = c.inputs[0]!;
  const [, classes, ...spatial] = dims as readonly [number, number, ...number[]];
  const plane = elementCount(spatial);
  const targets = numbersOf(c.inputs[1]!);
  const weights = c.inputs[2] === undefined ? undefined : numbersOf(c.inputs[2]);
  let total = 0;
  let weight = 0;
  const losses = targets.map((target, i) => {
    const named = classOf(c, target, classes);
    if (named === undefined) return 0;
    const own = weights?.[named] ?? 1;
    const loss = -own * logarithms[(Math.floor(i / plane) * classes + named) * plane + (i % plane)]!;
    total += loss;
    weight += own;
    return loss;
  });
  const reduction = reductionOf(c);
  if (reduction === 'none') return refOf(dtype, withoutClasses(dims), losses);
  return refOf(dtype, [], [reduction === 'sum' ? total : total / weight]);
}
