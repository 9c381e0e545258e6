/** Element types in assembly, short (`f32`) and long (`float32`), and the writing of their values. */
import { numberToBfloat16, numberToFloat16 } from '#base';
import { SLOT_BYTES, type SlotType } from '../program.ts';

const SHORT: Readonly<Record<string, SlotType>> = {
  f32: 'float32',
  f64: 'float64',
  f16: 'float16',
  bf16: 'bfloat16',
  i8: 'int8',
  u8: 'uint8',
  i16: 'int16',
  u16: 'uint16',
  i32: 'int32',
  u32: 'uint32',
  i64: 'int64',
  u64: 'uint64',
};

/** Every spelling of an element type. */
export const slotTypes: ReadonlyMap<string, SlotType> = new Map([
  ...Object.entries(SHORT),
  ...(Object.keys(SLOT_BYTES) as SlotType[]).map((name): [string, SlotType] => [name, name]),
]);

export const isFloat = (type: SlotType): boolean => type.includes('float');

/** Smallest and largest integer of a type that is not a float. */
export function integerRange(type: SlotType): { readonly min: bigint; readonly max: bigint } {
  if (type === 'bool') return { min: 0n, max: 1n };
  const bits = BigInt(8 * SLOT_BYTES[type]);
  return type.startsWith('u')
    ? { min: 0n, max: (1n << bits) - 1n }
    : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
}

/** Writes one value at byte `at`, little-endian. Floats are rounded to nearest, integers must be in range. */
export function writeValue(view: DataView, at: number, type: SlotType, value: number | bigint): void {
  switch (type) {
    case 'float32':
      return view.setFloat32(at, Number(value), true);
    case 'float64':
      return view.setFloat64(at, Number(value), true);
    case 'float16':
      return view.setUint16(at, numberToFloat16(Number(value)), true);
    case 'bfloat16':
      return view.setUint16(at, numberToBfloat16(Number(value)), true);
    case 'int8':
    case 'uint8':
    case 'bool':
      return view.setUint8(at, Number(BigInt.asUintN(8, BigInt(value))));
    case 'int16':
    case 'uint16':
      return view.setUint16(at, Number(BigInt.asUintN(16, BigInt(value))), true);
    case 'int32':
    case 'uint32':
      return view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), true);
    case 'int64':
    case 'uint64':
      return view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    default:
      return type satisfies never;
  }
}
