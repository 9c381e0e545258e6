/** Element types: what the units make of those of tensors, and how constants are written in them. */
import { float32Bits, numberToBfloat16, numberToFloat16 } from '#base';
import { elementCount, type Tensor, tensorBytes, tensorNumbers, tensorOf } from '#ir';
import type { ElementType } from '#isa';
import { type Machine, type MatrixType, typesOf } from '#machine';

/** Element types by those of tensors; what is not here no unit computes. */
const ELEMENTS: Readonly<Partial<Record<string, ElementType>>> = {
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  uint8: 'u8',
  bool: 'u8',
  int16: 'i16',
  int32: 'i32',
};

/** How units hold a tensor's elements; undefined where none computes them. */
export const elementTypeOf = (dtype: string): ElementType | undefined => ELEMENTS[dtype];

/** The type in which a matrix unit multiplies a tensor's elements; undefined where it does not. */
export const matrixTypeOf = (machine: Machine, dtype: string): MatrixType | undefined =>
  dtype === 'bool' ? undefined : typesOf(machine.matrix).find((type) => type === ELEMENTS[dtype]);

/** Floats of 16 bits, which the vector unit widens to f32 and rounds again. */
export const isHalf = (type: ElementType | undefined): type is 'f16' | 'bf16' => type === 'f16' || type === 'bf16';

/** Whether the units compute a tensor's elements as floats. */
export const isFloating = (dtype: string): boolean => dtype === 'float32' || isHalf(ELEMENTS[dtype]);

/** Bits of a number as an element, in the low end of a word. */
export function elementBits(type: ElementType, value: number): number {
  switch (type) {
    case 'f32':
      return float32Bits(value);
    case 'f16':
      return numberToFloat16(value);
    case 'bf16':
      return numberToBfloat16(value);
    case 'i8':
    case 'u8':
      return value & 0xff;
    case 'i16':
      return value & 0xffff;
    default:
      return value >>> 0;
  }
}

/** Elements as they lie in memory: floats of 16 bits as their bits. */
export type Elements = Float32Array | Uint16Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** The same function for the same constant, so that what is known of its elements can be kept by it. */
const written = new WeakMap<Tensor, Map<number, () => Elements>>();
const repeated = new WeakSet<() => Elements>();

/** Whether the elements of a constant are one element repeated, as in networks whose weights are not there. */
export const isRepeated = (elements: () => Elements): boolean => repeated.has(elements);

/** The elements of a constant, times a factor; written out only when asked for. */
export function elementsOf(t: Tensor, factor = 1): () => Elements {
  const ofTensor = written.get(t) ?? new Map<number, () => Elements>();
  written.set(t, ofTensor);
  const known = ofTensor.get(factor);
  if (known !== undefined) return known;
  const elements = writtenOut(t, factor);
  ofTensor.set(factor, elements);
  if ('splat' in t) repeated.add(elements);
  return elements;
}

function writtenOut(t: Tensor, factor: number): () => Elements {
  return () => {
    const values =
      factor === 1
        ? t
        : tensorOf(
            t.dtype,
            t.dims,
            tensorNumbers(t).map((v) => v * factor),
          );
    const given = tensorBytes(values);
    const width = given.byteLength / Math.max(1, elementCount(t.dims));
    // Raw data may lie unaligned in the file.
    const bytes = given.byteOffset % width === 0 ? given : given.slice();
    const at = [bytes.buffer, bytes.byteOffset, bytes.byteLength / width] as const;
    switch (t.dtype) {
      case 'float32':
        return new Float32Array(...at);
      case 'float16':
      case 'bfloat16':
        return new Uint16Array(...at);
      case 'int8':
        return new Int8Array(...at);
      case 'int32':
        return new Int32Array(...at);
      default:
        return new Uint8Array(...at);
    }
  };
}
