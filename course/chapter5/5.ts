/**
 * Exercise 5.5: how the gradients of sin and max pooling are registered. In TensorFlow a decorator, @ops.RegisterGradient("Sin"), puts a function
 * into a registry by the operator's type, where tf.gradients looks it up. Here an operator's file holds its rule beside its shape rule
 * (src/ops/elementwise/sin.ts: dy · cos x; src/ops/nn/maxPool.ts: dy to where the largest element stood), autograd looks it up by name,
 * and `registerGradient` adds one for operators that have none. A rule is written in operators, so gradients have gradients.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { type Tensor as Data, elementCount, tensorOf } from 'systole/ir';
import { operators } from 'systole/ops';
import {
  applyNode,
  checkGradients,
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

/**
 * The operators of one float input that have a rule, each on its first sample's shape with values between 0.1 and 0.9, where all of them are
 * defined and smooth. The registry-wide test, src/tensor/gradients.test.ts, goes through all samples of all operators.
 */
export function ruleErrors(): ReadonlyMap<string, number> {
  const random = new Random(9);
  const errors = new Map<string, number>();
  for (const op of operators.values()) {
    if (
      typeof op.gradient !== 'function' ||
      op.inputs.length !== 1 ||
      op.outputs.length !== 1 ||
      op.inputs[0]!.arity === 'variadic'
    )
      continue;
    const sample = op.samples().find((s) => s.inputs[0]?.dtype === 'float32' && s.node.op !== 'Cast');
    if (sample === undefined) continue;
    const { dims } = sample.inputs[0]!;
    const values = (low: number): Data =>
      tensorOf(
        'float64',
        dims,
        Float64Array.from({ length: elementCount(dims) }, () => low + 0.8 * random.uniform()),
      );
    const x = new Variable(values(0.1), { name: op.name });
    const loss = (): Tensor => {
      const [y] = applyNode(sample.node, sample.opset, [x]);
      const weights = tensor(
        Float64Array.from({ length: y!.size }, (_, i) => 1 + Math.cos(i)),
        { shape: y!.shape },
      );
      return sum(mul(y!, weights));
    };
    errors.set(op.name, checkGradients(loss, [x])[0]!.error);
  }
  return errors;
}

export const exercise: Exercise = {
  id: '5.5',
  title: {
    en: 'The gradients of sin and max pooling, and their registration',
    zh: 'python/ops 中 sin 与 maxpool 的梯度注册',
  },
  rows: 5,
  async show({ print }) {
    print(`sin′(0) = ${await sinSlope(0)}, sin′(π/3) = ${await sinSlope(Math.PI / 3)}`);
    print(
      `max pooling of [[1, 3], [2, 0]] with dL/dy = 5: ${JSON.stringify(
        await poolGradient(
          [
            [1, 3],
            [2, 0],
          ],
          5,
        ),
      )}`,
    );
    const rules = [...operators.values()].filter((op) => typeof op.gradient === 'function');
    print(`${rules.length} operators have a rule, ${ruleErrors().size} of them were checked just now`);
  },
  async check({ close, equal, atMost, atLeast, throws }) {
    close('sin′ at 0 and π/3', [await sinSlope(0), await sinSlope(Math.PI / 3)], [1, 0.5], 1e-12);
    equal(
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
    for (const [name, error] of errors) atMost(`${name}: rule against difference, relative`, error, 1e-5);
    atLeast('operators checked', errors.size, 25);
    equal('the rule of Sin is found', typeof lookupGradient('Sin'), 'function');
    await throws('a second registration', () => registerGradient('Sin', () => []), /SYS-TEN-016/);
    await throws('an operator that nobody registered', () => lookupGradient('Sinus'), /SYS-TEN-017/);
  },
};
