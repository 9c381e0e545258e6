/**
 * Mod: the remainder of a division, with broadcasting. By default that of integers with the sign of the divisor (Python's
 * %), with `fmod` the one with the sign of the dividend (C's fmod), which floats must ask for. ONNX Mod-13.
 */
import { type Dim, int, intAttribute } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import { broadcastGradient } from '../gradient.ts';
import { isInteger, type RefElement } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, broadcastValues, present } from './broadcast.ts';

const takesDividendSign = ({ node }: Pick<InferContext, 'node'>): boolean => intAttribute(node, 'fmod', 0) !== 0;

/** The remainder that has the sign of the divisor. */
function floored(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function flooredWide(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function remainder(c: EvaluateContext, a: RefElement, b: RefElement): RefElement {
  const truncated = takesDividendSign(c);
  if (isInteger(c.inputs[0]!.dtype) && Number(b) === 0) {
    c.fail(
      { en: 'an integer remainder by zero', zh: '整数对零取余' },
      { en: 'divisors other than zero', zh: '非零除数' },
    );
  }
  if (typeof a === 'bigint') return truncated ? a % (b as bigint) : flooredWide(a, b as bigint);
  return truncated ? (a as number) % (b as number) : floored(a as number, b as number);
}

export const mod = operator({
  name: 'Mod',
  summary: 'The remainder of a division, with broadcasting.',
  versions: [10, 13],
  inputs: [
    { name: 'A', type: 'T' },
    { name: 'B', type: 'T' },
  ],
  outputs: [{ name: 'C', type: 'T' }],
  types: { T: NUMBERS },
  attributes: {
    fmod: {
      kind: 'int',
      doc: '0 (default): integers only, the sign is that of the divisor; 1: the sign is that of the dividend',
    },
  },
  infer: (c) => {
    const { dtype } = c.inputs[0]!;
    if (!isInteger(dtype) && !takesDividendSign(c)) {
      c.fail({ en: `fmod 0 for ${dtype}`, zh: `${dtype} 的 fmod 为 0` }, 'fmod 1');
    }
    const shape = broadcastInputs(c, c.inputs);
    const rest = (a: Dim, b: Dim): Dim => {
      if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return null;
      return takesDividendSign(c) ? a % b : floored(a, b);
    };
    const values = isInteger(dtype) ? broadcastValues(c, shape, rest) : undefined;
    return { types: [broadcastType(dtype, shape)], values: [values] };
  },
  cost: (c) => elementwiseCost(c, { divisions: 1 }),
  costRule: 'one division an output.',
  evaluate: (c) => [broadcastEvaluate(present(c.inputs), c.inputs[0]!.dtype, ([a, b]) => remainder(c, a!, b!))],
  gradient: broadcastGradient(
    (dy) => dy,
    // A − trunc(A ÷ B)·B; the quotient is rounded toward zero.
    (dy, [a, b]) => {
      const quotient = a!.div(b!);
      return dy.mul(quotient.apply('Abs').apply('Floor').mul(quotient.sign())).neg();
    },
  ),
  samples: () => {
    const fmod = { fmod: int(1) };
    const signed = ['int8', 'int16', 'int32', 'int64'] as const;
    const unsigned = ['uint8', 'uint64'] as const;
    return [
      ...signed.flatMap((dtype) => {
        const inputs = [data([4, 9], { dtype, low: -20, high: 20 }), scalar(-3, dtype)];
        return [sample(dtype, 'Mod', 13, { fmod: int(0) }, inputs), sample(`${dtype}, fmod`, 'Mod', 13, fmod, inputs)];
      }),
      ...unsigned.map((dtype) =>
        sample(dtype, 'Mod', 10, {}, [
          data([9], { dtype, low: 0, high: 20 }),
          data([9], { dtype, seed: 2, low: 1, high: 7 }),
        ]),
      ),
      sample('positive divisor', 'Mod', 13, {}, [
        data([9], { dtype: 'int64', low: -20, high: 20 }),
        scalar(4, 'int64'),
      ]),
      sample('float32', 'Mod', 10, fmod, [
        data([2, 9], { low: -20, high: 20 }),
        data([2, 1], { seed: 2, low: 1, high: 5 }),
      ]),
      sample('float64', 'Mod', 13, fmod, [
        data([9], { dtype: 'float64', low: -20, high: 20 }),
        scalar(-2.5, 'float64'),
      ]),
      sample('float16', 'Mod', 13, fmod, [data([9], { dtype: 'float16', low: -20, high: 20 }), scalar(2.5, 'float16')]),
    ];
  },
});
