/**
 * The model that a command line names: an `.onnx` file, the text form (`.txt`, `.ir`), an embedded network with its trained weights, or
 * a network of `#models`, whose weights are drawn, or left out where a command only counts. A file of that name goes before.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { diagnostic, SystoleError } from '#base';
import { createEngine } from '#engine';
import { bindSizes, EMBEDDED, type EmbeddedName, embeddedModel } from '#flow';
import { type Model, parseModel } from '#ir';
import { isProgram } from '#isa';
import { buildModel, models } from '#models';
import { type ExternalReader, externalEscapes, readModel } from '#onnx';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES } from '#report';
import { readCaffe, readDarknet } from '#structure';
import { Generator } from '#tensor';
import type { Console } from './console.ts';
import { readBytes, readText, reasonOf } from './files.ts';
import type { Both } from './language.ts';

const NAMES: readonly string[] = [...new Set([...EMBEDDED, ...models.keys()])];

/** The argument of every command that takes a model. */
export const MODEL_ARGUMENT: Both = { en: 'an ONNX file, or the name of a network', zh: 'ONNX 文件，或网络名称' };

const programGiven = diagnostic<{ path: string }>('SYS-CLI-028', 'invalid', {
  en: (p) => `this is a compiled program, expected ${MODEL_ARGUMENT.en}. Run it with: systole exec ${p.path}`,
  zh: (p) => `这是编译好的程序，应为${MODEL_ARGUMENT.zh}。运行它：systole exec ${p.path}`,
});

const noWeights = diagnostic<{ path: string }>('SYS-CLI-181', 'unsupported', {
  en: () =>
    'this describes layers and holds no weights, so that there is nothing to compute with. Count it (summary, utilisation), time it ' +
    '(explain, run --timing-only), or export the network with its weights as ONNX.',
  zh: () =>
    '该文件只描述各层，不含权重，无法计算。可以统计（summary、utilisation）、计时（explain、run --timing-only），' +
    '或将网络连同权重导出为 ONNX。',
});

const isEmbedded = (name: string): name is EmbeddedName => (EMBEDDED as readonly string[]).includes(name);

/** Descriptions without weights, by extension. */
const STRUCTURES: Readonly<Record<string, typeof readCaffe>> = { '.prototxt': readCaffe, '.cfg': readDarknet };

/** What a name on the command line means. */
export type Origin = 'file' | 'structure' | 'embedded' | 'network';

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

export function originOf(path: string): Origin {
  if (extname(path).toLowerCase() in STRUCTURES) return 'structure';
  if (isFile(path)) return 'file';
  if (isEmbedded(path)) return 'embedded';
  return models.has(path) ? 'network' : 'file';
}

/** The embedded network that a name means, if it means one. */
export const embeddedOf = (path: string): EmbeddedName | undefined =>
  originOf(path) === 'embedded' && isEmbedded(path) ? path : undefined;

/** How a network of `#models` gets its weights: drawn from a seed, or all 0, held as one element each, where their values do not count. */
export type Weights = { readonly seed: number; readonly isTold?: boolean } | 'none';

export interface Loaded {
  readonly model: Model;
  readonly origin: Origin;
  /** Of drawn weights, in words; undefined where the model brings its own, or none are needed. */
  readonly weights?: string;
}

/**
 * @param inputSize of the input, the batch first, for descriptions of other frameworks
 * @throws SYS-CLI-181 weights are needed of a description, which has none
 */
export async function loadModel(
  path: string,
  console: Console,
  weights: Weights,
  inputSize?: readonly number[],
): Promise<Loaded> {
  const origin = originOf(path);
  if (origin === 'embedded') return { origin, model: embeddedModel(path as EmbeddedName) };
  if (origin === 'network') {
    if (weights === 'none') return { origin, model: await buildModel(path, { weights: false }) };
    const { seed, isTold = !console.json } = weights;
    const drawn = console.text({ en: `random, seed ${seed}`, zh: `随机，种子 ${seed}` });
    if (isTold) {
      console.note(console.text({ en: `weights of ${path}: ${drawn}`, zh: `${path} 的权重：${drawn}` }));
    }
    return { origin, model: await buildModel(path, { generator: new Generator(seed) }), weights: drawn };
  }
  if (origin === 'structure') {
    if (weights !== 'none') throw noWeights({ path }, { file: path });
    const structure = STRUCTURES[extname(path).toLowerCase()]!;
    const options = { file: path, ...(inputSize === undefined ? {} : { inputSize }) };
    return { origin, model: structure(readText(path, MODEL_ARGUMENT, NAMES), options) };
  }
  if (NAMES.includes(path)) {
    console.note(
      console.text({
        en: `'${path}' is read as the file of that name, not as the network; for the network call systole from another folder`,
        zh: `“${path}”按同名文件读取，而非内置网络；如需该网络，请在其他文件夹中运行 systole`,
      }),
    );
  }
  if (['.txt', '.ir'].includes(extname(path).toLowerCase())) {
    return { origin, model: parseModel(readText(path, MODEL_ARGUMENT, NAMES), path) };
  }
  const bytes = readBytes(path, MODEL_ARGUMENT, NAMES);
  if (isProgram(bytes)) throw programGiven({ path }, { file: path });
  return { origin, model: readModel(bytes, { file: path, external: filesBeside(path) }) };
}

/** Sizes of a model: those given; of a network by its name, or of a description, one sample, where nothing is said. */
export function sizesGiven(
  path: string,
  {
    dim,
    batch,
    inputSize,
  }: {
    readonly dim?: Readonly<Record<string, number>>;
    readonly batch?: number;
    readonly inputSize?: readonly number[];
  },
): { readonly dims: Readonly<Record<string, number>>; readonly batch?: number } {
  if (batch !== undefined) return { dims: dim ?? {}, batch };
  return dim === undefined && originOf(path) !== 'file'
    ? { dims: {}, batch: inputSize?.[0] ?? 1 }
    : { dims: dim ?? {} };
}

/** A model for counting: its sizes bound, its shapes inferred, its constants folded (`SUMMARY_PASSES`). */
export async function countedModel(
  console: Console,
  name: string,
  sizes: { readonly dim?: Readonly<Record<string, number>>; readonly batch?: number },
): Promise<Model> {
  return inModel(name, async () => {
    const { model: imported } = await loadModel(name, console, 'none');
    const bound = bindSizes(imported, sizesGiven(name, sizes));
    const engine = await createEngine({ onNotice: console.notice });
    const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
    return (await runPasses(bound.model, { engine, declared: bound.declared, steps })).model;
  });
}

/** Errors of work on a model name its file, where they name none. */
export async function inModel<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const isPlaced = !(error instanceof SystoleError) || error.kind === 'usage' || error.place.file !== undefined;
    throw isPlaced || ['embedded', 'network'].includes(originOf(path)) ? error : error.at({ file: path });
  }
}

/** Opens files in the model's folder; a symbolic link may not lead out of it. */
function filesBeside(path: string): ExternalReader {
  return (location, tensor) => {
    const folder = realpathSync(dirname(path));
    let real: string;
    try {
      real = realpathSync(join(folder, location));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(reasonOf(error).en);
    }
    const inside = relative(folder, real);
    if (inside === '..' || inside.startsWith(`..${sep}`) || inside === '') {
      throw externalEscapes({ tensor, location: `${location} → ${real}` }, { file: path });
    }
    return readBytes(real, { en: `the external data of tensor '${tensor}'`, zh: `张量“${tensor}”的外部数据` });
  };
}
