/**
 * NumPy's .npy, versions 1.0 to 3.0: magic, version, header length, a Python dict literal of `descr`, `fortran_order`
 * and `shape`, then the elements (NumPy, "numpy.lib.format", NEP 1). Arrays come out row-major and little-endian.
 */
import { diagnostic, type Place } from '#base';
import { type DataArray, ELEMENT_BYTES, type ElementType, swapBytes } from './array.ts';
import { hex } from './idx.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's type codes: kind and bytes. */
const CODES: Readonly<Partial<Record<ElementType, string>>> = {
  bool: 'b1',
  int8: 'i1',
  uint8: 'u1',
  int16: 'i2',
  uint16: 'u2',
  int32: 'i4',
  uint32: 'u4',
  int64: 'i8',
  uint64: 'u8',
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  complex64: 'c8',
  complex128: 'c16',
};

/** The file, or where it stands in an archive its entry there. */
const fileText = (entry: string | undefined): { readonly en: string; readonly zh: string } =>
  entry === undefined
    ? { en: 'the .npy file', zh: '.npy 文件' }
    : { en: `array '${entry}' of the .npz file`, zh: `.npz 文件中的数组 '${entry}' ` };

const notNpy = diagnostic<{ found: string; entry?: string | undefined }>('SYS-DAT-005', 'invalid', {
  en: (p) =>
    `${p.entry === undefined ? '' : `${fileText(p.entry).en}: `}not a .npy file: it begins with ${p.found}; expected 93 4e 55 4d 50 59 (“\\x93NUMPY”) and version 1 to 3`,
  zh: (p) =>
    `${p.entry === undefined ? '' : `${fileText(p.entry).zh}：`}不是 .npy 文件：开头为 ${p.found}；应为 93 4e 55 4d 50 59（“\\x93NUMPY”）及版本 1 至 3`,
});

const badHeader = diagnostic<{ header: string; entry?: string | undefined }>('SYS-DAT-006', 'invalid', {
  en: (p) =>
    `the header of ${fileText(p.entry).en} cannot be read: ${p.header}; expected {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`,
  zh: (p) =>
    `无法读取${fileText(p.entry).zh}的文件头：${p.header}；应形如 {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`,
});

const npyType = diagnostic<{ descr: string; entry?: string | undefined }>('SYS-DAT-007', 'unsupported', {
  en: (p) =>
    `${fileText(p.entry).en} holds elements of type ${p.descr}; supported are ${Object.values(CODES).join(', ')} in either byte order. ` +
    "Convert it, for example with array.astype('float32')" +
    (p.entry === undefined ? '' : ', or read the others alone: readNpz(bytes, file, { names })'),
  zh: (p) =>
    `${fileText(p.entry).zh}的元素类型为 ${p.descr}；支持 ${Object.values(CODES).join('、')}（两种字节序均可）。请先转换，例如 array.astype('float32')` +
    (p.entry === undefined ? '' : '，或只读取其他数组：readNpz(bytes, file, { names })'),
});

const wrongSize = diagnostic<{
  dims: string;
  found: number;
  expected: number;
  entry?: string | undefined;
}>('SYS-DAT-008', 'invalid', {
  en: (p) =>
    `${fileText(p.entry).en} holds ${p.found} bytes of data where shape [${p.dims}] takes ${p.expected}; the file is ` +
    `${p.found < p.expected ? 'cut short' : 'followed by something else'}`,
  zh: (p) =>
    `${fileText(p.entry).zh}含 ${p.found} 字节数据，而形状 [${p.dims}] 需要 ${p.expected} 字节；` +
    `文件${p.found < p.expected ? '被截断' : '末尾有多余内容'}`,
});

/**
 * Reads a .npy file.
 * @param entry its name in the archive that it stands in, for messages
 * @throws SYS-DAT-005 no such file, 006 header, 007 type, 008 size
 */
export function readNpy(bytes: Uint8Array, file?: string, entry?: string): DataArray {
  const place: Place = file === undefined ? {} : { file };
  const major = bytes[6] ?? 0;
  if (MAGIC.some((b, i) => bytes[i] !== b) || major < 1 || major > 3) {
    throw notNpy({ found: hex(bytes.subarray(0, 8)), entry }, place);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw badHeader({ header: 'the file ends within it', entry }, place);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.length < start + length) throw badHeader({ header: 'the file ends within it', entry }, place);
  const text = new TextDecoder().decode(bytes.subarray(start, start + length)).trim();
  const { descr, fortran, dims } = parseHeader(text, place, entry);

  const order = descr[0]!;
  const found = (Object.keys(CODES) as ElementType[]).find((t) => CODES[t] === descr.slice(1));
  const dtype = descr === '|b1' || descr === '?' ? 'bool' : found;
  if (dtype === undefined || !'<>|='.includes(order)) throw npyType({ descr: `'${descr}'`, entry }, place);

  const data = bytes.subarray(start + length);
  const expected = dims.reduce((a, b) => a * b, 1) * ELEMENT_BYTES[dtype];
  if (data.length !== expected) throw wrongSize({ dims: dims.join(','), found: data.length, expected, entry }, place);
  const little = order === '>' ? swapBytes(data, dtype) : new Uint8Array(data);
  return { dtype, dims, bytes: fortran && dims.length > 1 ? toRowMajor(little, dims, ELEMENT_BYTES[dtype]) : little };
}

function parseHeader(
  text: string,
  place: Place,
  entry: string | undefined,
): { descr: string; fortran: boolean; dims: number[] } {
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[.*?\]\s*(?=,)))/.exec(text);
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  // Python 2 wrote long integers with an L.
  const shape = /['"]shape['"]\s*:\s*\(((?:\s*\d+L?\s*,?)*)\s*\)/.exec(text);
  if (descr === null || fortran === null || shape === null)
    throw badHeader({ header: text.slice(0, 200), entry }, place);
  // A list of fields: a structured type.
  if (descr[1] === undefined) throw npyType({ descr: descr[2]!.trim(), entry }, place);
  const dims = (shape[1]!.match(/\d+/g) ?? []).map(Number);
  return { descr: descr[1], fortran: fortran[1] === 'True', dims };
}

/** Writes a .npy file, version 1.0 (2.0 where the header needs it), row-major and little-endian. */
export function writeNpy(array: DataArray): Uint8Array {
  const { dtype, dims, bytes } = array;
  const code = CODES[dtype] as string | undefined;
  if (code === undefined) throw npyType({ descr: dtype });
  const expected = dims.reduce((a, b) => a * b, 1) * ELEMENT_BYTES[dtype];
  if (bytes.length !== expected) throw wrongSize({ dims: dims.join(','), found: bytes.length, expected });
  const order = ELEMENT_BYTES[dtype] === 1 ? '|' : '<';
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const long = text.length + 11 > 0xffff - 64;
  const start = long ? 12 : 10;
  // The data begins at a multiple of 64; the header ends with a line feed.
  const total = Math.ceil((start + text.length + 1) / 64) * 64;
  const out = new Uint8Array(total + bytes.length);
  out.set(MAGIC);
  out[6] = long ? 2 : 1;
  const view = new DataView(out.buffer);
  if (long) view.setUint32(8, total - start, true);
  else view.setUint16(8, total - start, true);
  out.set(new TextEncoder().encode(`${text.padEnd(total - start - 1)}\n`), start);
  out.set(bytes, total);
  return out;
}

/** Column-major to row-major. */
function toRowMajor(bytes: Uint8Array, dims: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let b = 0; b < size; b++) out[to + b] = bytes[from * size + b]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      from += strides[axis]!;
      if (index[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
