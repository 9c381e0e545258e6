/** Padding: the examples of Keras' own documentation, and the options it has. */
import { expect, test } from 'vitest';
import { type PaddingOptions, padSequences } from '#data';
import { errorOf } from '../../test/support/errorText.ts';

const rows = (sequences: number[][], options?: PaddingOptions) => {
  const { dims, values } = padSequences(sequences, options);
  return Array.from({ length: dims[0] }, (_, i) => [...values.subarray(i * dims[1], (i + 1) * dims[1])]);
};
const three = [[1], [2, 3], [4, 5, 6]];

test("Keras' examples", () => {
  expect(rows(three)).toEqual([
    [0, 0, 1],
    [0, 2, 3],
    [4, 5, 6],
  ]);
  expect(rows(three, { value: -1 })).toEqual([
    [-1, -1, 1],
    [-1, 2, 3],
    [4, 5, 6],
  ]);
  expect(rows(three, { padding: 'post' })).toEqual([
    [1, 0, 0],
    [2, 3, 0],
    [4, 5, 6],
  ]);
  expect(rows(three, { length: 2 })).toEqual([
    [0, 1],
    [2, 3],
    [5, 6],
  ]);
});

test('cut behind, in floats, and nothing at all', () => {
  expect(rows(three, { length: 2, truncating: 'post' })).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  expect(rows([[0.5]], { length: 2, dtype: 'float32', value: -0.5 })).toEqual([[-0.5, 0.5]]);
  expect(rows([[], [1]])).toEqual([[0], [1]]);
  expect(padSequences([])).toEqual({ dims: [0, 0], values: new Int32Array(0) });
  expect(rows(three, { length: 0 })).toEqual([[], [], []]);
});

test('what is refused', () => {
  expect(errorOf(() => padSequences(three, { length: -1 }))).toMatchObject({ code: 'SYS-DAT-072' });
  expect(errorOf(() => padSequences([[1, 2.5]]))).toMatchObject({
    code: 'SYS-DAT-073',
    params: { sequence: 0, element: 1 },
  });
  expect(errorOf(() => padSequences([[2 ** 31]]))).toMatchObject({ code: 'SYS-DAT-073' });
  expect(errorOf(() => padSequences([[1]], { value: 0.5 }))).toMatchObject({ code: 'SYS-DAT-073' });
});
