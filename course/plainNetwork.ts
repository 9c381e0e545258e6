/**
 * A multilayer perceptron without a framework (exercises 2.12 and 5.12): forward and backward as loops over typed arrays. Matrices are
 * row by row; samples are rows, weights [inputs, outputs]. The inner loops run along the outputs, where memory is contiguous, and leave
 * out inputs that are zero, as most of MNIST's are.
 */
import type { Random } from 'systole/base';

export type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

export interface PlainLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Floats;
  readonly biases: Floats;
  readonly weightGradients: Floats;
  readonly biasGradients: Floats;
}

export interface PlainOptions {
  /** Between the layers. */
  readonly hidden: 'tanh' | 'relu';
  /** Behind the last: softmax with cross-entropy over classes, or a sigmoid with cross-entropy for each output. */
  readonly loss: 'softmax' | 'sigmoid';
  readonly random: Random;
  readonly precision?: 'f32' | 'f64';
}

export class PlainNetwork {
  readonly layers: readonly PlainLayer[];
  readonly #options: PlainOptions;

  /** Weights uniform in ±√(6 ÷ (inputs + outputs)) (Glorot and Bengio 2010), biases zero. */
  constructor(sizes: readonly number[], options: PlainOptions) {
    this.#options = options;
    this.layers = sizes.slice(1).map((outputs, l) => {
      const inputs = sizes[l]!;
      const bound = Math.sqrt(6 / (inputs + outputs));
      return {
        inputs,
        outputs,
        weights: this.#zeros(inputs * outputs).map(() => (2 * options.random.uniform() - 1) * bound),
        biases: this.#zeros(outputs),
        weightGradients: this.#zeros(inputs * outputs),
        biasGradients: this.#zeros(outputs),
      };
    });
  }

  #zeros(count: number): Floats {
    return this.#options.precision === 'f64' ? new Float64Array(count) : new Float32Array(count);
  }

  /** What comes out of each layer, the input first; behind the last no activation. */
  #outputs(x: Floats, count: number): readonly Floats[] {
    const all: Floats[] = [x];
    this.layers.forEach((layer, l) => {
      const y = this.#zeros(count * layer.outputs);
      linear(y, all[l]!, layer, count);
      if (l < this.layers.length - 1) activate(y, this.#options.hidden);
      all.push(y);
    });
    return all;
  }

  /** The outputs before softmax or sigmoid, [count, outputs]. */
  forward(x: Floats, count: number): Floats {
    return this.#outputs(x, count).at(-1)!;
  }

  /**
   * Fills the gradients of the mean loss over samples x [count, inputs] with targets [count, outputs].
   * @returns the mean loss
   */
  backward(x: Floats, targets: Floats, count: number): number {
    const outputs = this.#outputs(x, count);
    const last = outputs.at(-1)!;
    const { outputs: width } = this.layers.at(-1)!;
    // For both losses dL/dz of the last layer is probability − target, over the number of samples.
    const loss = this.#options.loss === 'softmax' ? softmax(last, targets, width) : sigmoid(last, targets);
    let delta = last.map((p, i) => (p - targets[i]!) / count);
    for (let l = this.layers.length - 1; l >= 0; l--) {
      const layer = this.layers[l]!;
      const below = outputs[l]!;
      gradients(layer, below, delta, count);
      if (l > 0)
        delta = throughLayer(layer, below, delta, count, this.#options.hidden, this.#zeros(count * layer.inputs));
    }
    return loss / count;
  }

  /** Values and gradients, side by side: what an update goes through. */
  get parameters(): readonly (readonly [values: Floats, gradients: Floats])[] {
    return this.layers.flatMap((l) => [[l.weights, l.weightGradients] as const, [l.biases, l.biasGradients] as const]);
  }
}

/** y = x·W + b. */
function linear(y: Floats, x: Floats, { inputs, outputs, weights, biases }: PlainLayer, count: number): void {
  for (let n = 0; n < count; n++) {
    const to = n * outputs;
    for (let o = 0; o < outputs; o++) y[to + o] = biases[o]!;
    for (let i = 0; i < inputs; i++) {
      const value = x[n * inputs + i]!;
      if (value === 0) continue;
      const row = i * outputs;
      for (let o = 0; o < outputs; o++) y[to + o]! += value * weights[row + o]!;
    }
  }
}

function activate(y: Floats, kind: PlainOptions['hidden']): void {
  if (kind === 'relu') for (let i = 0; i < y.length; i++) y[i] = Math.max(0, y[i]!);
  else for (let i = 0; i < y.length; i++) y[i] = Math.tanh(y[i]!);
}

/** dL/dW = xᵀ·δ, dL/db = Σ δ. */
function gradients(
  { inputs, outputs, weightGradients, biasGradients }: PlainLayer,
  x: Floats,
  delta: Floats,
  count: number,
): void {
  weightGradients.fill(0);
  biasGradients.fill(0);
  for (let n = 0; n < count; n++) {
    const from = n * outputs;
    for (let o = 0; o < outputs; o++) biasGradients[o]! += delta[from + o]!;
    for (let i = 0; i < inputs; i++) {
      const value = x[n * inputs + i]!;
      if (value === 0) continue;
      const row = i * outputs;
      for (let o = 0; o < outputs; o++) weightGradients[row + o]! += value * delta[from + o]!;
    }
  }
}

/** δ of the layer below: (δ·Wᵀ) ⊙ G′, which both activations tell from their value a: 1 − a², or 1 where a > 0. */
function throughLayer(
  { inputs, outputs, weights }: PlainLayer,
  activations: Floats,
  delta: Floats,
  count: number,
  kind: PlainOptions['hidden'],
  below: Floats,
): Floats {
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < inputs; i++) {
      const a = activations[n * inputs + i]!;
      const slope = kind === 'tanh' ? 1 - a * a : a > 0 ? 1 : 0;
      if (slope === 0) continue;
      let sum = 0;
      for (let o = 0; o < outputs; o++) sum += delta[n * outputs + o]! * weights[i * outputs + o]!;
      below[n * inputs + i] = sum * slope;
    }
  }
  return below;
}

/** Outputs become probabilities; the sum of the losses. */
function softmax(z: Floats, targets: Floats, width: number): number {
  let loss = 0;
  for (let from = 0; from < z.length; from += width) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = from; i < from + width; i++) largest = Math.max(largest, z[i]!);
    let total = 0;
    for (let i = from; i < from + width; i++) total += Math.exp(z[i]! - largest);
    const logTotal = Math.log(total) + largest;
    for (let i = from; i < from + width; i++) {
      loss += targets[i]! * (logTotal - z[i]!);
      z[i] = Math.exp(z[i]! - logTotal);
    }
  }
  return loss;
}

/** The same for outputs that are each a bit: max(z, 0) − z·t + log(1 + e^−|z|), which does not overflow. */
function sigmoid(z: Floats, targets: Floats): number {
  let loss = 0;
  for (let i = 0; i < z.length; i++) {
    const value = z[i]!;
    loss += Math.max(value, 0) - value * targets[i]! + Math.log1p(Math.exp(-Math.abs(value)));
    z[i] = 1 / (1 + Math.exp(-value));
  }
  return loss;
}

/** An update rule: call it after each backward pass. */
export type Update = () => void;

/** v ← a·v + g, w ← w − rate·v. `velocities` are handed out for who must clear some of them. */
export function momentum(
  network: PlainNetwork,
  rate: number,
  a: number,
): { readonly update: Update; readonly velocities: readonly Floats[] } {
  const { parameters } = network;
  const velocities = parameters.map(([values]) => values.map(() => 0));
  const update = (): void => {
    parameters.forEach(([values, gradient], p) => {
      const v = velocities[p]!;
      for (let i = 0; i < v.length; i++) {
        v[i] = a * v[i]! + gradient[i]!;
        values[i]! -= rate * v[i]!;
      }
    });
  };
  return { update, velocities };
}

/** Adam (Kingma and Ba 2015) with its usual constants. */
export function adam(network: PlainNetwork, rate: number): Update {
  const [b1, b2, epsilon] = [0.9, 0.999, 1e-8];
  const { parameters } = network;
  const [first, second] = [0, 1].map(() => parameters.map(([values]) => values.map(() => 0))) as [Floats[], Floats[]];
  let step = 0;
  return () => {
    step++;
    const [c1, c2] = [1 - b1 ** step, 1 - b2 ** step];
    parameters.forEach(([values, gradient], p) => {
      const [m, v] = [first[p]!, second[p]!];
      for (let i = 0; i < m.length; i++) {
        const g = gradient[i]!;
        m[i] = b1 * m[i]! + (1 - b1) * g;
        v[i] = b2 * v[i]! + (1 - b2) * g * g;
        values[i]! -= (rate * (m[i]! / c1)) / (Math.sqrt(v[i]! / c2) + epsilon);
      }
    });
  };
}
