/**
 * A data set as training sees it: batches of inputs and targets in typed arrays, in an order that follows from a seed and
 * the number of the epoch alone. Convention: the first dimension counts samples.
 */
import { diagnostic, type Random } from '#base';
import type { RgbImage } from './image.ts';
import type { ImageFolder } from './imageFolder.ts';
import type { ImageSet } from './imageSet.ts';
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

const wrongLength = diagnostic<{ what: string; found: number; expected: number; dims: string }>(
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

const wrongFactors = diagnostic<{ name: string; found: number; channels: number }>('SYS-DAT-089', 'usage', {
  en: (p) =>
    `'${p.name}' is ${p.found} numbers for ${p.channels} channels; expected one number, or one for each channel, no divisor 0`,
  zh: (p) => `'${p.name}' 含 ${p.found} 个数，而通道数为 ${p.channels}；应为一个数或每个通道一个数，除数不得为 0`,
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

export interface ImageSampleOptions {
  /** Factor on the levels 0 to 255; 1/255 by default. */
  readonly scale?: number;
  /** Subtracted after scaling, for each channel or one for all; 0 by default. */
  readonly mean?: number | readonly number[];
  /** Divisor after that; 1 by default. */
  readonly deviation?: number | readonly number[];
  /** Targets: class numbers as int64 (default) or int32, or one-hot rows of float32. */
  readonly targets?: 'int64' | 'int32' | 'oneHot';
}

/**
 * Pictures with labels as samples: float32 [channels, height, width] inputs, (level · scale − mean) ÷ deviation.
 * @throws SYS-DAT-089 means or deviations that do not fit the channels
 */
export function imageSamples(set: ImageSet, options: ImageSampleOptions = {}): SampleSet {
  const { scale = 1 / 255, mean = 0, deviation = 1, targets = 'int64' } = options;
  const { count, channels, height, width, pixels } = set;
  const each = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? new Array<number>(channels).fill(value) : value;
    const sound = list.length === channels && !(name === 'deviation' && list.includes(0));
    if (!sound) throw wrongFactors({ name, found: list.length, channels });
    return list;
  };
  const [means, deviations] = [each('mean', mean), each('deviation', deviation)];
  const inputs = new Float32Array(pixels.length);
  const plane = height * width;
  // A level has one of 256 values, so each channel is a table.
  const tables = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, level) => (level * scale - means[c]!) / deviations[c]!),
  );
  for (let at = 0, c = 0; at < inputs.length; at += plane, c = (c + 1) % channels) {
    const table = tables[c]!;
    for (let i = at; i < at + plane; i++) inputs[i] = table[pixels[i]!]!;
  }
  return { count, inputs, inputDims: [channels, height, width], ...targetsOf(set, targets) };
}

function targetsOf({ labels, classes }: ImageSet, form: 'int64' | 'int32' | 'oneHot') {
  if (form === 'int32') return { targets: Int32Array.from(labels), targetDims: [] };
  if (form === 'int64') return { targets: BigInt64Array.from(labels, BigInt), targetDims: [] };
  const targets = new Float32Array(labels.length * classes.length);
  for (const [i, label] of labels.entries()) targets[i * classes.length + label] = 1;
  return { targets, targetDims: [classes.length] };
}

/**
 * The batches of an epoch of pictures that lie in a folder, decoded as they are needed.
 * @param prepare turns a picture into the network's input, float32 [channels, height, width], of one size for all; its random
 *   numbers follow from seed, epoch and sample
 * @throws as `batchOrder` and `ImageFolder.read`; SYS-DAT-080 where `prepare` gives pictures of several sizes
 */
export async function* folderBatches(
  folder: ImageFolder,
  options: OrderOptions,
  prepare: (
    image: RgbImage,
    random: Random,
  ) => { readonly dims: readonly number[]; readonly values: ArrayLike<number> },
): AsyncGenerator<Batch> {
  const { seed = 0, epoch = 0 } = options;
  let index = 0;
  for (const samples of batchOrder(folder.files.length, options)) {
    const prepared = [];
    for (const sample of samples) prepared.push(prepare(await folder.read(sample), randomOf(seed, epoch, sample)));
    const { dims, values } = prepared[0]!;
    const inputs = new Float32Array(samples.length * values.length);
    for (const [i, picture] of prepared.entries()) {
      if (picture.values.length !== values.length) {
        throw wrongLength({
          what: 'prepare',
          found: picture.values.length,
          expected: values.length,
          dims: dims.join(', '),
        });
      }
      inputs.set(picture.values, i * values.length);
    }
    yield {
      index: index++,
      count: samples.length,
      samples,
      inputs,
      inputDims: [samples.length, ...dims],
      targets: BigInt64Array.from(samples, (sample) => BigInt(folder.files[sample]!.label)),
      targetDims: [samples.length],
    };
  }
}
