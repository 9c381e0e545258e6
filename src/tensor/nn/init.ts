/** Initial values of parameters. By default those of PyTorch's layers: Kaiming-uniform with a = √5, which is ±1/√fan-in. */
import { type Tensor as Data, elementCount } from '#ir';
import { defaultGenerator, type Generator } from '../random.ts';

const f32 = (shape: readonly number[], values: Float32Array): Data => ({
  dtype: 'float32',
  dims: shape,
  bytes: new Uint8Array(values.buffer),
});

/** Uniform in ±bound. */
export function uniformData(shape: readonly number[], bound: number, generator: Generator = defaultGenerator()): Data {
  const random = generator.next();
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound;
  return f32(shape, values);
}

export function normalData(shape: readonly number[], std: number, generator: Generator = defaultGenerator()): Data {
  const random = generator.next();
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = std * random.normal();
  return f32(shape, values);
}

export const constantData = (shape: readonly number[], value: number): Data =>
  f32(shape, new Float32Array(elementCount(shape)).fill(value));

/** ±1/√fan-in: He et al. 2015 with the gain of a leaky ReLU of slope √5. */
export const kaimingData = (shape: readonly number[], fanIn: number, generator?: Generator): Data =>
  uniformData(shape, 1 / Math.sqrt(fanIn), generator);

/** ±√(6 ÷ (fan-in + fan-out)): Glorot and Bengio 2010. */
export const xavierData = (shape: readonly number[], fanIn: number, fanOut: number, generator?: Generator): Data =>
  uniformData(shape, Math.sqrt(6 / (fanIn + fanOut)), generator);
