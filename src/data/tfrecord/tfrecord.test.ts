/** TFRecord: the figures of exercise 4.7, round trips, every kind of damage by its offset, sets of files, TensorFlow's own file. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  crc32c,
  decodeExample,
  encodeExample,
  type Feature,
  frameRecord,
  maskedCrc32c,
  memoryFolder,
  openFolder,
  readRecords,
  readShards,
  shardsOf,
  streamRecords,
  writeRecords,
  writeShards,
} from '#data';
import { errorOf, rejection } from '../../../test/support/errorText.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
};

describe('exercise 4.7', () => {
  test('CRC-32C', () => {
    expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    // RFC 3720, B.4: 00 to 1f.
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282ead8);
  });

  test('eight bytes a step as one bit a step', () => {
    const slow = (bytes: Uint8Array): number => {
      let crc = 0xffffffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
      }
      return ~crc >>> 0;
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => crc32c(bytes) === slow(bytes)));
  });

  test('frames', () => {
    expect(hex(frameRecord(utf8('hello')))).toBe('0500000000000000eab2043e68656c6c6fbb1f1c19');
    expect(hex(frameRecord(new Uint8Array(0)))).toBe('000000000000000029039807d8ea82a2');
  });

  test('any flipped bit is found, and where', () => {
    const file = writeRecords([utf8('first'), utf8('the second record'), utf8('third')]);
    const starts = [21, 21 + 16 + 17];
    fc.assert(
      fc.property(fc.integer({ min: starts[0]!, max: starts[1]! - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bad = file.slice();
        bad[at]! ^= 1 << bit;
        const read: string[] = [];
        const error = errorOf(() => {
          for (const { data } of readRecords(bad, 'x.tfrecord')) read.push(new TextDecoder().decode(data));
        });
        expect(read).toEqual(['first']);
        const code = at < starts[0]! + 12 ? 'SYS-DAT-040' : 'SYS-DAT-041';
        expect(error).toMatchObject({ code, params: { offset: 21 }, place: { file: 'x.tfrecord' } });
      }),
    );
  });

  test('the same features are the same bytes, in whatever order they are given', () => {
    const one = encodeExample({ b: 'x', a: 1n });
    expect(encodeExample({ a: 1n, b: 'x' })).toEqual(one);
    expect(encodeExample(new Map(Object.entries({ b: 'x', a: 1n })))).toEqual(one);
    expect(hex(one)).toBe('0a180a0a0a016112051a030a01010a0a0a016212050a030a0178');
  });

  const values: fc.Arbitrary<Feature> = fc.oneof(
    fc.record({ kind: fc.constant('bytes' as const), values: fc.array(fc.uint8Array({ maxLength: 20 })) }),
    fc.record({ kind: fc.constant('float' as const), values: fc.float32Array({ maxLength: 20 }) }),
    fc.record({
      kind: fc.constant('int64' as const),
      values: fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)).map((v) => BigInt64Array.from(v)),
    }),
  );
  const examples = fc.array(fc.tuple(fc.string(), values)).map((entries) => new Map(entries));

  test('100 examples come back, in pieces of any length, packed or not', async () => {
    const chunks = fc
      .array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 })
      .filter((c) => c.some((n) => n > 0));
    await fc.assert(
      fc.asyncProperty(fc.array(examples, { maxLength: 4 }), chunks, fc.boolean(), async (set, sizes, packed) => {
        const plain = writeRecords(set.map(encodeExample));
        const file = packed ? new Uint8Array(gzipSync(plain)) : plain;
        const pieces = (function* () {
          for (let at = 0, i = 0; at < file.length; i++) {
            const size = sizes[i % sizes.length]!;
            yield file.subarray(at, at + size);
            at += size;
          }
        })();
        const read = await all(streamRecords(pieces));
        expect(read.map(({ data }) => decodeExample(data))).toEqual(set.map((e) => new Map([...e])));
        expect([...readRecords(plain)].map((r) => r.offset)).toEqual(read.map((r) => r.offset));
      }),
      { numRuns: 100 },
    );
  });
});

describe('damage', () => {
  const file = writeRecords([utf8('first'), utf8('second')]);

  test('a file cut anywhere is read up to there', async () => {
    for (let length = 0; length < file.length; length++) {
      const cut = file.subarray(0, length);
      const start = length < 21 ? 0 : 21;
      if (length === start) expect([...readRecords(cut)].length).toBe(start === 0 ? 0 : 1);
      else {
        const expected = length - start < 12 ? 16 : start === 0 ? 21 : 22;
        expect(errorOf(() => [...readRecords(cut)])).toMatchObject({
          code: 'SYS-DAT-042',
          params: { offset: start, found: length - start, expected },
        });
      }
    }
    expect(await rejection(all(streamRecords([file.subarray(0, 30)])))).toMatchObject({ code: 'SYS-DAT-042' });
  });

  test('gzip: cut short, or not what it is said to be', async () => {
    const packed = gzipSync(file);
    expect(await rejection(all(streamRecords(packed.subarray(0, 30))))).toMatchObject({ code: 'SYS-DAT-001' });
    expect(await rejection(all(streamRecords(packed, { compression: 'none' })))).toMatchObject({ code: 'SYS-DAT-040' });
    expect(await rejection(all(streamRecords(file, { compression: 'gzip' })))).toMatchObject({ code: 'SYS-DAT-001' });
    expect(() => [...readRecords(packed)]).toThrow('packed');
  });

  test('a record whose length looks like gzip is none', async () => {
    const long = new Uint8Array(0x8b1f);
    expect((await all(streamRecords(frameRecord(long))))[0]!.data.length).toBe(0x8b1f);
  });

  test('what the source throws stays what it is', async () => {
    const broken = async function* () {
      yield gzipSync(file).subarray(0, 20);
      throw new Error('the disk is gone');
    };
    await expect(all(streamRecords(broken()))).rejects.toThrow('the disk is gone');
  });

  test('what is no Example', () => {
    expect(errorOf(() => decodeExample(utf8('hello'), 21, 'f'))).toMatchObject({
      code: 'SYS-DAT-043',
      place: { file: 'f' },
    });
    expect(decodeExample(new Uint8Array(0)).size).toBe(0);
  });
});

describe('sets of files', () => {
  const records = Array.from({ length: 7 }, (_, i) => utf8(`record ${i}`));

  test('written and read in a folder of Node, packed and not', async () => {
    const path = mkdtempSync(join(tmpdir(), 'systole-'));
    try {
      for (const compression of ['none', 'gzip'] as const) {
        const folder = openFolder(join(path, compression));
        const names = await writeShards(folder, 'train', 3, records, { compression });
        expect(names[1]).toBe(compression === 'gzip' ? 'train-00001-of-00003.gz' : 'train-00001-of-00003');
        expect(readdirSync(join(path, compression)).sort()).toEqual(names);
        const read = (await all(readShards(folder, 'train'))).map(({ data, file }) => [
          file,
          new TextDecoder().decode(data),
        ]);
        expect(read.map(([, text]) => text).sort()).toEqual(records.map((r) => new TextDecoder().decode(r)));
        expect(read.at(-1)).toEqual([names[2], 'record 5']);
      }
    } finally {
      rmSync(path, { recursive: true });
    }
  });

  test('what is missing is named', async () => {
    const folder = memoryFolder('set', {
      'a-00001-of-00003': new Uint8Array(0),
      'b-00000-of-00001': new Uint8Array(0),
    });
    expect(await rejection(shardsOf(folder, 'a'))).toMatchObject({
      code: 'SYS-DAT-047',
      params: { missing: 'a-00000-of-00003, a-00002-of-00003' },
    });
    expect(await rejection(shardsOf(folder, 'c'))).toMatchObject({ code: 'SYS-DAT-046', params: { found: 'a, b' } });
    await folder.write('b-00001-of-00002', new Uint8Array(0));
    expect(await rejection(shardsOf(folder, 'b'))).toMatchObject({ code: 'SYS-DAT-048' });
    expect(await rejection(writeShards(folder, 'd', 0, []))).toMatchObject({ code: 'SYS-DAT-049' });
    expect(await rejection(shardsOf(openFolder('/nowhere/at/all'), 'a'))).toMatchObject({ code: 'SYS-DAT-044' });
    expect(errorOf(() => openFolder({} as FileSystemDirectoryHandle))).toMatchObject({ code: 'SYS-DAT-045' });
  });

  test('damage says in which file', async () => {
    const folder = memoryFolder('set', { 'a-00000-of-00001': frameRecord(utf8('x')).fill(7, 12, 13) });
    expect(await rejection(all(readShards(folder, 'a')))).toMatchObject({
      code: 'SYS-DAT-041',
      place: { file: 'set/a-00000-of-00001' },
    });
  });
});

const real = new URL('../../../../shared/data/tfrecord/data.tfrecord', import.meta.url);
test.skipIf(!existsSync(real))('a file of TensorFlow (skipped where ../shared/data/tfrecord is absent)', () => {
  const bytes = new Uint8Array(readFileSync(real));
  const [record, ...more] = [...readRecords(bytes)];
  expect(more).toEqual([]);
  const example = decodeExample(record!.data);
  expect(example.get('answer')).toEqual({ kind: 'int64', values: BigInt64Array.of(42n) });
  expect(example.get('pi')).toEqual({ kind: 'float', values: Float32Array.of(3.14) });
  expect(example.get('name')).toEqual({ kind: 'bytes', values: [utf8('ABC')] });
  // Written again in the same order of names it is the same file.
  const again = encodeExample({ answer: 42n, name: 'ABC', pi: Float32Array.of(3.14) });
  expect(again.length).toBe(record!.data.length);
  expect(decodeExample(again)).toEqual(example);
});
