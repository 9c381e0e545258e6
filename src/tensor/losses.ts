/** Losses, by default the mean over the batch; and penalties on weights. */

import { diagnostic } from '#base';
import { isFloat } from './dtypes.ts';
import {
  abs,
  add,
  cast,
  clip,
  log,
  lt,
  mul,
  neg,
  relu,
  softplus,
  square,
  sub,
  where,
} from './functions/elementwise.ts';
import { gather, oneHot, squeeze, unsqueeze } from './functions/movement.ts';
import type { Operand } from './functions/operands.ts';
import { logSoftmax, mean, sum } from './functions/reduce.ts';
import { Tensor } from './tensor.ts';

export type Reduction = 'mean' | 'sum' | 'none';

const reduced = (x: Tensor, reduction: Reduction): Tensor =>
  reduction === 'none' ? x : reduction === 'sum' ? sum(x) : mean(x);

const badLabels = diagnostic<{ labels: string; logits: string }>('SYS-TEN-045', 'invalid', {
  en: (p) =>
    `crossEntropy: labels ${p.labels} for logits ${p.logits}; expected integers of the logits' shape without the last axis (whole numbers ` +
    "need dtype 'i64': plain numbers make f32), or probabilities of the logits' shape.",
  zh: (p) =>
    `crossEntropy：logits 为 ${p.logits}，标签为 ${p.labels}；应为形状等于 logits 去掉最后一轴的整数（整数须用 dtype 'i64'，普通数字为 f32），` +
    '或与 logits 形状相同的概率。',
});

/**
 * Cross-entropy of softmax(logits) […, classes] with labels: integers […] (one outside the classes is an error when the loss is read), or
 * probabilities […, classes]. `smoothing` gives that share of the probability to all classes alike (Szegedy et al. 2016).
 * @throws SYS-TEN-045 labels of another shape
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  { reduction = 'mean', smoothing = 0 }: { readonly reduction?: Reduction; readonly smoothing?: number } = {},
): Tensor {
  const classes = logits.sizeOf(logits.rank - 1);
  const isHard = !isFloat(labels.dataType);
  const expected = isHard ? logits.dims.slice(0, -1) : logits.dims;
  if (`${labels.dims}` !== `${expected}`) throw badLabels({ labels: `${labels}`, logits: `${logits}` });
  const logs = logSoftmax(logits);
  if (isHard && smoothing === 0) {
    // The one logarithm that counts: a product with zeros would make NaN of an infinite one.
    const places = cast(labels, 'i64');
    // A negative index would count from the last class.
    const checked = where(lt(places, 0), classes, places);
    return reduced(neg(squeeze(gather(logs, unsqueeze(checked, -1), -1), -1)), reduction);
  }
  const hard = isHard ? oneHot(labels, classes) : labels;
  const target = smoothing === 0 ? hard : add(mul(hard, 1 - smoothing), smoothing / classes);
  return reduced(neg(sum(mul(logs, target), -1)), reduction);
}

const otherShape = diagnostic<{ loss: string; result: string; target: string }>('SYS-TEN-133', 'invalid', {
  en: (p) =>
    `${p.loss}: the result is ${p.result} and the target ${p.target}; a loss compares equal shapes. Broadcast against each other they would ` +
    'compare every element with every other: reshape, squeeze or unsqueeze one of them, or expand it where that is meant.',
  zh: (p) =>
    `${p.loss}：结果为 ${p.result}，目标为 ${p.target}；损失要求两者形状相同。若相互广播，会把每个元素与其他所有元素比较：` +
    '请对其一使用 reshape、squeeze 或 unsqueeze；若确需广播，请先 expand。',
});

/** A target of the result's shape, or a number for all of it; open sizes fit. */
function checkTarget(loss: string, result: Tensor, target: Operand): void {
  if (!(target instanceof Tensor) || target.rank === 0) return;
  const [a, b] = [result.dims, target.dims];
  const fits =
    a.length === b.length && a.every((d, i) => d === b[i] || typeof d !== 'number' || typeof b[i] !== 'number');
  if (!fits) throw otherShape({ loss, result: `${result}`, target: `${target}` });
}

/**
 * Mean of (a − b)².
 * @throws SYS-TEN-133 tensors of different shapes
 */
export function mse(a: Tensor, b: Operand, reduction: Reduction = 'mean'): Tensor {
  checkTarget('mse', a, b);
  return reduced(square(sub(a, b)), reduction);
}

/**
 * Mean of |a − b|.
 * @throws SYS-TEN-133 tensors of different shapes
 */
export function l1(a: Tensor, b: Operand, reduction: Reduction = 'mean'): Tensor {
  checkTarget('l1', a, b);
  return reduced(abs(sub(a, b)), reduction);
}

/**
 * Binary cross-entropy of probabilities; logarithms stop at −100, as PyTorch's.
 * @throws SYS-TEN-133 tensors of different shapes
 */
export function binaryCrossEntropy(p: Tensor, target: Tensor, reduction: Reduction = 'mean'): Tensor {
  checkTarget('binaryCrossEntropy', p, target);
  const safe = (x: Tensor): Tensor => clip(log(x), -100);
  const both = add(mul(target, safe(p)), mul(sub(1, target), safe(sub(1, p))));
  return reduced(neg(both), reduction);
}

/**
 * The same of logits, without overflow: max(x, 0) − x·t + log(1 + e^−|x|).
 * @throws SYS-TEN-133 tensors of different shapes
 */
export function binaryCrossEntropyWithLogits(x: Tensor, target: Tensor, reduction: Reduction = 'mean'): Tensor {
  checkTarget('binaryCrossEntropyWithLogits', x, target);
  return reduced(add(sub(relu(x), mul(x, target)), softplus(neg(abs(x)))), reduction);
}

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
