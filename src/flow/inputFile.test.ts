/** Files as inputs: the layout of pictures, batches of several, and what is refused. */
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeNpy } from '#data';
import { type Dim, type Tensor, tensorNumbers, tensorOf, tensorType } from '#ir';
import { writeTensor } from '#onnx';
import { errorOf } from '../../test/support/errorText.ts';
import { readInput, stackInputs } from './inputFile.ts';

/** Red above green. */
let png: Uint8Array;
beforeAll(async () => {
  const pixels = Uint8Array.of(255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0);
  png = await sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } })
    .png()
    .toBuffer();
});

const picture = (shape: readonly Dim[], dtype: 'float32' | 'uint8' | 'int64' = 'float32'): Promise<Tensor> =>
  readInput({ file: 'p.png', bytes: png }, 'x', tensorType(dtype, shape));

const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe('pictures', () => {
  test('channels first, with a batch and without', async () => {
    const planes = [255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0];
    for (const shape of [
      [1, 3, 2, 2],
      ['N', 3, 2, 2],
    ]) {
      const tensor = await picture(shape);
      expect(tensor.dims).toEqual([1, 3, 2, 2]);
      expect([...tensorNumbers(tensor)]).toEqual(planes);
    }
    expect((await picture([3, 2, 2])).dims).toEqual([3, 2, 2]);
  });

  test('channels last', async () => {
    const tensor = await picture([1, 2, 2, 3]);
    expect(tensor.dims).toEqual([1, 2, 2, 3]);
    expect([...tensorNumbers(tensor)]).toEqual([255, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0]);
  });

  test('grey, resized, as bytes', async () => {
    // ITU-R BT.601: red 76, green 150.
    expect([...tensorNumbers(await picture([1, 1, 2, 2], 'uint8'))]).toEqual([76, 76, 150, 150]);
    expect((await picture(['N', 8, 4])).dims).toEqual([1, 8, 4]);
  });

  test('no layout, no size, no picture type', async () => {
    const why = async (promise: Promise<unknown>) =>
      ((await rejection(promise)) as { params: { why: string } }).params.why;
    expect(await why(picture([1, 9]))).toBe('shape');
    expect(await why(picture([1, 5, 8, 8]))).toBe('shape');
    expect(await why(picture([1, 3, 'H', 'W']))).toBe('size');
    expect(await why(picture([1, 3, 2, 2], 'int64'))).toBe('type');
  });
});

test('arrays come as they are, whatever the file is called', async () => {
  const tensor = tensorOf('float32', [2], [1, 2]);
  const npy = writeNpy({ dtype: 'float32', dims: [2], bytes: new Uint8Array(Float32Array.of(1, 2).buffer) });
  const type = tensorType('float32', [2]);
  expect(await readInput({ file: 'data', bytes: npy }, 'x', type)).toEqual(tensor);
  expect(await readInput({ file: 'x.pb', bytes: writeTensor(tensor) }, 'x', type)).toEqual(tensor);
  const unknown = await rejection(readInput({ file: 'x.dat', bytes: Uint8Array.of(1, 2) }, 'x', type));
  expect(unknown).toMatchObject({ code: 'SYS-FLOW-011', params: { begins: '01 02' } });
});

test('several tensors stack along the first dimension, if the others agree', () => {
  const a = tensorOf('float32', [1, 2], [1, 2]);
  const b = tensorOf('float32', [2, 2], [3, 4, 5, 6]);
  const stacked = stackInputs('x', [a, b]);
  expect(stacked.dims).toEqual([3, 2]);
  expect([...tensorNumbers(stacked)]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(errorOf(() => stackInputs('x', [a, tensorOf('float32', [1, 3], [1, 2, 3])])).code).toBe('SYS-FLOW-012');
  expect(errorOf(() => stackInputs('x', [tensorOf('float32', [], [1]), tensorOf('float32', [], [1])])).code).toBe(
    'SYS-FLOW-012',
  );
});
