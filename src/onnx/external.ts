/**
 * External tensor data: bytes that stand in another file beside the model. This file decides which locations are fit to
 * be opened and which bytes count; opening is the caller's (a callback), who must also follow symbolic links and refuse
 * those that leave the model's folder, with `externalEscapes`.
 */
import { diagnostic, type Place, SystoleError } from '#base';
import { plainBytes } from './numbering.ts';

export const externalEscapes = diagnostic<{ tensor: string; location: string }>('SYS-ONNX-020', 'invalid', {
  en: (p) =>
    `the external data of tensor '${p.tensor}' is said to be at '${p.location}', outside the model's folder; a model may only name files in its own folder: move the data there and store the relative path`,
  zh: (p) =>
    `张量 '${p.tensor}' 的外部数据位于 '${p.location}'，在模型所在文件夹之外；模型只能引用自己文件夹内的文件：请把数据移入并写相对路径`,
});

export const externalMissing = diagnostic<{ tensor: string; location: string; reason: string }>(
  'SYS-ONNX-021',
  'invalid',
  {
    en: (p) =>
      `the external data of tensor '${p.tensor}' cannot be read from '${p.location}' (${p.reason}); put the file beside the model`,
    zh: (p) => `无法从 '${p.location}' 读取张量 '${p.tensor}' 的外部数据（${p.reason}）；请把该文件放在模型旁边`,
  },
);

const externalRange = diagnostic<{ tensor: string; location: string; offset: number; length: number; size: number }>(
  'SYS-ONNX-022',
  'invalid',
  {
    en: (p) =>
      `tensor '${p.tensor}' wants bytes ${p.offset} to ${p.offset + p.length} of '${p.location}', which holds ${p.size}; the data file is cut short or belongs to another model`,
    zh: (p) =>
      `张量 '${p.tensor}' 需要 '${p.location}' 的第 ${p.offset} 到 ${p.offset + p.length} 字节，但文件只有 ${p.size} 字节；数据文件不完整，或属于另一个模型`,
  },
);

const externalEntry = diagnostic<{ tensor: string; key: string; found: string }>('SYS-ONNX-023', 'invalid', {
  en: (p) =>
    `the external data of tensor '${p.tensor}' has ${p.key} '${p.found}'; expected ${
      p.key === 'location' ? 'a relative file path' : 'a whole number of bytes'
    }`,
  zh: (p) =>
    `张量 '${p.tensor}' 的外部数据的 ${p.key} 是 '${p.found}'；应为${p.key === 'location' ? '相对文件路径' : '整数字节数'}`,
});

const externalUnavailable = diagnostic<{ tensor: string; location: string }>('SYS-ONNX-024', 'usage', {
  en: (p) =>
    `tensor '${p.tensor}' is stored in '${p.location}', but no way to read files beside the model was given; hand in the model's folder, or save the model as one file`,
  zh: (p) =>
    `张量 '${p.tensor}' 存储在 '${p.location}'，但没有提供读取模型旁文件的途径；请给出模型所在文件夹，或把模型存为单个文件`,
});

/**
 * Gives the bytes of a file named relative to the model's folder, with `/` between its parts; undefined where there is
 * no such file. May throw coded errors of its own (`tensor` is for them); anything else that it throws becomes SYS-ONNX-021.
 */
export type ExternalReader = (location: string, tensor: string) => Uint8Array | undefined;

/** Opens each location once. */
export class ExternalFiles {
  readonly #read: ExternalReader | undefined;
  readonly #opened = new Map<string, Uint8Array>();

  constructor(read: ExternalReader | undefined) {
    this.#read = read;
  }

  /**
   * The bytes of one tensor, not copied.
   * @param entries the `external_data` of the TensorProto
   * @param expected bytes that the tensor's type and shape take
   */
  bytes(entries: ReadonlyMap<string, string>, expected: number, tensor: string, place: Place): Uint8Array {
    const location = entries.get('location') ?? '';
    const path = insideFolder(location);
    if (path === undefined) throw externalEscapes({ tensor, location }, place);
    if (path === '') throw externalEntry({ tensor, key: 'location', found: location }, place);
    const offset = wholeNumber(entries, 'offset', tensor, place) ?? 0;
    const length = wholeNumber(entries, 'length', tensor, place) ?? expected;
    const file = this.#open(path, tensor, place);
    if (offset + length > file.length) {
      throw externalRange({ tensor, location, offset, length, size: file.length }, place);
    }
    return file.subarray(offset, offset + length);
  }

  #open(path: string, tensor: string, place: Place): Uint8Array {
    const opened = this.#opened.get(path);
    if (opened !== undefined) return opened;
    if (this.#read === undefined) throw externalUnavailable({ tensor, location: path }, place);
    const bytes = this.#attempt(path, tensor, place);
    if (bytes === undefined) throw externalMissing({ tensor, location: path, reason: 'no such file' }, place);
    const plain = plainBytes(bytes);
    this.#opened.set(path, plain);
    return plain;
  }

  #attempt(path: string, tensor: string, place: Place): Uint8Array | undefined {
    try {
      return this.#read?.(path, tensor);
    } catch (error) {
      if (error instanceof SystoleError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw externalMissing({ tensor, location: path, reason }, place);
    }
  }
}

/** The location with '.' and inner '..' resolved; undefined where it leaves the folder, '' where it names no file. */
function insideFolder(location: string): string | undefined {
  // Both separators count on every host, so that a model means the same everywhere.
  if (/^[\\/]/.test(location) || /^[A-Za-z]:/.test(location) || location.includes('\0')) return undefined;
  const parts: string[] = [];
  for (const part of location.split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function wholeNumber(
  entries: ReadonlyMap<string, string>,
  key: string,
  tensor: string,
  place: Place,
): number | undefined {
  const text = entries.get(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw externalEntry({ tensor, key, found: text }, place);
  return value;
}
