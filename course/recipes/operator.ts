/**
 * Recipe: an operator. One file declares schema, shape rule, cost, reference evaluation, gradient and samples. What the registry-wide tests hold every
 * operator to is held here point by point: of one that is registered, of the example below (Shrink, which the registry does not have), or of a file.
 */
import { defineExercise, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import {
  elementCount,
  floatAttribute,
  type Model,
  type Tensor,
  type TensorType,
  tensorNumbers,
  tensorOf,
} from 'systole/ir';
import {
  data,
  elementwiseGradient,
  fromRef,
  fullyKnown,
  inferNode,
  type Operator,
  operators,
  type Sample,
  sample,
  sampleModel,
  toRef,
} from 'systole/ops';
import { applyNode, checkGradients, fromData, mul, sum, type Tensor as Traced, tensor, Variable } from 'systole/tensor';
import { declarationOf, holds, judgeModule, type Point, point, type Recipe, showPoints, tried } from './answers.ts';

/** https://onnx.ai/onnx/operators/onnx__Shrink.html */
const shrink: Operator = {
  name: 'Shrink',
  summary: 'X + bias where x < −lambd, x − bias where x > lambd, 0 between.',
  versions: [9],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ['float32', 'float64'] },
  attributes: {
    lambd: { kind: 'float', doc: 'half the width of what becomes 0 (0.5)' },
    bias: { kind: 'float', doc: 'what the rest comes nearer to 0 (0)' },
  },
  infer: ({ inputs }) => ({ types: [inputs[0]] }),
  cost: ({ inputs }) => {
    const type = inputs[0]!;
    const count = elementCount(type.shape as readonly number[]);
    const bytes = count * (type.dtype === 'float64' ? 8 : 4);
    return {
      ...{ macs: 0, multiplications: 0, additions: count, comparisons: 2 * count },
      ...{ exponentials: 0, divisions: 0, powers: 0, otherFunctions: 0, transcendentals: 0 },
      ...{ bytesRead: bytes, bytesWritten: bytes },
    };
  },
  costRule: 'an element: two comparisons, one addition.',
  evaluate: ({ node, inputs }) => {
    const { dtype, dims, data: values } = inputs[0]!;
    const [lambd, bias] = [floatAttribute(node, 'lambd', 0.5), floatAttribute(node, 'bias', 0)];
    const out = Float64Array.from(values as Float64Array, (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0));
    return [{ dtype, dims, data: out }];
  },
  gradient: elementwiseGradient((dy, x, _y, node) => {
    const lambd = floatAttribute(node, 'lambd', 0.5);
    return x.greater(lambd).where(dy, x.less(-lambd).where(dy, 0));
  }),
  samples: () => [
    sample('defaults', 'Shrink', 9, {}, [data([2, 3, 4])]),
    sample('soft', 'Shrink', 9, { lambd: { kind: 'float', value: 0.75 }, bias: { kind: 'float', value: 0.5 } }, [
      data([5, 7], { seed: 2 }),
    ]),
  ],
};

const typeOf = (t: Tensor | undefined): TensorType | undefined =>
  t === undefined ? undefined : { kind: 'tensor', dtype: t.dtype, shape: t.dims };

const refuse = (found: unknown): never => {
  throw new Error(`refused: ${JSON.stringify(found)}`);
};

/** What the reference gives for a sample, whether the operator is registered or not. */
const evaluated = (op: Operator, s: Sample): readonly Tensor[] =>
  op
    .evaluate({
      ...{ node: s.node, opset: s.opset, outputCount: s.node.outputs.length, fail: refuse },
      inputs: s.inputs.map((t) => (t === undefined ? undefined : toRef(t))),
    })
    .map(fromRef);

const inferred = (op: Operator, s: Sample) =>
  inferNode(op, s.node, s.opset, s.inputs.map(typeOf), fullyKnown(s.inputs)).types;

/** What differs first. Floats agree to 1e-5 of the largest element, integers exactly. */
function difference(found: Tensor, expected: Tensor): string | undefined {
  if (found.dtype !== expected.dtype || `${found.dims}` !== `${expected.dims}`) {
    return `${found.dtype}[${found.dims}] ≠ ${expected.dtype}[${expected.dims}]`;
  }
  if ('strings' in found || 'strings' in expected) return undefined;
  const [a, b] = [tensorNumbers(found), tensorNumbers(expected)];
  const largest = b.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  const part = { float32: 1e-5, float64: 1e-7, float16: 2e-3, bfloat16: 2e-2 }[expected.dtype as 'float32'] ?? 0;
  const at = b.findIndex(
    (v, i) => !(Object.is(v, a[i]) || v === a[i] || Math.abs(v - a[i]!) <= part * (largest + Math.abs(v))),
  );
  return at < 0 ? undefined : `[${at}] ${a[at]} ≠ ${b[at]}`;
}

/** The first sample of which something is wrong. */
async function first(
  samples: readonly Sample[],
  wrong: (s: Sample) => Promise<string | undefined> | string | undefined,
): Promise<string | undefined> {
  for (const s of samples) {
    const found = await wrong(s);
    if (found !== undefined) return `'${s.name}': ${found}`;
  }
  return undefined;
}

async function againstHost(op: Operator, s: Sample): Promise<string | undefined> {
  if (s.noHost !== undefined) return undefined;
  const types = inferred(op, s);
  const open = sampleModel(s);
  const named = s.node.outputs.flatMap((name, i) => (name === '' ? [] : [{ name, type: types[i] }]));
  const model: Model = { ...open, graph: { ...open.graph, outputs: named } };
  const feeds = new Map<string, Tensor>();
  s.inputs.forEach((t, i) => {
    if (t !== undefined && !s.constants?.includes(i)) feeds.set(s.node.inputs[i]!, t);
  });
  const session = await (await sharedEngine()).load(model, { optimize: false, threads: 1 });
  const host = await session.run(feeds);
  await session.release();
  const own = evaluated(op, s);
  for (const [i, name] of s.node.outputs.entries()) {
    const found = name === '' ? undefined : difference(own[i]!, host.get(name)!);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isFloat = (t: Tensor | undefined): t is Tensor => t?.dtype === 'float32' || t?.dtype === 'float64';

/** How far the rule of a registered operator lies from central differences, by the first float input of its first sample. */
function gradientError(op: Operator): number | undefined {
  const s = op.samples().find((one) => one.inputs.some(isFloat));
  if (s === undefined) return undefined;
  const at = s.inputs.findIndex(isFloat);
  const { dims } = s.inputs[at]!;
  const drawn = Float64Array.from({ length: elementCount(dims) }, (_, i) => 0.15 + 0.7 * ((i * 0.618034) % 1));
  const x = new Variable(tensorOf('float64', dims, drawn), { name: op.name });
  const inputs = s.inputs.map((t, i) => {
    if (t === undefined || i === at) return t === undefined ? undefined : x;
    return fromData(isFloat(t) ? tensorOf('float64', t.dims, tensorNumbers(t)) : t);
  });
  const loss = (): Traced => {
    const y = applyNode(s.node, s.opset, inputs).find((out) => out.dtype === 'f64')!;
    const weights = Float64Array.from({ length: y.size }, (_, i) => 1 + Math.cos(i));
    return sum(mul(y, tensor(weights, { shape: y.shape })));
  };
  return checkGradients(loss, [x])[0]!.error;
}

/** The points of the recipe, of an operator. */
async function pointsOf(op: Operator): Promise<readonly Point[]> {
  const samples = op.samples();
  const set = new Set(samples.flatMap((s) => [...s.node.attributes.keys()]));
  const undeclared = [...set].filter((name) => !(name in op.attributes));
  const unused = Object.keys(op.attributes).filter((name) => !set.has(name));
  const isRegistered = operators.get(op.name) === op;
  const orderly = op.versions.length > 0 && op.versions.every((v, i) => i === 0 || v > op.versions[i - 1]!);
  const unregistered: Words = { en: 'add its line to src/ops/registry.ts', zh: '请在 src/ops/registry.ts 中加入一行' };
  const points = [
    point(
      'a name, a summary, versions in order',
      '名称、摘要、递增的版本',
      op.name !== '' && op.summary !== '' && orderly ? undefined : `${op.name} ${op.versions}`,
    ),
    point('a line of words for what its cost counts', '用文字说明代价', op.costRule === '' ? 'costRule' : undefined),
    point(
      'samples with names of their own',
      '各有名称的样例',
      samples.length === 0 || new Set(samples.map((s) => s.name)).size < samples.length
        ? `${samples.map((s) => s.name)}`
        : undefined,
    ),
    point(
      'samples set declared attributes',
      '样例只设置已声明的属性',
      undeclared.length > 0 ? undeclared.join(', ') : undefined,
    ),
    point(
      'every attribute is set by a sample',
      '每个属性都有样例设置',
      unused.length > 0 ? unused.join(', ') : undefined,
    ),
    await tried('the shape rule gives the types of the results', '形状规则给出结果的类型', () =>
      first(samples, (s) => {
        const types = inferred(op, s);
        const found = evaluated(op, s);
        const at = s.node.outputs.findIndex((name, i) => {
          const type = types[i];
          return name !== '' && (type?.dtype !== found[i]!.dtype || `${type.shape}` !== `${found[i]!.dims}`);
        });
        return at < 0
          ? undefined
          : `${types[at]?.dtype}[${types[at]?.shape}] ≠ ${found[at]!.dtype}[${found[at]!.dims}]`;
      }),
    ),
    await tried('the reference agrees with the host engine', '参考求值与主机引擎一致', () =>
      first(samples, (s) => againstHost(op, s)),
    ),
    await tried('a cost of whole numbers, traffic not 0', '代价为非负整数，访存不为 0', () =>
      first(samples, (s) => {
        const outputs = evaluated(op, s).map(typeOf);
        const cost = op.cost({
          node: s.node,
          opset: s.opset,
          inputs: s.inputs.map(typeOf),
          outputs,
          constant: (i) => s.inputs[i],
        });
        const bad = Object.entries(cost).find(([, v]) => !(Number.isFinite(v) && v >= 0));
        const moved = [...s.inputs, ...evaluated(op, s)].some((t) => t !== undefined && elementCount(t.dims) > 0);
        return bad !== undefined
          ? `${bad[0]} = ${bad[1]}`
          : moved && cost.bytesRead + cost.bytesWritten === 0
            ? 'bytes = 0'
            : undefined;
      }),
    ),
    point(
      'a gradient: a rule, zero, or why there is none',
      '梯度：规则、zero 或没有梯度的原因',
      op.gradient === undefined ? 'gradient' : undefined,
    ),
    {
      ...point('a line in the registry', '注册表中的一行', isRegistered ? undefined : unregistered),
      ...(isRegistered ? {} : { open: true as const }),
    },
  ];
  if (!isRegistered || typeof op.gradient !== 'function') return points;
  const rule = await tried('the rule agrees with differences', '梯度规则与差商一致', () => {
    const error = gradientError(op);
    return error === undefined || error < 1e-5 ? undefined : `${error}`;
  });
  return [...points, rule];
}

const isOperator = (value: unknown): value is Operator =>
  typeof value === 'object' && value !== null && 'infer' in value && 'evaluate' in value && 'samples' in value;

const wrongOf = async (op: Operator): Promise<readonly string[]> =>
  (await pointsOf(op)).flatMap((p) => (p.wrong === undefined || p.open ? [] : [p.asked.en]));

export const judgedBy: Recipe<Operator> = { kind: { en: 'an operator', zh: '算子' }, isOne: isOperator, pointsOf };

export const exercise = defineExercise({
  id: 'recipe.operator',
  title: { en: 'Add an operator', zh: '添加一个算子' },
  asked: {
    en: 'Add an operator to Systole: one file below `src/ops` and one line in `src/ops/registry.ts`. Hand in the file: `systole course check recipe.operator --answer src/ops/elementwise/mine.ts`, which loads it. (CONTRIBUTING.md, "Three recipes".)',
    zh: '为 Systole 添加一个算子：在 `src/ops` 下写一个文件，在 `src/ops/registry.ts` 中加一行。提交该文件：`systole course check recipe.operator --answer src/ops/elementwise/mine.ts`（会加载运行它）。见 CONTRIBUTING.md。',
  },
  explanation: {
    en: `An operator is written down once; import, shapes, cost, training, documentation and tests derive from that file.

1. **Schema**: name, versions, inputs, outputs, element types, attributes, as its ONNX page says.
2. **Shape rule** (\`infer\`): types of the outputs from types of the inputs, also where sizes are symbolic or unknown.
3. **Cost**: multiply-accumulates, other work, bytes. Nothing is silently free.
4. **Reference** (\`evaluate\`): plain loops in f64, the executable specification.
5. **Gradient**: a rule that adds nodes, \`'zero'\`, or the reason why there is none.
6. **Samples**: uses of it, each attribute at least once.

The example is ONNX's Shrink, which the registry does not have: $y = x + b$ below $-\\lambda$, $x - b$ above $\\lambda$, $0$ between.`,
    zh: `一个算子只写一处；导入、形状、代价、训练、文档和测试都由该文件导出。

1. **模式**：名称、版本、输入、输出、元素类型、属性，与其 ONNX 页面一致。
2. **形状规则**（\`infer\`）：由输入类型得到输出类型，尺寸为符号或未知时也要成立。
3. **代价**：乘加次数、其他运算、字节数。没有任何代价会被悄悄算作零。
4. **参考求值**（\`evaluate\`）：f64 的朴素循环，即可执行的规范。
5. **梯度**：增加节点的规则、\`'zero'\`，或没有梯度的原因。
6. **样例**：它的各种用法，每个属性至少出现一次。

示例为 ONNX 的 Shrink，注册表中没有它：$x<-\\lambda$ 时 $y=x+b$，$x>\\lambda$ 时 $y=x-b$，其间为 $0$。`,
  },
  rows: 0,
  code: [
    { path: 'CONTRIBUTING.md', words: { en: 'the three recipes', zh: '三个步骤' } },
    { path: 'src/ops/elementwise/hardSwish.ts', words: { en: 'an operator', zh: '一个算子' } },
    { path: 'src/ops/registry.ts', words: { en: 'the registry', zh: '注册表' } },
    { path: 'src/ops/registry.test.ts', words: { en: 'its tests', zh: '其测试' } },
  ],
  parameters: {
    operator: {
      kind: 'choice',
      words: { en: 'operator that is looked at', zh: '查看的算子' },
      default: 'Shrink',
      among: ['Shrink', ...operators.keys()].sort(),
    },
  },
  async show(out, { operator }) {
    const op = operator === 'Shrink' ? shrink : operators.get(operator)!;
    out.print({ en: `${op.name}: ${op.summary}`, zh: `${op.name}：${op.summary}` });
    showPoints(out, await pointsOf(op));
    if (op === shrink) out.listing({ en: 'the example', zh: '示例' }, declarationOf(import.meta.url, 'shrink'));
  },
  async check(check) {
    check.equal('the example holds, but for its line in the registry', await wrongOf(shrink), []);
    for (const name of ['HardSwish', 'MaxPool', 'Gemm', 'Gather']) {
      check.holds(`${name} of the registry holds`, holds(await pointsOf(operators.get(name)!)));
    }
    const result = 'the reference agrees with the host engine';
    const shapes = 'the shape rule gives the types of the results';
    const broken: readonly (readonly [string, Operator, readonly string[]])[] = [
      [
        'a shape rule that loses an axis',
        { ...shrink, infer: ({ inputs }) => ({ types: [{ ...inputs[0]!, shape: [1] }] }) },
        [shapes],
      ],
      [
        'a bias with the wrong sign',
        {
          ...shrink,
          evaluate: (c) =>
            shrink.evaluate({
              ...c,
              node: { ...c.node, attributes: new Map(c.node.attributes).set('bias', { kind: 'float', value: -0.5 }) },
            }),
        },
        [result],
      ],
      [
        'a cost that is no number',
        { ...shrink, cost: (c) => ({ ...shrink.cost(c), additions: Number.NaN }) },
        ['a cost of whole numbers, traffic not 0'],
      ],
      [
        'an attribute that no sample sets',
        { ...shrink, samples: () => shrink.samples().slice(0, 1) },
        ['every attribute is set by a sample'],
      ],
      [
        'no gradient and no reason',
        (({ gradient: _, ...rest }) => rest)(shrink),
        ['a gradient: a rule, zero, or why there is none'],
      ],
    ];
    for (const [what, op, wrong] of broken) {
      const found = await wrongOf(op);
      check.holds(
        `found wrong: ${what}`,
        wrong.every((w) => found.includes(w)),
      );
    }
  },
  judge: (submission) => judgeModule(submission, import.meta.url, judgedBy),
});
