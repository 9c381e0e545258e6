/** Errors of the transcendental functions against f64 over arguments spread evenly over all bit patterns, and the edges. */
import { expect, test } from 'vitest';
import { largestError } from '../../test/support/ulp.ts';
import { expF32, logF32, sigmoidF32, tanhF32 } from './transcendental.ts';

// A prime step meets every exponent and ever different fractions: 4.3 million arguments each.
const STEP = 997;

test.each([
  ['exp', expF32, Math.exp, 1],
  ['log', logF32, Math.log, 1],
  ['sigmoid', sigmoidF32, (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))), 2.6],
  ['tanh', tanhF32, Math.tanh, 1.6],
] as const)('%s within its stated error', (_name, ours, exact, bound) => {
  const { ulps, at, wrong } = largestError(ours, exact, STEP);
  expect(wrong, 'NaN, infinity or not an f32').toEqual([]);
  expect(ulps, `at ${at}`).toBeLessThan(bound);
});

test('edges', () => {
  const largest = 3.4028234663852886e38;
  expect([-Infinity, -104, -0, 0, 88.73, largest, Infinity].map(expF32)).toEqual([
    0,
    0,
    1,
    1,
    Infinity,
    Infinity,
    Infinity,
  ]);
  expect(expF32(-103)).toBe(2 ** -149);
  expect([-Infinity, -1, -0, 0, 1, Infinity].map(logF32)).toEqual([NaN, NaN, -Infinity, -Infinity, 0, Infinity]);
  expect(logF32(2 ** -149)).toBe(Math.fround(-149 * Math.LN2));
  expect([-Infinity, -200, -0, 0, 20, Infinity].map(sigmoidF32)).toEqual([0, 0, 0.5, 0.5, 1, 1]);
  expect([-Infinity, -20, -0, 0, 2 ** -149, 20, Infinity].map(tanhF32)).toEqual([-1, -1, -0, 0, 2 ** -149, 1, 1]);
  for (const f of [expF32, logF32, sigmoidF32, tanhF32]) expect(f(NaN)).toBeNaN();
});
