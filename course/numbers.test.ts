/** Numbers that are handed in by name: the question says the names, and answers in the exercises' own text are known where they are not the one. */
import { defaults, type Exercise } from 'systole/course';
import { expect, test } from 'vitest';
import { exercises } from './index.ts';

const judged = async (id: string, values: Readonly<Record<string, number>>) => {
  const exercise: Exercise = (await exercises.find((e) => e.id === id)!.load()).exercise;
  return { exercise, ...(await exercise.judge!({ kind: 'numbers', values }, defaults(exercise.parameters))) };
};

test('every question says the names of its numbers', async () => {
  const untold: string[] = [];
  for (const { id, load } of exercises) {
    if ((await load()).exercise.judge === undefined) continue;
    const { exercise, findings } = await judged(id, { none: 1 });
    const list = /The numbers are: (.*)\.$/.exec(findings[0]!.words.en)?.[1]?.split(', ') ?? [];
    const { en, zh } = exercise.asked;
    untold.push(
      ...list.filter((name) => ![en, zh].every((text) => text.includes(`\`${name}\``))).map((n) => `${id} ${n}`),
    );
  }
  expect(untold).toEqual([]);
});

test.each([
  ['6.2', { answer: 3.8 }, 'roofline'],
  ['6.2', { answer: 5.69 }, 'the rest takes 5 %'],
  ['7.10', { macs: 4194304, bytes: 1703936 }, '--skip both'],
] as const)('%s %o', async (id, values, why) => {
  const { verdict, findings } = await judged(id, values);
  expect(verdict).toBe('wrong');
  expect(findings[0]!.words.en).toContain(why);
});

test('3.1: a right number without its name, and running statistics counted', async () => {
  const { verdict, findings } = await judged('3.1', { answer: 60965224, resnet152: 60344232 });
  expect([verdict, ...findings.map((f) => f.kind)]).toEqual(['wrong', 'wrong-number', 'unnamed', 'missing-number']);
  expect(findings[0]!.words.en).toContain('running means and variances');
  expect(findings[1]!.words.en).toContain('alexnet=60965224');
});

test.each([
  ['2.2', { total: 22538 }, 'right'],
  // The published error of the exercise, which is known without a name.
  ['3.1', { answer: 60955224 }, 'wrong'],
  ['7.9', { answer: 131600 }, 'refused'],
  ['7.9', { answer: 7 }, 'refused'],
] as const)('%s %o: %s', async (id, values, expected) => {
  expect((await judged(id, values)).verdict).toBe(expected);
});

test('cycles of the best program are no number that is asked for: the program is', async () => {
  const { findings } = await judged('7.9', { answer: 131600 });
  expect(findings.map((f) => f.kind)).toEqual(['not-asked']);
});
