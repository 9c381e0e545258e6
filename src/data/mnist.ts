/** MNIST: handwritten digits of 28 × 28 grey levels, 0 paper to 255 ink, in a pair of IDX files. */
import { diagnostic } from '#base';
import { readIdx } from './idx.ts';

export interface DigitSet {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count, height, width] grey levels. */
  readonly pixels: Uint8Array;
  /** [count] digits. */
  readonly labels: Uint8Array;
}

const wrongDigits = diagnostic<{ images: string; labels: string }>('SYS-DAT-004', 'invalid', {
  en: (p) =>
    `the two files are no set of labelled images: images ${p.images}, labels ${p.labels}; expected uint8[N,H,W] and uint8[N]`,
  zh: (p) => `两个文件不构成带标签的图像集：图像 ${p.images}，标签 ${p.labels}；应为 uint8[N,H,W] 与 uint8[N]`,
});

/**
 * Reads a pair of MNIST files, gzip-packed or not. Fashion-MNIST, KMNIST and EMNIST have the same form.
 * @param files names for error messages
 */
export async function readMnist(
  images: Uint8Array,
  labels: Uint8Array,
  files: { readonly images?: string; readonly labels?: string } = {},
): Promise<DigitSet> {
  const x = await readIdx(images, files.images);
  const y = await readIdx(labels, files.labels);
  const [count = 0, height = 0, width = 0] = x.dims;
  const fits =
    x.dtype === 'uint8' && y.dtype === 'uint8' && x.dims.length === 3 && y.dims.length === 1 && y.dims[0] === count;
  if (!fits) {
    const text = { images: `${x.dtype}[${x.dims}]`, labels: `${y.dtype}[${y.dims}]` };
    throw wrongDigits(text, files.images === undefined ? {} : { file: files.images });
  }
  return { count, height, width, pixels: x.bytes, labels: y.bytes };
}
