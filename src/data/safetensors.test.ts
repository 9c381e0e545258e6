/** safetensors: layout byte by byte, round trips, and every rule of validation broken once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arrayOf,
  type DataArray,
  ELEMENT_BYTES,
  type ElementType,
  elementsOf,
  floatsOf,
  readSafetensors,
  writeSafetensors,
} from '#data';
import { errorOf } from '../../test/support/errorText.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const file = (header: string, data: number, announced?: number): Uint8Array => {
  const text = utf8(header);
  const out = new Uint8Array(8 + text.length + data);
  new DataView(out.buffer).setBigUint64(0, BigInt(announced ?? text.length), true);
  out.set(text, 8);
  return out;
};
const f32 = (values: number[], dims = [values.length]) => arrayOf(Float32Array.from(values), dims);

test('the layout of the format', () => {
  // The example of the reference implementation's own tests: six floats in [1, 2, 3] under a header of 64 bytes.
  const bytes = writeSafetensors({ 'attn.0': f32([0, 1, 2, 3, 4, 5], [1, 2, 3]) });
  const header = '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}';
  expect(bytes.subarray(0, 8)).toEqual(Uint8Array.of(64, 0, 0, 0, 0, 0, 0, 0));
  expect(new TextDecoder().decode(bytes.subarray(8, 72))).toBe(header);
  expect([...new Float32Array(bytes.buffer, 72)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test('texts, wide elements first, names in order, a padded header; tensors are views', () => {
  const set = { b: f32([1]), a: f32([2, 3]), u: arrayOf(Uint8Array.of(7), [1, 1]), d: arrayOf(Float64Array.of(4), []) };
  const bytes = writeSafetensors(set, { format: 'pt' });
  const read = readSafetensors(bytes);
  expect([...read.tensors.keys()]).toEqual(['d', 'a', 'b', 'u']);
  expect(read.metadata).toEqual({ format: 'pt' });
  expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
  for (const array of read.tensors.values()) expect(array.bytes.buffer).toBe(bytes.buffer);
  expect(elementsOf(read.tensors.get('a')!).buffer).toBe(bytes.buffer);
  expect([...floatsOf(read.tensors.get('a')!)]).toEqual([2, 3]);
});

test('half floats as numbers', () => {
  const complex: DataArray = { dtype: 'complex64', dims: [1], bytes: new Uint8Array(8) };
  expect(errorOf(() => floatsOf(complex))).toMatchObject({ code: 'SYS-DAT-088' });
  expect([...elementsOf(complex)]).toEqual([0, 0]);
  const half: DataArray = { dtype: 'float16', dims: [2], bytes: Uint8Array.of(0, 0x3c, 0, 0xc0) };
  const brain: DataArray = { dtype: 'bfloat16', dims: [2], bytes: Uint8Array.of(0x80, 0x3f, 0, 0xc0) };
  expect([...floatsOf(half), ...floatsOf(brain)]).toEqual([1, -2, 1, -2]);
  expect([...floatsOf(arrayOf(BigInt64Array.of(-3n), [1]))]).toEqual([-3]);
  // Where the bytes lie at no multiple of the element they are copied.
  const odd = { ...half, bytes: new Uint8Array([9, ...half.bytes]).subarray(1) };
  expect([...floatsOf(odd)]).toEqual([1, -2]);
});

const types = Object.keys(ELEMENT_BYTES).filter((t) => t !== 'complex128') as ElementType[];
const arrays = fc
  .tuple(fc.constantFrom(...types), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, dims]) => {
    const length = dims.reduce((a, b) => a * b, ELEMENT_BYTES[dtype]);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes): DataArray => ({ dtype, dims, bytes }));
  });
const sets = fc
  .array(
    fc.tuple(
      fc.string().filter((s) => s !== '__metadata__'),
      arrays,
    ),
  )
  .map((entries) => new Map(entries));

test('what is written is read back', () => {
  fc.assert(
    fc.property(sets, fc.dictionary(fc.string(), fc.string()), (set, texts) => {
      const read = readSafetensors(writeSafetensors(set, texts));
      expect(new Map([...read.tensors].map(([k, a]) => [k, { ...a, bytes: new Uint8Array(a.bytes) }]))).toEqual(set);
      expect({ ...read.metadata }).toEqual({ ...texts });
    }),
  );
});

test('no bytes end in anything but a result or a coded error', () => {
  const good = writeSafetensors({ a: f32([1, 2]), b: f32([3]) }, { x: 'y' });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const bad = good.slice();
      bad[at] = value;
      try {
        readSafetensors(bad);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^SYS-DAT-05[0-7]$/);
      }
    }),
    { numRuns: 500 },
  );
});

describe('what is refused', () => {
  const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`, dtype = 'F32') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
  test.each([
    ['SYS-DAT-050', 'nothing', new Uint8Array(3), /at least 8/],
    ['SYS-DAT-050', 'a header longer than the file', file('{}', 0, 99), /99 bytes is announced, 2 are left/],
    ['SYS-DAT-050', 'a header beyond the limit', file('{}', 0, 100_000_001), /at most 100000000/],
    ['SYS-DAT-050', 'no object', file('[1]', 0), /begin with \{/],
    ['SYS-DAT-050', 'no JSON', file('{"a":}', 0), /JSON/],
    ['SYS-DAT-050', 'no UTF-8', file('{"a":"\u00ff"}', 0).with(14, 255), /encoded|UTF|invalid/i],
    ['SYS-DAT-050', 'texts that are none', file('{"__metadata__":{"a":1}}', 0), /__metadata__/],
    ['SYS-DAT-051', 'no offsets', file('{"w":{"dtype":"F32","shape":[1]}}', 4), /'w'/],
    ['SYS-DAT-051', 'no entry', file('{"w":null}', 4), /'w'.*null/],
    ['SYS-DAT-051', 'a negative size', file(`{"w":${entry(0, 4, '[-1]')}}`, 4), /-1/],
    ['SYS-DAT-052', 'a type', file(`{"w":${entry(0, 4, '[4]', 'F8_E4M3')}}`, 4), /'w'.*F8_E4M3/],
    ['SYS-DAT-053', 'cut short', file(`{"w":${entry(0, 8)}}`, 4), /'w'.*\[0, 8\).*4 bytes.*cut short/],
    ['SYS-DAT-053', 'turned round', file(`{"w":${entry(4, 0, '[1]')}}`, 4), /end is before/],
    ['SYS-DAT-054', 'overlapping', file(`{"w":${entry(0, 8)},"v":${entry(4, 8)}}`, 8), /'v' begins at 4.*overlap/],
    ['SYS-DAT-054', 'a hole', file(`{"w":${entry(0, 4)},"v":${entry(8, 12)}}`, 12), /'v' begins at 8.*hole/],
    ['SYS-DAT-055', 'a wrong length', file(`{"w":${entry(0, 4, '[2]')}}`, 4), /'w' has 4 bytes, but F32\[2\] takes 8/],
    ['SYS-DAT-056', 'a name twice', file(`{"w":${entry(0, 4)},"w":${entry(0, 4)}}`, 4), /'w' twice/],
    [
      'SYS-DAT-056',
      'a field twice',
      file('{"w":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
      /'dtype' of 'w' twice/,
    ],
    ['SYS-DAT-057', 'bytes behind', file(`{"w":${entry(0, 4)}}`, 6), /6 bytes.*take 4/],
  ])('%s: %s', (code, _, bytes, text) => {
    const error = errorOf(() => readSafetensors(bytes, 'w.safetensors'));
    expect([error.code, error.place.file]).toEqual([code, 'w.safetensors']);
    expect(error.message).toMatch(text);
  });

  test('in writing', () => {
    expect(errorOf(() => writeSafetensors({ __metadata__: f32([1]) }))).toMatchObject({ code: 'SYS-DAT-058' });
    expect(errorOf(() => writeSafetensors({ w: f32([1], [2]) }))).toMatchObject({ code: 'SYS-DAT-055' });
    const complex: DataArray = { dtype: 'complex128', dims: [0], bytes: new Uint8Array(0) };
    expect(errorOf(() => writeSafetensors({ w: complex }))).toMatchObject({ code: 'SYS-DAT-052' });
  });
});
