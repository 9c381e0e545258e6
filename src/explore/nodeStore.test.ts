/** The store in a file: what is kept, and of whom results are not taken. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystoleError } from '#base';
import type { Outcome } from './job.ts';
import { openStore, storeError } from './nodeStore.ts';

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

test('an outcome takes the place of the one that was there', async () => {
  const store = await openStore(path(), own);
  store.put(outcome('a'));
  const other: Outcome = { key: 'a', ok: false, failure: { code: 'SYS-X-002', en: 'still no', zh: '仍否' } };
  store.put(other);
  expect([store.size, store.get('a')]).toEqual([1, other]);
  store.close();
});

test('a full disk, a failing one and one that is not to be written are told apart, and nobody is told to remove results', async () => {
  (await openStore(path(), own)).close();
  const codeAfter = (body: () => void): string => {
    try {
      body();
    } catch (error) {
      const { code, message } = storeError(error, path());
      expect(message).not.toContain('remove the file');
      return code;
    }
    return 'nothing thrown';
  };
  const full = new DatabaseSync(path());
  full.exec('pragma max_page_count = 1');
  const text = 'x'.repeat(100_000);
  expect(codeAfter(() => full.prepare('insert into outcomes values (?, ?)').run('a', text))).toBe('SYS-EXPLORE-055');
  full.close();
  const frozen = new DatabaseSync(path(), { readOnly: true });
  expect(codeAfter(() => frozen.exec("delete from meta where name = 'version'"))).toBe('SYS-EXPLORE-057');
  frozen.close();
  // SQLITE_IOERR_WRITE
  const failing = Object.assign(new Error('disk I/O error'), { errcode: 778, errstr: 'disk I/O error' });
  expect(storeError(failing, path()).code).toBe('SYS-EXPLORE-056');
});
