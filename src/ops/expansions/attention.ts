/**
 * Attention (ONNX Attention-23, Vaswani et al. 2017) and RotaryEmbedding (Su et al. 2021) as products, sums and Softmax. Heads of keys and
 * values that several heads of queries share are repeated by broadcasting, not in memory.
 */
import { floatAttribute, int, intAttribute, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import { dimsOf, type Expansion, type ExpansionContext, joined, notExpanded } from './expansion.ts';

/** [batch, sequence, heads · size] as [batch, heads, sequence, size]; what has four axes stays. */
function headsOf(x: Expression, heads: number): Expression {
  if (x.rank === 4) return x;
  const [batch, length, width] = dimsOf(x) as [number, number, number];
  return x.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]);
}

export const attention: Expansion = (c) => {
  const [q0, k0, v0, mask, pastKey, pastValue, lengths] = c.inputs as [
    Expression,
    Expression,
    Expression,
    ...(Expression | undefined)[],
  ];
  if (c.inputs.some((e) => e !== undefined && e.dtype !== 'float32' && e.dtype !== 'bool') || lengths !== undefined)
    return notExpanded(
      'it takes other types than float32, or lengths of padded keys',
      '它使用 float32 以外的类型，或带填充键的长度',
    );
  const queryHeads = q0.rank === 4 ? dimsOf(q0)[1]! : intAttribute(c.node, 'q_num_heads', 1);
  const keyHeads = k0.rank === 4 ? dimsOf(k0)[1]! : intAttribute(c.node, 'kv_num_heads', 1);
  const query = headsOf(q0, queryHeads);
  const behind = (past: Expression | undefined, now: Expression): Expression =>
    past === undefined ? now : joined([past, now], 2);
  const key = behind(pastKey, headsOf(k0, keyHeads));
  const value = behind(pastValue, headsOf(v0, keyHeads));
  const [batch, , steps, size] = dimsOf(query) as [number, number, number, number];
  const all = dimsOf(key)[2]!;
  const shared = queryHeads / keyHeads;
  const grouped = (x: Expression): Expression => {
    const [, , length, width] = dimsOf(x) as [number, number, number, number];
    return x.reshape([batch, keyHeads, 1, length, width]);
  };
  const ungrouped = (x: Expression, width: number): Expression => x.reshape([batch, queryHeads, steps, width]);
  const scale = floatAttribute(c.node, 'scale', 1 / Math.sqrt(size));
  const product =
    shared === 1
      ? query.matMul(key.matrixTranspose())
      : ungrouped(query.reshape([batch, keyHeads, shared, steps, size]).matMul(grouped(key).matrixTranspose()), all);
  const scaled = scale === 1 ? product : product.mul(scale);
  const cap = floatAttribute(c.node, 'softcap', 0);
  const bias = biasOf(c, mask, steps, all, all - dimsOf(headsOf(k0, keyHeads))[2]!);
  const capped =
    cap > 0
      ? scaled
          .mul(1 / cap)
          .tanh()
          .mul(cap)
      : scaled;
  const scores = bias === undefined ? capped : capped.add(bias);
  const softmax = scores.apply('Softmax', [], { axis: int(3) });
  const weights = mask === undefined ? softmax : withoutMasked(softmax, scores);
  const width = dimsOf(value)[3]!;
  const mixed =
    shared === 1
      ? weights.matMul(value)
      : ungrouped(weights.reshape([batch, keyHeads, shared, steps, all]).matMul(grouped(value)), width);
  const y = q0.rank === 4 ? mixed : mixed.transpose([0, 2, 1, 3]).reshape([batch, steps, queryHeads * width]);
  const shown = [scaled, capped, scores, weights][intAttribute(c.node, 'qk_matmul_output_mode', 0)];
  return [y, c.isRead(1) ? key : undefined, c.isRead(2) ? value : undefined, c.isRead(3) ? shown : undefined];
};

/** A row of which everything is masked has no weights: 0 in the place of 0 ÷ 0. */
function withoutMasked(weights: Expression, scores: Expression): Expression {
  const largest = scores.apply('ReduceMax', [scores.int64s([3])], { keepdims: int(1) });
  return largest.greater(Number.NEGATIVE_INFINITY).where(weights, 0);
}

/** What is added to the scores: the mask, and −∞ where a query would see later keys. */
function biasOf(
  c: ExpansionContext,
  mask: Expression | undefined,
  steps: number,
  all: number,
  past: number,
): Expression | undefined {
  const given =
    mask === undefined || mask.dtype !== 'bool' ? mask : mask.where(mask.constant(ZERO), mask.constant(MINUS));
  if (intAttribute(c.node, 'is_causal', 0) === 0) return given;
  const values = Float32Array.from({ length: steps * all }, (_, i) =>
    i % all > Math.floor(i / all) + past ? Number.NEGATIVE_INFINITY : 0,
  );
  const causal = c.constant(tensorOf('float32', [steps, all], values));
  return given === undefined ? causal : given.add(causal);
}

const ZERO = tensorOf('float32', [], [0]);
const MINUS = tensorOf('float32', [], [Number.NEGATIVE_INFINITY]);

export const rotaryEmbedding: Expansion = (c) => {
  const [x0, cosines, sines, positions] = c.inputs as [Expression, Expression, Expression, Expression | undefined];
  if (x0.dtype !== 'float32') return notExpanded(`it turns ${x0.dtype}`, `它旋转 ${x0.dtype}`);
  if (positions !== undefined && positions.known === undefined)
    return notExpanded(
      'its positions are data: addresses of this processor do not depend on data',
      '其位置是数据：该处理器的地址不依赖数据',
    );
  const heads = intAttribute(c.node, 'num_heads', 0);
  const x =
    x0.rank === 4 ? x0.transpose([0, 2, 1, 3]) : x0.reshape([...dimsOf(x0).slice(0, 2), heads, dimsOf(x0)[2]! / heads]);
  // [batch, sequence, heads, size]; angles [batch, sequence, 1, size ÷ 2].
  const size = dimsOf(x)[3]!;
  const turned = intAttribute(c.node, 'rotary_embedding_dim', 0) || size;
  const angle = (cache: Expression): Expression => {
    const own = positions === undefined ? cache : cache.apply('Gather', [positions], { axis: int(0) });
    const [batch, length, half] = dimsOf(own) as [number, number, number];
    return own.slice([2], [0], [Math.min(half, turned / 2)]).reshape([batch, length, 1, turned / 2]);
  };
  const [cos, sin] = [angle(cosines), angle(sines)];
  const [batch, length, count] = dimsOf(x) as [number, number, number, number];
  const front = turned === size ? x : x.slice([3], [0], [turned]);
  const interleaved = intAttribute(c.node, 'interleaved', 0) !== 0;
  const pairs = interleaved
    ? front.reshape([batch, length, count, turned / 2, 2])
    : front.reshape([batch, length, count, 2, turned / 2]);
  const axis = interleaved ? 4 : 3;
  const part = (i: number): Expression => pairs.slice([axis], [i], [i + 1]).reshape([batch, length, count, turned / 2]);
  const [a, b] = [part(0), part(1)];
  const [real, imaginary] = [a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))];
  const both = interleaved
    ? joined(
        [real, imaginary].map((e) => e.reshape([batch, length, count, turned / 2, 1])),
        4,
      )
    : joined([real, imaginary], 3);
  const front2 = both.reshape([batch, length, count, turned]);
  const y = turned === size ? front2 : joined([front2, x.slice([3], [turned], [size])], 3);
  return [x0.rank === 4 ? y.transpose([0, 2, 1, 3]) : y.reshape(dimsOf(x0))];
};
