/**
 * Exercise 4.7: TFRecord. A file is records, one behind the other: the length of the data (64 bits, little-endian), a checksum of the
 * length, the data, a checksum of the data. The checksum is CRC-32C, turned by 15 bits and moved by a constant ("masked"), so that a file
 * that itself holds checksums does not look like one. The data usually is a tf.train.Example: named lists of bytes, floats or integers.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { crc32c, decodeExample, encodeExample, frameRecord, readRecords, writeRecords } from 'systole/data';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const word = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** Examples of random length, integers and floats. */
export function randomExamples(count: number, seed: number) {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => ({
    label: BigInt(random.integer(0, 9)),
    name: `sample ${i}`,
    x: Float32Array.from({ length: random.integer(0, 20) }, () => random.normal()),
  }));
}

/** Writes and reads them back; whether each is the same. */
export function roundTrip(count: number, seed: number): boolean {
  const given = randomExamples(count, seed);
  const file = writeRecords(given.map((example) => encodeExample(example)));
  const read = [...readRecords(file)].map(({ data }) => encodeExample(new Map(decodeExample(data)) as never));
  return read.length === count && read.every((bytes, i) => hex(bytes) === hex(encodeExample(given[i]!)));
}

export const exercise: Exercise = {
  id: '4.7',
  title: { en: 'TFRecord', zh: '调研 TFRecord 格式，制作并读取' },
  rows: 6,
  show({ print }) {
    print(`a record of "hello": ${hex(frameRecord(text('hello')))}`);
    print(`  5 bytes, checksum of that, the bytes, their checksum: ${frameRecord(text('hello')).length} bytes in all`);
  },
  async check({ equal, holds, throws }) {
    equal('CRC-32C of "123456789"', word(crc32c(text('123456789'))), '0xe3069283');
    const blocks = [0, 0xff].map((b) => word(crc32c(new Uint8Array(32).fill(b))));
    equal('of 32 zeros, of 32 bytes 255', blocks, ['0x8a9136aa', '0x62a8ab43']);
    equal('a record of "hello"', hex(frameRecord(text('hello'))), '0500000000000000eab2043e68656c6c6fbb1f1c19');
    equal('an empty record', hex(frameRecord(new Uint8Array(0))), '000000000000000029039807d8ea82a2');
    const damaged = frameRecord(text('hello'));
    damaged[13]! ^= 4;
    await throws('a bit that was flipped', () => [...readRecords(damaged)], /SYS-DAT/);
    holds('100 random examples, written and read', roundTrip(100, 1));
  },
};
