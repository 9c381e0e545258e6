/** One contract for every kind of folder: what Node's does, one in memory does (a browser's: browser.test.ts). */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type DataFolder, memoryFolder, openFolder } from '#data';
import { rejection } from '../../test/support/errorText.ts';
import { allBytes } from './byteSource.ts';

const root = mkdtempSync(join(tmpdir(), 'systole-'));
afterAll(() => rmSync(root, { recursive: true }));

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const kinds: [string, () => DataFolder][] = [
  ['of Node', () => openFolder(join(root, String(Math.random())))],
  ['in memory', () => memoryFolder('m')],
];

describe.each(kinds)('a folder %s', (_, make) => {
  test('files come back whole and in pieces, listed by name', async () => {
    const folder = make();
    await folder.write('b.txt', utf8('bee'));
    await folder.write('a/deep/x', [utf8('one '), utf8('two')]);
    await folder.write(
      'a/y',
      (async function* () {
        yield utf8('late');
      })(),
    );
    expect(text(await folder.read('a/deep/x'))).toBe('one two');
    expect(text(await allBytes(folder.stream('a/y')))).toBe('late');
    expect(await folder.list()).toEqual([
      { name: 'a', kind: 'folder' },
      { name: 'b.txt', kind: 'file' },
    ]);
    expect((await folder.list('a')).map((entry) => `${entry.name} ${entry.kind}`)).toEqual(['deep folder', 'y file']);
    await folder.write('b.txt', utf8('new'));
    expect(text(await folder.read('b.txt'))).toBe('new');
  });

  test('appending makes the file, then adds to it', async () => {
    const folder = make();
    await folder.append('log/a', utf8('1'));
    await folder.append('log/a', utf8('2'));
    expect(text(await folder.read('log/a'))).toBe('12');
  });

  test('a source that breaks leaves the file as it was', async () => {
    const folder = make();
    await folder.write('a', utf8('old'));
    const broken = async function* () {
      yield utf8('half of the ne');
      throw new Error('broken off');
    };
    await expect(folder.write('a', broken())).rejects.toThrow('broken off');
    await expect(folder.write('b', broken())).rejects.toThrow('broken off');
    expect(text(await folder.read('a'))).toBe('old');
    expect((await folder.list()).map((entry) => entry.name)).toEqual(['a']);
  });

  test('what is missing has its path in the error', async () => {
    const folder = make();
    await folder.write('a', utf8('x'));
    const works = [
      () => folder.read('no/file'),
      () => allBytes(folder.stream('no/file')),
      () => folder.list('no/file'),
    ];
    for (const work of works) {
      expect(await rejection(work())).toMatchObject({
        code: 'SYS-DAT-044',
        params: { path: `${folder.name}/no/file` },
      });
    }
    // A file is no folder.
    expect(await rejection(folder.read('a/b'))).toMatchObject({ code: 'SYS-DAT-044' });
  });
});

test('nothing is made before something is written', () => {
  const path = join(root, 'later');
  openFolder(path);
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(root)).not.toContain('later');
});
