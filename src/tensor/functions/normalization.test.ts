/** Group, instance and root-mean-square normalisation: by the operators' own references of later opsets, and as exported models in the host engine. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { type Attribute, type Tensor as Data, float, int, tensorNumbers } from '#ir';
import { writeModel } from '#onnx';
import { evaluateNode } from '#ops';
import {
  checkGradients,
  exportModel,
  groupNorm,
  instanceNorm,
  nn,
  random,
  rmsNorm,
  sum,
  type Tensor,
  tensor,
  Variable,
} from '../index.ts';

const draw = (...shape: number[]): Tensor => random.normal(shape, { generator: new random.Generator(shape.length) });

const close = (a: Data, b: Data): void => {
  expect(a.dims).toEqual(b.dims);
  const [x, y] = [tensorNumbers(a), tensorNumbers(b)];
  x.forEach((v, i) => {
    expect(Math.abs(v - y[i]!)).toBeLessThan(2e-5);
  });
};

const later = async (
  op: string,
  opset: number,
  attributes: Record<string, Attribute>,
  inputs: readonly Tensor[],
): Promise<Data> => {
  const names = inputs.map((_, i) => `x${i}`);
  const node = {
    name: op,
    op,
    domain: '',
    inputs: names,
    outputs: ['y'],
    attributes: new Map(Object.entries(attributes)),
  };
  return evaluateNode(node, opset, await Promise.all(inputs.map((t) => t.value())))[0]!;
};

const [x, weight, bias] = [draw(2, 6, 3, 4), draw(6), draw(6).add(1)];

test.each([1, 2, 3, 6])('groupNorm in %i groups is GroupNormalization of opset 21', async (groups) => {
  const wanted = await later('GroupNormalization', 21, { num_groups: int(groups) }, [x, weight, bias]);
  close(await groupNorm(x, groups, weight, bias).value(), wanted);
  const plain = [x, tensor(new Array(6).fill(1)), tensor(new Array(6).fill(0))];
  const bare = await later('GroupNormalization', 21, { num_groups: int(groups), epsilon: float(0.1) }, plain);
  close(await groupNorm(x, groups, undefined, undefined, 0.1).value(), bare);
  if (groups === 6) close(await instanceNorm(x, weight, bias).value(), wanted);
});

test('rmsNorm is RMSNormalization of opset 23', async () => {
  const [last, two] = [draw(4), draw(3, 4)];
  close(await rmsNorm(x, last).value(), await later('RMSNormalization', 23, {}, [x, last]));
  const wanted = await later('RMSNormalization', 23, { axis: int(2), epsilon: float(0.01) }, [x, two]);
  close(await rmsNorm(x, two, 0.01).value(), wanted);
});

test('groups that do not divide the channels are refused', () => {
  for (const groups of [0, 4, 1.5]) {
    expect(() => groupNorm(x, groups)).toThrow(expect.objectContaining({ code: 'SYS-TEN-163' }));
  }
});

describe('the gradient', () => {
  const variable = async (t: Tensor): Promise<Variable> => new Variable(await t.cast('f64').value());
  test.each([
    ['groupNorm', (v: Tensor, w: Tensor, b: Tensor) => groupNorm(v, 3, w, b)],
    ['instanceNorm', (v: Tensor, w: Tensor, b: Tensor) => instanceNorm(v, w, b)],
    ['rmsNorm', (v: Tensor, w: Tensor, b: Tensor) => rmsNorm(v.swapAxes(1, 3), w).mul(b)],
  ] as const)('of %s', async (_, f) => {
    const operands = await Promise.all([draw(2, 6, 2, 2), weight, bias].map(variable));
    const [v, w, b] = operands as [Variable, Variable, Variable];
    for (const { error } of checkGradients(() => sum(f(v, w, b).sin()), operands)) expect(error).toBeLessThan(1e-5);
  });
});

test.each([
  ['GroupNorm', () => new nn.GroupNorm(2, 6), ['N', 6, 'H', 4], [2, 6, 3, 4]],
  ['RMSNorm', () => new nn.RMSNorm([3, 4]), ['N', 6, 3, 4], [2, 6, 3, 4]],
  ['LayerNorm', () => new nn.LayerNorm(4), ['N', 6, 3, 4], [2, 6, 3, 4]],
] as const)(
  '%s exports at the opset that its nodes need, and the host engine runs it',
  async (_, make, dims, shape) => {
    const module = make();
    module.weight.set(await draw(...module.weight.shape).value());
    const model = await exportModel(module, { x: dims }, { outputs: ['y'] });
    const session = await (await createEngine()).load(writeModel(model));
    const given = draw(...shape);
    const found = (await session.run(new Map([['x', await given.value()]]))).get('y')!;
    close(found, await (module.forward(given) as Tensor).value());
  },
);
