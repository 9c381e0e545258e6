/** Values in a memory, by element type. */
import { bfloat16ToNumber, float16ToNumber } from '#base';

interface ElementKind {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | bigint;
}

const KINDS = {
  f32: { bytes: 4, read: (v, at) => v.getFloat32(at, true) },
  f64: { bytes: 8, read: (v, at) => v.getFloat64(at, true) },
  f16: { bytes: 2, read: (v, at) => float16ToNumber(v.getUint16(at, true)) },
  bf16: { bytes: 2, read: (v, at) => bfloat16ToNumber(v.getUint16(at, true)) },
  i8: { bytes: 1, read: (v, at) => v.getInt8(at) },
  u8: { bytes: 1, read: (v, at) => v.getUint8(at) },
  i16: { bytes: 2, read: (v, at) => v.getInt16(at, true) },
  u16: { bytes: 2, read: (v, at) => v.getUint16(at, true) },
  i32: { bytes: 4, read: (v, at) => v.getInt32(at, true) },
  u32: { bytes: 4, read: (v, at) => v.getUint32(at, true) },
  i64: { bytes: 8, read: (v, at) => v.getBigInt64(at, true) },
} as const satisfies Record<string, ElementKind>;

export type ValueType = keyof typeof KINDS;
export const VALUE_TYPES = Object.keys(KINDS) as readonly ValueType[];

export const bytesOf = (type: ValueType): number => KINDS[type].bytes;

export function valuesIn(bytes: Uint8Array, type: ValueType): (number | bigint)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { bytes: size, read } = KINDS[type] as ElementKind;
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size));
}

/** A number as people read it; floats in the digits that tell f32 apart. */
export const valueText = (value: number | bigint): string =>
  typeof value === 'bigint' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(8)));
