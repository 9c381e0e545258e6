/**
 * Exercise 5.12: a three-layer perceptron on MNIST without a framework, 784-256-128-10, whose weights become half zero while it trains. All of the
 * network stands in ../plainNetwork.ts; here is the pruning. Every 50 steps, from a tenth of the training to seven tenths, the smallest weights
 * of each layer become zero, as many as the cubic ramp of Zhu and Gupta (arXiv:1710.01878) says; a mask holds them there, and in between the
 * others adapt. Momentum SGD, rate 0.05, a = 0.9, batches of 64.
 * Accuracies are of the last 10,000 training images, held out; the reference was judged by the official test images (dense
 * 98.28 %, sparse 98.28). Here the dense network ends at 97.5 and the sparse one at 98.2 %: the rate is never lowered, so the last epoch wavers.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import type { SampleSet } from 'systole/data';
import { shuffled } from '../chapter2/truthTable.ts';
import { digits, part } from '../mnist.ts';
import { type Floats, momentum, PlainNetwork } from '../plainNetwork.ts';

const SIZES = [784, 256, 128, 10];
const [BATCH, RATE, MOMENTUM, EVERY] = [64, 0.05, 0.9, 50];

/** The share of zeros after so many steps of a training: 0 until a tenth, `final` from seven tenths on. */
export function sparsityAt(step: number, steps: number, final = 0.5): number {
  const [begin, end] = [0.1 * steps, 0.7 * steps];
  const done = Math.min(1, Math.max(0, (step - begin) / (end - begin)));
  return final * (1 - (1 - done) ** 3);
}

/**
 * The mask with exactly `zeros` zeros at the smallest weights. What is zero by the mask before has weight 0, so it goes first; of equal
 * weights the first go.
 */
export function magnitudeMask(weights: Floats, zeros: number): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(weights.length).fill(1);
  const order = Float64Array.from(weights, Math.abs).sort();
  const limit = zeros === 0 ? -1 : order[zeros - 1]!;
  let left = zeros;
  for (let i = 0; i < mask.length; i++) {
    if (Math.abs(weights[i]!) >= limit) continue;
    mask[i] = 0;
    left--;
  }
  for (let i = 0; left > 0; i++) {
    if (Math.abs(weights[i]!) !== limit || mask[i] === 0) continue;
    mask[i] = 0;
    left--;
  }
  return mask;
}

const zerosOf = (values: ArrayLike<number>): number => {
  let zeros = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  return zeros;
};

export interface SparseRun {
  readonly accuracy: number;
  /** Zeros of each layer at the end. */
  readonly zeros: readonly number[];
  /** The share of zeros of all weights after each mask. */
  readonly shares: readonly number[];
  /** Whether every weight that the last mask took was exactly 0 after every step since. */
  readonly held: boolean;
}

/** Trains on the set; with `final` 0 nothing is pruned. */
export function trainSparse(set: SampleSet, test: SampleSet, { epochs = 8, final = 0.5, seed = 1 } = {}): SparseRun {
  const net = new PlainNetwork(SIZES, { hidden: 'relu', loss: 'softmax', random: new Random(seed) });
  const { update, velocities } = momentum(net, RATE, MOMENTUM);
  const masks = net.layers.map((layer) => new Uint8Array(layer.weights.length).fill(1));
  const random = new Random(seed + 1000);
  const steps = epochs * Math.floor(set.count / BATCH);
  const shares: number[] = [];
  let step = 0;
  let held = true;
  /** Weights and velocities under the masks: parameters are weights and biases in turn. */
  const apply = (): void => {
    net.layers.forEach(({ weights }, l) => {
      const [mask, velocity] = [masks[l]!, velocities[2 * l]!];
      for (let i = 0; i < mask.length; i++) {
        if (mask[i] === 1) continue;
        weights[i] = 0;
        velocity[i] = 0;
      }
    });
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(set.count, random);
    for (let from = 0; from + BATCH <= order.length; from += BATCH) {
      const { x, t } = take(set, order.slice(from, from + BATCH));
      net.backward(x, t, BATCH);
      update();
      apply();
      step++;
      const share = sparsityAt(step, steps, final);
      const due = final > 0 && share > 0 && (step % EVERY === 0 || step === steps) && (shares.at(-1) ?? 0) < final;
      if (due) {
        net.layers.forEach(({ weights }, l) => {
          masks[l] = magnitudeMask(weights, Math.round(share * weights.length));
        });
        apply();
        shares.push(masks.reduce((sum, m) => sum + zerosOf(m), 0) / masks.reduce((sum, m) => sum + m.length, 0));
      }
      held &&= net.layers.every(({ weights }, l) => zerosOf(weights) >= zerosOf(masks[l]!));
    }
  }
  return { accuracy: accuracyOf(net, test), zeros: net.layers.map(({ weights }) => zerosOf(weights)), shares, held };
}

/** Samples and one-hot targets by their numbers. */
function take(set: SampleSet, rows: readonly number[]): { x: Float32Array<ArrayBuffer>; t: Float32Array<ArrayBuffer> } {
  const [x, t] = [new Float32Array(rows.length * 784), new Float32Array(rows.length * 10)];
  rows.forEach((row, i) => {
    x.set((set.inputs as Float32Array).subarray(row * 784, (row + 1) * 784), i * 784);
    t[i * 10 + Number(set.targets[row])] = 1;
  });
  return { x, t };
}

function accuracyOf(net: PlainNetwork, set: SampleSet): number {
  const y = net.forward(set.inputs as Float32Array<ArrayBuffer>, set.count);
  let right = 0;
  for (let i = 0; i < set.count; i++) {
    const scores = y.subarray(10 * i, 10 * i + 10);
    if (scores.indexOf(Math.max(...scores)) === Number(set.targets[i])) right++;
  }
  return right / set.count;
}

const HALVES = [100352, 16384, 640];

export const exercise: Exercise = {
  id: '5.12',
  title: {
    en: 'A three-layer perceptron that becomes half zero, without a framework',
    zh: 'MNIST 三层全连接网络（不用框架），稀疏度 0->50%',
  },
  rows: 5,
  needs: 'mnist',
  async show({ print }) {
    const { train, test } = await digits();
    const { accuracy, zeros, shares } = trainSparse(part(train, 0, 2000), part(test, 0, 1000), { epochs: 3 });
    print(`2000 images, three epochs: zeros ${shares.map((s) => s.toFixed(3)).join(', ')} of the weights`);
    print(`at the end ${zeros.join(', ')} zeros, ${(100 * accuracy).toFixed(1)} % of 1000 held-out images`);
  },
  async check({ equal, holds }) {
    const { train, test } = await digits();
    const { zeros, shares, held } = trainSparse(part(train, 0, 4000), part(test, 0, 1000), { epochs: 4 });
    equal('zeros of each layer at the end', zeros, HALVES);
    holds(
      'the share of zeros never falls',
      shares.every((share, i) => i === 0 || share >= shares[i - 1]!),
    );
    equal('the last share', shares.at(-1), 0.5);
    holds('what a mask took stays exactly 0', held);
  },
  async checkLong({ equal, atLeast, atMost, holds }) {
    const { train, test } = await digits();
    const dense = trainSparse(train, test, { final: 0 });
    const sparse = trainSparse(train, test);
    equal('zeros of each layer at the end', sparse.zeros, HALVES);
    holds('what a mask took stays exactly 0', sparse.held);
    atLeast('accuracy with half of the weights zero', sparse.accuracy, 0.97);
    atMost(`accuracy of the dense network (${dense.accuracy}) less that`, dense.accuracy - sparse.accuracy, 0.005);
  },
};
