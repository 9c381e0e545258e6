/** docs/data.md: its pieces of code are one program that runs, and the names it mentions exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as data from '#data';
import { ROOT } from './house/sources.ts';
import { runPage } from './support/pageCode.ts';

const page = readFileSync(`${ROOT}docs/data.md`, 'utf8');

test('the code of docs/data.md runs as it stands', () => {
  runPage('docs/data.md', ({ status, stdout, stderr, folder }) => {
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('224 224 1\n');
    expect(stdout).toContain("train-00000-of-00002 0 { kind: 'int64', values: BigInt64Array(1) [ 3n ] }");
    expect(existsSync(join(folder, 'out/model.safetensors'))).toBe(true);
  });
});

test('every entry point of docs/data.md is exported', () => {
  const text = page.replace(/```.*?```/gs, '');
  const names = [...text.matchAll(/`([a-z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*|[A-Z0-9]+_FILES)(?=[`(])/g)].map(
    (match) => match[1]!,
  );
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !(name in data))).toEqual([]);
});
