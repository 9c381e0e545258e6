/** IDX, MNIST, gzip and .npy: real files, round trips, and the coded errors of bad ones. */
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataArray, ELEMENT_BYTES, type ElementType, gunzip, readIdx, readMnist, readNpy, writeNpy } from '#data';

const shared = new URL('../../../shared/data/', import.meta.url);
const bytesOf = (...values: number[]) => Uint8Array.from(values);
const code = async (run: () => unknown) => {
  try {
    await run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return 'no error';
};

describe('IDX', () => {
  const file = bytesOf(0, 0, 0x0b, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x01, 0x02, 0xff, 0xfe);

  test('big-endian elements come out little-endian, packed or not', async () => {
    const expected = { dtype: 'int16', dims: [2, 1], bytes: bytesOf(0x02, 0x01, 0xfe, 0xff) };
    expect(await readIdx(file)).toEqual(expected);
    expect(await readIdx(gzipSync(file))).toEqual(expected);
  });

  test("Node's Buffer is read like any bytes, and left as it is", async () => {
    const buffer = Buffer.from(file);
    expect((await readIdx(buffer)).bytes).toEqual(bytesOf(0x02, 0x01, 0xfe, 0xff));
    expect(Uint8Array.from(buffer)).toEqual(file);
    const array: DataArray = { dtype: 'float64', dims: [2], bytes: new Uint8Array(Float64Array.of(1.5, -2).buffer) };
    const read = readNpy(Buffer.from(writeNpy(array)));
    expect(read).toEqual(array);
    expect([...new Float64Array(read.bytes.buffer)]).toEqual([1.5, -2]);
  });

  test('bad files are coded errors', async () => {
    expect(await code(() => readIdx(bytesOf()))).toBe('SYS-DAT-002');
    expect(await code(() => readIdx(bytesOf(0, 0, 7, 1)))).toBe('SYS-DAT-002');
    expect(await code(() => readIdx(bytesOf(0, 0, 8, 3, 0)))).toBe('SYS-DAT-003');
    expect(await code(() => readIdx(file.subarray(0, 15)))).toBe('SYS-DAT-003');
    expect(await code(() => readIdx(bytesOf(...file, 0)))).toBe('SYS-DAT-003');
    expect(await code(() => gunzip(gzipSync(file).subarray(0, 20)))).toBe('SYS-DAT-001');
    expect(await code(() => readMnist(file, file))).toBe('SYS-DAT-004');
  });

  const digits = new URL('mnist/train-images-idx3-ubyte.gz', shared);
  test.skipIf(!existsSync(digits))(
    'the MNIST training set (skipped where ../shared/data/mnist is absent)',
    async () => {
      const set = await readMnist(readFileSync(digits), readFileSync(new URL('train-labels-idx1-ubyte.gz', digits)));
      expect([set.count, set.height, set.width]).toEqual([60000, 28, 28]);
      // The first labels, as the set's own page shows them.
      expect([...set.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    },
  );
});

describe('.npy', () => {
  // NumPy has no bfloat16.
  const dtypes = (Object.keys(ELEMENT_BYTES) as ElementType[]).filter((t) => t !== 'bfloat16');
  const arrays: fc.Arbitrary<DataArray> = fc
    .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }))
    .chain(([dtype, dims]) => {
      const length = dims.reduce((a, b) => a * b, 1) * ELEMENT_BYTES[dtype];
      return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ dtype, dims, bytes }));
    });

  test('what is written is read back, and the data begins at a multiple of 64', () => {
    fc.assert(
      fc.property(arrays, (array) => {
        const file = writeNpy(array);
        expect((file.length - array.bytes.length) % 64).toBe(0);
        expect(readNpy(file)).toEqual(array);
      }),
    );
  });

  const npy = (header: string, data: Uint8Array, version = 1) => {
    const text = new TextEncoder().encode(header);
    const length = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
    return bytesOf(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length, ...text, ...data);
  };

  test('column-major and big-endian data come out row-major and little-endian', () => {
    const file = npy(
      "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }",
      bytesOf(0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6),
      2,
    );
    const { dims, bytes } = readNpy(file);
    expect(dims).toEqual([2, 3]);
    expect([...new Uint16Array(bytes.buffer)]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('bad files are coded errors', async () => {
    const good = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", bytesOf(1, 2, 3));
    expect(readNpy(good).dims).toEqual([3]);
    expect(await code(() => readNpy(bytesOf()))).toBe('SYS-DAT-005');
    expect(await code(() => readNpy(new TextEncoder().encode('a text file')))).toBe('SYS-DAT-005');
    expect(await code(() => readNpy(good.subarray(0, 20)))).toBe('SYS-DAT-006');
    expect(await code(() => readNpy(npy("{'shape': 3}", bytesOf())))).toBe('SYS-DAT-006');
    expect(await code(() => readNpy(npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }", bytesOf())))).toBe(
      'SYS-DAT-007',
    );
    const fields = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }";
    expect(await code(() => readNpy(npy(fields, bytesOf())))).toBe('SYS-DAT-007');
    expect(await code(() => readNpy(good.subarray(0, good.length - 1)))).toBe('SYS-DAT-008');
  });

  const mean = new URL('imagenet-labels/ilsvrc_2012_mean.npy', shared);
  test.skipIf(!existsSync(mean))('a file of NumPy (skipped where ../shared/data/imagenet-labels is absent)', () => {
    const array = readNpy(readFileSync(mean));
    expect([array.dtype, array.dims]).toEqual(['float64', [3, 256, 256]]);
    const values = new Float64Array(array.bytes.buffer, array.bytes.byteOffset);
    const channel = (c: number) => values.subarray(c * 65536, (c + 1) * 65536).reduce((a, b) => a + b) / 65536;
    // Caffe's published mean of blue, green, red.
    expect([0, 1, 2].map((c) => Math.round(channel(c)))).toEqual([104, 117, 123]);
  });
});
