/** `systole advise` as a user has it: what it prints in both languages, and that the commands it names make the runs it tells of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adviceRules } from '#flow';
import { systole } from './systole.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-advise-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RULES = 'integer-precision dram-bandwidth batch'.split(' ').flatMap((rule) => ['--rule', rule]);

test('every command of a piece of advice makes its run', async () => {
  const { stdout, stderr } = await systole(['advise', 'lenet5', ...RULES, '--json'], folder);
  expect(stderr).toBe('');
  const { advice, before, layers } = JSON.parse(stdout);
  expect(advice.map((a: { rule: string }) => a.rule).sort()).toEqual(RULES.filter((r) => r !== '--rule').sort());
  for (const { commands, after, saved, layers: of } of advice) {
    expect(saved.share).toBeGreaterThan(0);
    expect(before.cycles - after.cycles).toBeCloseTo(saved.cycles);
    expect(of.every((layer: number) => layer in layers)).toBe(true);
    for (const [i, command] of commands.entries()) {
      const words = command.split(' ').slice(1);
      const { stdout: made } = await systole([...words, '--json'], folder);
      if (i === commands.length - 1) expect(JSON.parse(made).cycles, command).toBe(after.cycles * after.samples);
    }
  }
});

test.each([
  [
    'en',
    /^lenet5 on textbook-single: [\d,]+ cycles, physically at least [\d,]+; 2 changes run, 2 confirmed\n\n1\. .*\(dram-bandwidth\)\n {3}saves /,
  ],
  [
    'zh',
    /^lenet5 运行于 textbook-single：[\d,]+ 周期，物理下界 [\d,]+；试运行 2 项修改，确认 2 项\n\n1\. .*（?\(dram-bandwidth\)\n {3}节省 /,
  ],
])('in %s', async (language, text) => {
  const words = ['advise', 'lenet5', '--rule', 'dram-bandwidth', '--rule', 'half-precision', '--lang', language];
  const { stdout } = await systole(words, folder);
  expect(stdout).toMatch(text);
  expect(stdout).toContain('$ systole run lenet5 --timing-only --machine textbook-single,dram.bandwidth=128');
  expect(stdout).not.toMatch(/undefined|NaN/);
});

test('what was run in vain is told where it is asked for', async () => {
  const words = ['advise', 'lenet5', '--rule', 'accumulator-capacity', '--all'];
  const { stdout } = await systole(words, folder);
  expect(stdout).toContain('No change that the rules propose saves anything here.');
  expect(stdout).toMatch(
    /run, and no advice:\n {2}accumulator-capacity: accumulators of 128 KiB instead of 64.0 KiB – /,
  );
});

test.each(['en', 'zh'])('lists the rules in %s', async (language) => {
  const { stdout } = await systole(['advise', '--rules', '--lang', language], folder);
  for (const { name } of adviceRules) expect(stdout).toContain(name);
});

test.each([
  ['advise lenet5 --rule wram-capacty', "SYS-FLOW-170: there is no rule 'wram-capacty'. Did you mean 'wram-capacity'?"],
  ['advise', 'SYS-CLI-003'],
  ['advise lenet5 --runs 0', 'SYS-CLI-004'],
])('refused: %s', async (words, text) => {
  const { code, stderr } = await systole(words.split(' '), folder);
  expect(stderr).toContain(text);
  expect(code).not.toBe(0);
});
