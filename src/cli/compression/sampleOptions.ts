/** `--data` and what goes with it: what `quantize` calibrates and checks on, and `prune` checks on. */
import { statSync } from 'node:fs';
import { openFolder } from '#data';
import { arraySamples, folderSamples, randomSamples, type SampleSets } from '#flow';
import type { Model } from '#ir';
import type { CliCommand } from '../command.ts';
import type { Console } from '../console.ts';
import { readBytes } from '../files.ts';
import { normalisationOf, type PictureOptions, withPictureOptions } from '../inputs.ts';
import { seedOption, whole } from '../values.ts';

export interface SampleArguments extends PictureOptions {
  readonly data?: string;
  readonly samples?: number;
  readonly limit: number;
  readonly seed: number;
}

const DATA = {
  en: "samples: a folder with MNIST's files, of pictures (by class or not) or of .npy files; an .npy or .npz file",
  zh: '样本：含 MNIST 文件、图片（可按类别分）或 .npy 文件的文件夹；或 .npy、.npz 文件',
};

/** Samples to calibrate on, where nothing is said: as published work takes. */
const SAMPLES = 512;
/** Random data says less, whatever its amount. */
const RANDOM_SAMPLES = 32;

export function withSampleOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  command
    .option('--data <PATH>', t(DATA))
    .option(
      '--limit <N>',
      t({ en: 'check on at most N samples; default 10000', zh: '最多用 N 个样本检验；默认 10000' }),
      whole('--limit', 1, 1e9),
      10_000,
    )
    .option(
      ...seedOption(console, {
        en: 'of random samples, where no data is given, and of random weights; default 0',
        zh: '随机样本（未给数据时）与随机权重的种子，默认 0',
      }),
    );
  return withPictureOptions(console, command);
}

/** The samples of a model's inputs. */
export async function samplesFor(model: Model, args: SampleArguments): Promise<SampleSets> {
  const { data, seed } = args;
  if (data === undefined) return randomSamples(model, { samples: args.samples ?? RANDOM_SAMPLES, seed });
  const options = { samples: args.samples ?? SAMPLES, limit: args.limit, seed, normalisation: normalisationOf(args) };
  if (statSync(data, { throwIfNoEntry: false })?.isDirectory()) return folderSamples(model, openFolder(data), options);
  return arraySamples(model, { name: data, bytes: readBytes(data, DATA) }, options);
}
