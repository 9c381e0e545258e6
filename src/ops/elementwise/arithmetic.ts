/**
 * The family of broadcasting arithmetic of two inputs (Add, Sub, Mul, Div): what such an operator's file declares, and
 * the shape rule, cost, evaluation and samples that follow from it. Integers wrap; 64-bit ones are exact.
 */
import type { DataType, Dim } from '#ir';
import { elementwiseCost, type Work } from '../costs.ts';
import { type EvaluateContext, type Operator, operator, type Sample } from '../define.ts';
import type { Gradient } from '../gradient.ts';
import { isInteger } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, broadcastValues, present } from './broadcast.ts';

export interface ArithmeticOperator {
  readonly name: string;
  readonly summary: string;
  /** Operations per output element. */
  readonly work: Work;
  readonly costRule: string;
  /** Of numbers; `dtype` tells integers from floats. */
  readonly numbers: (a: number, b: number, dtype: DataType, c: EvaluateContext) => number;
  /** Of 64-bit integers. */
  readonly wide: (a: bigint, b: bigint, c: EvaluateContext) => bigint;
  /** Of dimensions, in shape computations. */
  readonly dims: (a: Dim, b: Dim) => Dim;
  readonly gradient: Gradient;
}

export const arithmetic = (spec: ArithmeticOperator): Operator =>
  operator({
    name: spec.name,
    summary: spec.summary,
    versions: [7, 13, 14],
    inputs: [
      { name: 'A', type: 'T' },
      { name: 'B', type: 'T' },
    ],
    outputs: [{ name: 'C', type: 'T' }],
    types: { T: NUMBERS },
    attributes: {},
    infer: (c) => {
      const shape = broadcastInputs(c, c.inputs);
      const { dtype } = c.inputs[0]!;
      const values = isInteger(dtype) ? broadcastValues(c, shape, spec.dims) : undefined;
      return { types: [broadcastType(dtype, shape)], values: [values] };
    },
    cost: (c) => elementwiseCost(c, spec.work),
    costRule: spec.costRule,
    evaluate: (c) => {
      const { dtype } = c.inputs[0]!;
      return [
        broadcastEvaluate(present(c.inputs), dtype, ([a, b]) =>
          typeof a === 'bigint' ? spec.wide(a, b as bigint, c) : spec.numbers(a as number, b as number, dtype, c),
        ),
      ];
    },
    gradient: spec.gradient,
    samples: () => arithmeticSamples(spec.name),
  });

/** Divisors keep clear of zero, so that one set of samples serves all four operators. */
function arithmeticSamples(op: string): readonly Sample[] {
  const right = (dims: readonly number[], dtype: DataType = 'float32') =>
    data(dims, { dtype, seed: 2, low: 1, high: 5 });
  const left = (dims: readonly number[], dtype: DataType = 'float32', low = -20) =>
    data(dims, { dtype, seed: 1, low, high: 20 });
  return [
    sample('same shape', op, 14, {}, [left([2, 3, 4]), right([2, 3, 4])]),
    sample('per channel', op, 7, {}, [left([2, 3, 4, 5]), right([3, 1, 1])]),
    sample('both stretch', op, 13, {}, [left([3, 1]), right([1, 4])]),
    sample('scalar', op, 14, {}, [left([2, 3]), right([])]),
    sample('empty', op, 14, {}, [left([0, 3]), right([3])]),
    sample('float64', op, 14, {}, [left([5], 'float64'), right([5], 'float64')]),
    sample('float16', op, 14, {}, [left([5], 'float16'), right([5], 'float16')]),
    sample('int32', op, 14, {}, [left([2, 9], 'int32'), right([9], 'int32')]),
    sample('int64', op, 14, {}, [left([2, 9], 'int64'), right([9], 'int64')]),
    sample('uint64', op, 14, {}, [left([9], 'uint64', 6), right([9], 'uint64')]),
    sample('int8', op, 14, {}, [left([9], 'int8'), right([9], 'int8')]),
    sample('uint8', op, 14, {}, [left([9], 'uint8', 6), right([9], 'uint8')]),
  ];
}
