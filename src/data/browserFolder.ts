/** The browser half of folders: the File System API (a folder the user picked, or the page's own, private one). */
import { piecesOf } from './byteSource.ts';
import {
  byName,
  type DataFolder,
  type DirectoryHandle,
  type FolderEntry,
  missingFile,
  wrongPlatform,
} from './folder.ts';

type Handle = FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemHandle> };

/**
 * A folder by the handle of `showDirectoryPicker()` or `navigator.storage.getDirectory()`.
 * @throws SYS-DAT-045 a path was given
 */
export function openFolder(where: string | DirectoryHandle): DataFolder {
  if (typeof where === 'string') throw wrongPlatform(true);
  const root = where as unknown as FileSystemDirectoryHandle;
  const found = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw isAbsent(error) ? missingFile(where.name, path) : error;
    }
  };
  const folderAt = async (names: readonly string[], create: boolean): Promise<Handle> => {
    let at = root;
    for (const name of names) at = await at.getDirectoryHandle(name, { create });
    return at as Handle;
  };
  const fileAt = async (path: string, create: boolean): Promise<FileSystemFileHandle> => {
    const names = path.split('/');
    return (await folderAt(names.slice(0, -1), create)).getFileHandle(names.at(-1)!, { create });
  };
  const fileOf = (path: string): Promise<File> => found(path, async () => (await fileAt(path, false)).getFile());
  return {
    name: where.name,
    list: (path = '') =>
      found(path, async () => {
        const names = path.split('/').filter((name) => name !== '');
        const entries: FolderEntry[] = [];
        for await (const { name, kind } of (await folderAt(names, false)).values()) {
          entries.push({ name, kind: kind === 'directory' ? 'folder' : kind });
        }
        return entries.sort(byName);
      }),
    read: async (path) => new Uint8Array(await (await fileOf(path)).arrayBuffer()),
    async *stream(path) {
      yield* piecesOf((await fileOf(path)).stream());
    },
    async write(path, bytes) {
      // The API itself writes aside and puts the file in its place at close().
      const writable = await (await fileAt(path, true)).createWritable();
      try {
        for await (const piece of piecesOf(bytes)) await writable.write(piece as Uint8Array<ArrayBuffer>);
      } catch (error) {
        await writable.abort();
        throw error;
      }
      await writable.close();
    },
    async append(path, bytes) {
      const handle = await fileAt(path, true);
      const { size } = await handle.getFile();
      const writable = await handle.createWritable({ keepExistingData: true });
      await writable.write({ type: 'write', position: size, data: bytes as Uint8Array<ArrayBuffer> });
      await writable.close();
    },
  };
}

const isAbsent = (error: unknown): boolean =>
  error instanceof DOMException && ['NotFoundError', 'TypeMismatchError'].includes(error.name);
