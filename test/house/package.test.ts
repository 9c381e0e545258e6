/** The package's own files: the lock can be installed anywhere, and what is shipped is named and whole. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from './sources.ts';

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
  readonly imports: Readonly<Record<string, { readonly types?: string }>>;
}

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

test('the lock names a version and a checksum for every package, and no registry', () => {
  expect(lock.version).toBe(manifest.version);
  expect(locked.filter(([, p]) => p.version === undefined || p.integrity === undefined).map(([path]) => path)).toEqual(
    [],
  );
  expect(locked.filter(([, p]) => p.resolved !== undefined).map(([path]) => path)).toEqual([]);
});

test('the lock holds every optional package of every platform, without which `npm ci` refuses it', () => {
  const held = (from: string, name: string): boolean => {
    for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
      if (lock.packages[`${at}/node_modules/${name}`] !== undefined) return true;
      if (!at.includes('/node_modules/')) return lock.packages[`node_modules/${name}`] !== undefined;
    }
  };
  const missing = locked.flatMap(([path, p]) =>
    Object.keys(p.optionalDependencies ?? {})
      .filter((name) => !held(path, name))
      .map((name) => `${name}, of ${path}`),
  );
  expect(missing).toEqual([]);
});

test('every door that package.json opens exists in the sources', () => {
  const targets: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') targets.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(manifest.imports);
  // A door with types of its own leads to them too, and they have no built file.
  const types = Object.values(manifest.imports).flatMap(({ types: t }) => t ?? []);
  expect(types.filter((t) => !existsSync(`${ROOT}${t}`))).toEqual([]);
  const doors = targets.filter((t) => /^\.\/(?:src|course)\//.test(t) && !t.includes('*') && !types.includes(t));
  expect(doors.filter((t) => !existsSync(`${ROOT}${t}`))).toEqual([]);
  const built = targets.filter((t) => t.startsWith('./dist/') && !t.includes('*'));
  expect(
    built
      .map((t) => t.replace('./dist/exercises/', './course/').replace('./dist/', './src/').replace(/\.js$/, '.ts'))
      .sort(),
  ).toEqual(doors.sort());
});

test('the changelog has an entry for this version or for what is not released', () => {
  const text = read('CHANGELOG.md');
  expect(text.includes(`## [${manifest.version}]`) || text.includes('## [Unreleased]')).toBe(true);
});
