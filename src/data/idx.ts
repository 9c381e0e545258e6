/**
 * IDX, the file format of MNIST: two zero bytes, a type byte, the number of dimensions, each dimension as a big-endian
 * 32-bit integer, then the big-endian elements in row-major order (Y. LeCun, C. Cortes, C. Burges, "The MNIST
 * database", section "File formats").
 */
import { diagnostic } from '#base';
import { type DataArray, ELEMENT_BYTES, type ElementType, swapBytes } from './array.ts';
import { gunzip } from './gzip.ts';

const TYPES: Readonly<Record<number, ElementType>> = {
  8: 'uint8',
  9: 'int8',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
};

const notIdx = diagnostic<{ found: string }>('SYS-DAT-002', 'invalid', {
  en: (p) =>
    `not an IDX file: it begins with ${p.found}; expected 00 00, a type byte (08, 09, 0b, 0c, 0d or 0e) and the number of dimensions`,
  zh: (p) => `不是 IDX 文件：开头为 ${p.found}；应为 00 00、类型字节（08、09、0b、0c、0d 或 0e）和维数`,
});

const wrongSize = diagnostic<{ dims: string; found: number; expected: number }>('SYS-DAT-003', 'invalid', {
  en: (p) =>
    `the IDX file is ${p.found} bytes long, but its header announces [${p.dims}], which takes ${p.expected}; the file is ` +
    `${p.found < p.expected ? 'cut short' : 'followed by something else'}`,
  zh: (p) =>
    `IDX 文件长 ${p.found} 字节，而文件头声明为 [${p.dims}]，应为 ${p.expected} 字节；` +
    `文件${p.found < p.expected ? '被截断' : '末尾有多余内容'}`,
});

/** Reads an IDX file, gzip-packed or not. */
export async function readIdx(packed: Uint8Array, file?: string): Promise<DataArray> {
  const place = file === undefined ? {} : { file };
  const bytes = await gunzip(packed, file);
  const dtype = TYPES[bytes[2] ?? 0];
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || dtype === undefined) {
    throw notIdx({ found: hex(bytes.subarray(0, 4)) }, place);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw wrongSize({ dims: '?', found: bytes.length, expected: header }, place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + dims.reduce((a, b) => a * b, 1) * ELEMENT_BYTES[dtype];
  if (bytes.length !== expected) throw wrongSize({ dims: dims.join(','), found: bytes.length, expected }, place);
  return { dtype, dims, bytes: swapBytes(bytes.subarray(header), dtype) };
}

/** `89 50 4e 47`, or `nothing`. */
export const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? 'nothing' : Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');
