/** The parameters of every exercise are options of `systole course` and of its check: no name of one is taken by an option of the command. */
import { expect, test } from 'vitest';
import { exercises } from '#exercises';
import { define } from '../command.ts';
import { Console } from '../console.ts';
import { courseFor } from './course.ts';

const console = new Console({ language: 'en', json: false, debug: false });

test('every exercise has a command with its parameters', async () => {
  const refused: string[] = [];
  for (const { id } of exercises) {
    const configure = await courseFor([id]);
    try {
      configure(define(console, 'course', { en: 'the course', zh: '课程' }), console);
    } catch (error) {
      refused.push(`${id}: ${(error as Error).message}`);
    }
  }
  expect(refused).toEqual([]);
});
