/**
 * Exercise 5.5: the gradients of sin and max pooling, and how they are registered: an operator's file holds its rule beside its shape rule
 * (src/ops/elementwise/sin.ts, src/ops/nn/maxPool.ts), autograd looks it up by name, and `registerGradient` adds one for operators that have none.
 */
import { Random } from 'systole/base';
import { defineExercise } from 'systole/course';
import { type Tensor as Data, elementCount, tensorNumbers, tensorOf } from 'systole/ir';
import { operators, type Sample } from 'systole/ops';
import {
  applyNode,
  checkGradients,
  fromData,
  grad,
  lookupGradient,
  maxPool,
  mul,
  registerGradient,
  sin,
  sum,
  type Tensor,
  tensor,
  tracked,
  Variable,
} from 'systole/tensor';

/** sin′ at x. */
export async function sinSlope(x: number): Promise<number> {
  const leaf = tracked(tensor(x, { dtype: 'f64' }));
  return grad(sin(leaf), [leaf])[0]!.item();
}

/** The gradient of 2 × 2 max pooling of a matrix, for dL/dy. */
export function poolGradient(matrix: readonly (readonly number[])[], dy: number): Promise<unknown> {
  const x = tracked(tensor([[matrix]]));
  return grad(sum(mul(maxPool(x, 2), dy)), [x])[0]!
    .squeeze()
    .toArray();
}

const isFloat = (t: Data | undefined): t is Data => t?.dtype === 'float32' || t?.dtype === 'float64';

/** In f64, in which differences are exact to ten digits. */
const widened = (t: Data): Data => tensorOf('float64', t.dims, tensorNumbers(t));

/** A sample over reals; of Cast the one to f64 (type 11), for whole numbers have no slope. */
function differentiable({ node, inputs }: Sample): boolean {
  const to = node.attributes.get('to');
  return inputs.some(isFloat) && (node.op !== 'Cast' || (to?.kind === 'int' && to.value === 11n));
}

/**
 * Every operator that has a rule, on its first sample's shapes: its first float input gets values between 0.1 and 0.9, where all operators are defined
 * and smooth, the others keep those of the sample. The registry-wide test, src/tensor/gradients.test.ts, goes through all samples and inputs.
 */
export function ruleErrors(): ReadonlyMap<string, number> {
  const random = new Random(9);
  const errors = new Map<string, number>();
  for (const op of operators.values()) {
    if (typeof op.gradient !== 'function') continue;
    const sample = op.samples().find(differentiable);
    if (sample === undefined) continue;
    const at = sample.inputs.findIndex(isFloat);
    const { dims } = sample.inputs[at]!;
    const drawn = Float64Array.from({ length: elementCount(dims) }, () => 0.1 + 0.8 * random.uniform());
    const x = new Variable(tensorOf('float64', dims, drawn), { name: op.name });
    const inputs = sample.inputs.map((t, i) => {
      if (t === undefined || i === at) return t === undefined ? undefined : x;
      // The scales of Resize are f32 whatever it resizes.
      return fromData(isFloat(t) && op.name !== 'Resize' ? widened(t) : t);
    });
    const loss = (): Tensor => {
      const y = applyNode(sample.node, sample.opset, inputs).find((out) => out.dtype === 'f64')!;
      const weights = tensor(
        Float64Array.from({ length: y.size }, (_, i) => 1 + Math.cos(i)),
        { shape: y.shape },
      );
      return sum(mul(y, weights));
    };
    errors.set(op.name, checkGradients(loss, [x])[0]!.error);
  }
  return errors;
}

const withRule = () => [...operators.values()].filter((op) => typeof op.gradient === 'function').map((op) => op.name);

export const exercise = defineExercise({
  id: '5.5',
  title: {
    en: 'The gradients of sin and max pooling, and their registration',
    zh: 'python/ops 中 sin 与 maxpool 的梯度注册',
  },
  asked: {
    en: 'Find how the gradients of sin and of max pooling are registered in a framework, and describe how registration works.',
    zh: '找出框架中 sin 与最大池化的梯度是如何注册的，并说明注册机制。',
  },
  explanation: {
    en: `**In TensorFlow** (\`python/ops/math_grad.py\`, \`nn_grad.py\`) a decorator, \`@ops.RegisterGradient("Sin")\`, puts the function below it into a registry keyed by the type of the operator. \`tf.gradients\` walks the graph backwards
and looks up each node's type; what is not found raises LookupError, what is registered twice KeyError. The rule of Sin is $dy \\cdot \\cos x$. That of MaxPool calls a kernel of its own, \`max_pool_grad(input, output, dy, …)\`.

**Here** an operator is one file, and its rule stands beside its shape rule: \`registerGradient\` is for those that have none, and refuses a second rule (SYS-TEN-016); a missing one is SYS-TEN-017. A rule is written in operators, so that
a gradient is a graph like any other and has gradients itself:

$$\\frac{dL}{dx} = dy \\cdot \\cos x \\quad(\\text{Sin}),\\qquad \\frac{dL}{dx_i} = \\sum_{\\text{windows}} dy \\cdot [\\,i = \\arg\\max\\,] \\quad(\\text{MaxPool}).$$

That a rule is right can be tested without knowing it: the check holds those of all operators, each by its first float input, against differences $\\frac{f(x+h) - f(x-h)}{2h}$ in float64. The registry-wide test does it for all inputs of all samples, and for second derivatives.

Sources: TensorFlow (Apache-2.0), files as above; A. Griewank, A. Walther, *Evaluating derivatives*, 2008.`,
    zh: `**TensorFlow 中**（\`python/ops/math_grad.py\`、\`nn_grad.py\`），装饰器 \`@ops.RegisterGradient("Sin")\` 把其下的函数放入以算子类型为键的注册表。\`tf.gradients\` 反向遍历图，按每个节点的类型查表；查不到抛出 LookupError，重复注册抛出 KeyError。Sin 的规则是 $dy \\cdot \\cos x$；
MaxPool 的规则调用专门的核函数 \`max_pool_grad(input, output, dy, …)\`。

**本系统中**，一个算子就是一个文件，梯度规则写在形状规则旁边；\`registerGradient\` 用于还没有规则的算子，重复注册被拒绝（SYS-TEN-016），缺少规则则报 SYS-TEN-017。规则由算子写成，因此梯度也是一张普通的图，还可以再求梯度：

$$\\frac{dL}{dx} = dy \\cdot \\cos x \\quad(\\text{Sin}),\\qquad \\frac{dL}{dx_i} = \\sum_{\\text{窗口}} dy \\cdot [\\,i = \\arg\\max\\,] \\quad(\\text{MaxPool})$$

规则是否正确，不必知道规则也能检验：检查时对每个算子的第一个浮点输入，用 float64 的差商 $\\frac{f(x+h) - f(x-h)}{2h}$ 与规则比较；注册表级的测试则覆盖全部样例的全部输入以及二阶导数。

出处：TensorFlow（Apache-2.0），文件如上；A. Griewank、A. Walther，*Evaluating derivatives*，2008。`,
  },
  rows: 5,
  answeredBy: 'survey',
  code: [
    {
      path: 'src/ops/elementwise/sin.ts',
      words: { en: 'Sin, its rule beside its shape', zh: 'Sin：梯度规则写在形状规则旁' },
    },
    { path: 'src/ops/nn/maxPool.ts', words: { en: 'MaxPool', zh: 'MaxPool' } },
    { path: 'src/tensor/registration.ts', words: { en: 'Registering and looking up', zh: '注册与查找' } },
    {
      path: 'src/tensor/gradients.test.ts',
      words: { en: 'The test over the whole registry', zh: '覆盖整个注册表的测试' },
    },
  ],
  parameters: {
    x: { kind: 'real', words: { en: 'where sin′ is taken', zh: '求 sin′ 的位置' }, default: 1, least: -1e6, most: 1e6 },
  },
  async show({ print, table }, { x }) {
    table(
      ['x', 'sin′(x)', 'cos x'],
      await Promise.all([0, Math.PI / 3, x].map(async (at) => [at, await sinSlope(at), Math.cos(at)])),
    );
    const matrix = [
      [1, 3],
      [2, 0],
    ];
    const gradient = JSON.stringify(await poolGradient(matrix, 5));
    print({
      en: `max pooling of ${JSON.stringify(matrix)}, dL/dy = 5: ${gradient}`,
      zh: `对 ${JSON.stringify(matrix)} 做最大池化，dL/dy = 5：${gradient}`,
    });
    const rules = withRule();
    const errors = [...ruleErrors()].sort(([, a], [, b]) => b - a);
    print({
      en: `${rules.length} operators have a rule, ${errors.length} of them were held against differences just now; the largest relative errors:`,
      zh: `${rules.length} 个算子有规则，刚才用差商核对了其中 ${errors.length} 个；相对误差最大的几个：`,
    });
    table(
      [
        { en: 'operator', zh: '算子' },
        { en: 'relative error', zh: '相对误差' },
      ],
      errors.slice(0, 5).map(([name, error]) => [name, error.toExponential(1)]),
    );
  },
  async check(check) {
    check.row(1).close('sin′ at 0 and π/3', [await sinSlope(0), await sinSlope(Math.PI / 3)], [1, 0.5], 1e-12);
    check.row(2).equal(
      'max pooling',
      await poolGradient(
        [
          [1, 3],
          [2, 0],
        ],
        5,
      ),
      [
        [0, 5],
        [0, 0],
      ],
    );
    const errors = ruleErrors();
    for (const [name, error] of errors) check.row(3).atMost(`${name}: rule against difference, relative`, error, 1e-5);
    check
      .row(3)
      .equal('operators with a rule, all of which were held against differences', [...errors.keys()], withRule());
    check.equal('the rule of Sin is found', typeof lookupGradient('Sin'), 'function');
    await check.row(4).throws('a second registration', () => registerGradient('Sin', () => []), /SYS-TEN-016/);
    await check.row(5).throws('an operator that nobody registered', () => lookupGradient('Sinus'), /SYS-TEN-017/);
  },
});
