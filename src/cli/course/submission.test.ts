/** Numbers as they are written on the command line and in files: what is read, and what is refused rather than guessed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { errorOf } from '../../../test/support/errorText.ts';
import { submissionOf } from './submission.ts';

const folder = mkdtempSync(join(tmpdir(), 'systole-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test.each([
  ['22538', { answer: 22538 }],
  ['total=22538, bytes=9e4', { total: 22538, bytes: 9e4 }],
  [file('one.txt', '22538\n'), { answer: 22538 }],
  [file('more.txt', 'weights = 22016\r\n\r\nbiases=522\n'), { weights: 22016, biases: 522 }],
])('%s', (word, values) => {
  expect(submissionOf(word)).toEqual({ kind: 'numbers', values });
});

test.each([
  ['total=22,538', 'SYS-CLI-238'],
  ['22,538', 'SYS-CLI-238'],
  ['total=1,total=2', 'SYS-CLI-239'],
  ['1e999', 'SYS-CLI-231'],
  ['total=-Infinity', 'SYS-CLI-231'],
  [file('endless.json', '{"total": 1e999}'), 'SYS-CLI-232'],
  [folder, 'SYS-CLI-011'],
])('%s: %s', async (word, code) => {
  expect(await errorOf(() => submissionOf(word))).toMatchObject({ code });
});
