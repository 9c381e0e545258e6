/** Errors of the transcendental functions against f64 over arguments spread evenly over all bit patterns, and the edges. */
import { expect, test } from 'vitest';
import { TRANSCENDENTALS } from '../../test/support/transcendentals.ts';
import { largestError } from '../../test/support/ulp.ts';
import { erfF32, expF32, logF32, rsqrtF32, sigmoidF32, softplusF32, tanhF32 } from './transcendental.ts';

// A prime step meets every exponent and ever different fractions: 4.3 million arguments each.
const STEP = 997;

test.each(TRANSCENDENTALS)('$name within its stated error', ({ ours, exact, bound }) => {
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
  expect([-Infinity, -4, -0, 0, 2 ** -149, 4, largest, Infinity].map(erfF32)).toEqual([
    -1,
    -1,
    -0,
    0,
    2 ** -149,
    1,
    1,
    1,
  ]);
  expect([-Infinity, -104, 0, largest, Infinity].map(softplusF32)).toEqual([
    0,
    0,
    Math.fround(Math.LN2),
    largest,
    Infinity,
  ]);
  expect([-1, -0, 0, 4, Infinity].map(rsqrtF32)).toEqual([NaN, -Infinity, Infinity, 0.5, 0]);
  for (const f of [expF32, logF32, sigmoidF32, tanhF32, erfF32, softplusF32, rsqrtF32]) expect(f(NaN)).toBeNaN();
});
