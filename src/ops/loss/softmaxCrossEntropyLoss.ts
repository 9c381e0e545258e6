/**
 * SoftmaxCrossEntropyLoss: LogSoftmax over the classes (axis 1), then the negative log-likelihood; on request the logarithms
 * are a second output. ONNX SoftmaxCrossEntropyLoss-13.
 */
import { elementCount, int } from '#ir';
import { costOf, elements, totalWork } from '../costs.ts';
import { type EvaluateContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, refOf } from '../refTensor.ts';
import { FLOATS } from '../typeSets.ts';
import { lossGradient } from './lossGradient.ts';
import { lossSamples } from './lossSamples.ts';
import { evaluateLoss, LOSS_ATTRIBUTES, LOSS_COST, lossType, lossWork } from './negativeLogLikelihood.ts';

/** ln softmax over axis 1; the maximum is subtracted first, so that exp cannot overflow. */
function logSoftmax(x: Float64Array, dims: readonly number[]): Float64Array {
  const classes = dims[1]!;
  const plane = elementCount(dims.slice(2));
  const out = new Float64Array(x.length);
  for (let v = 0; v < x.length / classes; v++) {
    const at = (k: number): number => (Math.floor(v / plane) * classes + k) * plane + (v % plane);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, x[at(k)]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(x[at(k)]! - largest);
    for (let k = 0; k < classes; k++) out[at(k)] = x[at(k)]! - largest - Math.log(sum);
  }
  return out;
}

function evaluate(c: EvaluateContext) {
  const { dims, dtype } = c.inputs[0]!;
  const logarithms = logSoftmax(numbersOf(c.inputs[0]!), dims);
  return [evaluateLoss(c, logarithms), refOf(dtype, dims, logarithms)].slice(0, c.outputCount);
}

export const softmaxCrossEntropyLoss = operator({
  name: 'SoftmaxCrossEntropyLoss',
  summary: 'The negated logarithm of the softmax probability of each target class, reduced.',
  versions: [12, 13],
  inputs: [
    { name: 'scores', type: 'T' },
    { name: 'labels', type: 'Tind' },
    { name: 'weights', type: 'T', arity: 'optional' },
  ],
  outputs: [
    { name: 'output', type: 'T' },
    { name: 'log_prob', type: 'T', arity: 'optional' },
  ],
  types: { T: FLOATS, Tind: ['int32', 'int64'] },
  attributes: LOSS_ATTRIBUTES,
  infer: (c) => ({ types: [lossType(c), c.inputs[0]].slice(0, c.node.outputs.length) }),
  cost(c) {
    const n = elements(c.inputs[0]);
    const vectors = elements(c.inputs[1]);
    const softmax = { comparisons: n - vectors, additions: 3 * n - vectors, exponentials: n, otherFunctions: vectors };
    return costOf(c, totalWork(softmax, lossWork(c)));
  },
  costRule: `LogSoftmax (an element: subtract the maximum, exp, sum, subtract the logarithm; a vector: one logarithm), then ${LOSS_COST}.`,
  evaluate,
  gradient: differentiate,
  samples: () => [
    ...lossSamples('SoftmaxCrossEntropyLoss', 13, 1),
    ...lossSamples('SoftmaxCrossEntropyLoss', 13, 2).map((s) => ({ ...s, name: `${s.name}, log_prob` })),
  ],
});

/** d − softmax × Σ d for d = dL/d logarithms, to which the second output adds its own. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const x = c.inputs[0]!;
  const logarithms = x.apply('LogSoftmax', [], { axis: int(1) });
  const [dLoss, dLogarithms] = c.dy;
  const loss = dLoss && lossGradient(c, logarithms, dLoss);
  const parts = [loss?.byLogarithms, dLogarithms].filter((part) => part !== undefined);
  const d = parts.reduce((a, b) => a.add(b));
  return [d.sub(logarithms.exp().mul(d.sum([1], true))), undefined, loss?.byWeight];
}
