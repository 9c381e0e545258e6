/** Layers without parameters, and layers one after the other. */
import * as elementwise from '../functions/elementwise.ts';
import { flatten } from '../functions/movement.ts';
import {
  adaptiveAvgPool,
  avgPool,
  globalAvgPool,
  localResponseNorm,
  maxPool,
  type PoolOptions,
  type Sizes,
} from '../functions/nn.ts';
import { logSoftmax, softmax } from '../functions/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

/** A function as a layer. */
export class Lambda extends Module {
  readonly #f: (x: Tensor) => Tensor;

  constructor(f: (x: Tensor) => Tensor) {
    super();
    this.#f = f;
  }

  override forward(x: Tensor): Tensor {
    return this.#f(x);
  }
}

const layer = (f: (x: Tensor) => Tensor) => (): Lambda => new Lambda(f);

export const relu = layer(elementwise.relu);
export const tanh = layer(elementwise.tanh);
export const sigmoid = layer(elementwise.sigmoid);
export const gelu = layer((x) => elementwise.gelu(x));
export const silu = layer(elementwise.silu);
export const softplus = layer(elementwise.softplus);
export const hardSwish = layer(elementwise.hardSwish);
export const leakyRelu = (slope = 0.01): Lambda => new Lambda((x) => elementwise.leakyRelu(x, slope));
export const elu = (alpha = 1): Lambda => new Lambda((x) => elementwise.elu(x, alpha));
/** Values limited to 0 … 6. */
export const relu6 = layer((x) => elementwise.clip(x, 0, 6));
export const softmaxLayer = (axis = -1): Lambda => new Lambda((x) => softmax(x, axis));
export const logSoftmaxLayer = (axis = -1): Lambda => new Lambda((x) => logSoftmax(x, axis));
export const flattenLayer = layer((x) => flatten(x));
export const maxPoolLayer = (kernel: Sizes, options?: PoolOptions): Lambda =>
  new Lambda((x) => maxPool(x, kernel, options));
export const avgPoolLayer = (kernel: Sizes, options?: PoolOptions): Lambda =>
  new Lambda((x) => avgPool(x, kernel, options));
export const globalAvgPoolLayer = layer(globalAvgPool);
export const adaptiveAvgPoolLayer = (sizes: Sizes): Lambda => new Lambda((x) => adaptiveAvgPool(x, sizes));
export const localResponseNormLayer = (size: number, alpha?: number, beta?: number, k?: number): Lambda =>
  new Lambda((x) => localResponseNorm(x, size, alpha, beta, k));

/** Layers one after the other; their names are their places, or given: `new Sequential({ conv: …, norm: … })`. */
export class Sequential extends Module {
  readonly #layers: readonly Module[];

  constructor(...layers: readonly Module[] | readonly [Readonly<Record<string, Module>>]) {
    super();
    const isNamed = layers.length === 1 && !(layers[0] instanceof Module);
    const named = Object.entries(isNamed ? layers[0]! : layers) as [string, Module][];
    this.#layers = named.map(([, module]) => module);
    for (const [name, value] of named) Object.defineProperty(this, name, { value, enumerable: true });
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.reduce((y, module) => (module as Module & { forward(x: Tensor): Tensor }).forward(y), x);
  }
}
