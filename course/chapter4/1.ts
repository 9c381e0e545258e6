/**
 * Exercise 4.1: a constant, and its text printed. A tensor can hold strings; a compiled function that takes nothing and returns one is a
 * graph of one constant, and running it is what a session of older frameworks does.
 */

import { type Exercise, Transcript } from 'systole/course';
import { compile, tensor } from 'systole/tensor';

export const hello = (): Promise<string> => tensor('Hello, Tensorflow!').text();

/** The same out of a graph. */
export const helloFromGraph = (): Promise<string> => compile(() => tensor('Hello, Tensorflow!'))().text();

export const exercise: Exercise = {
  id: '4.1',
  title: { en: 'A constant, printed', zh: '创建一个常量，输出"Hello, Tensorflow!"' },
  rows: 1,
  async show({ print }) {
    print(await hello());
  },
  async check({ equal }) {
    const shown = new Transcript();
    await exercise.show(shown, {});
    equal('printed', shown.items, [{ kind: 'line', text: 'Hello, Tensorflow!' }]);
    equal('out of a graph', await helloFromGraph(), 'Hello, Tensorflow!');
  },
};
