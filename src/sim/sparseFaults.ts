/** Data that is not what its instruction says of it. Both models say it in the same words; only a run with data can see it. */
import { diagnostic, type Place, type SystoleError } from '#base';
import type { StreamFault, StreamFormat } from '#isa';
import { elementsOf } from '#timing';
import type { LoadSparseEntry } from './entries.ts';

/** The words of each fault. */
const FAULTS: Readonly<Record<StreamFault['kind'], { readonly en: string; readonly zh: string }>> = {
  short: { en: 'it ends before its last element', zh: '数据流在最后一个元素之前结束' },
  long: { en: 'bytes are left behind its last element', zh: '最后一个元素之后还有剩余字节' },
  bits: { en: 'an index word names elements behind the last', zh: '索引字指向末尾之后的元素' },
  order: { en: 'an index word does not name its elements in rising order', zh: '索引字没有按递增顺序给出元素' },
  padding: { en: 'the bytes that fill up a word are not zero', zh: '补齐字的字节不为零' },
};

const malformed = diagnostic<{
  format: StreamFormat;
  why: { readonly en: string; readonly zh: string };
  at: number;
  bytes: number;
  elements: number;
}>('SYS-SIM-170', 'invalid', {
  en: (p) =>
    `the ${p.bytes} bytes in DRAM are no '${p.format}' stream of ${p.elements} elements: ${p.why.en} (byte ${p.at}). ` +
    "Give 'load.sparse' the address, length and record that the stream was made for, or make it again.",
  zh: (p) =>
    `DRAM 中的 ${p.bytes} 字节不是含 ${p.elements} 个元素的 ${p.format} 数据流：${p.why.zh}（第 ${p.at} 字节）。` +
    '请为 load.sparse 给出与该数据流一致的地址、长度与记录，或重新生成数据流。',
});

export const malformedStream = (
  { format, bytes, padRecord }: LoadSparseEntry,
  { kind, at }: StreamFault,
  place: Place,
): SystoleError => malformed({ format, why: FAULTS[kind], at, bytes, elements: elementsOf(padRecord) }, place);

export const overfullFilter = diagnostic<{ filter: number; kept: number; rows: number }>('SYS-SIM-171', 'invalid', {
  en: (p) =>
    `filter ${p.filter} of 'mma.sparse' keeps ${p.kept} weights by its bitmap, but the instruction says ${p.rows} rows: write the ` +
    'rows of the fullest filter as size of d4 of the pixel record.',
  zh: (p) =>
    `mma.sparse 的滤波器 ${p.filter} 按位图保留了 ${p.kept} 个权重，而指令只给出 ${p.rows} 行：请把最满的滤波器的行数写为像素记录 d4 的大小。`,
});
