/** Mul: the product of two tensors, with broadcasting. */

import { broadcastGradient } from '../gradient.ts';
import { isInteger } from '../refTensor.ts';
import { multiplyDims } from '../shapes.ts';
import { arithmetic } from './arithmetic.ts';

export const mul = arithmetic({
  name: 'Mul',
  summary: 'The product of two tensors, with broadcasting.',
  work: { multiplications: 1 },
  costRule: 'one multiplication an output.',
  numbers: (a, b, dtype) => {
    const product = a * b;
    // Two 32-bit integers can need more than 53 bits; the low 32, which remain after wrapping, are then taken exactly.
    return isInteger(dtype) && !Number.isSafeInteger(product)
      ? Number(BigInt.asUintN(32, BigInt(a) * BigInt(b)))
      : product;
  },
  wide: (a, b) => a * b,
  dims: (a, b) => (a === 0 || b === 0 ? 0 : multiplyDims(a, b)),
  gradient: broadcastGradient(
    (dy, [, b]) => dy.mul(b!),
    (dy, [a]) => dy.mul(a!),
  ),
});
