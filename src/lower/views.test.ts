/** Views against their definition: the byte address of every element, worked out one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Buffer,
  broadcastView,
  channelsLastStrides,
  denseStrides,
  mergeDims,
  permuteView,
  reshapeView,
  sliceView,
  type View,
} from './views.ts';

const buffer: Buffer = { name: 'b', bytes: 0, address: 0, first: 0, last: 0, pinned: false };

function addresses(v: View): number[] {
  const out: number[] = [];
  const walk = (d: number, at: number): void => {
    if (d === v.dims.length) {
      out.push(at);
      return;
    }
    for (let i = 0; i < v.dims[d]!; i++) walk(d + 1, at + i * v.strides[d]!);
  };
  walk(0, v.offset);
  return out;
}

const dims = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 4 });
const viewOf = (d: readonly number[], strides = denseStrides(d, 4)): View => ({
  buffer,
  offset: 8,
  dtype: 'float32',
  dims: d,
  strides,
});

/** Random ways to write the same number of elements. */
const factorings = (n: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }).map((wish) => {
    const out: number[] = [];
    let rest = n;
    for (const w of wish) {
      if (rest % w === 0) {
        out.push(w);
        rest /= w;
      }
    }
    out.push(rest);
    return out;
  });

test('a reshaped view walks the same addresses in the same order, or there is none', () => {
  let reshaped = 0;
  fc.assert(
    fc.property(
      dims.chain((d) =>
        fc.tuple(
          fc.constant(d),
          fc.shuffledSubarray(
            d.map((_, i) => i),
            { minLength: d.length },
          ),
          factorings(d.reduce((a, b) => a * b, 1)),
        ),
      ),
      ([d, perm, to]) => {
        const view = permuteView(viewOf(d), perm);
        const again = reshapeView(view, to);
        if (again === undefined) return;
        reshaped++;
        expect(addresses(again)).toEqual(addresses(view));
      },
    ),
    { numRuns: 2000 },
  );
  expect(reshaped).toBeGreaterThan(500);
});

test('a dense view takes every shape', () => {
  fc.assert(
    fc.property(
      dims.chain((d) => fc.tuple(fc.constant(d), factorings(d.reduce((a, b) => a * b, 1)))),
      ([d, to]) => {
        expect(reshapeView(viewOf(d), to)).toBeDefined();
      },
    ),
  );
});

test('merged dimensions pair the same addresses of all operands', () => {
  fc.assert(
    fc.property(
      dims.chain((d) =>
        fc.tuple(
          fc.constant(d),
          fc.shuffledSubarray(
            d.map((_, i) => i),
            { minLength: d.length },
          ),
          fc.array(fc.boolean(), { minLength: d.length, maxLength: d.length }),
        ),
      ),
      ([d, perm, broadcast]) => {
        const a = viewOf(d);
        const order = denseStrides(
          perm.map((p) => d[p]!),
          4,
        );
        const strides = new Array<number>(d.length);
        perm.forEach((p, i) => {
          strides[p] = broadcast[p] ? 0 : order[i]!;
        });
        const b = viewOf(d, strides);
        const merged = mergeDims(d, [a.strides, b.strides], 0);
        const walk = (operand: number): number[] =>
          addresses({ ...a, dims: merged.map((m) => m.size), strides: merged.map((m) => m.strides[operand]!) });
        const pairs = (x: number[], y: number[]): string[] => x.map((v, i) => `${v},${y[i]}`).sort();
        expect(pairs(walk(0), walk(1))).toEqual(pairs(addresses(a), addresses(b)));
      },
    ),
  );
});

test('slices, broadcasts and layouts', () => {
  const v = viewOf([2, 3, 4]);
  expect(addresses(sliceView(v, 1, 2, 2, -2))).toEqual([
    8 + 32,
    36 + 8,
    40 + 8,
    44 + 8,
    8,
    12,
    16,
    20,
    88,
    92,
    96,
    100,
    56,
    60,
    64,
    68,
  ]);
  expect(broadcastView(viewOf([3, 1]), [2, 3, 5]).strides).toEqual([0, 4, 0]);
  expect(channelsLastStrides([2, 3, 4, 5], 4)).toEqual([240, 4, 60, 12]);
});
