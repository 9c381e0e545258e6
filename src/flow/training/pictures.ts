/**
 * Pictures that networks learn to tell apart, from a folder: CIFAR-10's batches, or a folder for each class, as ImageNet's `train` and `val`
 * or without them. They are decoded when their batch comes, brought to one size, cropped and mirrored at random to train on, and
 * standardised by ImageNet's means and deviations.
 */
import { diagnostic, type Random } from '#base';
import {
  centreWindow,
  crop,
  type DataFolder,
  type FloatImage,
  flip,
  floatImage,
  holdsCifar10,
  type ImageFolder,
  loadCifar10,
  openImageFolder,
  pictureStream,
  picturesOf,
  preprocess,
  type RgbImage,
  randomCrop,
  resizeBilinear,
  type SampleStream,
  selectPictures,
  toPlanes,
} from '#data';
import type { TaskData } from './task.ts';

const noPictures = diagnostic<{ folder: string; found: string }>('SYS-FLOW-120', 'invalid', {
  en: (p) =>
    `${p.folder} holds no pictures to learn from: found ${p.found || 'nothing'}; expected CIFAR-10's binary version (data_batch_1.bin …), or a ` +
    'folder for each class, as train/CLASS/*.JPEG and val/CLASS/*.JPEG, or CLASS/*.png.',
  zh: (p) =>
    `${p.folder} 中没有可供学习的图片：其中有 ${p.found || '（空）'}；应为 CIFAR-10 二进制版（data_batch_1.bin 等），或每类一个文件夹，` +
    '如 train/类别/*.JPEG 与 val/类别/*.JPEG，或 类别/*.png。',
});

const otherClasses = diagnostic<{ folder: string; missing: string; unknown: string }>('SYS-FLOW-121', 'invalid', {
  en: (p) =>
    `${p.folder} has other classes than those to train on: it lacks ${p.missing || 'none'}, and has ${p.unknown || 'none'} besides. Give both the ` +
    'same folders.',
  zh: (p) =>
    `${p.folder} 的类别与训练集不同：缺少 ${p.missing || '（无）'}，多出 ${p.unknown || '（无）'}。请使两者的文件夹一致。`,
});

const oneClass = diagnostic<{ folder: string; name: string }>('SYS-FLOW-123', 'invalid', {
  en: (p) =>
    `${p.folder} holds pictures of one class, '${p.name}': there is nothing to tell it from. Give two classes or more.`,
  zh: (p) => `${p.folder} 只有一个类别“${p.name}”的图片，无从区分。请给出两个或更多类别。`,
});

/** Names of the folder that is checked on. */
const CHECKED = ['val', 'validation', 'test'];
/** Where there is none, every so-manieth picture of each class is held out. */
const HELD_OUT = 5;
/** Names of what was found that are shown. */
const SHOWN = 5;

interface Sets {
  readonly train: ImageFolder;
  readonly validation: ImageFolder;
  readonly by: { readonly en: string; readonly zh: string };
}

/**
 * @param options.size height and width of the network's input
 * @param options.limit so many training pictures alone, evenly spread over all
 * @throws SYS-FLOW-120 neither CIFAR-10 nor folders of classes, -121 classes to check on are others, -123 one class; and what
 *   `loadCifar10` and `openImageFolder` throw
 */
export async function pictureData(
  folder: DataFolder,
  options: { readonly size: number; readonly limit?: number },
): Promise<TaskData> {
  const { size, limit } = options;
  const { train: all, validation, by } = await setsOf(folder);
  const { classes } = all;
  if (classes.length === 1) throw oneClass({ folder: folder.name, name: classes[0]! });
  const train = limit === undefined || limit >= all.files.length ? all : selectPictures(all, spread(all, limit));
  const stream = (pictures: ImageFolder, isTraining: boolean): SampleStream =>
    pictureStream(pictures, [3, size, size], (image, random) => prepared(image, size, isTraining ? random : undefined));
  const count = train.files.length;
  const checked = validation.files.length;
  return {
    name: {
      en: `${count} pictures of ${classes.length} classes from ${folder.name}; ${checked === 0 ? 'none to check on' : `checked on ${checked}, ${by.en}`}`,
      zh: `${folder.name} 中 ${classes.length} 个类别的 ${count} 张图片；${checked === 0 ? '没有用于检验的图片' : `用 ${checked} 张检验（${by.zh}）`}`,
    },
    train: stream(train, true),
    ...(checked === 0 ? {} : { validation: stream(validation, false) }),
    classes,
  };
}

async function setsOf(folder: DataFolder): Promise<Sets> {
  if (await holdsCifar10(folder)) {
    const { train, test } = await loadCifar10(folder);
    const by = { en: "CIFAR-10's test batch", zh: 'CIFAR-10 测试批' };
    return { train: picturesOf(train), validation: picturesOf(test), by };
  }
  const entries = await folder.list();
  const folders = entries.filter((entry) => entry.kind === 'folder').map((entry) => entry.name);
  if (folders.length === 0) {
    const found = entries.slice(0, SHOWN).map((entry) => entry.name);
    throw noPictures({ folder: folder.name, found: found.join(', ') + (entries.length > SHOWN ? ', …' : '') });
  }
  const isSplit = folders.includes('train');
  const all = await openImageFolder(folder, isSplit ? 'train' : '');
  const name = isSplit ? CHECKED.find((checked) => folders.includes(checked)) : undefined;
  if (name === undefined) {
    const [train, validation] = heldOut(all);
    return { train, validation, by: { en: 'held out of each class', zh: '每类留出' } };
  }
  const validation = await openImageFolder(folder, name);
  const [missing, unknown] = [less(all.classes, validation.classes), less(validation.classes, all.classes)];
  if (missing !== '' || unknown !== '') throw otherClasses({ folder: `${folder.name}/${name}`, missing, unknown });
  return { train: all, validation, by: { en: `those in ${name}`, zh: `${name} 文件夹` } };
}

const less = (names: readonly string[], others: readonly string[]): string =>
  names.filter((name) => !others.includes(name)).join(', ');

/** Every fifth picture of each class apart. */
function heldOut(pictures: ImageFolder): readonly [train: ImageFolder, validation: ImageFolder] {
  const seen = new Map<number, number>();
  const parts: [number[], number[]] = [[], []];
  for (const [i, { label }] of pictures.files.entries()) {
    const nth = (seen.get(label) ?? 0) + 1;
    seen.set(label, nth);
    parts[nth % HELD_OUT === 0 ? 1 : 0].push(i);
  }
  return [selectPictures(pictures, parts[0]), selectPictures(pictures, parts[1])];
}

/** Pictures lie class by class, so the first of them would be of one class. */
const spread = ({ files }: ImageFolder, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((i * files.length) / count));

/** How much larger than the input a picture is before it is cropped: 256 to 224 (Krizhevsky et al. 2012). */
const MARGIN = 8 / 7;

/**
 * A picture as an input. One that has the size already is cropped out of itself with an eighth of zeros around, as CIFAR-10's are (He et al.
 * 2016, section 4.2); of another the shorter side is brought to 8/7 of the size, and a square cut from it (Krizhevsky et al. 2012).
 * @param random to train on: where it is cropped, and whether mirrored; without it the middle is taken
 */
function prepared(image: RgbImage, size: number, random: Random | undefined) {
  const levels = floatImage(image);
  const cut = levels.width === size && levels.height === size ? padded(levels, random) : scaled(levels, size, random);
  const seen = random !== undefined && random.bits() & 1 ? flip(cut, 'x') : cut;
  return toPlanes(preprocess(seen, 'torch'));
}

const padded = (image: FloatImage, random: Random | undefined): FloatImage =>
  random === undefined ? image : randomCrop(image, Math.floor(image.width / 8), random);

function scaled(image: FloatImage, size: number, random: Random | undefined): FloatImage {
  const shorter = Math.round(size * MARGIN);
  const ratio = shorter / Math.min(image.width, image.height);
  const side = (length: number): number => Math.max(shorter, Math.round(length * ratio));
  const [width, height] = [side(image.width), side(image.height)];
  const resized = resizeBilinear(image, width, height, { antialias: true });
  if (random === undefined) return crop(resized, centreWindow(resized, size));
  const [x0, y0] = [random.integer(0, width - size), random.integer(0, height - size)];
  return crop(resized, { x0, y0, x1: x0 + size, y1: y0 + size });
}
