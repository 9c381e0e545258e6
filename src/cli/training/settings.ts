/** The settings of a training: what the command line says, what goes together, and what a checkpoint fixes. */
import { existsSync } from 'node:fs';
import { diagnostic, type Notice } from '#base';
import type { Checkpoint, DataIdentity, Hyperparameters, Precision, Sparsity, Task } from '#flow';
import type { Console } from '../console.ts';
import { checkWritable } from '../files.ts';
import type { Both } from '../language.ts';
import { identityText } from './texts.ts';

export interface TrainOptions {
  readonly data?: string;
  readonly download?: boolean;
  readonly epochs?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly size?: number;
  readonly precision?: Precision;
  readonly sparsity?: Sparsity;
  readonly patience?: number;
  readonly out?: string;
  readonly samples?: string;
  readonly checkpoint?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly events?: string;
}

const needsImages = diagnostic<{ task: string; option: string }>('SYS-CLI-121', 'usage', {
  en: (p) => `${p.option} is for tasks that learn from images; '${p.task}' makes its own data. Leave it out.`,
  zh: (p) => `${p.option} 用于学习图像的任务；“${p.task}”自备数据。请去掉它。`,
});

const needsPictures = diagnostic<{ task: string }>('SYS-CLI-174', 'usage', {
  en: (p) =>
    `'${p.task}' learns from pictures in a folder: give it with --data DIR (CIFAR-10's batches, or a folder for each class). --download fetches ` +
    'CIFAR-10 into it.',
  zh: (p) =>
    `“${p.task}”从文件夹中的图片学习：请用 --data DIR 给出（CIFAR-10 批文件，或每类一个文件夹）。--download 可将 CIFAR-10 下载到其中。`,
});

const needsPictureTask = diagnostic<{ task: string }>('SYS-CLI-175', 'usage', {
  en: (p) =>
    `--size is for networks that learn from pictures in a folder; '${p.task}' has inputs of one size. Leave it out.`,
  zh: (p) => `--size 用于从文件夹中的图片学习的网络；“${p.task}”的输入尺寸固定。请去掉它。`,
});

const sameFile = diagnostic<{ path: string }>('SYS-CLI-126', 'usage', {
  en: (p) => `--out and --checkpoint both name ${p.path}. Give the network and the checkpoint a file each.`,
  zh: (p) => `--out 与 --checkpoint 均为 ${p.path}。请为网络和检查点分别指定文件。`,
});

const needsFolder = diagnostic<Record<string, never>>('SYS-CLI-125', 'usage', {
  en: () => '--download fetches into a folder: say which with --data DIR.',
  zh: () => '--download 下载到文件夹：请用 --data DIR 指定。',
});

const needsCheckpoint = diagnostic<Record<string, never>>('SYS-CLI-122', 'usage', {
  en: () => '--resume goes on from a checkpoint: say which with --checkpoint FILE.',
  zh: () => '--resume 从检查点继续：请用 --checkpoint FILE 指定。',
});

const settingsFixed = diagnostic<{ option: string; found: string; saved: string | undefined }>('SYS-CLI-123', 'usage', {
  en: (p) =>
    `${p.option} ${p.found} cannot change what the checkpoint holds (${p.saved === undefined ? `no ${p.option}` : p.saved}) when training ` +
    'is resumed. Leave it out, or begin anew.',
  zh: (p) =>
    `继续训练时，${p.option} ${p.found} 不能更改检查点中的值（${p.saved === undefined ? `无 ${p.option}` : p.saved}）。请去掉它，或重新开始。`,
});

const otherData = diagnostic<{ found: Both; saved: Both; given: boolean }>('SYS-CLI-170', 'usage', {
  en: (p) =>
    `the checkpoint is of training on ${p.saved.en}, but ${p.given ? '--data gives' : 'without --data there are'} ${p.found.en}. ` +
    'Give --data and --limit as they were at first, or begin anew.',
  zh: (p) =>
    `检查点的训练数据为 ${p.saved.zh}，而${p.given ? '--data 给出的是' : '不给出 --data 时为'} ${p.found.zh}。` +
    '请像首次训练时那样给出 --data 与 --limit，或重新开始。',
});

/** Of checkpoints that do not say on which data they are. */
const unknownData: Notice = {
  code: 'SYS-CLI-171',
  en: 'the checkpoint does not say which data it is of (an earlier version wrote it): see to it that --data is as it was',
  zh: '检查点没有记录训练数据（由较早的版本写出）：请确保 --data 与当时相同',
};

const checkpointStands = diagnostic<{ path: string }>('SYS-CLI-140', 'usage', {
  en: (p) =>
    `--checkpoint names ${p.path}, which is there already and would be overwritten. Add --resume to go on from it, --overwrite to begin anew in ` +
    'its place, or name another file.',
  zh: (p) =>
    `--checkpoint 指定的 ${p.path} 已存在，将被覆盖。请加 --resume 从它继续，加 --overwrite 重新开始并替换它，或指定其他文件。`,
});

const resumeOrOverwrite = diagnostic<Record<string, never>>('SYS-CLI-141', 'usage', {
  en: () => '--resume goes on from the checkpoint, --overwrite begins anew in its place: give one of them.',
  zh: () => '--resume 从检查点继续，--overwrite 重新开始并替换检查点：请只给出其一。',
});

const nothingLeft = diagnostic<{ done: number; epochs: number }>('SYS-CLI-124', 'usage', {
  en: (p) =>
    `the checkpoint has ${p.done} epochs behind it, and ${p.epochs} are asked for. Ask for more with --epochs.`,
  zh: (p) => `检查点已完成 ${p.done} 个 epoch，而要求的是 ${p.epochs} 个。请用 --epochs 指定更多。`,
});

/**
 * What goes together on the command line.
 * @throws SYS-CLI-121, 122, 125, 126, 140, 141, 174, 175, and what `checkWritable` throws
 */
export function checkOptions(task: Task, options: TrainOptions): void {
  const isOwn = typeof task.data === 'object';
  for (const flag of ['data', 'limit'] as const) {
    if (isOwn && options[flag] !== undefined) throw needsImages({ task: task.name, option: `--${flag}` });
  }
  if (task.data === 'pictures' && options.data === undefined) throw needsPictures({ task: task.name });
  if (task.data !== 'pictures' && options.size !== undefined) throw needsPictureTask({ task: task.name });
  if (options.download && options.data === undefined) throw needsFolder({});
  if (options.resume && options.checkpoint === undefined) throw needsCheckpoint({});
  if (options.out !== undefined && options.out === options.checkpoint) throw sameFile({ path: options.out });
  if (options.resume && options.overwrite) throw resumeOrOverwrite({});
  if (options.checkpoint !== undefined && !options.resume && !options.overwrite && existsSync(options.checkpoint)) {
    throw checkpointStands({ path: options.checkpoint });
  }
  checkWritable(options.out, 'file');
  checkWritable(options.checkpoint, 'file');
  checkWritable(options.events, 'folder');
  checkWritable(options.samples, 'file');
}

/**
 * Settings that a checkpoint fixes are left out, or the same: that is what pressing "up" and adding --resume gives.
 * @throws SYS-CLI-123
 */
export function checkSettings({ head }: Checkpoint, options: TrainOptions): void {
  for (const flag of FIXED) {
    const saved = flag === 'seed' ? head.seed : head.hyperparameters[flag];
    const found = options[flag];
    if (found !== undefined && found !== saved) {
      throw settingsFixed({
        option: `--${flag}`,
        found: `${found}`,
        saved: saved === undefined ? undefined : `${saved}`,
      });
    }
  }
}

const FIXED = ['seed', 'batch', 'rate', 'limit', 'size', 'precision', 'sparsity'] as const;

/**
 * Training goes on with the data it began with.
 * @throws SYS-CLI-170
 */
export function checkData({ head }: Checkpoint, found: DataIdentity, options: TrainOptions, console: Console): void {
  if (head.data === undefined) {
    console.notice(unknownData);
    return;
  }
  const { train, validation, fingerprint } = head.data;
  if (train === found.train && validation === found.validation && fingerprint === found.fingerprint) return;
  const given = options.data !== undefined;
  throw otherData({ found: identityText(found), saved: identityText(head.data), given });
}

/**
 * That epochs are left.
 * @throws SYS-CLI-124
 */
export function checkEpochs({ head }: Checkpoint, epochs: number): void {
  if (head.progress.epoch >= epochs) throw nothingLeft({ done: head.progress.epoch, epochs });
}

/** The hyperparameters that the command line gives. */
export function definedOf(options: TrainOptions): Partial<Hyperparameters> {
  const { epochs, batch, rate, limit, size, patience, precision, sparsity } = options;
  const given = { epochs, batch, rate, limit, size, patience, precision, sparsity };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
}
