/** The recipes hold for their examples and for what is registered, and are told what a file is not. */
import { checkExercise, defaults, passes } from 'systole/course';
import { expect, test } from 'vitest';
import { exercise as instruction } from './instruction.ts';
import { exercise as operator } from './operator.ts';
import { exercise as pass } from './pass.ts';

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
