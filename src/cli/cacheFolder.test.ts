import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cachedFiles, cachePath, openCache, trimCache } from './cacheFolder.ts';

const root = mkdtempSync(join(tmpdir(), 'systole-cache-'));
afterAll(() => rmSync(root, { recursive: true }));

test('it is where the platform keeps such things', () => {
  expect(cachePath({ XDG_CACHE_HOME: '/x' }, 'linux')).toBe(join('/x', 'systole'));
  expect(cachePath({}, 'linux')).toMatch(/\.cache.systole$/);
  expect(cachePath({}, 'darwin')).toMatch(/Library.Caches.systole$/);
  expect(cachePath({ LOCALAPPDATA: '/l' }, 'win32')).toBe(join('/l', 'systole', 'Cache'));
});

test('it gives back what was written, and nothing of what is left aside', async () => {
  const { store } = openCache(join(root, 'a', 'b'));
  expect(await store.read('1.decisions')).toBeUndefined();
  const writes = Array.from({ length: 8 }, (_, i) => store.write('1.decisions', new Uint8Array(1000).fill(i)));
  await Promise.all(writes);
  expect(await store.read('1.decisions')).toHaveLength(1000);
  expect(readdirSync(join(root, 'a', 'b'))).toEqual(['1.decisions']);
});

test('what was used longest ago goes when it is full; other files stay', async () => {
  const folder = join(root, 'full');
  const { store } = openCache(folder, 2500);
  for (const [i, name] of ['1', '2'].entries()) {
    await store.write(`${name}.decisions`, new Uint8Array(1000));
    utimesSync(join(folder, `${name}.decisions`), i + 1, i + 1);
  }
  writeFileSync(join(folder, 'mine.txt'), 'x'.repeat(5000));
  await store.read('1.decisions');
  await store.write('3.decisions', new Uint8Array(1000));
  expect(cachedFiles(folder).map((f) => f.name)).toEqual(expect.arrayContaining(['1.decisions', '3.decisions']));
  expect(cachedFiles(folder)).toHaveLength(2);
  trimCache(folder, 0);
  expect(readdirSync(folder)).toEqual(['mine.txt']);
});

test('a folder that cannot be made is a cache that holds nothing', async () => {
  writeFileSync(join(root, 'file'), '');
  const { store } = openCache(join(root, 'file', 'below'));
  await store.write('1.decisions', new Uint8Array(10));
  expect(await store.read('1.decisions')).toBeUndefined();
});
