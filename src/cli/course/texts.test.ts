/** The list of the course: what stands of each exercise, told by the states of its rows. */
import { expect, test } from 'vitest';
import { Console } from '../console.ts';
import { exerciseOf } from './registry.ts';
import { listText } from './texts.ts';

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
