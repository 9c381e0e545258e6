/**
 * The digits that tasks learn from: MNIST's files in a folder, or digits drawn by rule where there are none. The last images of the
 * training files are held out unless the official test set is there.
 */
import {
  type DataFolder,
  drawDigits,
  type ImageSet,
  imageSamples,
  loadMnist,
  type SampleSet,
  sliceImages,
} from '#data';
import type { Task, TaskData } from './task.ts';

/** How many training images are held out where there is no test set, and at most a sixth of them. */
const HELD_OUT = 10_000;
/** Drawn digits: as many as MNIST has. */
const DRAWN = { train: 60_000, validation: 10_000 } as const;
/** Tells the seed of the digits that are checked on from that of the others. */
const CHECK = 0x5eed;

/**
 * @param folder holds MNIST's files; without one digits are drawn
 * @param limit of the training images the first so many alone
 */
export async function digitData(
  task: Pick<Task, 'prepare'>,
  options: { readonly folder?: DataFolder; readonly seed: number; readonly limit?: number },
): Promise<TaskData> {
  const { folder, seed } = options;
  const { dims, mean, std } = task.prepare!;
  const samples = (set: ImageSet): SampleSet => {
    const made = imageSamples(set, { mean, deviation: std });
    return { ...made, inputDims: dims ?? made.inputDims };
  };
  const limited = (set: ImageSet): ImageSet =>
    options.limit === undefined || options.limit >= set.count ? set : sliceImages(set, 0, options.limit);
  if (folder === undefined) {
    // Other seeds are other digits, so the check is on none that were trained on.
    const checked = drawDigits({ count: DRAWN.validation, seed: seed ^ CHECK });
    const train = drawDigits({ count: Math.min(options.limit ?? DRAWN.train, DRAWN.train), seed });
    return {
      name: {
        en: `${train.count} digits drawn by rule (no data set given; MNIST's folder goes with --data)`,
        zh: `${train.count} 个按规则绘制的数字（未给出数据集；可用 --data 指定 MNIST 所在文件夹）`,
      },
      train: samples(train),
      validation: samples(checked),
      classes: train.classes,
    };
  }
  const whole = await loadMnist(folder);
  const held = Math.min(HELD_OUT, Math.floor(whole.train.count / 6));
  const set = whole.test !== undefined ? whole : await loadMnist(folder, { holdOut: held });
  const train = limited(set.train);
  const checked = set.test ?? set.validation!;
  const by =
    set.test === undefined
      ? { en: `the last ${checked.count} training images, held out`, zh: `训练图像的最后 ${checked.count} 幅（留出）` }
      : { en: `the official test set of ${checked.count}`, zh: `官方测试集 ${checked.count} 幅` };
  return {
    name: {
      en: `${train.count} images from ${folder.name}; checked on ${by.en}`,
      zh: `${folder.name} 中的 ${train.count} 幅图像；用${by.zh}检验`,
    },
    train: samples(train),
    validation: samples(checked),
    classes: set.train.classes,
  };
}
