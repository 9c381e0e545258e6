/** Losses, by default the mean over the batch; and penalties on weights. */

import { isFloat } from './dtypes.ts';
import { abs, add, clip, log, mul, neg, relu, softplus, square, sub } from './functions/elementwise.ts';
import { oneHot } from './functions/movement.ts';
import type { Operand } from './functions/operands.ts';
import { logSoftmax, mean, sum } from './functions/reduce.ts';
import type { Tensor } from './tensor.ts';

export type Reduction = 'mean' | 'sum' | 'none';

const reduced = (x: Tensor, reduction: Reduction): Tensor =>
  reduction === 'none' ? x : reduction === 'sum' ? sum(x) : mean(x);

/**
 * Cross-entropy of softmax(logits) [N, classes] with labels: integers [N], or probabilities [N, classes]. `smoothing` gives that share
 * of the probability to all classes alike (Szegedy et al. 2016).
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  { reduction = 'mean', smoothing = 0 }: { readonly reduction?: Reduction; readonly smoothing?: number } = {},
): Tensor {
  const classes = logits.shape.at(-1)!;
  const hard = isFloat(labels.dataType) ? labels : oneHot(labels, classes);
  const target = smoothing === 0 ? hard : add(mul(hard, 1 - smoothing), smoothing / classes);
  return reduced(neg(sum(mul(logSoftmax(logits), target), -1)), reduction);
}

/** Mean of (a − b)². */
export const mse = (a: Tensor, b: Operand, reduction: Reduction = 'mean'): Tensor =>
  reduced(square(sub(a, b)), reduction);

/** Mean of |a − b|. */
export const l1 = (a: Tensor, b: Operand, reduction: Reduction = 'mean'): Tensor => reduced(abs(sub(a, b)), reduction);

/** Binary cross-entropy of probabilities; logarithms stop at −100, as PyTorch's. */
export function binaryCrossEntropy(p: Tensor, target: Tensor, reduction: Reduction = 'mean'): Tensor {
  const safe = (x: Tensor): Tensor => clip(log(x), -100);
  const both = add(mul(target, safe(p)), mul(sub(1, target), safe(sub(1, p))));
  return reduced(neg(both), reduction);
}

/** The same of logits, without overflow: max(x, 0) − x·t + log(1 + e^−|x|). */
export const binaryCrossEntropyWithLogits = (x: Tensor, target: Tensor, reduction: Reduction = 'mean'): Tensor =>
  reduced(add(sub(relu(x), mul(x, target)), softplus(neg(abs(x)))), reduction);

/** λ·Σ|w| over tensors. */
export const l1Penalty = (weights: readonly Tensor[], lambda: number): Tensor =>
  mul(
    weights.map((w) => sum(abs(w))).reduce((a, b) => add(a, b)),
    lambda,
  );

/** λ·Σw². */
export const l2Penalty = (weights: readonly Tensor[], lambda: number): Tensor =>
  mul(
    weights.map((w) => sum(square(w))).reduce((a, b) => add(a, b)),
    lambda,
  );
