/**
 * TFRecord: a file of byte records, each
 *   uint64 length | uint32 masked CRC-32C of the length | data | uint32 masked CRC-32C of the data
 * all little-endian (TensorFlow, "TFRecord and tf.train.Example", "TFRecords format details"). Event files of
 * TensorBoard have the same form. Convention: offsets are bytes from the beginning of the unpacked file.
 */
import { diagnostic, type Place } from '#base';
import { type ByteSource, joinBytes, piecesOf } from '../byteSource.ts';
import { gunzipStream, isGzip } from '../gzip.ts';
import { maskedCrc32c } from './crc32c.ts';

/** Bytes before the data of a record, and behind it. */
const HEADER = 12;
const FOOTER = 4;

export interface TfRecord {
  /** Where the record begins in the file, unpacked. */
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface RecordOptions {
  /** `auto`, the default, unpacks what begins as gzip does and not as a record does. */
  readonly compression?: 'auto' | 'none' | 'gzip';
  /** For error messages. */
  readonly file?: string;
}

const word = (n: number): string => n.toString(16).padStart(8, '0');

const badLength = diagnostic<{ offset: number; found: string; expected: string }>('SYS-DAT-040', 'invalid', {
  en: (p) =>
    `the record at byte ${p.offset} has a damaged length: its checksum is ${p.found}, that of the length would be ` +
    `${p.expected}. Where the next record begins is not known; records before byte ${p.offset} are good. ` +
    'If the file is packed, say with what; else fetch it again',
  zh: (p) =>
    `位于字节 ${p.offset} 的记录长度已损坏：其校验和为 ${p.found}，按长度应为 ${p.expected}。` +
    `无法得知下一条记录的起点；字节 ${p.offset} 之前的记录完好。若文件经过压缩，请说明压缩方式；否则请重新获取`,
});

const badData = diagnostic<{ offset: number; length: number; found: string; expected: string }>(
  'SYS-DAT-041',
  'invalid',
  {
    en: (p) =>
      `the record at byte ${p.offset} has damaged data: the checksum of its ${p.length} bytes is stored as ${p.found}, ` +
      `they give ${p.expected}; fetch the file again`,
    zh: (p) =>
      `位于字节 ${p.offset} 的记录数据已损坏：其 ${p.length} 字节的校验和存为 ${p.found}，实际为 ${p.expected}；请重新获取该文件`,
  },
);

const cutShort = diagnostic<{ offset: number; found: number; expected: number }>('SYS-DAT-042', 'invalid', {
  en: (p) =>
    `the record at byte ${p.offset} is cut short: ${p.found} bytes are left, it takes ` +
    `${p.expected}; the file was not written or fetched to its end`,
  zh: (p) => `位于字节 ${p.offset} 的记录被截断：剩余 ${p.found} 字节，需要 ${p.expected} 字节；文件未写完或未取完`,
});

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** Whether the bytes begin with a length and its checksum. */
const isRecord = (bytes: Uint8Array): boolean =>
  bytes.length >= HEADER && viewOf(bytes).getUint32(8, true) === maskedCrc32c(bytes.subarray(0, 8));

/** Takes pieces, gives records; keeps no more than the record that is not complete yet. */
class RecordReader {
  #pieces: Uint8Array[] = [];
  #held = 0;
  #offset = 0;
  readonly #place: Place;

  constructor(file: string | undefined) {
    this.#place = file === undefined ? {} : { file };
  }

  /** The records that this piece completes. */
  *push(piece: Uint8Array): Generator<TfRecord> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    while (this.#held >= HEADER) {
      const length = this.#length();
      const size = HEADER + length + FOOTER;
      if (this.#held < size) return;
      const record = this.#take(size);
      const data = record.subarray(HEADER, HEADER + length);
      const found = viewOf(record).getUint32(HEADER + length, true);
      const expected = maskedCrc32c(data);
      const offset = this.#offset;
      if (found !== expected)
        throw badData({ offset, length, found: word(found), expected: word(expected) }, this.#place);
      this.#offset += size;
      yield { offset, data };
    }
  }

  /** To be called when no more comes. */
  end(): void {
    if (this.#held === 0) return;
    const expected = this.#held < HEADER ? HEADER + FOOTER : HEADER + this.#length() + FOOTER;
    throw cutShort({ offset: this.#offset, found: this.#held, expected }, this.#place);
  }

  /** Length of the record at hand, checked. */
  #length(): number {
    if (this.#pieces[0]!.length < HEADER) this.#pieces = [joinBytes(this.#pieces)];
    const head = viewOf(this.#pieces[0]!);
    const found = head.getUint32(8, true);
    const expected = maskedCrc32c(this.#pieces[0]!.subarray(0, 8));
    if (found !== expected) {
      const words = { found: word(found), expected: word(expected) };
      throw badLength({ offset: this.#offset, ...words }, this.#place);
    }
    return Number(head.getBigUint64(0, true));
  }

  /** The first bytes held; a view where one piece holds them. */
  #take(size: number): Uint8Array {
    if (this.#pieces[0]!.length < size) this.#pieces = [joinBytes(this.#pieces)];
    const [first, ...rest] = this.#pieces as [Uint8Array, ...Uint8Array[]];
    this.#held -= size;
    this.#pieces = first.length === size ? rest : [first.subarray(size), ...rest];
    return first.subarray(0, size);
  }
}

/**
 * The records of a file that is in memory and not packed, in order. Data are views of the file's bytes.
 * @throws SYS-DAT-040 damaged length, SYS-DAT-041 damaged data, SYS-DAT-042 cut short; each with the offset, after all
 *   records before it have been given
 */
export function* readRecords(bytes: Uint8Array, file?: string): Generator<TfRecord> {
  const reader = new RecordReader(file);
  yield* reader.push(bytes);
  reader.end();
}

/**
 * The records of a file that comes in pieces, packed by gzip or not, one by one as they come; no more than one record
 * and one piece are held.
 * @throws as `readRecords`, and SYS-DAT-001 damaged gzip data
 */
export async function* streamRecords(source: ByteSource, options: RecordOptions = {}): AsyncGenerator<TfRecord> {
  const { compression = 'auto', file } = options;
  const reader = new RecordReader(file);
  for await (const piece of unpacked(piecesOf(source), compression, file)) yield* reader.push(piece);
  reader.end();
}

async function* unpacked(
  pieces: AsyncGenerator<Uint8Array>,
  compression: 'auto' | 'none' | 'gzip',
  file: string | undefined,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') return yield* pieces;
  if (compression === 'gzip') return yield* gunzipStream(pieces, file);
  // A length may begin with gzip's two bytes; then its checksum follows.
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < HEADER) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = head.length === 0 ? value : joinBytes([head, value]);
  }
  const whole = (async function* () {
    if (head.length > 0) yield head;
    yield* pieces;
  })();
  yield* isGzip(head) && !isRecord(head) ? gunzipStream(whole, file) : whole;
}

/** One record in its frame. `frameRecord(utf8("hello"))` has 21 bytes. */
export function frameRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER + data.length + FOOTER);
  const view = viewOf(out);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(out.subarray(0, 8)), true);
  out.set(data, HEADER);
  view.setUint32(HEADER + data.length, maskedCrc32c(data), true);
  return out;
}

/** A whole TFRecord file. To write record by record, write what `frameRecord` gives one after the other. */
export const writeRecords = (records: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> =>
  joinBytes(Array.from(records, frameRecord));
