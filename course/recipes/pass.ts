/**
 * Recipe: a pass. It receives a valid graph and leaves a valid graph that computes the same. A pass is run here over networks and over a graph that is made for the
 * example (two negations in a row); the verifier and the host engine say whether it may stay.
 */
import { defineExercise, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { randomInput } from 'systole/flow';
import { type GraphNode, type Model, type Tensor, tensorNumbers, tensorType, verifyModel } from 'systole/ir';
import { buildModel } from 'systole/models';
import { inferTypes } from 'systole/ops';
import {
  absorb,
  floatSteps,
  indexOf,
  integerSteps,
  kernelSteps,
  type Pass,
  type PassContext,
  pass,
  pipeline,
  renameInputs,
  withNodes,
} from 'systole/passes';
import { declarationOf, holds, judgeModule, type Point, point, type Recipe, showPoints, tried } from './answers.ts';

const STEPS = [...pipeline, ...kernelSteps, ...integerSteps, ...floatSteps];

const removeDoubleNegations = pass({
  name: 'removeDoubleNegations',
  summary: 'a negation of a negation hands its value on',
  run(model, context) {
    const { producer, pinned } = indexOf(model.graph);
    const aliases = new Map<string, string>();
    const nodes = model.graph.nodes.flatMap((original): GraphNode[] => {
      const node = renameInputs(original, aliases);
      const before = producer.get(original.inputs[0] ?? '');
      if (node.op !== 'Neg' || before?.op !== 'Neg' || pinned.has(node.outputs[0]!)) return [node];
      absorb(context, before.name, node.name);
      aliases.set(node.outputs[0]!, before.inputs[0]!);
      return [];
    });
    return aliases.size === 0 ? model : withNodes(model, nodes, model.graph.constants);
  },
});

/** y = relu(−(−x)), with the first negation read elsewhere, too: z = −x. */
function negations(): Model {
  const node = (op: string, name: string, input: string): GraphNode => ({
    ...{ name, op, domain: '', inputs: [input], outputs: [name], attributes: new Map() },
  });
  return inferTypes({
    irVersion: 9,
    producer: 'systole',
    opsets: new Map([['', 20]]),
    graph: {
      name: 'negations',
      inputs: [{ name: 'x', type: tensorType('float32', [2, 3]) }],
      outputs: ['y', 'z'].map((name) => ({ name, type: undefined })),
      nodes: [node('Neg', 'a', 'x'), node('Neg', 'b', 'a'), node('Relu', 'y', 'b'), node('Relu', 'z', 'a')],
      constants: new Map(),
      types: new Map(),
    },
    functions: [],
    metadata: new Map(),
  });
}

const bound = (model: Model): Model => inferTypes(model, { dims: { N: 1 } });

/** What a pass is run over. */
const graphs = async (): Promise<readonly Model[]> => [
  negations(),
  ...(await Promise.all(['lenet5', 'mlp', 'lstm'].map(async (name) => bound(await buildModel(name))))),
];

const contextOf = async (): Promise<PassContext> => ({
  ...{ dims: {}, declared: 'check', foldLimit: 2 ** 24, provenance: new Map<string, readonly string[]>() },
  engine: await sharedEngine(),
});

async function outputsOf(model: Model): Promise<readonly Tensor[]> {
  const engine = await sharedEngine();
  const feeds = new Map(
    model.graph.inputs.map(({ name, type }, i) => {
      if (type?.kind !== 'tensor') throw new Error(name);
      return [
        name,
        randomInput({ dtype: type.dtype as 'float32', dims: type.shape as readonly number[] }, 5, i),
      ] as const;
    }),
  );
  const session = await engine.load(model, { optimize: false, threads: 1 });
  const found = await session.run(feeds);
  await session.release();
  return model.graph.outputs.map(({ name }) => found.get(name)!);
}

const names = ({ graph }: Model): string => [...graph.inputs, ...graph.outputs].map((v) => v.name).join(', ');

/** What is wrong over the graphs, the first. */
async function over(
  p: Pass,
  wrong: (before: Model, after: Model) => Promise<string | undefined> | string | undefined,
): Promise<string | undefined> {
  for (const before of await graphs()) {
    const found = await wrong(before, await p.run(before, await contextOf()));
    if (found !== undefined) return `${before.graph.name}: ${found}`;
  }
  return undefined;
}

async function pointsOf(p: Pass): Promise<readonly Point[]> {
  const step = STEPS.find((s) => s.pass === p);
  const unregistered: Words = {
    en: 'add its line, with the reason, to src/passes/pipeline.ts',
    zh: '请在 src/passes/pipeline.ts 中加入一行并写明理由',
  };
  const valid = await tried('it leaves a valid graph', '留下合法的图', () =>
    over(p, (_, after) => {
      verifyModel(after);
      inferTypes(after);
      return undefined;
    }),
  );
  const same = async (): Promise<Point> =>
    tried('inputs, outputs and results stay', '输入、输出与结果不变', () =>
      over(p, async (before, after) => {
        if (names(before) !== names(after)) return `${names(after)} ≠ ${names(before)}`;
        const [a, b] = [await outputsOf(inferTypes(after)), await outputsOf(before)];
        const at = b.findIndex((t, i) => {
          const [x, y] = [tensorNumbers(a[i]!), tensorNumbers(t)];
          return y.some((v, k) => !(Math.abs(v - x[k]!) <= 1e-5 * Math.max(1, Math.abs(v))));
        });
        return at < 0 ? undefined : before.graph.outputs[at]!.name;
      }),
    );
  return [
    point('a name and one sentence', '名称与一句话说明', p.name === '' || p.summary === '' ? p.name : undefined),
    valid,
    ...(valid.wrong === undefined ? [await same()] : []),
    await tried('what it has done, it does not do again', '再次运行不再改变', () =>
      over(p, async (_, after) => {
        const typed = inferTypes(after);
        const again = await p.run(typed, await contextOf());
        return again.graph.nodes.length === typed.graph.nodes.length
          ? undefined
          : `${again.graph.nodes.length} ≠ ${typed.graph.nodes.length}`;
      }),
    ),
    step === undefined
      ? { ...point('a line in the pipeline', '流水线中的一行', unregistered), open: true }
      : point('the line in the pipeline says why', '流水线中的一行写明理由', step.why === '' ? 'why' : undefined),
  ];
}

const isPass = (value: unknown): value is Pass =>
  typeof value === 'object' &&
  value !== null &&
  'run' in value &&
  'summary' in value &&
  typeof value.run === 'function';

const wrongOf = async (p: Pass): Promise<readonly string[]> =>
  (await pointsOf(p)).flatMap((one) => (one.wrong === undefined || one.open ? [] : [one.asked.en]));

const opsOf = ({ graph }: Model): readonly string[] => graph.nodes.map((n) => n.op);

export const judgedBy: Recipe<Pass> = { kind: { en: 'a pass', zh: '遍' }, isOne: isPass, pointsOf };

export const exercise = defineExercise({
  id: 'recipe.pass',
  title: { en: 'Add a pass', zh: '添加一个图优化遍' },
  asked: {
    en: 'Add a pass over graphs: one file in `src/passes` and one line in `src/passes/pipeline.ts` that says why it stands there. Hand in the file: `systole course check recipe.pass --answer src/passes/mine.ts`, which loads it.',
    zh: '添加一个图优化遍：在 `src/passes` 中写一个文件，在 `src/passes/pipeline.ts` 中加一行并写明它为何位于该处。提交该文件：`systole course check recipe.pass --answer src/passes/mine.ts`（会加载运行它）。',
  },
  explanation: {
    en: `A pass takes a graph whose types are known and gives one back; graphs are immutable, so "nothing changed" is the same object.

1. It leaves the graph **valid**: each value made once, before it is read; the verifier runs behind every pass.
2. It **computes the same**: inputs and outputs keep their names and types, results agree within rounding. A value that is a graph output, or that a subgraph reads (\`pinned\`), keeps its name.
3. It is **done** when it has run: a second run finds nothing, or the pipeline would never come to rest.
4. \`absorb\` notes which nodes a node now stands for, so that reports can name them.
5. Its **line in the pipeline** says why it stands there.

The example hands on the value of $-(-x)$. It leaves the first negation where somebody else reads it: dead nodes are another pass's work.`,
    zh: `一个遍接受类型已知的图并返回一个图；图是不可变的，因此“没有改变”就是返回同一个对象。

1. 图仍然**合法**：每个值只产生一次，且先于读取；校验器在每个遍之后运行。
2. **计算结果相同**：输入和输出保持名称与类型，结果在舍入误差内一致。图的输出以及子图读取的值（\`pinned\`）保持其名称。
3. 运行一次就**做完**：再次运行不再有改变，否则流水线停不下来。
4. \`absorb\` 记录一个节点现在代表哪些节点，以便报告能列出它们。
5. **流水线中的一行**写明它为何位于该处。

示例把 $-(-x)$ 的值直接传下去。若第一个取负还有别处读取，则保留它：清除死节点是另一个遍的工作。`,
  },
  rows: 0,
  code: [
    { path: 'CONTRIBUTING.md', words: { en: 'the three recipes', zh: '三个步骤' } },
    { path: 'src/passes/pass.ts', words: { en: 'what a pass is', zh: '遍的定义' } },
    { path: 'src/passes/pipeline.ts', words: { en: 'the pipeline', zh: '流水线' } },
    { path: 'src/passes/removeIdentities.ts', words: { en: 'a pass', zh: '一个遍' } },
  ],
  parameters: {
    pass: {
      kind: 'choice',
      words: { en: 'pass that is looked at', zh: '查看的遍' },
      default: removeDoubleNegations.name,
      among: [removeDoubleNegations.name, ...new Set(STEPS.map((s) => s.pass.name))],
    },
  },
  async show(out, { pass: name }) {
    const p = STEPS.find((s) => s.pass.name === name)?.pass ?? removeDoubleNegations;
    out.print({ en: `${p.name}: ${p.summary}`, zh: `${p.name}：${p.summary}` });
    const before = await graphs();
    const after = await Promise.all(before.map(async (model) => p.run(model, await contextOf())));
    out.table(
      [
        { en: 'graph', zh: '图' },
        { en: 'nodes before', zh: '之前节点数' },
        { en: 'behind', zh: '之后节点数' },
      ],
      before.map((model, i) => [model.graph.name, model.graph.nodes.length, after[i]!.graph.nodes.length]),
    );
    showPoints(out, await pointsOf(p));
    if (p === removeDoubleNegations)
      out.listing({ en: 'the example', zh: '示例' }, declarationOf(import.meta.url, 'removeDoubleNegations'));
  },
  async check(check) {
    check.equal('the example holds, but for its line in the pipeline', await wrongOf(removeDoubleNegations), []);
    const after = await removeDoubleNegations.run(negations(), await contextOf());
    check.equal('the second negation is gone', opsOf(after), ['Neg', 'Relu', 'Relu']);
    for (const name of ['removeIdentities', 'foldConstants', 'fuseGemm']) {
      const found = STEPS.find((s) => s.pass.name === name)!.pass;
      check.holds(`${name} of the pipeline holds`, holds(await pointsOf(found)));
    }
    const without = (op: string): Pass =>
      pass({
        ...{ name: `without${op}`, summary: 'wrong' },
        run: (model) =>
          withNodes(
            model,
            model.graph.nodes.filter((n) => n.op !== op),
            model.graph.constants,
          ),
      });
    const twice = pass({
      ...{ name: 'twice', summary: 'wrong' },
      run: (model) => {
        const nodes = model.graph.nodes.map((n) => (n.op === 'Relu' ? { ...n, op: 'Neg' } : n));
        return withNodes(model, nodes, model.graph.constants);
      },
    });
    check.equal(
      'found wrong: a pass that leaves a value nobody makes',
      (await wrongOf(without('Relu')))[0],
      'it leaves a valid graph',
    );
    check.holds(
      'found wrong: a pass that computes something else',
      (await wrongOf(twice)).includes('inputs, outputs and results stay'),
    );
  },
  judge: (submission) => judgeModule(submission, import.meta.url, judgedBy),
});
