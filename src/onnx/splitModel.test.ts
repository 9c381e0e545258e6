/** A model whose large initialisers stand apart is the same model to whoever reads both. */
import { expect, test } from 'vitest';
import { type Model, type Tensor, tensorOf, tensorType } from '#ir';
import { modelOf, readModel, splitModel, writeModel } from './index.ts';

const large = tensorOf(
  'float32',
  [40, 40],
  Float64Array.from({ length: 1600 }, (_, i) => Math.sin(i)),
);
// As a file's constants lie: anywhere.
const moved = new Uint8Array(6401).subarray(1);
moved.set((large as { bytes: Uint8Array }).bytes);
const constants = new Map<string, Tensor>([
  ['large', large],
  ['unaligned', { dtype: 'float32', dims: [40, 40], bytes: moved }],
  ['bytes', tensorOf('int8', [5000], new Float64Array(5000).fill(-3))],
  ['small', tensorOf('float32', [2], [1, 2])],
  ['same', { dtype: 'float32', dims: [3000], splat: tensorOfOne(0.5) }],
  ['words', { dtype: 'string', dims: [1], strings: ['x'] }],
]);

function tensorOfOne(value: number): Uint8Array {
  return (tensorOf('float32', [1], [value]) as { bytes: Uint8Array }).bytes;
}

const model: Model = modelOf({
  name: 'apart',
  inputs: [],
  outputs: [{ name: 'y', type: tensorType('float32', [40, 40]) }],
  nodes: [
    { name: 'add', op: 'Add', domain: '', inputs: ['large', 'unaligned'], outputs: ['y'], attributes: new Map() },
  ],
  constants,
  types: new Map(),
});

test('large initialisers stand apart and are not copied; with them it is the model as one file', () => {
  const { bytes, files } = splitModel(model);
  expect(files.map((f) => f.data.length)).toEqual([6400, 6400, 5000]);
  expect(files[1]!.data.buffer).toBe(moved.buffer);
  expect(bytes.length).toBeLessThan(16_000);
  const read = readModel(bytes, { external: (path) => files.find((f) => f.path === path)?.data });
  expect(read).toEqual(readModel(writeModel(model)));
});
