/**
 * Exercise 1.1: strong and weak AI. Shown with the exact 9-31-5 adder: without a fault on its task, and at once lost on a neighbouring one.
 */
import { defineExercise } from 'systole/course';
import { type Addition, adderInput, adderModel, sumsOf, TERM_MAX } from 'systole/flow';
import { tensorNumbers, tensorOf } from 'systole/ir';
import { fromModel, type Tensor, tensor } from 'systole/tensor';

/** Tasks on the same nine bits; results have five, as those of the adder. */
export const TASKS = {
  'a + b + c': ({ a, b, carry }) => a + b + carry,
  '(a · b) mod 32': ({ a, b }) => (a * b) % 32,
  '(a − b) mod 32': ({ a, b }) => (a - b + 32) % 32,
  'max(a, b)': ({ a, b }) => Math.max(a, b),
  'a xor b': ({ a, b }) => a ^ b,
} as const satisfies Record<string, (x: Addition) => number>;

/** All rows of the table. */
const ROWS: readonly Addition[] = Array.from({ length: 2 * (TERM_MAX + 1) ** 2 }, (_, i) => ({
  ...{ a: i >> 5, b: (i >> 1) & TERM_MAX, carry: i & 1 },
}));

/** What the network says for every row: one forward pass through the framework. */
async function answers(): Promise<readonly number[]> {
  const bits = Float32Array.from(tensorNumbers(adderInput(ROWS)));
  const x = tensor(bits, { shape: [ROWS.length, bits.length / ROWS.length] });
  const [sums] = [fromModel(adderModel()).forward(x)].flat() as [Tensor];
  return sumsOf(tensorOf('float32', sums.shape, (await sums.data()) as Float32Array));
}

type Task = keyof typeof TASKS;

/** Rows that the adder has right, by task. */
export async function competence(): Promise<Readonly<Record<Task, number>>> {
  const found = await answers();
  const right = (task: (x: Addition) => number): number => ROWS.filter((row, i) => task(row) === found[i]).length;
  return Object.fromEntries(Object.entries(TASKS).map(([name, task]) => [name, right(task)])) as Record<Task, number>;
}

/** What sets the two apart, and where the answer says it. */
const POINTS = [
  { what: 'a specific task', en: /one specific task/, zh: /某一特定任务/ },
  { what: 'human level on all that is intelligent', en: /human level or beyond/, zh: /达到或超过人类/ },
  { what: 'transfer to other tasks', en: /transfer/, zh: /迁移/ },
] as const;

export const exercise = defineExercise({
  id: '1.1',
  title: { en: 'Strong and weak artificial intelligence', zh: '简述强人工智能和弱人工智能的区别' },
  asked: { en: 'What is the difference between strong and weak AI?', zh: '强人工智能与弱人工智能有什么区别？' },
  explanation: {
    en: `**Weak AI** is competent at one specific task: to play Go, to find faces, to add numbers. **Strong** (general) **AI** would be at human level or beyond in everything that takes intelligence, and would
apply to a new task what it has learned on others.

The difference can be tested, by *transfer*: a weak system has a task that it does perfectly and a neighbouring one on which none of that competence shows. The network here is the exact adder of
exercise 2.11, without a fault on all 512 rows. Asked for products instead of sums, on the same inputs, it is right about as often as chance has it, and nothing in it could notice that the task has changed.

Source of the terms: J. Searle, *Minds, Brains, and Programs*, 1980, where "strong" also means that the machine has a mind; here, as in the textbook, it means general ability.`,
    zh: `**弱人工智能**胜任某一特定任务：下围棋、识别人脸、做加法。**强人工智能**（通用人工智能）则在一切需要智能的事情上达到或超过人类，并能把在别的任务上学到的东西用于新任务。

区别可以通过*迁移*来检验：弱智能系统有一个能完美完成的任务，而在相邻的任务上丝毫显不出这种能力。这里的网络是习题 2.11 中精确的加法器，512 行无一出错。同样的输入，若要的是积而不是和，
它答对的次数与碰运气相差无几，而且它内部没有任何东西能察觉任务变了。

术语来源：J. Searle，*Minds, Brains, and Programs*，1980。该文中的“强”还意味着机器具有心智；此处与教材一致，指通用能力。`,
  },
  code: [
    { path: 'src/flow/embedded/adder.ts', words: { en: 'the network', zh: '该网络' } },
    { path: 'course/chapter2/11.ts', words: { en: 'how it is constructed, and trained', zh: '它的构造与训练' } },
  ],
  rows: 3,
  answeredBy: 'explanation',
  async show({ table, print }) {
    const right = await competence();
    table(
      [
        { en: 'what is asked of the same network', zh: '对同一网络的提问' },
        { en: `rows right of ${ROWS.length}`, zh: `${ROWS.length} 行中答对` },
        '%',
      ],
      Object.entries(right).map(([task, rows]) => [task, rows, ((100 * rows) / ROWS.length).toFixed(1)]),
    );
    print({
      en: `By chance, one of 32 results, ${ROWS.length / 32} rows would be right.`,
      zh: `若在 32 个结果中随机作答，平均答对 ${ROWS.length / 32} 行。`,
    });
  },
  async check(check) {
    const right = await competence();
    const { explanation } = exercise;
    for (const { what, en, zh } of POINTS) {
      check.row(1).holds(`by text: the answer names ${what}`, en.test(explanation!.en) && zh.test(explanation!.zh));
    }
    // What the answer tests the difference by: all of one task, of its neighbour about as much as chance has.
    const transferred = right['(a · b) mod 32'] / ROWS.length;
    check.row(1).atLeast('measured: share right on its own task', right['a + b + c'] / ROWS.length, 1);
    check.row(1).atMost('measured: share right on products, by chance 1/32: no transfer', transferred, 2 / 32);
    check.row(2).equal('adder: rows right on a + b + c', right['a + b + c'], 512);
    check.row(3).equal('the same on a · b mod 32', right['(a · b) mod 32'], 14);
    const others = Object.entries(right).flatMap(([task, rows]) => (task === 'a + b + c' ? [] : [rows]));
    check.atMost('on none of the other tasks half of the rows', Math.max(...others), ROWS.length / 2);
  },
});
