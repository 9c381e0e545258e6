/** Exercise 4.7: TFRecord: records with masked checksums of length and data, examples written and read back. */
import { Random, SystoleError } from 'systole/base';
import { defineExercise } from 'systole/course';
import { crc32c, decodeExample, encodeExample, frameRecord, readRecords, writeRecords } from 'systole/data';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const word = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

/** Why a file is refused; undefined where it is read. */
function refusal(file: Uint8Array): SystoleError | undefined {
  try {
    for (const _ of readRecords(file));
    return undefined;
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
}

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

export const exercise = defineExercise({
  id: '4.7',
  title: { en: 'TFRecord', zh: '调研 TFRecord 格式，制作并读取' },
  asked: {
    en: 'What is the TFRecord format? Write a set of samples in it and read it back.',
    zh: '调研 TFRecord 格式，用它制作一个数据集并读回。',
  },
  explanation: {
    en: String.raw`A file is records, one behind the other, without a header or an index. A record is

* 8 bytes: the length $n$ of the data, little-endian;
* 4 bytes: the masked CRC-32C of these eight;
* $n$ bytes: the data;
* 4 bytes: the masked CRC-32C of the data,

so $n + 16$ bytes. CRC-32C is the cyclic redundancy check of Castagnoli's polynomial; it is **masked**,
$$m = \bigl((c \gg 15) \mathbin{|} (c \ll 17)\bigr) + \text{0xa282ead8} \pmod{2^{32}},$$
so that a file which itself holds checksums does not look like one. The length has a checksum of its own, since a damaged length would send the reader anywhere. The data usually is a protocol buffer, tf.train.Example: named features, each a list of bytes, of floats or of integers; shapes are not in it.

A file is read from front to back, in large pieces, which suits discs and networks; several files (shards) are read at once. One sample in the middle cannot be had without what stands before it.

Sources: the format's description in the documentation of TensorFlow (tutorials/load_data/tfrecord); G. Castagnoli et al., *Optimization of cyclic redundancy-check codes*, 1993.`,
    zh: String.raw`文件由一个接一个的记录组成，没有文件头，也没有索引。一个记录为

* 8 字节：数据长度 $n$，小端；
* 4 字节：这 8 个字节的掩码 CRC-32C；
* $n$ 字节：数据；
* 4 字节：数据的掩码 CRC-32C，

共 $n + 16$ 字节。CRC-32C 是采用 Castagnoli 多项式的循环冗余校验；校验和经过**掩码**
$$m = \bigl((c \gg 15) \mathbin{|} (c \ll 17)\bigr) + \text{0xa282ead8} \pmod{2^{32}},$$
以免本身包含校验和的文件看起来像校验和。长度有自己的校验和，因为长度损坏会使读取跑到任意位置。数据通常是 protocol buffer tf.train.Example：若干具名特征，每个是字节串、浮点数或整数的列表；其中不含形状。

文件从头到尾成块读取，适合磁盘与网络；多个文件（分片）可并行读取。要取中间的一个样本，必须先读过它前面的内容。

来源：TensorFlow 文档中的格式说明（tutorials/load_data/tfrecord）；G. Castagnoli 等，*Optimization of cyclic redundancy-check codes*，1993。`,
  },
  rows: 6,
  answeredBy: 'program',
  code: [
    { path: 'src/data/tfrecord/records.ts', words: { en: 'records', zh: '记录' } },
    { path: 'src/data/tfrecord/crc32c.ts', words: { en: 'the checksum', zh: '校验和' } },
    { path: 'src/data/tfrecord/examples.ts', words: { en: 'tf.train.Example', zh: 'tf.train.Example' } },
  ],
  parameters: {
    examples: {
      kind: 'whole',
      words: { en: 'samples written and read', zh: '写入并读回的样本数' },
      default: 100,
      least: 1,
      most: 10000,
    },
    flip: {
      kind: 'whole',
      words: { en: 'byte of the record of "hello" in which a bit is flipped', zh: '“hello” 记录中被翻转一位的字节' },
      ...{ default: 13, least: 0, most: 20 },
    },
  },
  show({ print, table, listing }, { examples, flip }) {
    const record = frameRecord(text('hello'));
    listing({ en: 'a record of "hello"', zh: '“hello” 的记录' }, hex(record));
    const parts = [
      ['length', '长度', 0, 8],
      ['its checksum', '长度的校验和', 8, 12],
      ['data', '数据', 12, 17],
      ['its checksum', '数据的校验和', 17, 21],
    ] as const;
    for (const [en, zh, from, to] of parts) {
      const bytes = `${from} … ${to - 1}: ${hex(record.subarray(from, to))}`;
      print({ en: `bytes ${bytes}  ${en}`, zh: `字节 ${bytes}  ${zh}` });
    }
    const damaged = record.slice();
    damaged[flip]! ^= 4;
    const found = refusal(damaged);
    print({
      en: `A bit flipped in byte ${flip}: ${found?.text('en') ?? 'not found out'}`,
      zh: `第 ${flip} 字节翻转一位：${found?.text('zh') ?? '未发现'}`,
    });
    const given = randomExamples(examples, 1).map((example) => encodeExample(example));
    const file = writeRecords(given);
    table(
      [
        { en: 'samples', zh: '样本数' },
        { en: 'bytes of the samples', zh: '样本字节数' },
        { en: 'bytes of the file', zh: '文件字节数' },
        { en: 'the same when read back', zh: '读回后相同' },
      ],
      [[examples, given.reduce((n, bytes) => n + bytes.length, 0), file.length, String(roundTrip(examples, 1))]],
    );
  },
  async check({ row, holds }) {
    row(1).equal('CRC-32C of "123456789"', word(crc32c(text('123456789'))), '0xe3069283');
    const blocks = [0, 0xff].map((b) => word(crc32c(new Uint8Array(32).fill(b))));
    row(2).equal('of 32 zeros, of 32 bytes 255', blocks, ['0x8a9136aa', '0x62a8ab43']);
    row(3).equal('a record of "hello"', hex(frameRecord(text('hello'))), '0500000000000000eab2043e68656c6c6fbb1f1c19');
    row(4).equal('an empty record', hex(frameRecord(new Uint8Array(0))), '000000000000000029039807d8ea82a2');
    const damaged = frameRecord(text('hello'));
    damaged[13]! ^= 4;
    await row(5).throws('a bit that was flipped', () => [...readRecords(damaged)], /SYS-DAT/);
    // Any bit, wherever it is.
    const found = Array.from({ length: 21 * 8 }, (_, bit) => {
      const record = frameRecord(text('hello'));
      record[bit >> 3]! ^= 1 << (bit & 7);
      return refusal(record) !== undefined;
    });
    row(5).holds('each of the 168 bits of the record', found.every(Boolean));
    row(6).holds('100 random examples, written and read', roundTrip(100, 1));
    holds('none is there of an empty file', [...readRecords(new Uint8Array(0))].length === 0);
  },
});
