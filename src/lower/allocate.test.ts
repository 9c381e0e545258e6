/** DRAM allocation: buffers that are alive together never share a byte. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate, checkDram } from './allocate.ts';
import type { Buffer } from './views.ts';

const buffers = fc.array(
  fc.record({
    bytes: fc.integer({ min: 1, max: 5000 }),
    first: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 0, max: 8 }),
    pinned: fc.boolean(),
  }),
  { maxLength: 30 },
);

test('buffers alive at the same layer are disjoint, and all lie below the top', () => {
  fc.assert(
    fc.property(buffers, (wanted) => {
      const all = wanted.map(
        (w, i): Buffer => ({
          name: `${i}`,
          bytes: w.bytes,
          address: 0,
          first: w.first,
          last: w.first + w.length,
          pinned: w.pinned,
        }),
      );
      const top = allocate(all);
      for (const [i, a] of all.entries()) {
        expect(a.address % 64).toBe(0);
        expect(a.address + a.bytes).toBeLessThanOrEqual(top);
        for (const b of all.slice(i + 1)) {
          const together = a.pinned || b.pinned || (a.first <= b.last && b.first <= a.last);
          const apart = a.address + a.bytes <= b.address || b.address + b.bytes <= a.address;
          if (together) expect(apart).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('activations that never meet share their place', () => {
  const a: Buffer = { name: 'a', bytes: 100, address: 0, first: 0, last: 1, pinned: false };
  const b: Buffer = { name: 'b', bytes: 80, address: 0, first: 2, last: 3, pinned: false };
  expect(allocate([a, b])).toBe(128);
  expect(a.address).toBe(b.address);
});

test('what nobody uses takes no place', () => {
  const unused: Buffer = { name: 'c', bytes: 100, address: 0, first: Number.POSITIVE_INFINITY, last: -1, pinned: true };
  expect(allocate([unused, { ...unused, pinned: false }])).toBe(0);
});

test('a program larger than DRAM is refused with what it needs', () => {
  expect(() => checkDram(2048, { name: 'tiny', dram: { bytes: 1024 } })).toThrow(
    /2048 bytes of DRAM, and machine 'tiny' has 1024/,
  );
});
