/** `systole diff` as a user calls it: networks, machines and files, whose runs must be the same wherever they come from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systole } from './systole.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-diff-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const call = (words: string) => systole(words.split(' '), folder);

test('two machines, from the network and from the files of two runs', async () => {
  const machines = ['textbook-single', 'systolic-16x16'];
  const cycles: number[] = [];
  for (const machine of machines) {
    const { stdout } = await call(`run lenet5 --machine ${machine} --timing-only --json`);
    writeFileSync(join(folder, `${machine}.json`), stdout);
    cycles.push(JSON.parse(stdout).cycles);
  }
  const read = await call(`diff ${machines.map((m) => `${m}.json`).join(' ')} --json`);
  const made = await call(`diff lenet5 ${machines.map((m) => `--machine ${m}`).join(' ')} --json`);
  const [files, runs] = [JSON.parse(read.stdout), JSON.parse(made.stdout)];
  expect(files).toEqual(runs);
  expect([runs.a.cycles, runs.b.cycles]).toEqual(cycles);
  const sum = (side: 'a' | 'b') =>
    runs.layers.reduce((n: number, l: { a: number | null; b: number | null }) => n + (l[side] ?? 0), 0);
  expect(sum('a')).toBeLessThanOrEqual(cycles[0]!);
  expect(sum('a')).toBeGreaterThan(0.9 * cycles[0]!);
  expect(sum('b')).toBeGreaterThan(0.9 * cycles[1]!);

  const { stdout } = await call(`diff ${machines.map((m) => `${m}.json`).join(' ')}`);
  expect(stdout).toContain('A  lenet5 on textbook-single\nB  lenet5 on systolic-16x16');
  expect(stdout).toContain(`×${(cycles[1]! / cycles[0]!).toPrecision(3)}`);
  const same = await call('diff textbook-single.json textbook-single.json --lang zh');
  expect(same.stdout).toContain('各层周期');
  expect([...same.stdout.matchAll(/×[\d.]+/g)].every(([ratio]) => ratio === '×1.00')).toBe(true);
});

test.each([
  ['diff lenet5', 'SYS-CLI-211'],
  ['diff lenet5 adder mlp', 'SYS-CLI-211'],
  ['diff text.json other.json', 'SYS-CLI-212'],
  ['diff other.json text.json', 'SYS-CLI-212'],
  ['diff text.json other.json --machine tpu-v1', 'SYS-CLI-213'],
  ['diff lenet5 adder -o diff.txt', 'SYS-CLI-210'],
  ['diff nowhere.json lenet5', 'SYS-CLI-010'],
])('refused: %s', async (words, code) => {
  writeFileSync(join(folder, 'text.json'), 'cycles: 1');
  writeFileSync(join(folder, 'other.json'), '{"cycles": 1}');
  const { code: exit, stderr } = await call(words);
  expect(stderr).toContain(code);
  expect(exit).not.toBe(0);
});
