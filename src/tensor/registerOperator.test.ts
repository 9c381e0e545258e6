import { expect, test } from 'vitest';
import { grad, tracked } from './autograd.ts';
import { checkGradients } from './checkGradients.ts';
import { compile } from './compile.ts';
import { tensor } from './functions/create.ts';
import { abs, add, div, mul, square } from './functions/elementwise.ts';
import { sum } from './functions/reduce.ts';
import { registerOperator } from './registerOperator.ts';
import { lookupKernel, lookupOperator, registerKernel } from './userOperators.ts';
import { Variable } from './variable.ts';

/** x ÷ (1 + |x|) by hand, with a factor. */
const squash = registerOperator({
  name: 'TestSquash',
  inputs: ['x'],
  attributes: { gain: 1 },
  kernels: Object.fromEntries(
    (['f32', 'f64'] as const).map((dtype) => [
      dtype,
      ([x], [y], { gain }) => {
        x!.data.forEach((_, i) => {
          const v = Number(x!.data[i]);
          (y!.data as Float64Array)[i] = ((gain as number) * v) / (1 + Math.abs(v));
        });
      },
    ]),
  ),
  gradient: ({ inputs: [x], dy: [dy] }) => [div(dy!, square(add(abs(x!), 1)))],
});

test('runs, with attributes, on results that are still to come', async () => {
  const x = tensor([1, -1, 3]);
  expect(await squash([x])[0]!.toArray()).toEqual([0.5, -0.5, 0.75]);
  expect(await squash([mul(x, 1)], { gain: 2 })[0]!.toArray()).toEqual([1, -1, 1.5]);
});

test('has a gradient that holds against differences, and within which others flow', async () => {
  const v = new Variable(await tensor([0.4, -2, 3], { dtype: 'f64' }).value());
  const [checked] = checkGradients(() => sum(mul(squash([mul(v, v)])[0]!, v)), [v]);
  expect(checked!.error).toBeLessThan(1e-8);
  const x = tracked(tensor([1, -3]));
  expect(await grad(sum(squash([x])[0]!), [x])[0]!.toArray()).toEqual([0.25, 0.0625]);
});

test('refuses a second registration, standard names, unknown names and types, and compile', () => {
  const again = (name: string) => () => registerOperator({ name, inputs: ['x'], kernels: {} });
  expect(again('TestSquash')).toThrow(expect.objectContaining({ code: 'SYS-TEN-070' }));
  expect(again('Relu')).toThrow(expect.objectContaining({ code: 'SYS-TEN-074' }));
  expect(() => registerKernel('TestSquash', 'f32', () => {})).toThrow(expect.objectContaining({ code: 'SYS-TEN-070' }));
  expect(() => lookupOperator('TestSquish')).toThrow(/TestSquash/);
  expect(() => lookupKernel('TestSquash', 'i8')).toThrow(expect.objectContaining({ code: 'SYS-TEN-072' }));
  expect(() => squash([tensor([1n])])).toThrow(expect.objectContaining({ code: 'SYS-TEN-072' }));
  expect(() => squash([])).toThrow(expect.objectContaining({ code: 'SYS-TEN-073' }));
  expect(() => squash([tensor([1])], { again: 2 })).toThrow(expect.objectContaining({ code: 'SYS-TEN-073' }));
  const compiled = compile((x: ReturnType<typeof tensor>) => squash([x])[0]!);
  expect(() => compiled(tensor([1]))).toThrow(expect.objectContaining({ code: 'SYS-TEN-075' }));
});
