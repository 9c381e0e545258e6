/**
 * Seeded random tensors. A generator is a seed and a count of draws; each draw is a stream of its own, so that what a draw gives does
 * not depend on the sizes of those before it. Within `compile` a draw is made anew at every run; a checkpoint that holds seed and count
 * resumes exactly.
 */
import { Random } from '#base';
import { type Tensor as Data, elementCount, tensorOf, tensorType } from '#ir';
import { numberWithin, type Shape, sizesFrom } from './arguments.ts';
import { constantTensor } from './autograd.ts';
import { type DType, longName } from './dtypes.ts';
import { checkIntegers } from './functions/operands.ts';
import type { Tensor } from './tensor.ts';
import { currentTrace } from './trace.ts';

export class Generator {
  seed: number;
  /** Draws so far. */
  draws = 0;

  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  /** The stream of the next draw. */
  next(): Random {
    // Two rounds of a 32-bit finaliser (Wellons' lowbias32) keep neighbouring draws and seeds apart.
    return new Random(mix(mix(this.seed) ^ this.draws++));
  }

  get state(): { readonly seed: number; readonly draws: number } {
    return { seed: this.seed, draws: this.draws };
  }

  set state({ seed, draws }: { readonly seed: number; readonly draws: number }) {
    this.seed = seed >>> 0;
    this.draws = draws;
  }
}

function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Where a call names no generator. */
const shared = new Generator(0);

/** Starts the shared generator over from a seed. */
export function seed(value: number): void {
  shared.state = { seed: value, draws: 0 };
}

export const defaultGenerator = (): Generator => shared;

export interface RandomOptions {
  readonly generator?: Generator | undefined;
  readonly dtype?: DType;
}

/** A tensor that the host fills: at once, or within `compile` before every run. */
export function fromHost(name: string, shape: readonly number[], dtype: DType, give: () => Data): Tensor {
  const trace = currentTrace();
  return trace === undefined ? constantTensor(give()) : trace.hostInput(name, tensorType(longName(dtype), shape), give);
}

function filled(
  name: string,
  given: Shape,
  { generator = shared, dtype = 'f32' }: RandomOptions,
  fill: (random: Random, out: Float32Array | Float64Array) => void,
): Tensor {
  const shape = sizesFrom(`random.${name}`, given);
  const count = elementCount(shape);
  return fromHost(name, shape, dtype, () => {
    const values = dtype === 'f64' ? new Float64Array(count) : new Float32Array(count);
    fill(generator.next(), values);
    if (dtype !== 'f32' && dtype !== 'f64') return tensorOf(longName(dtype), shape, values);
    return { dtype: dtype === 'f32' ? 'float32' : 'float64', dims: shape, bytes: new Uint8Array(values.buffer) };
  });
}

/**
 * Uniform in [low, high).
 * @throws SYS-TEN-123 bounds that are not finite, or change places
 */
export function uniform(
  shape: Shape,
  { low = 0, high = 1, ...options }: RandomOptions & { readonly low?: number; readonly high?: number } = {},
): Tensor {
  numberWithin('random.uniform: low', low);
  numberWithin('random.uniform: high', high, { min: low });
  return filled('uniform', shape, options, (random, out) => {
    for (let i = 0; i < out.length; i++) out[i] = low + (high - low) * random.uniform();
  });
}

/**
 * Normal deviates.
 * @throws SYS-TEN-123 a mean that is not finite, a negative deviation
 */
export function normal(
  shape: Shape,
  { mean = 0, std = 1, ...options }: RandomOptions & { readonly mean?: number; readonly std?: number } = {},
): Tensor {
  numberWithin('random.normal: mean', mean);
  numberWithin('random.normal: std', std, { min: 0 });
  return filled('normal', shape, options, (random, out) => {
    for (let i = 0; i < out.length; i++) out[i] = mean + std * random.normal();
  });
}

/**
 * Integers from low to high, both included.
 * @throws SYS-TEN-123 bounds that are not whole, or change places; -124 a bound that the type does not hold
 */
export function integers(
  given: Shape,
  low: number,
  high: number,
  { generator = shared, dtype = 'i64' }: RandomOptions = {},
): Tensor {
  const shape = sizesFrom('random.integers', given);
  numberWithin('random.integers: low', low, { whole: true });
  numberWithin('random.integers: high (included)', high, { min: low, whole: true });
  checkIntegers(longName(dtype), [low, high]);
  return fromHost('integers', shape, dtype, () => {
    const random = generator.next();
    const values = Float64Array.from({ length: elementCount(shape) }, () => random.integer(low, high));
    return tensorOf(longName(dtype), shape, values);
  });
}

/** The numbers 0 … n − 1 in random order (Fisher and Yates). */
export function permutation(n: number, generator: Generator = shared): Int32Array {
  numberWithin('random.permutation: n', n, { min: 0, whole: true });
  const random = generator.next();
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(0, i);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
