/**
 * Exercise 4.2: a constant plus a placeholder. A placeholder is an input of the graph: it has a name, a type and a shape, and gets its
 * value when the graph runs. In the tensor API it is the argument of a compiled function; here the recorded graph is run by feeding
 * its inputs by name, and a run without a feed is refused.
 */

import type { Exercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { type Tensor as Data, tensorOf } from 'systole/ir';
import { compile, fromData, type Tensor, tensor } from 'systole/tensor';

const A = tensor(2);
export const addToA = compile((B: Tensor) => A.add(B));

/** Runs the graph of `addToA` on values by the names of its placeholders. */
export async function run(feeds: Readonly<Record<string, Data>>): Promise<number> {
  const engine = await sharedEngine();
  const session = await engine.load(await addToA.model(tensor([0])));
  try {
    const outputs = await session.run(new Map(Object.entries(feeds)));
    const [sum] = outputs.values();
    return await fromData(sum!).item();
  } finally {
    await session.release();
  }
}

const float = (dims: readonly number[], values: readonly number[]): Data => tensorOf('float32', dims, values);

export const exercise: Exercise = {
  id: '4.2',
  title: { en: 'A constant and a placeholder', zh: '两个数的加法 A+B，A 为常量，B 为占位符' },
  rows: 2,
  async show({ print }) {
    print(`A + B = ${await addToA(tensor(1)).item()}`);
  },
  async check({ equal, throws }) {
    equal('A = 2, B = 1', await addToA(tensor(1)).item(), 3);
    const [placeholder] = (await addToA.model(tensor([0]))).graph.inputs;
    equal('by feeding the graph', await run({ [placeholder!.name]: float([1], [1]) }), 3);
    await throws('no feed', () => run({}), /SYS-ENG-005 .*is not given/);
    await throws('a feed of another shape', () => run({ [placeholder!.name]: float([2], [1, 2]) }), /SYS-ENG-007/);
    await throws('a feed by another name', () => run({ C: float([1], [1]) }), /SYS-ENG-00[56]/);
  },
};
