/**
 * Pow: X to the power of Y, in the type of X. A whole power of an integer is exact and wraps; with a negative or
 * fractional exponent the real result is truncated.
 */
import type { DataType } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { isInteger, isWide, type RefElement } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, present } from './broadcast.ts';

function power(x: RefElement, y: RefElement, dtype: DataType): RefElement {
  const real = Number(x) ** Number(y);
  if (!isInteger(dtype)) return real;
  if (!Number.isInteger(Number(y)) || Number(y) < 0) return isWide(dtype) ? BigInt(whole(real)) : whole(real);
  const wrapped = wrappingPower(BigInt(x as number | bigint), BigInt(y as number | bigint));
  return isWide(dtype) ? wrapped : Number(BigInt.asIntN(32, wrapped));
}

/** Truncated; 0 where there is no number (0 to a negative power). */
const whole = (x: number): number => (Number.isFinite(x) ? Math.trunc(x) : 0);

/** x^y modulo 2^64, by repeated squaring. */
function wrappingPower(x: bigint, y: bigint): bigint {
  let result = 1n;
  let square = x;
  for (let rest = y; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

export const pow = operator({
  name: 'Pow',
  summary: 'X to the power of Y, in the type of X, with broadcasting.',
  versions: [7, 12, 13, 15],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'Y', type: 'T1' },
  ],
  outputs: [{ name: 'Z', type: 'T' }],
  types: { T: NUMBERS, T1: NUMBERS },
  attributes: {},
  infer: (c) => ({ types: [broadcastType(c.inputs[0]!.dtype, broadcastInputs(c, c.inputs))] }),
  cost: (c) => elementwiseCost(c, { powers: 1 }),
  costRule: 'one power an output.',
  evaluate: (c) => {
    const { dtype } = c.inputs[0]!;
    return [broadcastEvaluate(present(c.inputs), dtype, ([x, y]) => power(x!, y!, dtype))];
  },
  gradient: differentiate,
  samples: () => [
    sample('float32', 'Pow', 7, {}, [data([2, 3], { low: 0, high: 3 }), data([2, 3], { seed: 2 })]),
    sample('square', 'Pow', 13, {}, [data([2, 3]), scalar(2)]),
    sample('int64 exponent', 'Pow', 15, {}, [data([2, 3]), scalar(3, 'int64')]),
    sample('int32', 'Pow', 15, {}, [data([6], { dtype: 'int32', low: -5, high: 5 }), scalar(3, 'int32')]),
    sample('int64', 'Pow', 15, {}, [data([6], { dtype: 'int64', low: -5, high: 5 }), scalar(3, 'int64')]),
  ],
});

/** y·X^(Y−1), and X^Y·ln X; where Y is 0 and where X is not positive the derivative counts as 0, as in the frameworks. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, exponent] = [c.inputs[0]!, c.inputs[1]!];
  const [dy, y] = [c.dy[0]!, c.outputs[0]!];
  const power = exponent.cast(x.dtype);
  const byBase = (): Expression => {
    const slope = power.mul(x.pow(power.sub(1)));
    return dy.mul(power.equal(0).where(0, slope)).sumTo(x);
  };
  const byExponent = (): Expression => {
    const positive = x.greater(0);
    const slope = positive.where(y.mul(positive.where(x, 1).log()), 0);
    return dy.mul(slope).cast(exponent.dtype).sumTo(exponent);
  };
  return [c.wanted(0) ? byBase() : undefined, c.wanted(1) ? byExponent() : undefined];
}
