/** The subtle rules of data movement: clamping, the rest of a reshape, padding modes, uneven parts. */
import { describe, expect, test } from 'vitest';
import { accepted, type Refuse, type Shape } from '../shapes.ts';
import { padSources } from './padSources.ts';
import { solveShape } from './reshape.ts';
import { slicedDim, sliceRange } from './sliceRange.ts';
import { equalParts } from './split.ts';

const refused: Refuse = {
  fail() {
    throw new Error('refused');
  },
};

describe('reshape', () => {
  test.each<[string, Shape | undefined, Shape, Shape]>([
    ['0 copies', [2, 3, 4], [0, -1], [2, 12]],
    ['-1 of a symbolic tensor', ['N', 16, 5, 5], ['N', -1], ['N', 400]],
    ['0 and -1 of a symbolic tensor', ['N', 16, 5, 5], [0, -1], ['N', 400]],
    ['-1 is the symbol', ['N', 16, 5, 5], [-1, 400], ['N']],
    ['-1 is more than the symbol', ['N', 4], [-1], [null]],
    ['a copied unknown cancels', [null, 6], [0, 2, -1], [null, 2, 3]],
    ['one unknown of a known tensor', [2, 6], [null, 4], [3, 4]],
    ['unknown rank', undefined, [0, -1, 5], [null, null, 5]],
    ['empty', [0, 3], [-1, 3], [0, 3]],
    ['to a scalar', [1, 1], [], []],
  ])('%s', (_, shape, asked, expected) => {
    const found = solveShape(refused, shape, asked, false);
    expect(found.slice(0, expected.length)).toEqual(expected);
    expect(found.length).toBe(asked.length);
  });

  test('allowzero keeps 0', () => {
    expect(solveShape(refused, [0, 3], [3, 0], true)).toEqual([3, 0]);
  });

  test.each<[Shape, Shape, boolean]>([
    [[2, 3], [4, -1], false],
    [[2, 3], [-1, -1], false],
    [[2, 3], [7], false],
    [[2, 3], [-2, 3], false],
    [[6], [6, 0], false],
    [[2, 3], [0, -1], true],
  ])('%j as %j is refused', (shape, asked, allowZero) => {
    expect(() => solveShape(refused, shape, asked, allowZero)).toThrow('refused');
  });
});

/** The rule written out: walk from the start, which ONNX clamps to an element even backwards, and stop at the end. */
function walk(size: number, start: number, end: number, step: number): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  const from = Math.max(0, start < 0 ? start + size : start);
  const to = end < 0 ? end + size : end;
  if (step > 0) return all.filter((i) => i >= from && i < to && (i - from) % step === 0);
  return all.reverse().filter((i) => i <= from && i > to && (Math.min(from, size - 1) - i) % -step === 0);
}

describe('slice', () => {
  test('agrees with a walk over the axis for all small cases', () => {
    for (const size of [0, 1, 2, 5]) {
      for (let start = -7; start <= 7; start++) {
        for (let end = -7; end <= 7; end++) {
          for (const step of [-3, -2, -1, 1, 2, 3]) {
            const r = sliceRange(size, start, end, step);
            const found = Array.from({ length: r.count }, (_, k) => r.start + k * step);
            expect(found, `${size}: [${start}:${end}:${step}]`).toEqual(walk(size, start, end, step));
          }
        }
      }
    }
  });

  test('a whole symbolic axis keeps its symbol', () => {
    expect(slicedDim('N', 0, Number(2n ** 63n - 1n), 1)).toBe('N');
    expect(slicedDim('N', 0, 'N', 1)).toBe('N');
    expect(slicedDim('N', 0, 5, 1)).toBeNull();
    expect(slicedDim(4, 1, null, 1)).toBeNull();
  });
});

describe('pad', () => {
  test.each([
    ['constant', 3, 2, 1, [-1, -1, 0, 1, 2, -1]],
    ['edge', 3, 2, 1, [0, 0, 0, 1, 2, 2]],
    ['reflect', 3, 2, 1, [2, 1, 0, 1, 2, 1]],
    ['wrap', 3, 2, 1, [1, 2, 0, 1, 2, 0]],
    ['reflect', 3, 5, 0, [1, 0, 1, 2, 1, 0, 1, 2]],
    ['wrap', 2, 3, 0, [1, 0, 1, 0, 1]],
    ['reflect', 1, 1, 1, [0, 0, 0]],
    ['edge', 4, -1, 2, [1, 2, 3, 3, 3]],
    ['constant', 4, -1, -2, [1]],
    ['constant', 0, 1, 1, [-1, -1]],
  ] as const)('%s of %i elements by %i and %i', (mode, size, begin, end, expected) => {
    expect(padSources(size, begin, end, mode)).toEqual([...expected]);
  });

  test('nothing to continue', () => {
    expect(padSources(0, 1, 0, 'edge')).toBeUndefined();
    expect(padSources(0, 0, 0, 'edge')).toEqual([]);
  });
});

describe('split', () => {
  test('the last of uneven parts is smaller, since opset 18', () => {
    expect(equalParts(accepted, 7, 3, 18)).toEqual([3, 3, 1]);
    expect(equalParts(accepted, 6, 3, 13)).toEqual([2, 2, 2]);
    expect(() => equalParts(refused, 7, 3, 13)).toThrow('refused');
    expect(() => equalParts(refused, 5, 4, 18)).toThrow('refused');
  });
});
