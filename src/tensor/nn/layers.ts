/** Layers with parameters: linear, convolution, normalisation, embedding; dropout. Defaults and names are PyTorch's. */
import { diagnostic } from '#base';
import { elementCount } from '#ir';
import { noGrad } from '../apply.ts';
import { optionsWithin, sizesFrom } from '../arguments.ts';
import { isFloat } from '../dtypes.ts';
import { add, mul, sub } from '../functions/elementwise.ts';
import { linear } from '../functions/linear.ts';
import { reshape } from '../functions/movement.ts';
import {
  batchNormWith,
  type ConvOptions,
  type ConvTransposeOptions,
  conv,
  convTranspose,
  dropout,
  embedding,
  groupNorm,
  layerNorm,
  rmsNorm,
  type Sizes,
} from '../functions/nn.ts';
import { mean, variance } from '../functions/reduce.ts';
import type { Generator } from '../random.ts';
import { Tensor } from '../tensor.ts';
import { Variable } from '../variable.ts';
import { expectInput } from './expected.ts';
import { constantData, kaimingData, normalData } from './init.ts';
import { Module } from './module.ts';

export interface LayerOptions {
  /** Whether it has a bias; true by default. */
  readonly bias?: boolean;
  /** Where initial values come from. */
  readonly generator?: Generator;
}

/** x·Wᵀ + b. */
export class Linear extends Module {
  readonly weight: Variable;
  readonly bias: Variable | undefined;

  constructor(inputs: number, outputs: number, { bias = true, generator }: LayerOptions = {}) {
    super();
    sizesFrom('Linear', [inputs, outputs], [], 1);
    this.weight = new Variable(kaimingData([outputs, inputs], inputs, generator), { name: 'weight' });
    this.bias = bias ? new Variable(kaimingData([outputs], inputs, generator), { name: 'bias' }) : undefined;
  }

  /** @throws SYS-TEN-132 the last axis is not of `inputs` */
  override forward(x: Tensor): Tensor {
    const [outputs, inputs] = this.weight.shape as [number, number];
    expectInput(`Linear(${inputs}, ${outputs})`, x, [1, Number.POSITIVE_INFINITY], [[-1, inputs]], `[…, ${inputs}]`);
    return linear(x, this.weight, this.bias);
  }
}

const expectImages = (layer: string, x: Tensor, channels: number, axes: number): void =>
  expectInput(layer, x, [axes + 2, axes + 2], [[1, channels]], `[N, ${channels}, ${SPATIAL.slice(-axes).join(', ')}]`);

const SPATIAL = ['D', 'H', 'W'] as const;

/** Convolution; `axes` says over how many spatial axes a number as kernel goes (2 by default). */
export class Conv extends Module {
  readonly weight: Variable;
  readonly bias: Variable | undefined;
  readonly #options: ConvOptions;

  constructor(
    inputs: number,
    outputs: number,
    kernel: Sizes,
    { bias = true, generator, axes = 2, ...options }: ConvOptions & LayerOptions & { readonly axes?: number } = {},
  ) {
    super();
    const sizes = typeof kernel === 'number' ? new Array<number>(axes).fill(kernel) : kernel;
    const perGroup = inputs / (options.groups ?? 1);
    const fanIn = perGroup * elementCount(sizes);
    this.weight = new Variable(kaimingData([outputs, perGroup, ...sizes], fanIn, generator), { name: 'weight' });
    this.bias = bias ? new Variable(kaimingData([outputs], fanIn, generator), { name: 'bias' }) : undefined;
    this.#options = options;
  }

  /** @throws SYS-TEN-132 other channels, or another number of axes */
  override forward(x: Tensor): Tensor {
    const [outputs, perGroup, ...kernel] = this.weight.shape as [number, number, ...number[]];
    const inputs = perGroup * (this.#options.groups ?? 1);
    expectImages(`Conv(${inputs}, ${outputs}, [${kernel.join(', ')}])`, x, inputs, kernel.length);
    return conv(x, this.weight, this.bias, this.#options);
  }
}

/** Transposed convolution. */
export class ConvTranspose extends Module {
  readonly weight: Variable;
  readonly bias: Variable | undefined;
  readonly #options: ConvTransposeOptions;

  constructor(
    inputs: number,
    outputs: number,
    kernel: Sizes,
    {
      bias = true,
      generator,
      axes = 2,
      ...options
    }: ConvTransposeOptions & LayerOptions & { readonly axes?: number } = {},
  ) {
    super();
    const sizes = typeof kernel === 'number' ? new Array<number>(axes).fill(kernel) : kernel;
    const perGroup = outputs / (options.groups ?? 1);
    const fanIn = perGroup * elementCount(sizes);
    this.weight = new Variable(kaimingData([inputs, perGroup, ...sizes], fanIn, generator), {
      name: 'weight',
      reductionAxis: 0,
    });
    this.bias = bias ? new Variable(kaimingData([outputs], fanIn, generator), { name: 'bias' }) : undefined;
    this.#options = options;
  }

  /** @throws SYS-TEN-132 other channels, or another number of axes */
  override forward(x: Tensor): Tensor {
    const [inputs, perGroup, ...kernel] = this.weight.shape as [number, number, ...number[]];
    const outputs = perGroup * (this.#options.groups ?? 1);
    expectImages(`ConvTranspose(${inputs}, ${outputs}, [${kernel.join(', ')}])`, x, inputs, kernel.length);
    return convTranspose(x, this.weight, this.bias, this.#options);
  }
}

export interface BatchNormOptions {
  readonly epsilon?: number;
  /** Share of the batch in the running statistics: PyTorch's, 0.1. */
  readonly momentum?: number;
}

/**
 * Normalisation of each channel: by the batch's statistics in training, which also move the running ones; by the running ones in
 * inference (Ioffe and Szegedy 2015). The running variance is the unbiased one, as in PyTorch.
 */
export class BatchNorm extends Module {
  readonly weight: Variable;
  readonly bias: Variable;
  readonly running_mean: Variable;
  readonly running_var: Variable;
  readonly #epsilon: number;
  readonly #momentum: number;

  constructor(channels: number, { epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions = {}) {
    super();
    optionsWithin('BatchNorm', { epsilon, momentum }, { epsilon: { min: 0 }, momentum: { min: 0, max: 1 } });
    const variable = (value: number, name: string, trainable: boolean): Variable =>
      new Variable(constantData([channels], value), { name, trainable });
    this.weight = variable(1, 'weight', true);
    this.bias = variable(0, 'bias', true);
    this.running_mean = variable(0, 'running_mean', false);
    this.running_var = variable(1, 'running_var', false);
    this.#epsilon = epsilon;
    this.#momentum = momentum;
  }

  /** @throws SYS-TEN-132 other channels; in training -129 a single value for each channel */
  override forward(x: Tensor): Tensor {
    const [channels] = this.weight.shape as [number];
    const form = `[N, ${channels}, …]`;
    expectInput(`BatchNorm(${channels})`, x, [2, Number.POSITIVE_INFINITY], [[1, channels]], form);
    if (!this.training) {
      return batchNormWith(x, this.weight, this.bias, this.running_mean, this.running_var, this.#epsilon);
    }
    const { running_mean, running_var } = this;
    const running = { mean: running_mean, variance: running_var };
    return normalizeBatch(x, this.weight, this.bias, running, { epsilon: this.#epsilon, momentum: this.#momentum });
  }
}

const oneValue = diagnostic<{ found: string }>('SYS-TEN-129', 'invalid', {
  en: (p) =>
    `batch normalisation in training takes statistics of the batch, which need more than one value for each channel; ${p.found} has one. Give ` +
    'a larger batch, or eval() for the running statistics.',
  zh: (p) =>
    `训练模式下的批归一化要统计整个批次，每个通道须有多于一个值；${p.found} 只有一个。请增大批次，或用 eval() 改用滑动统计量。`,
});

/**
 * Batch normalisation in training: by the batch's own statistics, towards which the running ones move.
 * @throws SYS-TEN-129 a single value for each channel, whose variance would be 0
 */
export function normalizeBatch(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  running: { readonly mean: Variable; readonly variance: Variable },
  { epsilon, momentum }: Required<BatchNormOptions>,
): Tensor {
  const axes = x.dims.flatMap((_, i) => (i === 1 ? [] : [i]));
  const known = axes.map((axis) => x.dims[axis]);
  if (known.every((size) => size === 1)) throw oneValue({ found: `${x}` });
  const spread = (v: Tensor): Tensor => reshape(v, [1, -1, ...axes.slice(1).map(() => 1)]);
  const center = mean(x, axes, true);
  const power = variance(x, axes, true);
  noGrad(() => {
    const count = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
    const move = (held: Variable, now: Tensor): void => {
      held.assign(add(mul(held, 1 - momentum), mul(reshape(now, [-1]), momentum)));
    };
    move(running.mean, center);
    move(running.variance, mul(power, count / (count - 1)));
  });
  const scale = mul(spread(weight), add(power, epsilon).sqrt().reciprocal());
  return add(mul(sub(x, center), scale), spread(bias));
}

/** Normalisation over the last axes (Ba, Kiros and Hinton 2016). */
export class LayerNorm extends Module {
  readonly weight: Variable;
  readonly bias: Variable;
  readonly #epsilon: number;

  constructor(shape: Sizes, { epsilon = 1e-5 }: { readonly epsilon?: number } = {}) {
    super();
    const dims = typeof shape === 'number' ? [shape] : shape;
    this.weight = new Variable(constantData(dims, 1), { name: 'weight' });
    this.bias = new Variable(constantData(dims, 0), { name: 'bias' });
    this.#epsilon = epsilon;
  }

  /** @throws SYS-TEN-132 the last axes are not those normalised */
  override forward(x: Tensor): Tensor {
    const { rank, shape } = this.weight;
    const sizes = shape.map((size, i): [number, number] => [i - rank, size]);
    const [layer, form] = [`LayerNorm([${shape.join(', ')}])`, `[…, ${shape.join(', ')}]`];
    expectInput(layer, x, [rank, Number.POSITIVE_INFINITY], sizes, form);
    return layerNorm(x, this.weight, this.bias, this.#epsilon);
  }
}

/** Normalisation of groups of channels of each sample (Wu and He 2018); one group a channel is instance normalisation. */
export class GroupNorm extends Module {
  readonly weight: Variable;
  readonly bias: Variable;
  readonly #groups: number;
  readonly #epsilon: number;

  constructor(groups: number, channels: number, { epsilon = 1e-5 }: { readonly epsilon?: number } = {}) {
    super();
    this.weight = new Variable(constantData([channels], 1), { name: 'weight' });
    this.bias = new Variable(constantData([channels], 0), { name: 'bias' });
    this.#groups = groups;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.#groups, this.weight, this.bias, this.#epsilon);
  }
}

/** Division by the root of the mean square over the last axes (Zhang and Sennrich 2019). */
export class RMSNorm extends Module {
  readonly weight: Variable;
  readonly #epsilon: number;

  constructor(shape: Sizes, { epsilon = 1e-5 }: { readonly epsilon?: number } = {}) {
    super();
    this.weight = new Variable(constantData(typeof shape === 'number' ? [shape] : shape, 1), { name: 'weight' });
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.#epsilon);
  }
}

/** A vector for each of `entries` integers. */
export class Embedding extends Module {
  readonly weight: Variable;

  constructor(entries: number, size: number, { generator }: LayerOptions = {}) {
    super();
    this.weight = new Variable(normalData([entries, size], 1, generator), { name: 'weight' });
  }

  /** @throws SYS-TEN-132 no tensor of integers */
  override forward(indices: Tensor): Tensor {
    const [entries, size] = this.weight.shape;
    const most = indices instanceof Tensor && !isFloat(indices.dataType) ? Number.POSITIVE_INFINITY : -1;
    const form = `integers from 0 to ${entries! - 1} (dtype 'i64')`;
    expectInput(`Embedding(${entries}, ${size})`, indices, [0, most], [], form);
    return embedding(indices, this.weight);
  }
}

/** Drops elements in training, and scales those that stay. */
export class Dropout extends Module {
  readonly #p: number;
  readonly #generator: Generator | undefined;

  constructor(p = 0.5, { generator }: LayerOptions = {}) {
    super();
    this.#p = p;
    this.#generator = generator;
  }

  override forward(x: Tensor): Tensor {
    return this.training ? dropout(x, this.#p, this.#generator) : x;
  }
}
