import { expect, test } from 'vitest';
import { grad, tracked } from './autograd.ts';
import { checkGradients } from './checkGradients.ts';
import './methods.ts';
import { compile } from './compile.ts';
import { exportModel } from './export.ts';
import { tensor } from './functions/create.ts';
import { abs, add, div, mul, square } from './functions/elementwise.ts';
import { sum } from './functions/reduce.ts';
import { registerOperator } from './registerOperator.ts';
import type { Tensor } from './tensor.ts';
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
  gradient: ({ inputs: [x], dy: [dy], attributes: { gain } }) => [div(mul(dy!, Number(gain)), square(add(abs(x!), 1)))],
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
  // Its rule sees the attributes of the call.
  expect(await grad(sum(squash([x], { gain: 4 })[0]!), [x])[0]!.toArray()).toEqual([1, 0.25]);
  const [scaled] = checkGradients(() => sum(squash([v], { gain: 3 })[0]!), [v]);
  expect(scaled!.error).toBeLessThan(1e-8);
});

test('refuses a second registration, standard names, unknown names and types', () => {
  const again = (name: string) => () => registerOperator({ name, inputs: ['x'], kernels: {} });
  expect(again('TestSquash')).toThrow(expect.objectContaining({ code: 'SYS-TEN-070' }));
  expect(again('Relu')).toThrow(expect.objectContaining({ code: 'SYS-TEN-074' }));
  expect(() => registerKernel('TestSquash', 'f32', () => {})).toThrow(expect.objectContaining({ code: 'SYS-TEN-070' }));
  expect(() => lookupOperator('TestSquish')).toThrow(/TestSquash/);
  expect(() => lookupKernel('TestSquash', 'i8')).toThrow(expect.objectContaining({ code: 'SYS-TEN-072' }));
  expect(() => squash([tensor([1n])])).toThrow(expect.objectContaining({ code: 'SYS-TEN-072' }));
  expect(() => squash([])).toThrow(expect.objectContaining({ code: 'SYS-TEN-073' }));
  expect(() => squash([tensor([1])], { again: 2 })).toThrow(expect.objectContaining({ code: 'SYS-TEN-073' }));
});

test('compiles: the graph is cut where it stands, and gradients and updates go through', async () => {
  const w = new Variable(await tensor([0.5, -1, 2]).value(), { name: 'w' });
  const eager = (x: Tensor): Tensor => {
    const inner = squash([mul(x, w)], { gain: 2 })[0]!;
    return sum(squash([mul(inner, inner)])[0]!.add(mul(x, 3)));
  };
  const x = tensor([1, 2, -3]);
  const [value, slope] = [await eager(x).item(), await grad(eager(x), [w])[0]!.toArray()];
  const step = compile((at: Tensor) => {
    const loss = eager(at);
    const [g] = grad(loss, [w]);
    w.assign(w.sub(mul(g!, 0.1)));
    return { loss, g: g!, same: at };
  });
  const first = step(x);
  expect(await first.loss.item()).toBeCloseTo(value, 5);
  const found = (await first.g.toArray()) as number[];
  found.forEach((v, i) => {
    expect(v).toBeCloseTo((slope as number[])[i]!, 5);
  });
  expect(await first.same.toArray()).toEqual([1, 2, -3]);
  expect(await step(x).loss.item()).toBeLessThan(value);
  expect(step.graphs).toBe(1);
  // Nothing but a registered operator, on an argument and on a constant.
  const alone = compile((at: Tensor) => [squash([at])[0]!, squash([tensor([4])])[0]!]);
  expect(await Promise.all(alone(x).map((t) => t.toArray()))).toEqual([
    [0.5, expect.closeTo(2 / 3), -0.75],
    [expect.closeTo(0.8)],
  ]);
});

test('is refused in an exported model', async () => {
  await expect(exportModel((x: Tensor) => squash([x])[0]!, { x: [2] })).rejects.toMatchObject({ code: 'SYS-TEN-075' });
  // Before its shape rule asks for a size that is open.
  await expect(exportModel((x: Tensor) => squash([x])[0]!, { x: ['N', 2] })).rejects.toMatchObject({
    code: 'SYS-TEN-075',
  });
});
