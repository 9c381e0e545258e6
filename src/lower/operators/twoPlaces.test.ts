import { describe, expect, test } from 'vitest';
import { add, apply, type Expression, max, min, mul, sub } from '../formula/expression.ts';
import { stepsInTwoPlaces } from './twoPlaces.ts';

const buffer = { name: 'x', bytes: 4, address: 0, first: 0, last: 0, pinned: false };
const x: Expression = {
  kind: 'input',
  type: 'f32',
  view: { buffer, offset: 0, dtype: 'float32', dims: [1], strides: [4] },
};

const FUNCTIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
  exp: Math.exp,
  mov: (a) => a,
};

/** What steps leave in the result's tile that holds `out` before them. */
function run(root: Expression, out: number): number {
  const at = { out, beside: Number.NaN };
  for (const s of stepsInTwoPlaces(x, root)!) {
    const of = (o: typeof s.b): number => (typeof o === 'object' ? o.scalar : at[o as 'out' | 'beside']);
    at[s.into ?? 'out'] = FUNCTIONS[s.f]!(of(s.a), of(s.b));
  }
  return at.out;
}

describe('formulas of one value as steps in its tile and one beside it', () => {
  test('what needs the value once is done in place', () => {
    expect(stepsInTwoPlaces(x, min(max(add(mul(x, 0.25), 0.5), 0), 1))?.every((s) => s.into === undefined)).toBe(true);
    expect(stepsInTwoPlaces(x, x)).toEqual([{ f: 'mov', a: 'out' }]);
    expect(stepsInTwoPlaces(x, mul(x, x))).toEqual([{ f: 'mul', a: 'out', b: 'out' }]);
  });

  test('what needs it twice keeps it while the heavier side is computed, whichever side that is', () => {
    const heavy = mul(add(apply('exp', x), 1), x);
    const a = 0.75;
    const h = (Math.exp(a) + 1) * a;
    expect(run(mul(heavy, x), a)).toBeCloseTo(h * a, 12);
    expect(run(sub(x, heavy), a)).toBeCloseTo(a - h, 12);
    expect(run(mul(mul(x, 0.5), heavy), a)).toBeCloseTo(0.5 * a * h, 12);
    expect(run(add(heavy, mul(x, 0.5)), a)).toBeCloseTo(h + 0.5 * a, 12);
  });

  test('an order of operands is kept', () => {
    expect(stepsInTwoPlaces(x, sub(x, apply('exp', x)))).toEqual([
      { f: 'exp', a: 'out', into: 'beside' },
      { f: 'sub', a: 'out', b: 'beside' },
    ]);
    expect(stepsInTwoPlaces(x, sub(apply('exp', x), x))).toEqual([
      { f: 'exp', a: 'out', into: 'beside' },
      { f: 'sub', a: 'beside', b: 'out' },
    ]);
  });

  test('three values at once, other operands and other types are none', () => {
    const [p, q] = [apply('exp', x), apply('exp', mul(x, 2))];
    expect(stepsInTwoPlaces(x, add(mul(p, q), mul(add(p, q), x)))).toBeUndefined();
    const other: Expression = { ...x };
    expect(stepsInTwoPlaces(x, add(x, other))).toBeUndefined();
    expect(stepsInTwoPlaces(x, apply('gt', x, 0, 'u8'))).toBeUndefined();
  });
});
