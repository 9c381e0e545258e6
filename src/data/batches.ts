/**
 * A data set as training sees it: batches of inputs and targets in typed arrays, in an order that follows from a seed and
 * the number of the epoch alone. Convention: the first dimension counts samples.
 */
import { diagnostic, type Random } from '#base';
import { type FloatImage, fromPlanes, toPlanes } from './pipeline/floatImage.ts';
import { randomOf } from './seeds.ts';

export type SampleValues =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

/** Samples in memory. */
export interface SampleSet {
  readonly count: number;
  /** [count, ...inputDims]. */
  readonly inputs: SampleValues;
  /** Dimensions of one input. */
  readonly inputDims: readonly number[];
  /** [count, ...targetDims]. */
  readonly targets: SampleValues;
  /** Dimensions of one target; none where it is a number. */
  readonly targetDims: readonly number[];
}

export interface Batch {
  /** From 0, within the epoch. */
  readonly index: number;
  readonly count: number;
  /** Which samples of the set, by number. */
  readonly samples: Int32Array;
  readonly inputs: SampleValues;
  /** [count, ...]. */
  readonly inputDims: readonly number[];
  readonly targets: SampleValues;
  readonly targetDims: readonly number[];
}

export interface OrderOptions {
  /** Samples in a batch. */
  readonly size: number;
  /** Seed of the order; without one the samples come as they stand in the set. */
  readonly seed?: number;
  /** From 0; every epoch has an order of its own. */
  readonly epoch?: number;
  /** What becomes of the last samples, where they do not fill a batch: `keep` (default) or `drop`. */
  readonly last?: 'keep' | 'drop';
}

export interface BatchOptions extends OrderOptions {
  /**
   * Changes inputs of three dimensions [channels, height, width] before training sees them. The random numbers follow from
   * seed, epoch and sample, whatever batch it is in.
   */
  readonly augment?: (image: FloatImage, random: Random) => FloatImage;
}

const badSize = diagnostic<{ found: number }>('SYS-DAT-079', 'usage', {
  en: (p) => `a batch cannot have ${p.found} samples; expected a whole number of at least 1`,
  zh: (p) => `批大小不能为 ${p.found}；应为不小于 1 的整数`,
});

/** Arrays of another length than their dimensions take. */
export const wrongLength = diagnostic<{ what: string; found: number; expected: number; dims: string }>(
  'SYS-DAT-080',
  'usage',
  {
    en: (p) => `the set's ${p.what} have ${p.found} elements, but [${p.dims}] takes ${p.expected}`,
    zh: (p) => `数据集的 ${p.what} 有 ${p.found} 个元素，而 [${p.dims}] 需要 ${p.expected} 个`,
  },
);

const notPictures = diagnostic<{ dims: string; dtype: string }>('SYS-DAT-081', 'usage', {
  en: (p) => `inputs ${p.dtype} [${p.dims}] cannot be augmented; expected floats [channels, height, width]`,
  zh: (p) => `输入 ${p.dtype} [${p.dims}] 无法做数据增强；应为浮点数 [通道, 高, 宽]`,
});

/** The samples' numbers in the order of an epoch (Fisher and Yates; D. Knuth, TAOCP 2, algorithm P). */
export function sampleOrder(count: number, seed?: number, epoch = 0): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  if (seed === undefined) return order;
  const random = randomOf(seed, epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** How many batches an epoch has. */
export const batchCount = (count: number, { size, last = 'keep' }: OrderOptions): number =>
  last === 'keep' ? Math.ceil(count / size) : Math.floor(count / size);

/**
 * The samples' numbers, batch by batch.
 * @throws SYS-DAT-079 no such size
 */
export function* batchOrder(count: number, options: OrderOptions): Generator<Int32Array<ArrayBuffer>> {
  const { size, seed, epoch } = options;
  if (!Number.isInteger(size) || size < 1) throw badSize({ found: size });
  const order = sampleOrder(count, seed, epoch);
  const batches = batchCount(count, options);
  for (let b = 0; b < batches; b++) yield order.slice(b * size, Math.min(count, (b + 1) * size));
}

/**
 * The batches of an epoch, each in arrays of its own, of the types of the set.
 * @throws SYS-DAT-079 size, SYS-DAT-080 a set whose arrays do not fit its dimensions, SYS-DAT-081 `augment` on what are no
 *   pictures; before the first batch
 */
export function* batches(set: SampleSet, options: BatchOptions): Generator<Batch> {
  const { seed = 0, epoch = 0, augment } = options;
  const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  for (const [what, dims] of [
    ['inputs', set.inputDims],
    ['targets', set.targetDims],
  ] as const) {
    const expected = set.count * product(dims);
    const found = set[what].length;
    if (found !== expected) throw wrongLength({ what, found, expected, dims: [set.count, ...dims].join(', ') });
  }
  const floats = set.inputs instanceof Float32Array || set.inputs instanceof Float64Array;
  if (augment !== undefined && (set.inputDims.length !== 3 || !floats)) {
    throw notPictures({ dims: set.inputDims.join(', '), dtype: set.inputs.constructor.name });
  }
  let index = 0;
  for (const samples of batchOrder(set.count, options)) {
    const inputs = pick(set.inputs, samples, product(set.inputDims));
    if (augment !== undefined) {
      const dims = set.inputDims as [number, number, number];
      for (const [i, sample] of samples.entries()) {
        const values = (inputs as Float32Array<ArrayBuffer>).subarray(i * product(dims), (i + 1) * product(dims));
        const changed = toPlanes(augment(fromPlanes({ dims, values }), randomOf(seed, epoch, sample)));
        values.set(changed.values);
      }
    }
    yield {
      index: index++,
      count: samples.length,
      samples,
      inputs,
      inputDims: [samples.length, ...set.inputDims],
      targets: pick(set.targets, samples, product(set.targetDims)),
      targetDims: [samples.length, ...set.targetDims],
    };
  }
}

/** Rows of an array. */
function pick<T extends SampleValues>(values: T, rows: Int32Array, size: number): T {
  const out = new (values.constructor as new (length: number) => T)(rows.length * size);
  for (const [i, row] of rows.entries()) {
    const part = values.subarray(row * size, (row + 1) * size);
    (out as Float32Array).set(part as Float32Array, i * size);
  }
  return out;
}
