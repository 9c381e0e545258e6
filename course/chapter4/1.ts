/** Exercise 4.1: a constant, and its text printed: at once, and out of a graph. */

import { defineExercise, Transcript } from 'systole/course';
import { compile, tensor } from 'systole/tensor';

export const hello = (): Promise<string> => tensor('Hello, Tensorflow!').text();

/** The same out of a graph. */
export const helloFromGraph = (): Promise<string> => compile(() => tensor('Hello, Tensorflow!'))().text();

export const exercise = defineExercise({
  id: '4.1',
  title: { en: 'A constant, printed', zh: '创建一个常量，输出"Hello, Tensorflow!"' },
  asked: {
    en: 'Create a constant that holds the text "Hello, Tensorflow!" and print it.',
    zh: '创建一个内容为 "Hello, Tensorflow!" 的常量并输出。',
  },
  explanation: {
    en: 'A tensor can hold strings as well as numbers; a constant is a node of the graph without inputs. In TensorFlow 1 building the graph computes nothing: a *session* runs it, `sess.run(tf.constant("…"))` gives the value, and `tf.print` is itself a node (which writes to the error output). Here the tensor API computes at once, so that its text can be read right away; `compile` makes a graph of the same function, and running that graph is what a session does. Both ways give the same text.\n\nSource: M. Abadi et al., *TensorFlow: a system for large-scale machine learning*, 2016.',
    zh: '张量既可以存数，也可以存字符串；常量是图中没有输入的节点。在 TensorFlow 1 中建图并不计算，要由*会话*来运行：`sess.run(tf.constant("…"))` 返回其值，而 `tf.print` 本身也是一个节点（写到标准错误输出）。这里的张量接口立即计算，所以可以直接读出文本；`compile` 把同一函数做成图，运行这张图就相当于会话所做的事。两种方式得到的文本相同。\n\n来源：M. Abadi 等，*TensorFlow: a system for large-scale machine learning*，2016。',
  },
  rows: 1,
  answeredBy: 'program',
  code: [
    { path: 'src/tensor/functions/create.ts', words: { en: 'making tensors', zh: '创建张量' } },
    { path: 'src/tensor/compile.ts', words: { en: 'functions as graphs', zh: '把函数编译成图' } },
  ],
  async show({ print }) {
    print(await hello());
  },
  async check({ row, equal }) {
    const shown = new Transcript();
    await exercise.show(shown, {});
    row(1).equal('printed', shown.items, [{ kind: 'line', text: 'Hello, Tensorflow!' }]);
    equal('out of a graph', await helloFromGraph(), 'Hello, Tensorflow!');
  },
});
