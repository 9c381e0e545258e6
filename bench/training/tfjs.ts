/**
 * The same training in TensorFlow.js on its WASM backend: `optimizer.minimize` over variables, NHWC as its kernels want it. Of its API
 * only what is used here is declared.
 */
import { dirname } from 'node:path';
import type { PeerTraining } from './jax.ts';
import { RATE, type Start, type Values } from './subjects.ts';

interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Tf {
  ready(): Promise<void>;
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  variable(value: TfTensor): TfTensor;
  transpose(x: TfTensor, axes?: readonly number[]): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  conv2d(x: TfTensor, w: TfTensor, strides: number, pad: 'same' | 'valid'): TfTensor;
  maxPool(x: TfTensor, size: number, strides: number, pad: 'valid'): TfTensor;
  readonly losses: { softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor };
  readonly train: {
    sgd(rate: number): { minimize(f: () => TfTensor, returnCost: true, variables: readonly TfTensor[]): TfTensor };
  };
}

type Forward = (tf: Tf, params: readonly TfTensor[], x: TfTensor) => TfTensor;

const linear = (tf: Tf, x: TfTensor, w: TfTensor, b: TfTensor): TfTensor => tf.add(tf.matMul(x, w), b);

const FORWARD: Readonly<Record<string, Forward>> = {
  MLP: (tf, [w1, b1, w2, b2], x) => linear(tf, tf.relu(linear(tf, x, w1!, b1!)), w2!, b2!),
  'LeNet-5': (tf, p, x) => {
    const conv = (input: TfTensor, w: TfTensor, b: TfTensor, pad: 'same' | 'valid'): TfTensor =>
      tf.maxPool(tf.relu(tf.add(tf.conv2d(input, w, 1, pad), b)), 2, 2, 'valid');
    const features = conv(conv(x, p[0]!, p[1]!, 'same'), p[2]!, p[3]!, 'valid');
    const flat = tf.reshape(tf.transpose(features, [0, 3, 1, 2]), [-1, 400]);
    const h1 = tf.relu(linear(tf, flat, p[4]!, p[5]!));
    return linear(tf, tf.relu(linear(tf, h1, p[6]!, p[7]!)), p[8]!, p[9]!);
  },
};

/** Opens its WASM backend, whose binary lies beside the module at `path`. */
export async function openTfjs(tf: Tf, wasm: { setWasmPaths(folder: string): void }, path: string): Promise<void> {
  wasm.setWasmPaths(`${dirname(path)}/`);
  await tf.setBackend('wasm');
  await tf.ready();
  if (tf.getBackend() !== 'wasm')
    throw new Error(`TensorFlow.js runs on '${tf.getBackend()}', not on its WASM backend`);
}

export function tfjsTraining(tf: Tf, name: string, { weights, inputs, targets }: Start): PeerTraining {
  const of = ({ values, dims }: Values): TfTensor => tf.tensor(values.slice(), dims);
  // x·W, and filters as height × width × in × out.
  const params = weights.map((w) => {
    if (w.dims.length === 1) return tf.variable(of(w));
    return tf.variable(w.dims.length === 2 ? tf.transpose(of(w)) : tf.transpose(of(w), [2, 3, 1, 0]));
  });
  const x = inputs.dims.length === 4 ? tf.transpose(of(inputs), [0, 2, 3, 1]) : of(inputs);
  const y = of(targets);
  const optimizer = tf.train.sgd(RATE);
  const forward = FORWARD[name]!;
  const lossOf = (): TfTensor => tf.losses.softmaxCrossEntropy(y, forward(tf, params, x));
  let last = Number.NaN;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        const loss = optimizer.minimize(lossOf, true, params);
        if (i === steps - 1) last = loss.dataSync()[0]!;
        loss.dispose();
      }
    },
    loss: () => last,
  };
}
