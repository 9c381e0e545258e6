/**
 * Scales and zero points of the operators that compute on integers: one for a tensor, one for each index of the axis that carries rows,
 * columns or filters (1-D), or, in products of matrices, of the operand's own rank with 1 where it is repeated.
 */
import { type Dim, elementCount } from '#ir';
import type { InferContext, RefTensor } from '../define.ts';
import { broadcastStrides, numbersOf, refOf, stridesOf } from '../refTensor.ts';
import { mayEqual, type Shape, shapeText } from '../shapes.ts';

/** Refuses the scale or zero point at input `index`, unless it is one number or one for each of `size`. */
export function checkParameter(c: InferContext, index: number, name: string, size: Dim, rank?: number): void {
  const shape = c.inputs[index]?.shape;
  if (shape === undefined || shape.length === 0 || (shape.length === 1 && mayEqual(shape[0]!, 1))) return;
  if (shape.length === 1 && mayEqual(shape[0]!, size)) return;
  if (shape.length > 1 && shape.length === rank) return;
  const each: Shape = [size];
  c.fail(`${name} ${shapeText(shape)}`, {
    en: `one number, or ${shapeText(each)}`,
    zh: `一个数，或 ${shapeText(each)}`,
  });
}

/**
 * The number that stands for each element of a tensor of shape `dims`, by its flat place.
 * @param axis where a 1-D parameter lies, counted from the end if negative
 */
export function perElement(
  dims: readonly number[],
  parameter: RefTensor | undefined,
  axis: number,
  absent: number,
): (flat: number) => number {
  if (parameter === undefined) return () => absent;
  const values = numbersOf(parameter);
  if (elementCount(parameter.dims) === 1) return () => values[0]!;
  const own = stridesOf(dims);
  if (parameter.dims.length === 1) {
    const at = axis < 0 ? axis + dims.length : axis;
    return (flat) => values[Math.floor(flat / own[at]!) % dims[at]!]!;
  }
  const strides = broadcastStrides(parameter.dims, dims);
  return (flat) => values[dims.reduce((sum, d, i) => sum + (Math.floor(flat / own[i]!) % d) * strides[i]!, 0)]!;
}

/** The integers less their zero points: what the products are of. */
export function centred(x: RefTensor, zero: RefTensor | undefined, axis: number): RefTensor {
  if (zero === undefined) return x;
  const of = perElement(x.dims, zero, axis, 0);
  return refOf(
    'int32',
    x.dims,
    numbersOf(x).map((v, i) => v - of(i)),
  );
}

/** Sums as the 32-bit registers hold them: they wrap around. */
export const wrapped = (sums: ArrayLike<number>): Float64Array =>
  Float64Array.from(sums, (v) => Number(BigInt.asIntN(32, BigInt(v))));
