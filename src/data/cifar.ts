/**
 * CIFAR-10's binary version: 60,000 colour pictures of 32 × 32 in ten classes. A batch file holds 10,000 records of
 * one label byte and 3,072 levels: red, green, blue, each 32 rows of 32 (A. Krizhevsky, "The CIFAR-10 dataset",
 * https://www.cs.toronto.edu/~kriz/cifar.html).
 */
import { parseTar } from 'nanotar';
import { diagnostic, type Place } from '#base';
import { type DataFolder, joinPath, memoryFolder } from './folder.ts';
import { gunzip } from './gzip.ts';
import { holdOut, type ImageSet, joinImages } from './imageSet.ts';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

/** As `batches.meta.txt` has them. */
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

const ARCHIVE = 'cifar-10-binary.tar.gz';
const FOLDER = 'cifar-10-batches-bin';
const TRAINING = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
const TEST = 'test_batch.bin';

const wrongSize = diagnostic<{ found: number }>('SYS-DAT-067', 'invalid', {
  en: (p) =>
    `a CIFAR-10 batch has ${p.found} bytes; expected records of ${PIXELS + 1} bytes each (${(PIXELS + 1) * 10000} in the ` +
    'official files). It is cut short, or the Python version, which is another format',
  zh: (p) =>
    `CIFAR-10 批文件有 ${p.found} 字节；应由每条 ${PIXELS + 1} 字节的记录组成（官方文件为 ${(PIXELS + 1) * 10000} 字节）。` +
    '文件被截断，或为格式不同的 Python 版',
});

const wrongLabel = diagnostic<{ record: number; found: number }>('SYS-DAT-068', 'invalid', {
  en: (p) => `record ${p.record} of a CIFAR-10 batch has label ${p.found}; expected 0 to 9`,
  zh: (p) => `CIFAR-10 批文件的第 ${p.record} 条记录标签为 ${p.found}；应为 0 至 9`,
});

const missingFiles = diagnostic<{ folder: string; missing: string }>('SYS-DAT-069', 'invalid', {
  en: (p) => `CIFAR-10 in ${p.folder} lacks ${p.missing}; expected the batches of the binary version, or ${ARCHIVE}`,
  zh: (p) => `${p.folder} 中的 CIFAR-10 缺少 ${p.missing}；应含二进制版的批文件，或 ${ARCHIVE}`,
});

const badArchive = diagnostic<{ reason: string }>('SYS-DAT-092', 'invalid', {
  en: (p) => `the archive is damaged: ${p.reason}; fetch it again`,
  zh: (p) => `归档文件已损坏：${p.reason}；请重新获取`,
});

/**
 * The pictures of one batch file.
 * @throws SYS-DAT-067 length, SYS-DAT-068 label
 */
export function readCifar10Batch(bytes: Uint8Array, file?: string): ImageSet {
  const place: Place = file === undefined ? {} : { file };
  const count = bytes.length / (PIXELS + 1);
  if (count < 1 || !Number.isInteger(count)) throw wrongSize({ found: bytes.length }, place);
  const pixels = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * (PIXELS + 1);
    const label = bytes[at]!;
    if (label > 9) throw wrongLabel({ record: i, found: label }, place);
    labels[i] = label;
    pixels.set(bytes.subarray(at + 1, at + 1 + PIXELS), i * PIXELS);
  }
  return { count, channels: 3, height: SIDE, width: SIDE, pixels, labels, classes: CLASSES };
}

export interface Cifar10 {
  readonly train: ImageSet;
  /** The last pictures of the training batches, where some were asked for. */
  readonly validation?: ImageSet;
  readonly test: ImageSet;
}

/**
 * Loads CIFAR-10 from a folder that holds the batches, the folder `cifar-10-batches-bin`, or the archive as it is
 * distributed.
 * @throws SYS-DAT-069 files are missing (each named), 067, 068 damaged ones, 001, 092 a damaged archive, 064 too many held out
 */
export async function loadCifar10(folder: DataFolder, options: { readonly holdOut?: number } = {}): Promise<Cifar10> {
  const { files, prefix } = await findBatches(folder);
  const names = new Set((await files.list(prefix)).map((entry) => entry.name));
  const missing = [...TRAINING, TEST].filter((name) => !names.has(name));
  if (missing.length > 0) throw missingFiles({ folder: joinPath(files.name, prefix), missing: missing.join(', ') });
  const read = async (name: string): Promise<ImageSet> => {
    const path = joinPath(prefix, name);
    return readCifar10Batch(await files.read(path), joinPath(files.name, path));
  };
  const batches: ImageSet[] = [];
  for (const name of TRAINING) batches.push(await read(name));
  const { train, heldOut } = holdOut(joinImages(batches as [ImageSet, ...ImageSet[]]), options.holdOut ?? 0);
  return { train, ...(heldOut.count > 0 ? { validation: heldOut } : {}), test: await read(TEST) };
}

/** Whether a folder holds CIFAR-10 in one of the forms that `loadCifar10` takes. */
export async function holdsCifar10(folder: DataFolder): Promise<boolean> {
  const names = new Set((await folder.list()).map((entry) => entry.name));
  return [TRAINING[0]!, FOLDER, ARCHIVE].some((name) => names.has(name));
}

async function findBatches(folder: DataFolder): Promise<{ files: DataFolder; prefix: string }> {
  const names = new Set((await folder.list()).map((entry) => entry.name));
  if (names.has(TRAINING[0]!)) return { files: folder, prefix: '' };
  if (names.has(FOLDER)) return { files: folder, prefix: FOLDER };
  if (!names.has(ARCHIVE)) return { files: folder, prefix: '' };
  const name = joinPath(folder.name, ARCHIVE);
  const files = untar(await gunzip(await folder.read(ARCHIVE), name), name);
  return { files: memoryFolder(name, files), prefix: '' };
}

/** The files of an archive by their own names, without folders. */
function untar(bytes: Uint8Array, file: string): Record<string, Uint8Array> {
  try {
    // The parser looks at the whole buffer of an array, so it gets one that has nothing else in it.
    const whole = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    const held = parseTar(whole).flatMap(({ name, data }) =>
      data === undefined ? [] : [[name.split('/').at(-1)!, data]],
    );
    return Object.fromEntries(held);
  } catch (error) {
    throw badArchive({ reason: error instanceof Error ? error.message : String(error) }, { file });
  }
}
