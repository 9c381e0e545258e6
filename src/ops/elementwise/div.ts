/** Div: the quotient of two tensors, with broadcasting. Integer division truncates toward zero. */
import type { EvaluateContext } from '../define.ts';
import { broadcastGradient } from '../gradient.ts';
import { isInteger } from '../refTensor.ts';
import { arithmetic } from './arithmetic.ts';

const refuseZero = (c: EvaluateContext): never =>
  c.fail({ en: 'an integer division by zero', zh: '整数除以零' }, { en: 'divisors other than zero', zh: '非零除数' });

export const div = arithmetic({
  name: 'Div',
  summary: 'The quotient of two tensors, with broadcasting; integers truncate toward zero.',
  work: { divisions: 1 },
  costRule: 'one division an output.',
  numbers: (a, b, dtype, c) => {
    if (!isInteger(dtype)) return a / b;
    return b === 0 ? refuseZero(c) : Math.trunc(a / b);
  },
  wide: (a, b, c) => (b === 0n ? refuseZero(c) : a / b),
  dims: (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return b === 0 ? null : Math.trunc(a / b);
    if (b === 1) return a;
    return a !== null && a === b ? 1 : null;
  },
  gradient: broadcastGradient(
    (dy, [, b]) => dy.div(b!),
    (dy, [, b], y) => dy.mul(y).div(b!).neg(),
  ),
});
