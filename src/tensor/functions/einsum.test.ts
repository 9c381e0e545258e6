/** einsum where `...` stands for more axes in one operand than in another, as numpy.einsum has it. */
import { expect, test } from 'vitest';
import { checkGradients, compile, einsum, exportModel, random, sum, type Tensor, Variable } from '../index.ts';

const draw = (shape: readonly number[], seed: number): Tensor =>
  random.normal([...shape], { dtype: 'f64', generator: new random.Generator(seed) });

test.each([
  // Products of numbered axes by matMul and sums, which broadcast by themselves.
  [
    '...ij,...jk->...ik',
    [
      [5, 2, 3, 4],
      [2, 4, 3],
    ],
    [5, 2, 3, 3],
    ([a, b]: Tensor[]) => a!.matMul(b!),
  ],
  [
    '...ij,...jk->...ik',
    [
      [3, 4],
      [5, 2, 4, 3],
    ],
    [5, 2, 3, 3],
    ([a, b]: Tensor[]) => a!.matMul(b!),
  ],
  [
    '...ij,...jk',
    [
      [3, 4],
      [5, 4, 3],
    ],
    [5, 3, 3],
    ([a, b]: Tensor[]) => a!.matMul(b!),
  ],
  ['...,...->...', [[3], [2, 3]], [2, 3], ([a, b]: Tensor[]) => a!.mul(b!)],
  ['...,...->...', [[], [2, 3]], [2, 3], ([a, b]: Tensor[]) => a!.mul(b!)],
  [
    ' ...i , i... -> ...',
    [
      [2, 3, 4],
      [4, 3],
    ],
    [2, 3],
    ([a, b]: Tensor[]) => a!.mul(b!.transpose()).sum(-1),
  ],
  ['...i,...i,...->...', [[2, 1, 4], [3, 4], []], [2, 3], ([a, b, c]: Tensor[]) => a!.mul(b!).sum(-1).mul(c!)],
] as const)('%s of %j', async (equation, shapes, shape, wanted) => {
  const operands = shapes.map((dims, i) => draw(dims, i + 1));
  const y = einsum(equation, ...operands);
  expect(y.shape).toEqual(shape);
  const [found, expected] = [await y.data(), await wanted(operands).data()];
  found.forEach((v: number | bigint, i: number) => {
    expect(Number(v)).toBeCloseTo(Number(expected[i]), 10);
  });
  const compiled = compile((...given: Tensor[]) => einsum(equation, ...given));
  expect(await compiled(...operands).toArray()).toEqual(await y.toArray());
  const variables = await Promise.all(operands.map(async (t) => new Variable(await t.value())));
  for (const { error } of checkGradients(() => sum(einsum(equation, ...variables).sin()), variables)) {
    expect(error).toBeLessThan(1e-6);
  }
});

test('in an exported model every operand has as many unnamed axes, as ONNX wants', async () => {
  const model = await exportModel((a: Tensor, b: Tensor) => einsum('...ij,...jk->...ik', a, b), {
    a: ['N', 2, 3],
    b: [3, 4],
  });
  expect(model.graph.nodes.map((n) => n.op)).toEqual(['Unsqueeze', 'Einsum']);
  expect(model.graph.outputs[0]!.type).toMatchObject({ shape: ['N', 2, 4] });
});

test('what does not fit is refused by the operator', () => {
  const code = expect.objectContaining({ code: 'SYS-TEN-004' });
  expect(() => einsum('...ij,...jk->...ik', draw([3], 1), draw([2, 3, 4], 2))).toThrow(code);
  expect(() => einsum('...i,...i->...', draw([2, 3], 1), draw([4, 3, 3], 2))).toThrow(code);
});
