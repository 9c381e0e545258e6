/** `--input [NAME=]FILE`: which file is for which input, the files as tensors, random data where nothing is given. */
import { diagnostic, type Place } from '#base';
import { isImage, type Normalisation } from '#data';
import { checkFinite, type InputFile, randomInput, readInput, stackInputs } from '#flow';
import type { Tensor, TensorType } from '#ir';
import type { TensorSlot } from '#isa';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { readBytes } from './files.ts';
import { collect, numbers, quotient, seedOption } from './values.ts';

export interface InputOptions {
  readonly input?: readonly string[];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly scale?: number;
  readonly seed: number;
  readonly allowNonFinite?: boolean;
}

const tooMany = diagnostic<{ file: string; inputs: readonly string[] }>('SYS-CLI-020', 'usage', {
  en: (p) =>
    `'${p.file}' is one file too many: the inputs are ${p.inputs.join(', ') || 'none'}. Say which a file is for with --input NAME=FILE.`,
  zh: (p) =>
    `文件“${p.file}”多余：输入有 ${p.inputs.join('、') || '（无）'}。请用 --input 名称=文件 指明各文件对应的输入。`,
});

const noFileName = diagnostic<{ name: string }>('SYS-CLI-027', 'usage', {
  en: (p) => `--input ${p.name}= names no file. Say which holds the data, as in --input ${p.name}=data.npy.`,
  zh: (p) => `--input ${p.name}= 没有给出文件。请指明数据文件，例如 --input ${p.name}=data.npy。`,
});

const noPicture = diagnostic<{ option: string }>('SYS-CLI-029', 'usage', {
  en: (p) =>
    `${p.option} is for pictures, and no input is given as one. Leave it out, or give PNG or JPEG with --input.`,
  zh: (p) => `${p.option} 用于图片，而没有以图片给出的输入。请去掉它，或用 --input 给出 PNG 或 JPEG。`,
});

export type PictureOptions = Pick<InputOptions, 'scale' | 'mean' | 'std'>;

/** `--scale`, `--mean` and `--std` of pictures. */
export function withPictureOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option(
      '--scale <F>',
      t({ en: 'pictures: factor on the levels 0–255, as in 1/255', zh: '图片：像素值 0–255 的系数，如 1/255' }),
      quotient('--scale'),
    )
    .option(
      '--mean <M>',
      t({
        en: 'pictures: subtracted after scaling; one number or one a channel',
        zh: '图片：缩放后减去的均值；一个数或每通道一个',
      }),
      numbers('--mean'),
    )
    .option(
      '--std <S>',
      t({
        en: 'pictures: divisor after that; one number or one a channel',
        zh: '图片：随后的除数；一个数或每通道一个',
      }),
      numbers('--std'),
    ) as CliCommand;
}

export const normalisationOf = ({ scale, mean, std }: PictureOptions): Normalisation => ({
  ...(scale === undefined ? {} : { scale }),
  ...(mean === undefined ? {} : { mean }),
  ...(std === undefined ? {} : { std }),
});

export function withInputOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  command.option(
    '--input <[NAME=]FILE>',
    t({
      en: 'data of an input: PNG, JPEG, .npy or ONNX .pb; repeatable, several files of one input make a batch',
      zh: '输入数据：PNG、JPEG、.npy 或 ONNX .pb；可重复，同一输入的多个文件组成批次',
    }),
    collect,
  );
  return withPictureOptions(console, command)
    .option(
      ...seedOption(console, {
        en: 'of random inputs, where no file is given, and of random weights; default 0',
        zh: '随机输入（未给文件时）与随机权重的种子，默认 0',
      }),
    )
    .option(
      '--allow-non-finite',
      t({ en: 'run inputs that hold NaN or infinities', zh: '允许输入含 NaN 或无穷大' }),
    ) as CliCommand;
}

export interface GivenInputs {
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** The file of each, for errors. */
  readonly places: ReadonlyMap<string, Place>;
  /** Where the data came from, for the report. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads the files of `--input`.
 * @param names of the inputs, in order; files without a name fill those that have none, or all go to the only one
 * @param typeOf an input's type; throws where there is none of that name
 */
export async function readInputs(
  options: InputOptions,
  names: readonly string[],
  typeOf: (name: string) => TensorType,
): Promise<GivenInputs> {
  const files = new Map<string, InputFile[]>();
  for (const { name, file } of assigned(options.input ?? [], names, typeOf)) {
    const what = {
      en: `data for input '${name}': PNG, JPEG, .npy or .pb`,
      zh: `输入“${name}”的数据：PNG、JPEG、.npy 或 .pb`,
    };
    files.set(name, [...(files.get(name) ?? []), { file, bytes: readBytes(file, what) }]);
  }
  const unused = (['scale', 'mean', 'std'] as const).find((key) => options[key] !== undefined);
  if (
    unused !== undefined &&
    ![...files.values()].flat().some((f) => isImage(f.bytes) || /\.(png|jpe?g)$/i.test(f.file))
  )
    throw noPicture({ option: `--${unused}` });
  const normalisation = normalisationOf(options);
  const feeds = new Map<string, Tensor>();
  const places = new Map<string, Place>();
  const sources = new Map<string, string>();
  for (const [name, list] of files) {
    const tensors: Tensor[] = [];
    for (const file of list) {
      const tensor = await readInput(file, name, typeOf(name), normalisation);
      if (options.allowNonFinite !== true) checkFinite(name, tensor, { file: file.file });
      tensors.push(tensor);
    }
    feeds.set(name, stackInputs(name, tensors));
    places.set(name, { file: list[0]!.file });
    sources.set(name, list.length > 3 ? `${list[0]!.file} … (${list.length})` : list.map((f) => f.file).join(', '));
  }
  return { feeds, places, sources };
}

function* assigned(
  given: readonly string[],
  names: readonly string[],
  typeOf: (name: string) => TensorType,
): Generator<{ readonly name: string; readonly file: string }> {
  const named = given.map((text) => {
    const at = text.indexOf('=');
    // A path may hold '=': what stands before it names an input only if it is no path.
    return at > 0 && !/[\\/]/.test(text.slice(0, at))
      ? { name: text.slice(0, at), file: text.slice(at + 1) }
      : { file: text };
  });
  const taken = new Set(named.flatMap((n) => (n.name === undefined ? [] : [n.name])));
  const free = names.filter((name) => !taken.has(name));
  for (const { name, file } of named) {
    if (file === '') throw noFileName({ name: name ?? '' });
    if (name !== undefined) {
      typeOf(name);
      yield { name, file };
      continue;
    }
    const next = names.length === 1 && taken.size === 0 ? names[0] : free.shift();
    if (next === undefined) throw tooMany({ file, inputs: names });
    yield { name: next, file };
  }
}

/** The feeds of a run: what is given, and seeded random data for the rest. */
export function completeFeeds(
  given: GivenInputs,
  slots: readonly Pick<TensorSlot, 'name' | 'dtype' | 'dims'>[],
  seed: number,
  console: Console,
): GivenInputs {
  const feeds = new Map<string, Tensor>();
  const sources = new Map(given.sources);
  for (const [position, slot] of slots.entries()) {
    const feed = given.feeds.get(slot.name);
    feeds.set(slot.name, feed ?? randomInput(slot, seed, position));
    if (feed !== undefined) continue;
    sources.set(slot.name, console.text({ en: `random, seed ${seed}`, zh: `随机，种子 ${seed}` }));
  }
  return { feeds, sources, places: given.places };
}
