/** The reference pages under docs/ say what the code declares. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pages } from '../scripts/docs.ts';
import { sources } from './house/sources.ts';

const made = await pages();

test.each([...made])('%s is up to date (npm run docs)', (path, text) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text);
});

test('every declared error has a section with both of its texts', () => {
  const page = made.get('docs/errors.md')!;
  const declared = sources()
    .filter((f) => !f.isTest)
    .flatMap((f) => [
      ...f.text.matchAll(/['"](SYS-[A-Z]+-\d{3})['"]\s*,\s*['"](?:check|usage|invalid|unsupported|internal)/g),
    ])
    .map((m) => m[1]);
  const sections = page.split(/^## /m).slice(1);
  expect(sections.map((s) => s.split('\n', 1)[0]).sort()).toEqual(declared.sort());
  const broken = sections.filter((s) => !/^SYS-\w+-\d{3}\n\n\*\w+\*\n\n- .+\n- .*\p{Script=Han}/u.test(s));
  expect(broken).toEqual([]);
  expect(page).not.toMatch(/\bundefined\b|\[object|=>/);
});
