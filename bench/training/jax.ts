/**
 * The same training in jax-js: `jit` of value, gradient and update, as its documentation writes training steps. Every function takes
 * ownership of its arguments; `.ref` keeps one for later use. Of its API only what is used here is declared.
 */
import type { Contender } from './measure.ts';
import { RATE, type Start, type Values } from './subjects.ts';

interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  add(other: JaxArray): JaxArray;
  sub(other: JaxArray): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  transpose(axes?: readonly number[]): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  dispose(): void;
  data(): Promise<Float32Array>;
}

export interface Jax {
  readonly numpy: {
    array(values: Float32Array, options: { readonly shape: readonly number[] }): JaxArray;
    dot(a: JaxArray, b: JaxArray): JaxArray;
    sum(x: JaxArray): JaxArray;
    max(x: JaxArray): JaxArray;
  };
  readonly nn: { relu(x: JaxArray): JaxArray; logSoftmax(x: JaxArray, axis: number): JaxArray };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      w: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly [number, number])[],
    ): JaxArray;
    reduceWindow(
      x: JaxArray,
      computation: (window: JaxArray) => JaxArray,
      window: readonly number[],
      strides: readonly number[],
    ): JaxArray;
  };
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<F>(f: F): F;
  valueAndGrad(
    f: (params: readonly JaxArray[], x: JaxArray, y: JaxArray) => JaxArray,
  ): (params: readonly JaxArray[], x: JaxArray, y: JaxArray) => readonly [JaxArray, readonly JaxArray[]];
}

type Forward = (jax: Jax, params: readonly JaxArray[], x: JaxArray) => JaxArray;

const linear = ({ numpy }: Jax, x: JaxArray, w: JaxArray, b: JaxArray): JaxArray => numpy.dot(x, w).add(b);

const FORWARD: Readonly<Record<string, Forward>> = {
  MLP: (jax, [w1, b1, w2, b2], x) => linear(jax, jax.nn.relu(linear(jax, x, w1!, b1!)), w2!, b2!),
  'LeNet-5': (jax, p, x) => {
    const { lax, nn, numpy } = jax;
    const conv = (input: JaxArray, w: JaxArray, b: JaxArray, pad: number): JaxArray =>
      nn.relu(
        lax
          .convGeneralDilated(
            input,
            w,
            [1, 1],
            [
              [pad, pad],
              [pad, pad],
            ],
          )
          .add(b.reshape([-1, 1, 1])),
      );
    const pool = (input: JaxArray): JaxArray => lax.reduceWindow(input, numpy.max, [2, 2], [2, 2]);
    const features = pool(conv(pool(conv(x, p[0]!, p[1]!, 2)), p[2]!, p[3]!, 0));
    const h1 = nn.relu(linear(jax, features.reshape([-1, 400]), p[4]!, p[5]!));
    return linear(jax, nn.relu(linear(jax, h1, p[6]!, p[7]!)), p[8]!, p[9]!);
  },
};

export interface PeerTraining extends Omit<Contender, 'steps'> {
  loss(): number;
}

export async function jaxTraining(jax: Jax, name: string, { weights, inputs, targets }: Start): Promise<PeerTraining> {
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const { numpy, nn } = jax;
  const of = ({ values, dims }: Values): JaxArray => numpy.array(values.slice(), { shape: dims });
  const forward = FORWARD[name]!;
  const batch = inputs.dims[0]!;
  const lossOf = (params: readonly JaxArray[], x: JaxArray, y: JaxArray): JaxArray =>
    numpy.sum(nn.logSoftmax(forward(jax, params, x), -1).mul(y)).mul(-1 / batch);
  const valueAndGrad = jax.valueAndGrad(lossOf);
  const step = jax.jit((params: readonly JaxArray[], x: JaxArray, y: JaxArray): readonly JaxArray[] => {
    const [loss, gradients] = valueAndGrad(
      params.map((p) => p.ref),
      x,
      y,
    );
    return [loss, ...params.map((p, i) => p.sub(gradients[i]!.mul(RATE)))];
  });
  // Layers of its users are written x·W; PyTorch keeps Wᵀ.
  let params = weights.map((w) => (w.dims.length === 2 ? of(w).transpose() : of(w)));
  const [x, y] = [of(inputs), of(targets)];
  let last = Number.NaN;
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        const [loss, ...next] = step(params, x.ref, y.ref) as [JaxArray, ...JaxArray[]];
        params = next;
        if (i === steps - 1) last = (await loss.data())[0]!;
        else loss.dispose();
      }
    },
    loss: () => last,
  };
}
