/** How far two tensors lie apart, for tests that hold the reference evaluation against somebody else's numbers. */
import { type DataType, type Tensor, tensorIntegers, tensorNumbers } from '#ir';

/** Allowed distance: absolute (of the largest element) and relative, by element type. Integers agree exactly. */
const TOLERANCE: Partial<Record<DataType, number>> = {
  float64: 1e-7,
  float32: 1e-5,
  float16: 2e-3,
  bfloat16: 2e-2,
  float8e4m3fn: 0,
  float8e4m3fnuz: 0,
  float8e5m2: 0,
  float8e5m2fnuz: 0,
  float8e8m0: 0,
  float4e2m1: 0,
};

/**
 * What differs first, or undefined where the tensors agree.
 * @param atLeast a tolerance that replaces a smaller one of the element type
 */
export function difference(found: Tensor | undefined, expected: Tensor, atLeast = 0): string | undefined {
  if (found === undefined) return 'nothing was computed';
  if (found.dtype !== expected.dtype) return `type ${found.dtype}, expected ${expected.dtype}`;
  if (`${found.dims}` !== `${expected.dims}`) return `shape [${found.dims}], expected [${expected.dims}]`;
  const own = TOLERANCE[expected.dtype];
  if (own === undefined) return exactDifference(found, expected);
  const tolerance = Math.max(own, atLeast);
  const [a, b] = [tensorNumbers(found), tensorNumbers(expected)];
  const largest = b.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0);
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const far = Math.abs(a[i]! - b[i]!) > tolerance * (largest + Math.abs(b[i]!));
    if (far || Number.isNaN(a[i]! - b[i]!)) return `element ${i} is ${a[i]}, expected ${b[i]}`;
  }
  return undefined;
}

function exactDifference(found: Tensor, expected: Tensor): string | undefined {
  const elements = (t: Tensor): readonly (bigint | string)[] => ('strings' in t ? t.strings : tensorIntegers(t));
  const [a, b] = [elements(found), elements(expected)];
  const at = b.findIndex((v, i) => a[i] !== v);
  return at < 0 ? undefined : `element ${at} is ${a[at]}, expected ${b[at]}`;
}
