/**
 * safetensors, the file format of weights: an uint64 length, that many bytes of JSON, then the data of all tensors, one
 * behind the other (huggingface/safetensors, README.md "Format"; the rules of validation are those of its reader,
 * safetensors/src/tensor.rs). Convention: offsets count from the first byte behind the header.
 */
import { visit } from 'jsonc-parser';
import { diagnostic, type Place } from '#base';
import { type DataArray, ELEMENT_BYTES, type ElementType } from './array.ts';
import { entriesOf, type Named } from './named.ts';

/** The format's names. Its types of 4 to 8 bits with exponents are not read. */
const TYPES: Readonly<Record<string, ElementType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  U16: 'uint16',
  U32: 'uint32',
  U64: 'uint64',
  BOOL: 'bool',
  C64: 'complex64',
};
const NAMES = new Map(Object.entries(TYPES).map(([name, type]) => [type, name]));

/** Longest header that a reader accepts, in bytes. */
const LONGEST_HEADER = 100_000_000;

export interface Safetensors {
  /** In the order of their data in the file. */
  readonly tensors: ReadonlyMap<string, DataArray>;
  /** Free texts (`__metadata__`). */
  readonly metadata: Readonly<Record<string, string>>;
}

const badHeader = diagnostic<{ en: string; zh: string }>('SYS-DAT-050', 'invalid', {
  en: (p) => `not a safetensors file, or its header is damaged: ${p.en}`,
  zh: (p) => `不是 safetensors 文件，或其文件头已损坏：${p.zh}`,
});

const badEntry = diagnostic<{ tensor: string; found: string }>('SYS-DAT-051', 'invalid', {
  en: (p) =>
    `tensor '${p.tensor}': its entry in the header is ${p.found}; expected ` +
    '{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} (whole numbers of at least 0)',
  zh: (p) =>
    `张量 '${p.tensor}'：文件头中的条目为 ${p.found}；应形如 ` +
    '{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}（均为非负整数）',
});

const badType = diagnostic<{ tensor: string; found: string }>('SYS-DAT-052', 'unsupported', {
  en: (p) =>
    `tensor '${p.tensor}' is of type ${p.found}; supported are ${[...NAMES.values()].join(', ')}. Convert it first`,
  zh: (p) => `张量 '${p.tensor}' 的类型为 ${p.found}；支持 ${[...NAMES.values()].join('、')}。请先转换`,
});

const outOfRange = diagnostic<{ tensor: string; begin: number; end: number; bytes: number }>('SYS-DAT-053', 'invalid', {
  en: (p) =>
    `tensor '${p.tensor}' lies at [${p.begin}, ${p.end}), but the file has ${p.bytes} bytes of data; ` +
    `${p.end < p.begin ? 'the end is before the beginning' : 'the file is cut short'}`,
  zh: (p) =>
    `张量 '${p.tensor}' 位于 [${p.begin}, ${p.end})，而文件只有 ${p.bytes} 字节数据；` +
    `${p.end < p.begin ? '终点早于起点' : '文件被截断'}`,
});

const notAdjacent = diagnostic<{ tensor: string; begin: number; expected: number }>('SYS-DAT-054', 'invalid', {
  en: (p) =>
    `tensor '${p.tensor}' begins at ${p.begin}, where the tensor before it ends at ${p.expected}: ` +
    `${p.begin < p.expected ? 'they overlap' : 'there is a hole'}; the data of a file must lie one behind the other`,
  zh: (p) =>
    `张量 '${p.tensor}' 起于 ${p.begin}，而前一个张量止于 ${p.expected}：` +
    `${p.begin < p.expected ? '两者重叠' : '中间有空洞'}；文件中的数据必须首尾相接`,
});

const wrongLength = diagnostic<{ tensor: string; dtype: string; dims: string; found: number; expected: number }>(
  'SYS-DAT-055',
  'invalid',
  {
    en: (p) => `tensor '${p.tensor}' has ${p.found} bytes, but ${p.dtype}[${p.dims}] takes ${p.expected}`,
    zh: (p) => `张量 '${p.tensor}' 有 ${p.found} 字节，而 ${p.dtype}[${p.dims}] 需要 ${p.expected} 字节`,
  },
);

const twice = diagnostic<{ tensor: string; key: string }>('SYS-DAT-056', 'invalid', {
  en: (p) =>
    `the header says '${p.key}'${p.tensor === '' ? '' : ` of '${p.tensor}'`} twice; which one counts is not defined`,
  zh: (p) => `文件头中${p.tensor === '' ? '' : ` '${p.tensor}' 的`} '${p.key}' 出现两次；无法确定以哪一个为准`,
});

const leftOver = diagnostic<{ found: number; expected: number }>('SYS-DAT-057', 'invalid', {
  en: (p) =>
    `the file has ${p.found} bytes of data, its tensors take ${p.expected}; something stands behind the last one`,
  zh: (p) => `文件有 ${p.found} 字节数据，而张量共占 ${p.expected} 字节；最后一个张量之后有多余内容`,
});

const reserved = diagnostic<{ found: string }>('SYS-DAT-058', 'usage', {
  en: (p) => `no tensor can be named '${p.found}': the format keeps that name for its texts; choose another`,
  zh: (p) => `张量不能命名为 '${p.found}'：该名称由格式保留；请改用其他名称`,
});

/**
 * Reads a file; tensors are views of its bytes (`elementsOf` gives their numbers without a copy where the header is
 * padded to eight bytes, as writers do).
 * @throws SYS-DAT-050 header, 051 entry, 052 type, 053 out of range, 054 overlap or hole, 055 length, 056 said twice,
 *   057 bytes left over; each names the tensor
 */
export function readSafetensors(bytes: Uint8Array, file?: string): Safetensors {
  const place: Place = file === undefined ? {} : { file };
  const { header, start } = parseHeader(bytes, place);
  const { __metadata__: texts, ...entries } = header;
  const metadata = checkTexts(texts, place);
  const data = bytes.subarray(start);
  const found = Object.entries(entries).map(([tensor, entry]) => ({ tensor, ...checkEntry(tensor, entry, place) }));
  found.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, DataArray>();
  let at = 0;
  for (const { tensor, dtype, name, dims, begin, end } of found) {
    if (end < begin || end > data.length) throw outOfRange({ tensor, begin, end, bytes: data.length }, place);
    if (begin !== at) throw notAdjacent({ tensor, begin, expected: at }, place);
    const expected = dims.reduce((a, b) => a * b, ELEMENT_BYTES[dtype]);
    if (end - begin !== expected) {
      throw wrongLength({ tensor, dtype: name, dims: dims.join(','), found: end - begin, expected }, place);
    }
    tensors.set(tensor, { dtype, dims, bytes: data.subarray(begin, end) });
    at = end;
  }
  if (at !== data.length) throw leftOver({ found: data.length, expected: at }, place);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, place: Place): { header: Record<string, unknown>; start: number } {
  const fail = (en: string, zh: string): Error => badHeader({ en, zh }, place);
  if (bytes.length < 8)
    throw fail(`it has ${bytes.length} bytes, at least 8 are needed`, `仅 ${bytes.length} 字节，至少需要 8 字节`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER) {
    throw fail(
      `a header of ${length} bytes is announced, at most ${LONGEST_HEADER} are allowed`,
      `声明的文件头长 ${length} 字节，上限为 ${LONGEST_HEADER} 字节`,
    );
  }
  if (8 + length > bytes.length) {
    throw fail(
      `a header of ${length} bytes is announced, ${bytes.length - 8} are left`,
      `声明的文件头长 ${length} 字节，仅剩 ${bytes.length - 8} 字节`,
    );
  }
  if (bytes[8] !== 0x7b) throw fail('the header does not begin with {', '文件头不以 { 开头');
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail(reason, reason);
  }
  refuseDuplicates(text, place);
  return { header: header as Record<string, unknown>, start: 8 + length };
}

/** JSON.parse keeps the last of two equal names without a word. */
function refuseDuplicates(text: string, place: Place): void {
  const open: Set<string>[] = [];
  const path: string[] = [];
  visit(text, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty: (key) => {
      const names = open.at(-1)!;
      if (open.length === 1) path[0] = key;
      if (names.has(key)) throw twice({ tensor: open.length === 1 ? '' : path[0]!, key }, place);
      names.add(key);
    },
  });
}

function checkTexts(texts: unknown, place: Place): Readonly<Record<string, string>> {
  if (texts === undefined) return {};
  if (typeof texts === 'object' && texts !== null && !Array.isArray(texts)) {
    if (Object.values(texts).every((value) => typeof value === 'string')) return texts as Record<string, string>;
  }
  throw badHeader({ en: '__metadata__ is not an object of texts', zh: '__metadata__ 不是由文本组成的对象' }, place);
}

const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

function checkEntry(tensor: string, entry: unknown, place: Place) {
  const { dtype: name, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const sound =
    typeof name === 'string' &&
    Array.isArray(shape) &&
    shape.every(isSize) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isSize);
  if (!sound) throw badEntry({ tensor, found: JSON.stringify(entry).slice(0, 120) }, place);
  const dtype = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (dtype === undefined) throw badType({ tensor, found: name }, place);
  return { dtype, name, dims: shape as number[], begin: offsets[0] as number, end: offsets[1] as number };
}

/**
 * Writes a file as the format's own writer lays it out: tensors by size of element, widest first, then by name, so that
 * each lies at a multiple of its element; the header is padded with spaces to eight bytes.
 * @throws SYS-DAT-052 type, 055 length, 058 reserved name
 */
export function writeSafetensors(
  tensors: Named<DataArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const list = entriesOf(tensors);
  list.sort(([a, x], [b, y]) => ELEMENT_BYTES[y.dtype] - ELEMENT_BYTES[x.dtype] || (a < b ? -1 : a > b ? 1 : 0));
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata]];
  let end = 0;
  for (const [tensor, { dtype, dims, bytes }] of list) {
    const name = NAMES.get(dtype);
    if (tensor === '__metadata__') throw reserved({ found: tensor });
    if (name === undefined) throw badType({ tensor, found: dtype });
    const expected = dims.reduce((a, b) => a * b, ELEMENT_BYTES[dtype]);
    if (bytes.length !== expected) {
      throw wrongLength({ tensor, dtype: name, dims: dims.join(','), found: bytes.length, expected });
    }
    entries.push([tensor, { dtype: name, shape: dims, data_offsets: [end, end + expected] }]);
    end += expected;
  }
  // Written by hand, since an object would put names that look like numbers first.
  const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  const length = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(json, 8);
  out.fill(0x20, 8 + json.length, 8 + length);
  let at = 8 + length;
  for (const [, { bytes }] of list) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}
