/**
 * Files in and out. Reading says what is wrong with a path in the user's terms; writing goes to a file beside the target
 * that takes its name when it is whole, so that nobody ever finds half a file.
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { diagnostic, nearestName } from '#base';
import type { Both } from './language.ts';

const noFile = diagnostic<{
  path: string;
  nearest: string | undefined;
  what: Both;
  names: readonly string[];
}>('SYS-CLI-010', 'invalid', {
  en: (p) =>
    `there is no such file.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} Expected ${p.what.en}` +
    `${p.names.length === 0 ? '' : ` (${p.names.join(', ')})`}.`,
  zh: (p) =>
    `没有该文件。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}应为${p.what.zh}` +
    `${p.names.length === 0 ? '' : `（${p.names.join('、')}）`}。`,
});

const isFolder = diagnostic<{ path: string; what: Both }>('SYS-CLI-011', 'invalid', {
  en: (p) => `this is a folder, expected ${p.what.en}. Name a file in it.`,
  zh: (p) => `这是文件夹，应为${p.what.zh}。请指明其中的文件。`,
});

const unreadable = diagnostic<{ path: string; reason: Both }>('SYS-CLI-012', 'invalid', {
  en: (p) => `it cannot be read (${p.reason.en}). Check the path and its permissions.`,
  zh: (p) => `无法读取（${p.reason.zh}）。请检查路径和权限。`,
});

const noText = diagnostic<{ path: string; what: Both }>('SYS-CLI-014', 'invalid', {
  en: (p) => `this is no text in UTF-8, expected ${p.what.en}. Name another file, or convert this one to UTF-8.`,
  zh: (p) => `这不是 UTF-8 文本，应为${p.what.zh}。请换一个文件，或把它转换为 UTF-8。`,
});

const unwritable = diagnostic<{ path: string; reason: Both }>('SYS-CLI-013', 'usage', {
  en: (p) =>
    `it cannot be written (${p.reason.en}). Nothing of it was written; make room there, or give a place that you may write to.`,
  zh: (p) => `无法写入（${p.reason.zh}）。该文件未写入任何内容；请在该处腾出空间，或给出可写的位置。`,
});

/**
 * The whole of a file.
 * @param what was expected there
 * @param names what could have been meant, beside files
 */
export function readBytes(path: string, what: Both, names: readonly string[] = []): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw noFile({ path, nearest: neighbour(path, names), what, names }, { file: path });
    if (code === 'EISDIR') throw isFolder({ path, what }, { file: path });
    throw unreadable({ path, reason: reasonOf(error) }, { file: path });
  }
}

/** The text of a file. @throws SYS-CLI-014 where it is none */
export function readText(path: string, what: Both, names: readonly string[] = []): string {
  const bytes = readBytes(path, what, names);
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Another encoding, or no text at all: the same answer as for zeros, which no text holds.
  }
  throw noText({ path, what }, { file: path });
}

/** What has the nearest name: one of some names that begins so, or the nearest of them and the files in the same folder. */
function neighbour(path: string, names: readonly string[]): string | undefined {
  const longer = path.length < 3 ? undefined : names.find((name) => name.startsWith(path.toLowerCase()));
  if (longer !== undefined) return longer;
  const nearest = nearestName(basename(path), [...(path === basename(path) ? names : []), ...entriesOf(dirname(path))]);
  return nearest === undefined || names.includes(nearest)
    ? nearest
    : path.slice(0, path.length - basename(path).length) + nearest;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [] : [e.name]));
  } catch {
    // No such folder either: nothing to suggest.
    return [];
  }
}

/** What the operating system says, by its code. */
const REASONS: Readonly<Record<string, Both>> = {
  ENOENT: { en: 'the folder does not exist', zh: '文件夹不存在' },
  ENOTDIR: { en: 'a part of the path is no folder', zh: '路径中有一部分不是文件夹' },
  EISDIR: { en: 'it is a folder', zh: '它是文件夹' },
  EACCES: { en: 'permission denied', zh: '权限不足' },
  EPERM: { en: 'not permitted', zh: '操作不被允许' },
  EROFS: { en: 'the file system is read-only', zh: '文件系统只读' },
  ENOSPC: { en: 'the disk is full', zh: '磁盘已满' },
  EFBIG: { en: 'the file would be too large', zh: '文件过大' },
  EMFILE: { en: 'too many files are open', zh: '打开的文件过多' },
  ELOOP: { en: 'its symbolic links go in a circle', zh: '符号链接成环' },
  ENAMETOOLONG: { en: 'the name is too long', zh: '名称过长' },
  ERR_FS_FILE_TOO_LARGE: { en: 'it is over 2 GiB', zh: '文件超过 2 GiB' },
  EEXIST: { en: 'it is a file, and a folder is needed', zh: '它是文件，而此处需要文件夹' },
  // Not the system's: what several file systems answer in ways of their own.
  DANGLING: { en: 'it is a symbolic link to nothing', zh: '它是指向不存在之处的符号链接' },
  CLOSED: { en: 'nothing can be made in its folder', zh: '其所在文件夹中无法创建任何内容' },
};

export function reasonOf(error: unknown): Both {
  const known = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
  if (known !== undefined) return known;
  const text = error instanceof Error ? error.message : String(error);
  return { en: text, zh: text };
}

/** As an error of the operating system. */
const systemError = (code: keyof typeof REASONS): Error => Object.assign(new Error(code), { code });

/** What stands at a path, symbolic links followed; undefined where nothing does. */
function statOf(path: string): Stats | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined && lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw systemError('DANGLING');
  return found;
}

/** A file that is being written. Until `commit`, nothing stands under its name. */
export class Output {
  readonly path: string;
  /** The file that takes the name in the end; undefined where a device or pipe is written to directly. */
  readonly #partial: string | undefined;
  readonly #target: string;
  readonly #file: number;
  #open = true;
  #bytes = 0;

  /** @throws SYS-CLI-013 */
  constructor(path: string) {
    this.path = path;
    const found = attempt(path, () => statOf(path));
    // A symbolic link stays one: the file that it leads to is the one to write.
    this.#target = found?.isFile() ? attempt(path, () => realpathSync(path)) : path;
    const isSpecial = found !== undefined && !found.isFile() && !found.isDirectory();
    this.#partial = isSpecial
      ? undefined
      : join(dirname(this.#target), `.${basename(this.#target)}.${process.pid}.partial`);
    this.#file = attempt(path, () => {
      if (found?.isDirectory()) throw systemError('EISDIR');
      return this.#partial === undefined ? openSync(path, 'w') : openSync(this.#partial, 'wx');
    });
    pending.add(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(chunk: Uint8Array | string): void {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    attempt(this.path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    });
    this.#bytes += bytes.length;
  }

  commit(): void {
    attempt(this.path, () => {
      closeSync(this.#file);
      this.#open = false;
      if (this.#partial !== undefined) renameSync(this.#partial, this.#target);
    });
    pending.delete(this);
  }

  discard(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
    if (this.#partial !== undefined) rmSync(this.#partial, { force: true });
    pending.delete(this);
  }
}

const pending = new Set<Output>();

/** Removes what was begun and not finished; for the end of a command that failed. */
export function discardPending(): void {
  for (const output of pending) output.discard();
}

export function writeFile(path: string, chunks: Iterable<Uint8Array | string>): number {
  const output = new Output(path);
  for (const chunk of chunks) output.write(chunk);
  output.commit();
  return output.bytes;
}

/**
 * Whether a file may be written there, found out by trying, before work that takes long; and if not, why.
 * @param kind a `folder` is made with all above it where it is missing; a file needs its folder
 * @throws SYS-CLI-013
 */
export function checkWritable(path: string | undefined, kind: 'file' | 'folder'): void {
  if (path === undefined) return;
  attempt(path, () => {
    const found = statOf(path);
    if (found !== undefined && found.isDirectory() !== (kind === 'folder')) {
      throw systemError(kind === 'folder' ? 'EEXIST' : 'EISDIR');
    }
    if (found !== undefined) accessSync(path, constants.W_OK);
    if (found !== undefined && kind === 'file' && !found.isFile()) return;
    const [existing] =
      kind === 'folder' ? missingFolders(path) : [dirname(found === undefined ? path : realpathSync(path))];
    if (!statSync(existing).isDirectory()) throw systemError('ENOTDIR');
    probe(existing);
  });
}

/** Permissions do not tell whether a file system takes new entries (/proc does not): only making one does. */
function probe(folder: string): void {
  try {
    rmdirSync(mkdtempSync(join(folder, '.systole-')));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? systemError('CLOSED') : error;
  }
}

/** The lowest folder of a path that exists, and those below it that do not, outermost first. */
function missingFolders(path: string): readonly [existing: string, missing: readonly string[]] {
  const missing: string[] = [];
  let place = path;
  for (; statOf(place) === undefined; place = dirname(place)) missing.unshift(place);
  return [place, missing];
}

/** Whether a folder stands there. */
export const isFolderAt = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** One folder after the other: Node's own recursion never ends where a file system answers ENOENT to a new folder. */
export function makeFolder(path: string): void {
  attempt(path, () => {
    for (const folder of missingFolders(path)[1]) mkdirSync(folder);
  });
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw unwritable({ path, reason: reasonOf(error) }, { file: path });
  }
}
