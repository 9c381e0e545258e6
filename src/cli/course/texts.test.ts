/** The list of the course: what stands of each exercise, told by the states of its rows. */
import { expect, test } from 'vitest';
import { Console } from '../console.ts';
import { exerciseOf } from './registry.ts';
import { listText, totalText } from './texts.ts';

const console = new Console({ language: 'en', json: false, debug: false });

test('rows that are not asserted are told by their own state', async () => {
  const exercises = await Promise.all(['3.10', '3.11', '7.8'].map(exerciseOf));
  const at = '2026-01-02T00:00:00.000Z';
  const text = listText(
    exercises,
    {
      '3.11': { passed: true, rows: ['asserted', 'asserted', 'long', 'long', 'long'], at },
      '3.10': { passed: true, rows: ['data', 'data', 'asserted', 'excused'], at },
    },
    console,
  );
  expect(text).toMatch(/3\.11 .*passed, 2 of 5 rows; 3 with --long \(2026-01-02\)/);
  expect(text).toMatch(/3\.10 .*passed, 1 of 4 rows; 2 need MNIST; 1 with a reason/);
  // Which take answers.
  expect(text).toMatch(/7\.8 .* judged +not checked/);
  expect(text).not.toMatch(/3\.10 .*judged/);
});

test('the total says which digits were used, and nothing where none were', async () => {
  const exercises = [await exerciseOf('3.10')];
  const checked = [{ id: '3.10', title: exercises[0]!.title, lines: [], rows: ['data' as const], seconds: 1 }];
  const digits = { en: 'MNIST, official test images (mnist)', zh: 'MNIST，官方测试图像（mnist）' };
  expect(totalText(checked, { exercises, digits }, console)).toMatch(
    /^digits: MNIST, official test images \(mnist\)$/m,
  );
  expect(totalText(checked, { exercises, digits: undefined }, console)).not.toContain('digits:');
});
