/** The store in a file: what is kept, and of whom results are not taken. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystoleError } from '#base';
import type { Outcome } from './job.ts';
import { openStore } from './nodeStore.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'results.sqlite');
const outcome = (key: string): Outcome => ({ key, ok: false, failure: { code: 'SYS-X-001', en: 'no', zh: '否' } });
const own = { version: '1.0.0', identity: 'mine', resume: false };

async function codeOf(options: typeof own): Promise<string> {
  try {
    (await openStore(path(), options)).close();
    return 'opened';
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    expect(error.place.file).toBe(path());
    return error.code;
  }
}

test('outcomes are there as soon as they are put, once', async () => {
  const store = await openStore(path(), own);
  store.put(outcome('a'));
  store.put(outcome('b'));
  store.put(outcome('a'));
  expect([store.size, store.get('a'), store.get('c')]).toEqual([2, outcome('a'), undefined]);
  store.close();
  const again = await openStore(path(), { ...own, resume: true });
  expect([again.size, again.get('b')]).toEqual([2, outcome('b')]);
  again.close();
});

test('results of others are refused, as is a second writer', async () => {
  const store = await openStore(path(), own);
  expect(await codeOf({ ...own, resume: true })).toBe('SYS-EXPLORE-054');
  store.put(outcome('a'));
  store.close();
  expect(await codeOf(own)).toBe('SYS-EXPLORE-053');
  expect(await codeOf({ ...own, version: '1.0.1', resume: true })).toBe('SYS-EXPLORE-051');
  expect(await codeOf({ ...own, identity: 'yours', resume: true })).toBe('SYS-EXPLORE-052');
  expect(await codeOf({ ...own, resume: true })).toBe('opened');
  writeFileSync(path(), 'this is no database, whatever its name');
  expect(await codeOf({ ...own, resume: true })).toBe('SYS-EXPLORE-050');
});
