/** Initial values of parameters. By default those of PyTorch's layers: Kaiming-uniform with a = √5, which is ±1/√fan-in. */
import { type Tensor as Data, elementCount } from '#ir';
import { defaultGenerator, type Generator } from '../random.ts';

let skipped = false;

/**
 * Runs `build` with 0 in the place of every random initial value, held as one element: networks whose parameters are loaded right after, or whose shapes alone
 * are wanted, cost neither the time nor the memory of their weights.
 */
export function skipInit<T>(build: () => T): T {
  const before = skipped;
  skipped = true;
  try {
    return build();
  } finally {
    skipped = before;
  }
}

const f32 = (shape: readonly number[], values: Float32Array): Data => ({
  dtype: 'float32',
  dims: shape,
  bytes: new Uint8Array(values.buffer),
});

/** Uniform in ±bound. */
export function uniformData(shape: readonly number[], bound: number, generator: Generator = defaultGenerator()): Data {
  if (skipped) return constantData(shape, 0);
  const random = generator.next();
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound;
  return f32(shape, values);
}

export function normalData(
  shape: readonly number[],
  std: number,
  generator: Generator = defaultGenerator(),
  mean = 0,
): Data {
  if (skipped) return constantData(shape, mean);
  const random = generator.next();
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = mean + std * random.normal();
  return f32(shape, values);
}

/** One value everywhere, held once. */
export const constantData = (shape: readonly number[], value: number): Data => ({
  dtype: 'float32',
  dims: shape,
  splat: new Uint8Array(Float32Array.of(value).buffer),
});

/** ±1/√fan-in: He et al. 2015 with the gain of a leaky ReLU of slope √5. */
export const kaimingData = (shape: readonly number[], fanIn: number, generator?: Generator): Data =>
  uniformData(shape, 1 / Math.sqrt(fanIn), generator);

/** ±√(6 ÷ (fan-in + fan-out)): Glorot and Bengio 2010. */
export const xavierData = (shape: readonly number[], fanIn: number, fanOut: number, generator?: Generator): Data =>
  uniformData(shape, Math.sqrt(6 / (fanIn + fanOut)), generator);

/** Normal with variance 2 ÷ fan: He et al. 2015 for ReLU; the fan is that of the inputs or of the outputs. */
export const heNormalData = (shape: readonly number[], fan: number, generator?: Generator): Data =>
  normalData(shape, Math.sqrt(2 / fan), generator);
