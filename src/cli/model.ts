/** The model that a command line names: an `.onnx` file, the text form (`.txt`, `.ir`), or an embedded network; where a command only counts, any network of `#models`. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { diagnostic, SystoleError } from '#base';
import { EMBEDDED, type EmbeddedName, embeddedModel } from '#flow';
import { type Model, parseModel } from '#ir';
import { isProgram } from '#isa';
import { buildModel, models } from '#models';
import { type ExternalReader, externalEscapes, readModel } from '#onnx';
import { readCaffe, readDarknet } from '#structure';
import { readBytes, readText, reasonOf } from './files.ts';

const MODEL = {
  en: `an ONNX model, or the name of an embedded one (${EMBEDDED.join(', ')})`,
  zh: `ONNX 模型，或内置模型的名称（${EMBEDDED.join('、')}）`,
};

const programGiven = diagnostic<{ path: string }>('SYS-CLI-028', 'invalid', {
  en: (p) => `this is a compiled program, expected ${MODEL.en}. Run it with: systole exec ${p.path}`,
  zh: (p) => `这是编译好的程序，应为${MODEL.zh}。运行它：systole exec ${p.path}`,
});

const COUNTED = {
  en: `an ONNX model, or the name of a network (${[...new Set([...EMBEDDED, ...models.keys()])].join(', ')})`,
  zh: `ONNX 模型，或网络的名称（${[...new Set([...EMBEDDED, ...models.keys()])].join('、')}）`,
};

/** Descriptions without weights, by extension. */
const STRUCTURES: Readonly<Record<string, typeof readCaffe>> = { '.prototxt': readCaffe, '.cfg': readDarknet };

export const isEmbedded = (name: string): name is EmbeddedName => (EMBEDDED as readonly string[]).includes(name);

export function loadModel(path: string, expected: typeof MODEL = MODEL): Model {
  if (isEmbedded(path)) return embeddedModel(path);
  if (['.txt', '.ir'].includes(extname(path).toLowerCase())) return parseModel(readText(path, expected), path);
  const bytes = readBytes(path, expected);
  if (isProgram(bytes)) throw programGiven({ path }, { file: path });
  return readModel(bytes, { file: path, external: filesBeside(path) });
}

/**
 * For commands that count and do not run: a network of `#models` by its name too, without its weights, and of one sample unless sizes are
 * given. A file of that name goes before.
 */
export async function loadCounted(
  path: string,
  sizes: {
    readonly dim?: Readonly<Record<string, number>>;
    readonly batch?: number;
    /** Of the input, the batch first, for descriptions of other frameworks. */
    readonly inputSize?: readonly number[];
  },
): Promise<{ readonly model: Model; readonly batch?: number }> {
  const given = sizes.batch === undefined ? {} : { batch: sizes.batch };
  const one = sizes.dim === undefined ? { batch: sizes.inputSize?.[0] ?? 1, ...given } : given;
  const structure = STRUCTURES[extname(path).toLowerCase()];
  if (structure !== undefined) {
    const { inputSize } = sizes;
    const options = { file: path, ...(inputSize === undefined ? {} : { inputSize }) };
    return { model: structure(readText(path, COUNTED), options), ...one };
  }
  if (isEmbedded(path) || !models.has(path) || existsSync(path)) return { model: loadModel(path, COUNTED), ...given };
  const model = await buildModel(path, { weights: false });
  return { model, ...one };
}

/** Errors of work on a model name its file, where they name none. */
export async function inModel<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const isPlaced = !(error instanceof SystoleError) || error.kind === 'usage' || error.place.file !== undefined;
    throw isPlaced || isEmbedded(path) ? error : error.at({ file: path });
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
