/** `--fetch` and `--log=passes`: a part of a network, and what was dropped and why, on standard error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systole } from './systole.ts';

const GRAPH = `model ir=8 producer="test" opset {"": 17}
graph sums(x: float32[2,2]) -> (d: float32[2,2], e: float32[2,2]) {
  const w: float32[2,2] = {1.0, 2.0, 3.0, 4.0}
  const one: float32[1] = {1.0}
  c = MatMul(x, w) @c
  d = Mul(x, w) @d
  e = Add(c, one) @e
}
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-log-'));
  writeFileSync(join(folder, 'sums.ir'), GRAPH);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('level 3 tells each node that was visited or dropped', async () => {
  const { code, stdout, stderr } = await systole(['summary', 'sums.ir', '--fetch', 'e', '--log=passes:3'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain('MatMul');
  expect(stdout).not.toMatch(/^d /m);
  for (const line of [
    'keeps e (Add): is fetched',
    'keeps c (MatMul): e reads it',
    'keeps w: c reads it',
    'drops d: e does not depend on it',
    'prune for e: 2 of 3 nodes stay',
    'bindDims: nothing to do',
  ]) {
    expect(stderr.split('\n')).toContain(line);
  }
});

test('level 0 and no --log are silent; a run computes what is fetched', async () => {
  const silent = await systole(['summary', 'sums.ir', '--log=passes:0'], folder);
  expect(silent.stderr).toBe('');
  const run = await systole(['run', 'adder', '--fetch', 'above', '--json'], folder);
  expect(JSON.parse(run.stdout).outputs.map((o: { name: string }) => o.name)).toEqual(['above']);
});

test('mistakes name the option and what there is', async () => {
  const level = await systole(['summary', 'sums.ir', '--log=pases'], folder);
  expect([level.code, level.stderr]).toEqual([2, expect.stringMatching(/SYS-CLI-004: --log .*Did you mean 'passes'/)]);
  const value = await systole(['summary', 'sums.ir', '--fetch', 'f'], folder);
  expect([value.code, value.stderr]).toEqual([2, expect.stringContaining('SYS-PAS-040')]);
});
