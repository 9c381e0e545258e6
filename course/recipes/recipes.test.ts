/** The recipes hold for their examples and for what is registered, and are told what a file is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkExercise, defaults, passes } from 'systole/course';
import { expect, test } from 'vitest';
import { judgeModule } from './answers.ts';
import { exercise as instruction } from './instruction.ts';
import { exercise as operator } from './operator.ts';
import { judgedBy, exercise as pass } from './pass.ts';

test.each([operator, instruction, pass])('$id', async (exercise) => {
  const checked = await checkExercise(exercise, { long: false, mnist: false });
  expect(checked.lines.filter((l) => !l.holds)).toEqual([]);
  expect(passes(checked)).toBe(true);
});

test.each([
  [operator, 'src/ops/elementwise/hardSwish.ts', 'right'],
  [instruction, 'src/isa/instructions/mad.ts', 'right'],
  [pass, 'src/passes/removeIdentities.ts', 'right'],
  [pass, 'src/isa/instructions/mad.ts', 'refused'],
  [operator, 'src/nowhere.ts', 'refused'],
  [operator, 'README.md', 'refused'],
] as const)('$id of %s', async (exercise, file, verdict) => {
  const judged = await exercise.judge!({ kind: 'program', file, text: '' }, defaults(exercise.parameters));
  expect(judged.verdict).toBe(verdict);
});

test('numbers are refused by what a recipe asks for', async () => {
  const judged = await operator.judge!({ kind: 'numbers', values: { answer: 3 } }, defaults(operator.parameters));
  expect([judged.verdict, judged.findings[0]!.words.en]).toEqual(['refused', expect.stringContaining('module')]);
});

test.each([
  ['while (true) {}', 'took longer than 2 s'],
  ['await new Promise(() => {});', 'ended before it was judged'],
  ['process.exit(0);', 'ended before it was judged'],
  ["throw new Error('no');", 'cannot be loaded: no'],
])('a module that does not end well: %s', async (text, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-recipe-'));
  const file = join(folder, 'mine.mjs');
  writeFileSync(file, `${text}\n`);
  const recipe = new URL('./pass.ts', import.meta.url).href;
  // The loop is ended while the recipe loads or after; the others end by themselves.
  const seconds = text.startsWith('while') ? 2 : 60;
  const { verdict, findings } = await judgeModule({ kind: 'program', file, text }, recipe, judgedBy, seconds);
  rmSync(folder, { recursive: true });
  expect([verdict, findings[0]!.words.en]).toEqual(['refused', expect.stringContaining(said)]);
});
