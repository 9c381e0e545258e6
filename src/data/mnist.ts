/**
 * MNIST: handwritten digits of 28 × 28 grey levels, 0 paper to 255 ink, in pairs of IDX files (Y. LeCun, C. Cortes,
 * C. Burges, "The MNIST database of handwritten digits").
 */
import { diagnostic } from '#base';
import { type DataFolder, joinPath } from './folder.ts';
import { readIdx } from './idx.ts';
import { holdOut, type ImageSet } from './imageSet.ts';

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const wrongDigits = diagnostic<{ images: string; labels: string }>('SYS-DAT-004', 'invalid', {
  en: (p) =>
    `the two files are no set of labelled images: images ${p.images}, labels ${p.labels}; expected uint8[N,H,W] and uint8[N]`,
  zh: (p) => `两个文件不构成带标签的图像集：图像 ${p.images}，标签 ${p.labels}；应为 uint8[N,H,W] 与 uint8[N]`,
});

const missingFiles = diagnostic<{ folder: string; missing: string }>('SYS-DAT-063', 'invalid', {
  en: (p) =>
    `MNIST in ${p.folder} lacks ${p.missing} (or the same packed, with .gz); download the set, or name the folder that holds it`,
  zh: (p) => `${p.folder} 中的 MNIST 缺少 ${p.missing}（或其 .gz 压缩文件）；请下载该数据集，或指定其所在文件夹`,
});

/**
 * Reads a pair of MNIST files, gzip-packed or not. Fashion-MNIST, KMNIST and EMNIST have the same form; labels above 9
 * give as many classes.
 * @param files names for error messages
 */
export async function readMnist(
  images: Uint8Array,
  labels: Uint8Array,
  files: { readonly images?: string; readonly labels?: string } = {},
): Promise<ImageSet> {
  const x = await readIdx(images, files.images);
  const y = await readIdx(labels, files.labels);
  const [count = 0, height = 0, width = 0] = x.dims;
  const fits =
    x.dtype === 'uint8' && y.dtype === 'uint8' && x.dims.length === 3 && y.dims.length === 1 && y.dims[0] === count;
  if (!fits) {
    const text = { images: `${x.dtype}[${x.dims}]`, labels: `${y.dtype}[${y.dims}]` };
    throw wrongDigits(text, files.images === undefined ? {} : { file: files.images });
  }
  const highest = y.bytes.reduce((a, b) => Math.max(a, b), 9);
  const classes = highest === 9 ? DIGITS : Array.from({ length: highest + 1 }, (_, i) => String(i));
  return { count, channels: 1, height, width, pixels: x.bytes, labels: y.bytes, classes };
}

export interface MnistOptions {
  /** How many of the last training images become the validation set; 0 by default. */
  readonly holdOut?: number;
}

export interface Mnist {
  readonly train: ImageSet;
  /** The last images of the training files, where some were asked for. */
  readonly validation?: ImageSet;
  /** The official test set, where its files are there. */
  readonly test?: ImageSet;
  /** Files of the test set that are not there. */
  readonly missing: readonly string[];
}

/**
 * Loads MNIST from a folder with the standard files, `train-images-idx3-ubyte` and so on, packed (`.gz`) or not; both
 * spellings of the names, `-idx3-` and `.idx3-`. The two files of the test set may be absent together; `missing` says so.
 * @throws SYS-DAT-063 files are missing (each named), SYS-DAT-064 too many held out, SYS-DAT-001 … 004 damaged files
 */
export async function loadMnist(folder: DataFolder, options: MnistOptions = {}): Promise<Mnist> {
  const there = new Set((await folder.list()).filter((e) => e.kind === 'file').map((e) => e.name));
  const pair = (set: 'train' | 't10k') =>
    [`${set}-images-idx3-ubyte`, `${set}-labels-idx1-ubyte`].map((standard) => {
      const spellings = [standard, standard.replace('-idx', '.idx')];
      const found = spellings.flatMap((name) => [name, `${name}.gz`]).find((name) => there.has(name));
      return { standard, found };
    });
  const missingOf = (files: ReturnType<typeof pair>): string[] =>
    files.filter((file) => file.found === undefined).map((file) => file.standard);
  const [training, testing] = [pair('train'), pair('t10k')];
  const absent = missingOf(testing);
  // Half a test set is a mistake, none may be meant.
  const needed = [...missingOf(training), ...(absent.length === 1 ? absent : [])];
  if (needed.length > 0) throw missingFiles({ folder: folder.name, missing: needed.join(', ') });
  const read = async ([images, labels]: ReturnType<typeof pair>): Promise<ImageSet> =>
    readMnist(await folder.read(images!.found!), await folder.read(labels!.found!), {
      images: joinPath(folder.name, images!.found!),
      labels: joinPath(folder.name, labels!.found!),
    });
  const all = await read(training);
  const { train, heldOut } = holdOut(all, options.holdOut ?? 0);
  const test = absent.length === 0 ? { test: await read(testing) } : {};
  return { train, ...(heldOut.count > 0 ? { validation: heldOut } : {}), ...test, missing: absent };
}
