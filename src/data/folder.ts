/**
 * A folder of files as the readers and writers of data sets see it, so that they run in a browser, too. Node's is opened
 * by its path, a browser's by the handle that `showDirectoryPicker()` gives (`openFolder`, platform half); `memoryFolder`
 * holds files that are in memory. Convention: paths are relative to the folder, with `/`.
 */
import { diagnostic, type SystoleError } from '#base';
import { allBytes, type ByteSource, joinBytes } from './byteSource.ts';

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** What is needed of a browser's `FileSystemDirectoryHandle`, said here so that programs without the types of the DOM compile. */
export interface DirectoryHandle {
  readonly kind: 'directory';
  readonly name: string;
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<DirectoryHandle>;
}

export interface DataFolder {
  /** For error messages: its path, where it has one. */
  readonly name: string;
  /** What is in the folder, or in one below it, by name. Throws SYS-DAT-044 where it is missing. */
  list(path?: string): Promise<readonly FolderEntry[]>;
  /** Throws SYS-DAT-044 where the file is missing. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Piece by piece. Throws SYS-DAT-044 where the file is missing. */
  stream(path: string): AsyncIterable<Uint8Array>;
  /** Writes a file whole: aside first, and in its place only when all is there. */
  write(path: string, bytes: ByteSource): Promise<void>;
  /** Adds to the end of a file, and makes it where it is missing. */
  append(path: string, bytes: Uint8Array): Promise<void>;
}

const missing = diagnostic<{ path: string }>('SYS-DAT-044', 'invalid', {
  en: (p) => `there is no ${p.path}; check the name of the folder and what is in it`,
  zh: (p) => `找不到 ${p.path}；请检查文件夹名称及其内容`,
});

const otherPlatform = diagnostic<{ browser: boolean }>('SYS-DAT-045', 'usage', {
  en: (p) =>
    p.browser
      ? 'a browser cannot open a folder by its path; give the handle that showDirectoryPicker() returns'
      : 'a folder is opened by its path here, not by a handle of a browser',
  zh: (p) =>
    p.browser
      ? '浏览器无法按路径打开文件夹；请提供 showDirectoryPicker() 返回的句柄'
      : '此处应按路径打开文件夹，而不是浏览器的句柄',
});

/** The error of a file or folder that is not there. */
export const missingFile = (folder: string, path: string): SystoleError => missing({ path: joinPath(folder, path) });

/** The error of a folder that this platform cannot open. */
export const wrongPlatform = (browser: boolean): SystoleError => otherPlatform({ browser });

export const joinPath = (folder: string, path: string): string =>
  path === '' ? folder : folder === '' ? path : `${folder.replace(/\/$/, '')}/${path}`;

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** A folder in memory: files that were dropped on a page, or of a test. Paths with `/` make folders. */
export function memoryFolder(name: string, files: Readonly<Record<string, Uint8Array>> = {}): DataFolder {
  const held = new Map(Object.entries(files));
  const read = (path: string): Uint8Array<ArrayBuffer> => {
    const bytes = held.get(path);
    if (bytes === undefined) throw missingFile(name, path);
    return bytes as Uint8Array<ArrayBuffer>;
  };
  return {
    name,
    async list(path = '') {
      const start = path === '' ? '' : `${path.replace(/\/$/, '')}/`;
      const kinds = new Map<string, 'file' | 'folder'>();
      for (const key of held.keys()) {
        if (!key.startsWith(start)) continue;
        const [first, ...below] = key.slice(start.length).split('/') as [string, ...string[]];
        kinds.set(first, below.length > 0 ? 'folder' : 'file');
      }
      if (kinds.size === 0 && path !== '') throw missingFile(name, path);
      return [...kinds].map(([entry, kind]) => ({ name: entry, kind })).sort(byName);
    },
    read: async (path) => read(path),
    async *stream(path) {
      yield read(path);
    },
    async write(path, bytes) {
      held.set(path, await allBytes(bytes));
    },
    async append(path, bytes) {
      held.set(path, joinBytes([held.get(path) ?? new Uint8Array(0), bytes]));
    },
  };
}
