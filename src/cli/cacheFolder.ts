/**
 * The folder of the compilation cache (`flow/compilationCache.ts`): where the platform keeps such things, bounded in size. A cache that
 * cannot be read or written is none: compiling then takes longer, and nothing else changes.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CompilationCache } from '#flow';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { version } from './manifest.ts';

/** Bytes above which the files that were read longest ago are removed; one holds some 20 KB for each network. */
const MOST_BYTES = 64 * 2 ** 20;

const FILE = /\.decisions(\.\d+\.part)?$/;

/** By the XDG base directory specification where it is set or nothing else is usual, else as the platform has it. */
export function cachePath(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (xdg) return join(xdg, 'systole');
  if (platform === 'win32' && local) return join(local, 'systole', 'Cache');
  return join(homedir(), platform === 'darwin' ? 'Library/Caches' : '.cache', 'systole');
}

interface CachedFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly used: number;
}

/** The files of the cache, those used longest ago first. */
export function cachedFiles(folder: string): readonly CachedFile[] {
  const names = attempt(() => readdirSync(folder)) ?? [];
  return names
    .filter((name) => FILE.test(name))
    .flatMap((name) => {
      // Another process may have removed it.
      const found = attempt(() => statSync(join(folder, name)));
      return found === undefined ? [] : [{ name, bytes: found.size, used: found.mtimeMs }];
    })
    .sort((a, b) => a.used - b.used);
}

/** Removes what was used longest ago, until no more than so many bytes are left. */
export function trimCache(folder: string, most: number): void {
  const files = cachedFiles(folder);
  let left = files.reduce((sum, f) => sum + f.bytes, 0);
  for (const { name, bytes } of files) {
    if (left <= most) return;
    attempt(() => rmSync(join(folder, name), { force: true }));
    left -= bytes;
  }
}

/** The cache in a folder, which is made when there is something to keep. */
export function openCache(folder: string, most = MOST_BYTES): CompilationCache {
  return {
    compiler: compiler(),
    store: {
      async read(name) {
        const path = join(folder, name);
        const bytes = attempt(() => readFileSync(path));
        if (bytes !== undefined) attempt(() => utimesSync(path, new Date(), new Date()));
        return bytes;
      },
      async write(name, bytes) {
        const aside = join(folder, `${name}.${process.pid}.part`);
        attempt(() => {
          mkdirSync(folder, { recursive: true });
          writeFileSync(aside, bytes);
          renameSync(aside, join(folder, name));
        });
        // What is left where that failed.
        attempt(() => rmSync(aside, { force: true }));
        trimCache(folder, most);
      },
    },
  };
}

/** Layers by which decisions follow from what they are made of. */
const DECIDING = ['base', 'isa', 'machine', 'timing', 'lower'];

/** The version, and sizes and times of the files: a checkout changes without a version. */
function compiler(): string {
  const files = DECIDING.flatMap((layer) => {
    const folder = new URL(`../${layer}/`, import.meta.url);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    return names.flatMap((name) => {
      const { size, mtimeMs } = statSync(new URL(name.replaceAll('\\', '/'), folder));
      return /\.(ts|js|json)$/.test(name) ? [name, size, mtimeMs] : [];
    });
  });
  return JSON.stringify([version, files]);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

export interface CacheOption {
  readonly cache: boolean;
}

/** `--no-cache`, of commands that compile. */
export const withCacheOption = (console: Console, command: CliCommand): CliCommand =>
  command.option(
    '--no-cache',
    console.text({
      en: 'compile without what earlier compilations have found; the program is the same',
      zh: '编译时不使用以往编译的结果；所得程序相同',
    }),
  ) as CliCommand;

/** The cache that options of a command ask for. */
export const cacheOf = ({ cache }: CacheOption): { readonly cache?: CompilationCache } =>
  cache ? { cache: openCache(cachePath()) } : {};
