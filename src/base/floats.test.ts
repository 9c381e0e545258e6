/** float16 by its definition: every pattern, ties, and numbers that float32 would have rounded before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float16ToNumber, numberToFloat16 } from './floats.ts';

const patterns = Array.from({ length: 0x7c00 }, (_, i) => i);

test('every finite value goes to its own pattern, the middle of two to the even one, and what is beside it to its side', () => {
  for (const bits of patterns) {
    const value = float16ToNumber(bits);
    const next = bits === 0x7bff ? 65536 : float16ToNumber(bits + 1);
    const middle = (value + next) / 2;
    const found = [value, middle, middle * (1 - 2 ** -40), middle * (1 + 2 ** -40)].map(numberToFloat16);
    expect(found).toEqual([bits, bits % 2 === 0 ? bits : bits + 1, bits, bits + 1]);
    expect(numberToFloat16(-value)).toBe(bits | 0x8000);
  }
});

test('no float16 is nearer to a number than the one that it goes to', () => {
  fc.assert(
    fc.property(fc.double({ min: -65519, max: 65519, noNaN: true }), (v) => {
      const bits = numberToFloat16(v);
      const far = (b: number): number => Math.abs(float16ToNumber(b) - v);
      const neighbours = [bits - 1, bits + 1].filter((b) => (b ^ bits) < 0x8000 && (b & 0x7fff) < 0x7c00);
      for (const other of neighbours) expect(far(bits)).toBeLessThanOrEqual(far(other));
    }),
  );
  expect([Number.NaN, Number.POSITIVE_INFINITY, 65520, -1e300].map(numberToFloat16)).toEqual([
    0x7e00, 0x7c00, 0x7c00, 0xfc00,
  ]);
});
