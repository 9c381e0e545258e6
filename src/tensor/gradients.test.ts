/**
 * Every operator's gradient, on each of its samples, against central differences in f64. Forward and backward run by the operators'
 * reference evaluation. Each input's gradient is held against the differences along random directions; then the gradient's own gradient is.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { type Attribute, type Tensor as Data, elementCount, type GraphNode, tensorNumbers, tensorOf } from '#ir';
import { operators, type Sample } from '#ops';
import { caseText, RANDOM_CONTRACTIONS } from '../../test/support/randomContractions.ts';
import { isSetting } from '../../test/support/settings.ts';
import { apply, applyNode } from './apply.ts';
import { constantTensor, grad, tracked } from './autograd.ts';
import type { Cell } from './cell.ts';
import { isFloat } from './dtypes.ts';
import { withReference } from './eager.ts';
import type { Tensor } from './tensor.ts';

/** Operators that have no gradient by nature, and operators whose rule is still to come, with the reason. */
const WITHOUT: Readonly<Record<string, string>> = {};

/** Samples (or `sample: input`) whose values leave nothing to hold the rule against, with the reason. */
const SKIPPED: Readonly<Record<string, string>> = {
  'Sqrt negative': 'outside the domain',
  'Log negative': 'outside the domain',
  'Pow square: 1': 'a negative base has a power for whole exponents alone',
  'Dropout training with ratio 0: 1': 'another ratio draws random numbers',
  'TopK equal elements': 'at a tie',
  'TopK equal elements, smallest': 'at a tie',
  'LpNormalization zeros': 'at a kink',
  'LayerNormalization statistics': 'statistics are kept in float32: too coarse for differences; held below',
  'LayerNormalization inverse deviation alone':
    'statistics are kept in float32: too coarse for differences; held below',
  'OneHot int32 indices: 1': 'a depth is a whole number',
  'OneHot floats: 0': 'indices are whole numbers',
  'OneHot floats: 1': 'a depth is a whole number',
  'BatchNormalization training': 'refused, with a code: the framework builds it from reductions',
};

const dataOf = (t: Tensor): Data => (t.source as Cell).data!;
const numbers = (t: Tensor): Float64Array => tensorNumbers(dataOf(t));

/** Float inputs in f64, so that differences are exact to ten digits. */
const widened = (t: Data | undefined): Data | undefined =>
  t !== undefined && isFloat(t.dtype) ? tensorOf('float64', t.dims, tensorNumbers(t)) : t;

/** Σ of all float outputs times fixed random weights. */
function loss(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): Tensor | undefined {
  const outputs = applyNode(node, opset, inputs).filter((t, i) => node.outputs[i] !== '' && isFloat(t.dataType));
  const random = new Random(77);
  const parts = outputs.map((t) => {
    const weights = Float64Array.from({ length: elementCount(t.shape) }, () => random.uniform() + 0.5);
    const product = apply('Mul', [t, constantTensor(tensorOf(t.dataType, t.shape, weights))]);
    return apply('ReduceSum', [product], { keepdims: { kind: 'int', value: 0n } });
  });
  return parts.reduce<Tensor | undefined>((a, b) => (a === undefined ? b : apply('Add', [a, b])), undefined);
}

/** d/dt f(x + t·v) at 0, by central differences of fourth order. */
function directional(f: (x: Float64Array) => number, x: Float64Array, v: Float64Array, h = 1e-4): number {
  const at = (k: number): number => f(x.map((xi, i) => xi + k * h * v[i]!));
  return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
}

const close = (found: number, expected: number, scale: number): boolean =>
  Math.abs(found - expected) <= 1e-5 * Math.max(1e-3, Math.abs(expected), scale);

function check(s: Sample, orders: 1 | 2 = 2, step?: number): void {
  const data = s.inputs.map((t, i) => (isSetting(s, i) ? t : widened(t)));
  const floats = data.flatMap((t, i) =>
    t !== undefined && isFloat(t.dtype) && elementCount(t.dims) > 0 && !isSetting(s, i) ? [i] : [],
  );
  const random = new Random(5);
  const direction = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
  withReference(() => {
    /** The loss with input i replaced. */
    const run = (
      i: number,
      x: Float64Array,
      leaf: (t: Tensor) => Tensor,
    ): { inputs: (Tensor | undefined)[]; loss: Tensor } => {
      const inputs = data.map((t, k) =>
        t === undefined
          ? undefined
          : k === i
            ? leaf(constantTensor(tensorOf('float64', t.dims, x)))
            : floats.includes(k)
              ? leaf(constantTensor(t))
              : constantTensor(t),
      );
      return { inputs, loss: loss(s.node, s.opset, inputs)! };
    };
    const asLeaf = tracked;
    for (const i of floats) {
      if (`${s.node.op} ${s.name}: ${i}` in SKIPPED) continue;
      const x = tensorNumbers(data[i]!);
      const v = direction(x.length);
      const { inputs, loss: value } = run(i, x, asLeaf);
      const [g] = grad(value, [inputs[i]!], { allowUnused: true, createGraph: true });
      const along = numbers(g!).reduce((sum, gi, k) => sum + gi * v[k]!, 0);
      const expected = directional((at) => numbers(run(i, at, (t) => t).loss)[0]!, x, v, step);
      const scale = numbers(g!).reduce((sum, gi, k) => sum + Math.abs(gi * v[k]!), 0);
      expect(close(along, expected, scale), `input ${i}: ${along} by the rule, ${expected} by differences`).toBe(true);
      if (orders === 2) second(s, i, x, v, run);
    }
  });
}

/** The gradient of ⟨gradient, v⟩ along w, against differences of the gradient. */
function second(
  s: Sample,
  i: number,
  x: Float64Array,
  v: Float64Array,
  run: (i: number, x: Float64Array, leaf: (t: Tensor) => Tensor) => { inputs: (Tensor | undefined)[]; loss: Tensor },
): void {
  const slope = (at: Float64Array): { input: Tensor; value: Tensor } => {
    const { inputs, loss: value } = run(i, at, tracked);
    const input = inputs[i]!;
    const [g] = grad(value, [input], { allowUnused: true, createGraph: true });
    const weighted = apply('Mul', [g!, constantTensor(tensorOf('float64', input.shape, v))]);
    return { input, value: apply('ReduceSum', [weighted], { keepdims: { kind: 'int', value: 0n } }) };
  };
  const w = v.map((_, k) => Math.cos(3 * k + 1));
  const { input, value } = slope(x);
  if (!value.tracked) {
    const change = directional((at) => numbers(slope(at).value)[0]!, x, w);
    expect(
      close(0, change, 0),
      `${s.name}: the gradient by input ${i} is constant for the rule, but changes by ${change}`,
    ).toBe(true);
    return;
  }
  const [h] = grad(value, [input], { allowUnused: true });
  const along = numbers(h!).reduce((sum, hi, k) => sum + hi * w[k]!, 0);
  const expected = directional((at) => numbers(slope(at).value)[0]!, x, w);
  const scale = numbers(h!).reduce((sum, hi, k) => sum + Math.abs(hi * w[k]!), 0);
  expect(
    close(along, expected, scale),
    `second order, input ${i}: ${along} by the rule, ${expected} by differences`,
  ).toBe(true);
}

/** Samples over reals: not of halves, and Cast only to the type in which differences are exact. */
function differentiable(s: Sample): boolean {
  const real = s.inputs.some((t) => t?.dtype === 'float32' || t?.dtype === 'float64');
  const to = s.node.attributes.get('to');
  return real && (s.node.op !== 'Cast' || (to?.kind === 'int' && to.value === 11n));
}

describe.each([...operators.values()])('$name', (op) => {
  if (op.name in WITHOUT) {
    test.skip(`no gradient: ${WITHOUT[op.name]}`, () => {});
    return;
  }
  const floats = op.samples().filter(differentiable);
  test('has a gradient', () => expect(op.gradient).toBeDefined());
  if (typeof op.gradient !== 'function') return;
  const skipped = floats.filter((s) => `${op.name} ${s.name}` in SKIPPED);
  for (const s of skipped) test.skip(`${s.name}: ${SKIPPED[`${op.name} ${s.name}`]}`, () => {});
  const rest = floats.filter((s) => !skipped.includes(s));
  test.each(rest.map((s) => ({ name: s.name, s })))('$name', ({ s }) => check(s));
});

const nodeOf = (op: string, inputs: number, attributes: Record<string, Attribute> = {}, outputs = 1): GraphNode => ({
  name: op,
  op,
  domain: '',
  inputs: Array.from({ length: inputs }, (_, i) => `x${i}`),
  outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
  attributes: new Map(Object.entries(attributes)),
});

describe('products with zeros', () => {
  // One zero in a product leaves it a slope, two leave none. Second derivatives there are not claimed.
  const x = tensorOf('float32', [3, 3], [0, 2, 3, 0, 0, 5, 1, 2, 4]);
  const updates = tensorOf('float32', [2, 3], [0, 2, 0, 3, 0, 0]);
  const reduction: Attribute = { kind: 'string', value: 'mul' };
  const axis: Attribute = { kind: 'int', value: 1n };
  const cases: readonly Sample[] = [
    { name: 'ReduceProd', node: nodeOf('ReduceProd', 2), opset: 18, inputs: [x, tensorOf('int64', [1], [1])] },
    {
      name: 'ScatterElements',
      node: nodeOf('ScatterElements', 3, { reduction, axis }),
      opset: 18,
      inputs: [x, tensorOf('int64', [2, 3], [0, 1, 1, 2, 2, 0]), updates],
    },
    {
      name: 'ScatterND',
      node: nodeOf('ScatterND', 3, { reduction }),
      opset: 18,
      inputs: [x, tensorOf('int64', [2, 1], [2, 2]), updates],
    },
  ];
  test.each(cases)('$name', (s) => check(s, 1));
});

test('LayerNormalization: the gradients of mean and inverse deviation are those of their formulas', () => {
  withReference(() => {
    const x = tracked(constantTensor(tensorOf('float64', [2, 4], [1, -2, 0.5, 3, 0.25, 0, -1, 2])));
    const scale = constantTensor(tensorOf('float64', [4], [1, 1, 1, 1]));
    const float64: Attribute = { kind: 'int', value: 11n };
    const weighted = (mean: Tensor, inverse: Tensor): Tensor => {
      const weights = constantTensor(tensorOf('float64', [2, 1], [2, -3]));
      return apply('ReduceSum', [apply('Mul', [apply('Add', [mean, apply('Mul', [inverse, inverse])]), weights])]);
    };
    const [, mean, inverse] = applyNode(nodeOf('LayerNormalization', 2, {}, 3), 17, [x, scale]);
    const [found] = grad(
      weighted(apply('Cast', [mean!], { to: float64 }), apply('Cast', [inverse!], { to: float64 })),
      [x],
    );
    const axes = constantTensor(tensorOf('int64', [1], [1]));
    const average = apply('ReduceMean', [x, axes]);
    const centred = apply('Sub', [x, average]);
    const variance = apply('ReduceMean', [apply('Mul', [centred, centred]), axes]);
    const epsilon = constantTensor(tensorOf('float64', [], [Math.fround(1e-5)]));
    const [expected] = grad(
      weighted(average, apply('Reciprocal', [apply('Sqrt', [apply('Add', [variance, epsilon])])])),
      [x],
    );
    for (const [i, g] of numbers(found!).entries()) expect(g).toBeCloseTo(numbers(expected!)[i]!, 6);
  });
});

test('Resize by its scales is refused', () => {
  const s = operators
    .get('Resize')!
    .samples()
    .find(({ name }) => name === 'linear half_pixel, up')!;
  withReference(() => {
    const [x, , scales] = s.inputs.map((t) => t && tracked(constantTensor(t)));
    const [y] = applyNode(s.node, s.opset, [x, undefined, scales]);
    const loss = apply('ReduceSum', [y!], { keepdims: { kind: 'int', value: 0n } });
    expect(() => grad(loss, [scales!])).toThrow(expect.objectContaining({ code: 'SYS-TEN-015' }));
    expect(() => grad(loss, [scales!])).toThrow('operand 2');
  });
});

describe.each(Object.entries(RANDOM_CONTRACTIONS))('%s, drawn at random', (_, draw) => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i', (seed) => {
    const s = draw(new Random(7000 + seed));
    // A small step: drawn values lie near kinks of Clip and HardSigmoid now and then.
    check({ ...s, name: caseText(s) }, 1, 1e-6);
  });
});
