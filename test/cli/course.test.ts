/** `systole course`: lists, runs, checks, judges; and what is said to wrong input. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systole } from './systole.ts';

const folder = mkdtempSync(join(tmpdir(), 'systole-course-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (line: string) => systole(line.split(' '), folder);

test('an exercise by its number, with what its parameters would be called', async () => {
  const { code, stdout } = await run('course 2.2');
  expect(code).toBe(0);
  expect(stdout).toContain('22016 weights and 522 biases');
  expect((await run('course 2.2 --lang zh')).stdout).toMatch(/^2\.2 .*感知机/);
});

test('a check says what holds, and its exit code says the same', async () => {
  const { stdout, code } = await run('course check 2.2 --all');
  expect(stdout).toMatch(/2\.2 .*figures/);
  expect(stdout).toMatch(/weights.*: 22016, expected 22016/);
  expect(code).toBe(stdout.startsWith('ok') ? 0 : 1);
});

test('an answer that is wrong ends with 1 and does not give the right one away', async () => {
  expect(await run('course check 2.2 --answer 22538')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^2\.2 right/),
  });
  const { code, stdout } = await run('course check 2.2 --answer 22016');
  expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('the biases are missing') });
  expect(stdout).not.toContain('22538');
});

test('what is handed in is repeated with all its digits', async () => {
  const { stdout } = await run('course check 2.2 --answer 22538.0000001');
  expect(stdout).toContain('22538.0000001');
  expect(stdout).not.toMatch(/22538\.0$/m);
});

test('a class: numbers in text files, what counts, and what was ignored and why', async () => {
  const own = join(folder, 'class');
  for (const [name, text] of [
    ['ada/2.2.txt', '22538\n'],
    ['ada/recipe.operator.ts', ''],
    ['bo/2.2.txt', 'weights: 22016\n\nbiases = 522\n'],
    ['bo/1.1.txt', 'narrow and general\n'],
    ['cy/2.2.py', 'print(22538)\n'],
    ['cy/2_6.json', '{"origin": 0.25}\n'],
    ['dee/2.2.json', '{"total": 22538}\n'],
    ['dee/2.6.txt', 'x y\n'],
    ['loose.txt', '22538\n'],
  ] as const) {
    mkdirSync(join(own, dirname(name)), { recursive: true });
    writeFileSync(join(own, name), text);
  }
  const all = await run('course grade class');
  const one = JSON.parse((await run('course grade class --exercises 2.2 --json')).stdout);
  rmSync(own, { recursive: true });
  // What cannot be judged, or is no answer, is no exercise that counts.
  expect(all.stdout).toMatch(/^student +2\.2 +2\.6 +right$/m);
  expect(all.stdout).toMatch(/^ada +right +– +1\/2/m);
  expect(all.stdout).toMatch(/^bo +incomplete/m);
  expect(all.stdout).toMatch(/^cy +ignored/m);
  expect(all.stdout).toMatch(/^dee +right +cannot be judged +1\/2/m);
  expect(one).toMatchObject({ exercises: ['2.2'], students: [{ right: 1 }, {}, {}, { right: 1 }] });
  for (const [file, why] of [
    ['loose.txt', 'STUDENT/'],
    ['2_6.json', '2.6.json?'],
    ['1.1.txt', 'not judged automatically: it asks for an explanation'],
    ['recipe.operator.ts', 'a module'],
  ]) {
    expect(all.stderr).toMatch(new RegExp(`${file!.replaceAll('.', '\\.')}: .*${why!.replace('?', '\\?')}`));
  }
  const missing = one.students[1].answers[0].findings;
  expect(missing[0]).toMatchObject({ kind: 'missing-number', line: null, column: null, code: null });
});

test('an option that an exercise has not: its own help is named; and its parameters are its own', async () => {
  const { stderr } = await run('course 7.8 --row 64');
  expect(stderr).toContain('systole course 7.8 --help');
  const { stdout } = await run('course 7.8 --rows 64');
  expect(stdout).toMatch(/^one step after the other +11776 +229376/m);
  // Each picture in a line of its own, broken at the width.
  expect(
    Math.max(
      ...stdout
        .slice(stdout.indexOf('pictures ('))
        .split('\n')
        .map((l) => l.length),
    ),
  ).toBeLessThan(101);
});

test('a right program says how much of the bound it reaches, and a teacher how much it must', async () => {
  const own = join(folder, 'fast');
  mkdirSync(join(own, 'ada'), { recursive: true });
  const program = `move DRAM[0] NRAM[0] 1024
move DRAM[1024] WRAM[0] 1024
sync
compute MAC_32 256 NRAM[0] 1024 WRAM[0] 1024 to NRAM[1024] 4
sync
move NRAM[1024] DRAM[2048] 4
`;
  writeFileSync(join(own, 'ada/7.7.s'), program);
  const found = await run('course grade fast --at-least 0.9');
  const one = await run('course check 7.7 --answer fast/ada/7.7.s --at-least 0.99');
  rmSync(own, { recursive: true });
  expect(found.stdout).toMatch(/^ada +right 97 %/m);
  expect(one).toMatchObject({ code: 1, stdout: expect.stringMatching(/^7\.7 incomplete/) });
  expect(one.stdout).toContain('reaches 97.1 % of the bound, and 99.0 % are asked for');
});

test.each([
  ['course grade . --at-least 90', 'SYS-CLI-004'],
  ['course check 2.2 --answer none.json', 'SYS-CLI-010', 3],
  ['course 2.99', 'SYS-CLI-230'],
  ['course check 2.2 --answer x', 'SYS-CLI-231'],
  ['course check 2.2 2.6 --answer 1', 'SYS-CLI-237'],
  ['course check 3.10 --answer 0.97', 'SYS-CLI-235', 4],
  ['course grade nowhere', 'SYS-CLI-233'],
  ['course grade .', 'SYS-CLI-234'],
  ['course check 2.2 --data nowhere', 'SYS-CLI-236'],
])('%s: %s', async (line, code, expected = 2) => {
  const { stderr, stdout, code: exit } = await run(line);
  expect({ stdout, exit }).toEqual({ stdout: '', exit: expected });
  expect(stderr).toContain(code);
  expect(readdirSync(folder)).toEqual([]);
});
