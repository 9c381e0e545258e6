/**
 * Samples for calibration and for checking: batches of feeds, made when they are asked for. Convention: a batch fills the first
 * dimension of the inputs; behind the last sample it goes on with the first, and who counts leaves the repetition out.
 */
import { diagnostic } from '#base';
import {
  type DataFolder,
  decodeImage,
  type ImageSet,
  imageFloats,
  isImage,
  loadMnist,
  type Normalisation,
  openImageFolder,
  readNpy,
  readNpz,
} from '#data';
import {
  byteLength,
  elementCount,
  type Model,
  type Tensor,
  type TensorType,
  tensorBytes,
  tensorType,
  typeOf,
  typeText,
} from '#ir';
import { inputType } from '../feeds.ts';
import { readInput, stackInputs } from '../inputFile.ts';
import { randomInput } from '../inputs.ts';

type Both = Readonly<Record<'en' | 'zh', string>>;

export interface Samples {
  readonly name: Both;
  readonly count: number;
  /** The class of each, where it is known. */
  readonly labels?: ArrayLike<number>;
  readonly classes?: number;
  /** Sample `index` for every input, the first dimension 1. */
  read(index: number): Promise<ReadonlyMap<string, Tensor>>;
}

/** What is calibrated on, and what the compressed network is checked on. */
export interface SampleSets {
  readonly calibration: Samples;
  readonly check: Samples;
  readonly isRandom: boolean;
}

export interface SampleOptions {
  /** How many to calibrate on. */
  readonly samples: number;
  /** How many to check on at most. */
  readonly limit: number;
  readonly seed: number;
  readonly normalisation: Normalisation;
}

const manyInputs = diagnostic<{ data: string; inputs: readonly string[] }>('SYS-FLOW-133', 'usage', {
  en: (p) =>
    `${p.data} holds data of one input, and the model has ${p.inputs.length} (${p.inputs.join(', ')}). Give an .npz file with an array for each, under its name.`,
  zh: (p) =>
    `${p.data} 只含一个输入的数据，而模型有 ${p.inputs.length} 个输入（${p.inputs.join('、')}）。请给出 .npz 文件，每个输入一个同名数组。`,
});

const noSamples = diagnostic<{ data: string }>('SYS-FLOW-134', 'invalid', {
  en: (p) =>
    `${p.data} holds no samples: expected MNIST's files, pictures (PNG, JPEG; in a folder for each class or not), .npy files of inputs or an .npz file.`,
  zh: (p) =>
    `${p.data} 中没有样本：应为 MNIST 文件、图片（PNG、JPEG，可按类别分文件夹）、输入的 .npy 文件或 .npz 文件。`,
});

const doesNotFit = diagnostic<{ data: string; found: string; input: string; type: string }>('SYS-FLOW-135', 'invalid', {
  en: (p) =>
    `${p.data} is ${p.found}, which does not fit input '${p.input}' of type ${p.type}. Give samples of that type, one behind another along the first dimension.`,
  zh: (p) => `${p.data} 为 ${p.found}，与输入“${p.input}”（${p.type}）不符。请给出该类型的样本，沿第一维依次排列。`,
});

const openSize = diagnostic<{ input: string; type: string }>('SYS-FLOW-136', 'usage', {
  en: (p) => `input '${p.input}' is ${p.type}: all sizes but the first must be known. Give them with --dim NAME=N.`,
  zh: (p) => `输入“${p.input}”为 ${p.type}：除第一维外各维大小必须已知。请用 --dim 名称=N 指定。`,
});

/** The type of one sample of an input. @throws SYS-FLOW-136 */
function sampleType(model: Model, input: string): TensorType & { readonly shape: readonly number[] } {
  const type = inputType(model, input);
  const rest = type.shape?.slice(1);
  if (type.shape === undefined || type.shape.length === 0 || !rest?.every((d) => typeof d === 'number')) {
    throw openSize({ input, type: typeText(type) });
  }
  return { ...type, shape: [1, ...(rest as number[])] };
}

/** Samples in a run, where their number is open, and bytes of what comes back from it. */
const OPEN_BATCH = 32;
const OPEN_BYTES = 256 * 2 ** 20;

/**
 * Samples in one run: the first dimension of the inputs where it is fixed, else a few, not more than there are.
 * @param fetched values that come back: of large ones fewer samples run at a time
 */
export function batchOf(model: Model, samples: Samples, fetched: Iterable<string> = []): number {
  const firsts = model.graph.inputs.map((v) => (v.type?.kind === 'tensor' ? v.type.shape?.[0] : undefined));
  const fixed = firsts.find((d): d is number => typeof d === 'number');
  if (fixed !== undefined) return fixed;
  let bytes = 0;
  for (const name of fetched) {
    const type = typeOf(model.graph, name);
    if (type?.kind !== 'tensor') continue;
    const dims = (type.shape ?? []).map((d) => (typeof d === 'number' ? d : 1));
    bytes += byteLength(type.dtype, elementCount(dims));
  }
  const room = bytes === 0 ? OPEN_BATCH : Math.max(1, Math.floor(OPEN_BYTES / bytes));
  return Math.min(OPEN_BATCH, room, samples.count);
}

/** Feeds of samples `from` on, as many as `size`. */
export async function batchAt(samples: Samples, from: number, size: number): Promise<Map<string, Tensor>> {
  const parts = new Map<string, Tensor[]>();
  for (let i = 0; i < size; i++) {
    for (const [name, t] of await samples.read((from + i) % samples.count))
      parts.set(name, [...(parts.get(name) ?? []), t]);
  }
  return new Map([...parts].map(([name, tensors]) => [name, stackInputs(name, tensors)]));
}

/** Seeded random data of every input: for where nothing is given. */
export function randomSamples(model: Model, options: Pick<SampleOptions, 'samples' | 'seed'>): SampleSets {
  const types = model.graph.inputs.map(({ name }) => [name, sampleType(model, name)] as const);
  const set = (seed: number): Samples => ({
    name: { en: `random data, seed ${seed}`, zh: `随机数据，种子 ${seed}` },
    count: options.samples,
    read: async (index) =>
      new Map(
        types.map(([name, { dtype, shape }], position) => [
          name,
          randomInput(
            { dtype: dtype as 'float32', dims: [...shape] },
            seed ^ Math.imul(index + 1, 0x85ebca6b),
            position,
          ),
        ]),
      ),
  });
  return { calibration: set(options.seed), check: set(options.seed + 1), isRandom: true };
}

/** @param file its content, with its name: .npy or .npz */
export function arraySamples(
  model: Model,
  file: { readonly name: string; readonly bytes: Uint8Array },
  options: SampleOptions,
): SampleSets {
  const names = model.graph.inputs.map((v) => v.name);
  if (!file.name.toLowerCase().endsWith('.npz')) {
    const input = onlyInput(names, file.name);
    return setsOf(fromArrays(model, file.name, new Map([[input, readNpy(file.bytes, file.name) as Tensor]])), options);
  }
  const arrays = readNpz(file.bytes, file.name) as Map<string, Tensor>;
  const needed = new Map(names.flatMap((name) => (arrays.has(name) ? [[name, arrays.get(name)!] as const] : [])));
  if (needed.size < names.length)
    throw noSamples({ data: `${file.name} (${[...arrays.keys()].join(', ')})` }, { file: file.name });
  return setsOf(fromArrays(model, file.name, needed), options);
}

const onlyInput = (names: readonly string[], data: string): string => {
  if (names.length !== 1) throw manyInputs({ data, inputs: names });
  return names[0]!;
};

function fromArrays(model: Model, data: string, arrays: ReadonlyMap<string, Tensor>): Samples {
  let count = Number.POSITIVE_INFINITY;
  const rows = [...arrays].map(([input, array]) => {
    const type = sampleType(model, input);
    const fits =
      array.dtype === type.dtype && `${array.dims.slice(1)}` === `${type.shape.slice(1)}` && array.dims[0]! > 0;
    if (!fits || array.dims.length !== type.shape.length) {
      const found = typeText(tensorType(array.dtype, array.dims));
      throw doesNotFit({ data, found, input, type: typeText(inputType(model, input)) }, { file: data });
    }
    count = Math.min(count, array.dims[0]!);
    return { input, bytes: tensorBytes(array), dtype: type.dtype as 'float32', dims: type.shape };
  });
  return {
    name: { en: `${count} samples of ${data}`, zh: `${data} 的 ${count} 个样本` },
    count,
    read: async (index) =>
      new Map(
        rows.map(({ input, bytes, dtype, dims }) => {
          const size = byteLength(dtype, elementCount(dims));
          return [input, { dtype, dims, bytes: bytes.subarray(index * size, (index + 1) * size) }];
        }),
      ),
  };
}

/** The same samples to calibrate on, as many as asked for, spread over all, and to check on. */
function setsOf(all: Samples, { samples, limit }: SampleOptions): SampleSets {
  return { calibration: some(all, samples), check: some(all, limit), isRandom: false };
}

/** At most `most` samples, at equal distances. */
function some(all: Samples, most: number): Samples {
  const count = Math.min(all.count, most);
  const at = (i: number): number => Math.floor((i * all.count) / count);
  const { labels } = all;
  return {
    ...all,
    count,
    ...(labels === undefined ? {} : { labels: Array.from({ length: count }, (_, i) => labels[at(i)]!) }),
    read: (index) => all.read(at(index)),
  };
}

/** Samples of a folder: MNIST's files, pictures by class or not, or .npy files. */
export async function folderSamples(model: Model, folder: DataFolder, options: SampleOptions): Promise<SampleSets> {
  const input = onlyInput(
    model.graph.inputs.map((v) => v.name),
    folder.name,
  );
  const type = sampleType(model, input);
  const entries = await folder.list();
  const files = entries.filter((e) => e.kind === 'file').map((e) => e.name);
  if (files.some((name) => /^train-images.idx3-ubyte/.test(name))) return mnistSamples(folder, input, type, options);
  const arrays = files.filter((name) => name.endsWith('.npy'));
  if (arrays.length > 0) {
    const read = async (name: string) => readNpy(await folder.read(name), name) as Tensor;
    const stacked = stackInputs(input, await Promise.all(arrays.map(read)));
    return setsOf(fromArrays(model, folder.name, new Map([[input, stacked]])), options);
  }
  const flat = files.filter((name) => /\.(png|jpe?g)$/i.test(name));
  const byClass =
    flat.length === 0 && entries.some((e) => e.kind === 'folder') ? await openImageFolder(folder) : undefined;
  const paths = byClass?.files.map((f) => f.path) ?? flat;
  if (paths.length === 0) throw noSamples({ data: folder.name });
  const pictures: Samples = {
    name: { en: `${paths.length} pictures of ${folder.name}`, zh: `${folder.name} 的 ${paths.length} 幅图片` },
    count: paths.length,
    ...(byClass === undefined ? {} : { labels: byClass.files.map((f) => f.label), classes: byClass.classes.length }),
    async read(index) {
      const path = paths[index]!;
      const bytes = await folder.read(path);
      const file = `${folder.name}/${path}`;
      if (!isImage(bytes)) await decodeImage(bytes, { file });
      return new Map([[input, asBatch(await readInput({ file, bytes }, input, type, options.normalisation), type)]]);
    },
  };
  return setsOf(pictures, options);
}

/** A picture of an input without a batch dimension is refused before; one with it comes as a batch of one. */
const asBatch = (t: Tensor, { shape }: { readonly shape: readonly number[] }): Tensor =>
  ({ ...t, dims: shape }) as Tensor;

/** How many training images are held out where there is no test set, as `systole train` does. */
const HELD_OUT = 10_000;

async function mnistSamples(
  folder: DataFolder,
  input: string,
  type: TensorType & { readonly shape: readonly number[] },
  options: SampleOptions,
): Promise<SampleSets> {
  const whole = await loadMnist(folder);
  const held = Math.min(HELD_OUT, Math.floor(whole.train.count / 6));
  const set = whole.test !== undefined ? whole : await loadMnist(folder, { holdOut: held });
  const checked = set.test ?? set.validation!;
  const pixels = checked.height * checked.width;
  if (type.dtype !== 'float32' || elementCount(type.shape) !== pixels) {
    const found = `uint8[N,${checked.height},${checked.width}]`;
    throw doesNotFit({ data: folder.name, found, input, type: typeText(type) });
  }
  const of = (images: ImageSet, name: Both): Samples => ({
    name,
    count: images.count,
    labels: images.labels,
    classes: images.classes.length,
    async read(index) {
      const { width, height } = images;
      const picture = {
        width,
        height,
        channels: 1 as const,
        pixels: images.pixels.subarray(index * pixels, (index + 1) * pixels),
      };
      const floats = imageFloats(picture, options.normalisation);
      return new Map([[input, { dtype: 'float32', dims: type.shape, bytes: new Uint8Array(floats.buffer) }]]);
    },
  });
  const calibration = of(set.train, { en: `training images of ${folder.name}`, zh: `${folder.name} 的训练图像` });
  const by =
    set.test === undefined
      ? {
          en: `the last ${held} training images of ${folder.name}, held out`,
          zh: `${folder.name} 的最后 ${held} 幅训练图像（留出）`,
        }
      : { en: `the test images of ${folder.name}`, zh: `${folder.name} 的测试图像` };
  return {
    calibration: some(calibration, options.samples),
    check: some(of(checked, by), options.limit),
    isRandom: false,
  };
}
