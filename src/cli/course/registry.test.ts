/** Exercises by the words of a user: what an unknown one is told. */
import { expect, test } from 'vitest';
import { entriesOf, exerciseOf, meantId } from './registry.ts';

test.each([
  ['7.99', 'Chapter 7 has 7.1 to 7.12.'],
  ['7_9', 'Did you mean 7.9?'],
  ['recipe', 'There are recipe.operator, recipe.instruction, recipe.pass.'],
  ['recipe.pas', 'Did you mean recipe.pass?'],
  // Like none: nothing is guessed.
  ['seven', "no exercise 'seven'. Chapters:"],
  ['9.1', "no exercise '9.1'. Chapters:"],
])('%s: %s', async (id, said) => {
  await expect(exerciseOf(id)).rejects.toThrow(said);
});

test('other writings of a number', () => {
  expect(['7_8', '7-08', 'ex7.8', '7.8', '7.8.1', 'x'].map(meantId)).toEqual([
    '7.8',
    '7.8',
    '7.8',
    undefined,
    undefined,
    undefined,
  ]);
  expect(() => entriesOf(['2.2', '2.99'])).toThrow('Chapter 2 has 2.1 to 2.12.');
});
