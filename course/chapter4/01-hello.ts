/**
 * Exercise 4.1: a constant, and its text printed. A tensor can hold strings; a compiled function that takes nothing and returns one is a
 * graph of one constant, and running it is what a session of older frameworks does.
 */
import { compile, tensor } from '#tensor';
import { type Exercise, main } from '../exercise.ts';

export const hello = (): Promise<string> => tensor('Hello, Tensorflow!').text();

/** The same out of a graph. */
export const helloFromGraph = (): Promise<string> => compile(() => tensor('Hello, Tensorflow!'))().text();

export const exercise: Exercise = {
  id: '4.1',
  title: 'A constant, printed',
  async show(print) {
    print(await hello());
  },
  async check({ equal }) {
    const printed: string[] = [];
    await exercise.show((line) => {
      printed.push(line);
    });
    equal('printed', printed, ['Hello, Tensorflow!']);
    equal('out of a graph', await helloFromGraph(), 'Hello, Tensorflow!');
  },
};

await main(import.meta, exercise);
