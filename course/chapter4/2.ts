/** Exercise 4.2: a constant plus a placeholder: a graph that is run by feeding its input by name. */

import { SystoleError } from 'systole/base';
import { defineExercise } from 'systole/course';
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

export const exercise = defineExercise({
  id: '4.2',
  title: { en: 'A constant and a placeholder', zh: '两个数的加法 A+B，A 为常量，B 为占位符' },
  asked: {
    en: 'Add two numbers A + B, where A is a constant and B a placeholder that gets its value when the graph runs.',
    zh: '实现两个数的加法 A + B，其中 A 为常量，B 为运行时才赋值的占位符。',
  },
  explanation: {
    en: 'A **constant** is part of the graph. A **placeholder** is an input of the graph: it has a name, a type and a shape, and its value is *fed* with each run (`sess.run(c, feed_dict={B: 1})`), so that one graph serves all values. A run without a feed has nothing to compute with and must fail, as must a feed of another shape or for a name that the graph does not have. In the tensor API the argument of a compiled function is the placeholder; here, the recorded graph is also run by feeding its inputs by name.\n\nSource: M. Abadi et al., *TensorFlow: a system for large-scale machine learning*, 2016.',
    zh: '**常量**是图的一部分。**占位符**是图的输入：它有名字、类型和形状，每次运行时才*喂入*数值（`sess.run(c, feed_dict={B: 1})`），因此同一张图可用于所有数值。运行时不喂值就无从计算，必须报错；形状不符或名字不存在同样要报错。在张量接口中，被编译函数的参数就是占位符；这里也演示按名字向所记录的图喂入数值。\n\n来源：M. Abadi 等，*TensorFlow: a system for large-scale machine learning*，2016。',
  },
  rows: 2,
  answeredBy: 'program',
  code: [
    { path: 'src/tensor/compile.ts', words: { en: 'functions as graphs', zh: '把函数编译成图' } },
    { path: 'src/engine/session.ts', words: { en: 'running a graph by feeds', zh: '按喂入的数值运行图' } },
  ],
  parameters: {
    b: { kind: 'real', words: { en: 'what is fed for B', zh: '喂给 B 的数' }, default: 1, least: -1e6, most: 1e6 },
  },
  async show({ print, table }, { b }) {
    const { inputs, constants, nodes, outputs } = (await addToA.model(tensor([0]))).graph;
    table(
      [
        { en: 'part of the graph', zh: '图的组成' },
        { en: 'names', zh: '名称' },
      ],
      [
        ['placeholder', inputs.map((v) => v.name).join(', ')],
        ['constant', [...constants.keys()].join(', ')],
        ['node', nodes.map((n) => `${n.op}(${n.inputs.join(', ')})`).join(', ')],
        ['output', outputs.map((v) => v.name).join(', ')],
      ],
    );
    const sum = await run({ [inputs[0]!.name]: float([1], [b]) });
    print({ en: `A = 2, B = ${b}: A + B = ${sum}`, zh: `A = 2，B = ${b}：A + B = ${sum}` });
    const refused = await run({}).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused instanceof SystoleError)
      print({
        en: `Without a feed: ${refused.code}, ${refused.text('en')}`,
        zh: `不喂值：${refused.code}，${refused.text('zh')}`,
      });
  },
  async check({ row, throws }) {
    row(1).equal('A = 2, B = 1', await addToA(tensor(1)).item(), 3);
    const [placeholder] = (await addToA.model(tensor([0]))).graph.inputs;
    row(1).equal('by feeding the graph', await run({ [placeholder!.name]: float([1], [1]) }), 3);
    await row(2).throws('no feed', () => run({}), /SYS-ENG-005 .*is not given/);
    await throws('a feed of another shape', () => run({ [placeholder!.name]: float([2], [1, 2]) }), /SYS-ENG-007/);
    await throws('a feed by another name', () => run({ C: float([1], [1]) }), /SYS-ENG-00[56]/);
  },
});
