/** The code of README.md, docs/from-pytorch.md and docs/own-operators.md runs as it stands, and prints what the pages say. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './house/sources.ts';
import { runPage } from './support/pageCode.ts';

test('README.md trains LeNet-5 and saves it', () => {
  runPage(
    'README.md',
    ({ status, stdout, stderr, folder }) => {
      expect([status, stderr]).toEqual([0, '']);
      const losses = [...stdout.matchAll(/epoch \d: loss ([\d.]+)/g)].map((m) => Number(m[1]));
      expect(losses).toHaveLength(3);
      expect(losses[2]!).toBeLessThan(losses[0]! / 2);
      expect(existsSync(join(folder, 'lenet5.onnx'))).toBe(true);
    },
    (piece) => piece.includes('nn.Sequential'),
  );
});

test('docs/from-pytorch.md prints what its comments say', () => {
  const page = readFileSync(`${ROOT}docs/from-pytorch.md`, 'utf8');
  expect([...page.matchAll(/^## \d+\. /gm)]).toHaveLength(10);
  runPage('docs/from-pytorch.md', ({ status, stdout, stderr, folder }) => {
    expect([status, stderr]).toEqual([0, '']);
    const said = [...page.matchAll(/^.*console\.log\(.*\); \/\/ (.*)$/gm)].map((m) => m[1]!);
    expect(said.length).toBeGreaterThan(5);
    for (const line of said) expect(stdout.split('\n')).toContain(line);
    expect(existsSync(join(folder, 'net.onnx'))).toBe(true);
  });
});

test('docs/own-operators.md prints what its comments say', () => {
  const page = readFileSync(`${ROOT}docs/own-operators.md`, 'utf8');
  runPage('docs/own-operators.md', ({ status, stdout, stderr }) => {
    expect([status, stderr]).toEqual([0, '']);
    const said = [...page.matchAll(/^.*console\.log\(.*\); \/\/ (.*)$/gm)].map((m) => m[1]!);
    expect(stdout.trimEnd().split('\n')).toEqual(said);
  });
});
