/**
 * Zero mean and unit deviation, by the whole training set or by each picture, and ZCA whitening, as Keras'
 * ImageDataGenerator does them: what is learnt from the training set is a plain record that test pictures take, too.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { diagnostic } from '#base';
import { expectChannels, type FloatImage, type Floats, mapValues, roomLike } from './floatImage.ts';

/** Keeps a constant picture from a division by 0; Keras' backend epsilon. */
const EPSILON = 1e-6;

const noImages = diagnostic<{ what: string }>('SYS-DAT-078', 'usage', {
  en: (p) => `${p.what} needs at least one picture, all of one size`,
  zh: (p) => `${p.what} 至少需要一张图像，且尺寸必须一致`,
});

export interface Statistics {
  /** By channel. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Mean and (population) deviation of each channel over pictures; of every one of them the channels must be as many. */
export function statisticsOf(images: Iterable<FloatImage>): Statistics {
  let [sums, squares, count] = [[] as number[], [] as number[], 0];
  for (const image of images) {
    if (count === 0) [sums, squares] = [new Array(image.channels).fill(0), new Array(image.channels).fill(0)];
    expectChannels('statisticsOf', image, sums.length);
    for (let i = 0; i < image.values.length; i++) {
      const value = image.values[i]!;
      const c = i % image.channels;
      sums[c]! += value;
      squares[c]! += value * value;
    }
    count += image.width * image.height;
  }
  if (count === 0) throw noImages({ what: 'statisticsOf' });
  const mean = sums.map((sum) => sum / count);
  return { mean, deviation: squares.map((sum, c) => Math.sqrt(Math.max(0, sum / count - mean[c]! ** 2))) };
}

/** (value − mean) ÷ deviation, channel by channel, by the statistics of the training set. */
export function standardise(image: FloatImage, { mean, deviation }: Statistics): FloatImage {
  expectChannels('standardise', image, mean.length);
  return mapValues(image, (value, c) => (value - mean[c]!) / (deviation[c]! + EPSILON));
}

/** (value − mean) ÷ deviation by the picture's own mean and deviation over all its channels. */
export function standardiseSample(image: FloatImage): FloatImage {
  const count = image.values.length;
  let sum = 0;
  for (const value of image.values) sum += value;
  const mean = sum / count;
  let square = 0;
  for (const value of image.values) square += (value - mean) ** 2;
  const deviation = Math.sqrt(square / count) + EPSILON;
  return mapValues(image, (value) => (value - mean) / deviation);
}

export interface Whitening {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of each value over the pictures. */
  readonly mean: Float64Array<ArrayBuffer>;
  /** [n, n] with n = height · width · channels, symmetric. */
  readonly matrix: Float64Array<ArrayBuffer>;
}

/**
 * ZCA: the symmetric matrix U (S + epsilon)^−½ Uᵀ of the pictures' covariance U S Uᵀ, which makes values uncorrelated and
 * leaves pictures recognisable (A. Bell, T. Sejnowski, "The 'independent components' of natural scenes are edge
 * filters", 1997). Takes time with the third power of the picture's size: for 28 × 28 two seconds, for 32 × 32 × 3 minutes.
 * @param epsilon as Keras has it, on values of about unit deviation
 * @throws SYS-DAT-078 no pictures, or of several sizes
 */
export function fitZca(images: readonly FloatImage[], epsilon = 1e-6): Whitening {
  const [first] = images;
  if (first === undefined) throw noImages({ what: 'fitZca' });
  const { width, height, channels } = first;
  const size = first.values.length;
  const alike = images.every((i) => i.width === width && i.height === height && i.channels === channels);
  if (!alike) throw noImages({ what: 'fitZca' });
  const mean = new Float64Array(size);
  for (const { values } of images) for (let i = 0; i < size; i++) mean[i]! += values[i]! / images.length;
  const covariance = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (const { values } of images) {
    for (let i = 0; i < size; i++) centred[i] = values[i]! - mean[i]!;
    for (let i = 0; i < size; i++) {
      const factor = centred[i]! / images.length;
      if (factor === 0) continue;
      const row = i * size;
      for (let j = 0; j <= i; j++) covariance[row + j]! += factor * centred[j]!;
    }
  }
  const full = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      full.set(i, j, covariance[i * size + j]!);
      full.set(j, i, covariance[i * size + j]!);
    }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(full, { assumeSymmetric: true });
  const scaled = eigenvectorMatrix.clone();
  // Rounding can leave an eigenvalue of 0 a little below it.
  for (let j = 0; j < size; j++) scaled.mulColumn(j, 1 / Math.sqrt(Math.max(0, realEigenvalues[j]!) + epsilon));
  const product = scaled.mmul(eigenvectorMatrix.transpose());
  return { width, height, channels, mean, matrix: Float64Array.from(product.to1DArray()) };
}

/** The picture, whitened. */
export function whiten(image: FloatImage, { mean, matrix, ...size }: Whitening): FloatImage {
  if (image.width !== size.width || image.height !== size.height || image.channels !== size.channels) {
    throw noImages({ what: 'whiten' });
  }
  const n = mean.length;
  const centred = Float64Array.from(image.values, (value, i) => value - mean[i]!);
  const values: Floats = roomLike(image.values, n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * centred[j]!;
    values[i] = sum;
  }
  return { ...image, values };
}
