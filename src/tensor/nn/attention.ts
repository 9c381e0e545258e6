/**
 * Attention (Vaswani et al. 2017): several heads over sequences [batch, time, size], the encoder layer around it, positions. Names and
 * shapes of parameters are PyTorch's; batches come first everywhere.
 */
import { diagnostic } from '#base';
import { tensor } from '../functions/create.ts';
import { add, div, gelu, relu, where } from '../functions/elementwise.ts';
import { at } from '../functions/indexing.ts';
import { linear, matMul } from '../functions/linear.ts';
import { flatten, split, transpose, unflatten } from '../functions/movement.ts';
import { softmax } from '../functions/reduce.ts';
import type { Generator } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { Variable } from '../variable.ts';
import { expectInput } from './expected.ts';
import { constantData, normalData, xavierData } from './init.ts';
import { Dropout, LayerNorm, Linear } from './layers.ts';
import { Module } from './module.ts';

const unevenHeads = diagnostic<{ size: number; heads: number }>('SYS-TEN-141', 'usage', {
  en: (p) =>
    `MultiHeadAttention: ${p.size} features cannot be shared out to ${p.heads} heads. The heads must divide the features.`,
  zh: (p) => `MultiHeadAttention：${p.size} 个特征无法均分给 ${p.heads} 个头。头数必须整除特征数。`,
});

export interface AttentionOptions {
  readonly bias?: boolean;
  readonly dropout?: number;
  readonly generator?: Generator | undefined;
}

const drop = (p: number, generator: Generator | undefined): Dropout =>
  new Dropout(p, generator === undefined ? {} : { generator });

/** A Linear whose bias begins with zeros. */
function projection(size: number, bias: boolean, generator: Generator | undefined): Linear {
  const made = new Linear(size, size, { bias, ...(generator === undefined ? {} : { generator }) });
  made.bias?.set(constantData([size], 0));
  return made;
}

/** softmax(q·kᵀ ÷ √d + mask)·v for each of `heads` parts of the features, and a projection of them together. */
export class MultiHeadAttention extends Module {
  readonly in_proj_weight: Variable;
  readonly in_proj_bias: Variable | undefined;
  readonly out_proj: Linear;
  readonly dropout: Dropout;
  readonly #heads: number;
  readonly #size: number;

  constructor(size: number, heads: number, { bias = true, dropout = 0, generator }: AttentionOptions = {}) {
    super();
    if (size % heads !== 0) throw unevenHeads({ size, heads });
    this.in_proj_weight = new Variable(xavierData([3 * size, size], size, 3 * size, generator), {
      name: 'in_proj_weight',
    });
    this.in_proj_bias = bias ? new Variable(constantData([3 * size], 0), { name: 'in_proj_bias' }) : undefined;
    this.out_proj = projection(size, bias, generator);
    this.#heads = heads;
    this.#size = size;
    this.dropout = drop(dropout, generator);
  }

  /**
   * @param query [batch, time, size]; key and value [batch, other time, size], by default the query itself
   * @param mask [time, other time], or broadcastable to [batch, heads, time, other time]: numbers are added to the scores, −∞ shuts a place
   * out; of bools true shuts it out
   * @throws SYS-TEN-132 inputs of another size or number of axes
   */
  override forward(query: Tensor, key: Tensor = query, value: Tensor = key, mask?: Tensor): Tensor {
    for (const x of new Set([query, key, value])) {
      const layer = `MultiHeadAttention(${this.#size}, ${this.#heads})`;
      expectInput(layer, x, [3, 3], [[2, this.#size]], `[batch, time, ${this.#size}]`);
    }
    const [q, k, v] = this.#projected(query, key, value).map((t) => unflatten(t, 2, [this.#heads, -1])) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const scaled = div(transpose(q, [0, 2, 1, 3]), Math.sqrt(this.#size / this.#heads));
    const scores = matMul(scaled, transpose(k, [0, 2, 3, 1]));
    const weights = this.dropout.forward(softmax(mask === undefined ? scores : masked(scores, mask)));
    const heads = matMul(weights, transpose(v, [0, 2, 1, 3]));
    return this.out_proj.forward(flatten(transpose(heads, [0, 2, 1, 3]), 2, 3));
  }

  #projected(query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
    if (query === key && key === value) return split(linear(query, this.in_proj_weight, this.in_proj_bias), 3, 2);
    const weights = split(this.in_proj_weight, 3, 0);
    const biases = this.in_proj_bias === undefined ? [] : split(this.in_proj_bias, 3, 0);
    return [query, key, value].map((t, i) => linear(t, weights[i]!, biases[i]));
  }
}

const masked = (scores: Tensor, mask: Tensor): Tensor =>
  mask.dataType === 'bool' ? where(mask, Number.NEGATIVE_INFINITY, scores) : add(scores, mask);

/** The mask by which each of `time` places sees itself and those before it: [time, time], true above the diagonal. */
export const causalMask = (time: number): Tensor =>
  tensor(
    Array.from({ length: time * time }, (_, i) => i % time > Math.floor(i / time)),
    { shape: [time, time] },
  );

export interface EncoderLayerOptions extends AttentionOptions {
  readonly activation?: 'relu' | 'gelu';
  /** Whether normalisation stands before attention and feed-forward instead of behind. */
  readonly normFirst?: boolean;
}

/** Self-attention and a feed-forward part of two layers, each with a residual connection and normalisation. */
export class TransformerEncoderLayer extends Module {
  readonly self_attn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #normFirst: boolean;

  constructor(size: number, heads: number, inner = 2048, options: EncoderLayerOptions = {}) {
    super();
    const { dropout = 0.1, activation = 'relu', normFirst = false, generator } = options;
    const own = generator === undefined ? {} : { generator };
    this.self_attn = new MultiHeadAttention(size, heads, { ...options, dropout });
    this.linear1 = new Linear(size, inner, own);
    this.dropout = drop(dropout, generator);
    this.linear2 = new Linear(inner, size, own);
    this.norm1 = new LayerNorm(size);
    this.norm2 = new LayerNorm(size);
    this.dropout1 = drop(dropout, generator);
    this.dropout2 = drop(dropout, generator);
    this.#activation = activation === 'gelu' ? (x) => gelu(x) : relu;
    this.#normFirst = normFirst;
  }

  override forward(x: Tensor, mask?: Tensor): Tensor {
    const attend = (t: Tensor): Tensor => this.dropout1.forward(this.self_attn.forward(t, t, t, mask));
    const feed = (t: Tensor): Tensor =>
      this.dropout2.forward(this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(t)))));
    if (this.#normFirst) {
      const y = add(x, attend(this.norm1.forward(x)));
      return add(y, feed(this.norm2.forward(y)));
    }
    const y = this.norm1.forward(add(x, attend(x)));
    return this.norm2.forward(add(y, feed(y)));
  }
}

/** The sum of a sequence [batch, time, size] and a learned vector for each place, of which there are at most `length`. */
export class PositionalEmbedding extends Module {
  readonly weight: Variable;

  constructor(length: number, size: number, { generator }: { readonly generator?: Generator } = {}) {
    super();
    this.weight = new Variable(normalData([length, size], 0.02, generator), { name: 'weight' });
  }

  override forward(x: Tensor): Tensor {
    const time = x.sizeOf(1);
    return add(x, time === this.weight.sizeOf(0) ? this.weight : at(this.weight, [0, time]));
  }
}
