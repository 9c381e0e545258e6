/** The Node half of folders: the file system. */
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { piecesOf } from './byteSource.ts';
import { byName, type DataFolder, type DirectoryHandle, missingFile, wrongPlatform } from './folder.ts';

/**
 * A folder by its path. Nothing is read yet; the folder need not be there before something is written into it.
 * @throws SYS-DAT-045 a browser's handle was given
 */
export function openFolder(where: string | DirectoryHandle): DataFolder {
  if (typeof where !== 'string') throw wrongPlatform(false);
  const place = (path: string): string => join(where, path);
  const found = async <T>(path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw isAbsent(error) ? missingFile(where, path) : error;
    }
  };
  return {
    name: where,
    async list(path = '') {
      const entries = await found(path, readdir(place(path), { withFileTypes: true }));
      const kinds = entries.map(async (entry) => {
        // A link counts as what it leads to.
        const folder = entry.isSymbolicLink()
          ? (await stat(join(place(path), entry.name))).isDirectory()
          : entry.isDirectory();
        return { name: entry.name, kind: folder ? ('folder' as const) : ('file' as const) };
      });
      return (await Promise.all(kinds)).sort(byName);
    },
    read: async (path) => bytesOf(await found(path, readFile(place(path)))),
    async *stream(path) {
      try {
        for await (const piece of createReadStream(place(path), { highWaterMark: 1 << 20 })) yield bytesOf(piece);
      } catch (error) {
        throw isAbsent(error) ? missingFile(where, path) : error;
      }
    },
    async write(path, bytes) {
      const target = place(path);
      // Two processes may write the same file at once: each aside under a name of its own, the last one stays.
      const aside = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
      await mkdir(dirname(target), { recursive: true });
      try {
        await pipeline(piecesOf(bytes), createWriteStream(aside));
        await rename(aside, target);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
    },
    async append(path, bytes) {
      await mkdir(dirname(place(path)), { recursive: true });
      await appendFile(place(path), bytes);
    },
  };
}

/** The file's own bytes, not a view of Node's pool that would outlive them, and no Buffer, whose slice() is a view. */
const bytesOf = (b: Buffer): Uint8Array<ArrayBuffer> =>
  new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, b.byteLength);

const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');
