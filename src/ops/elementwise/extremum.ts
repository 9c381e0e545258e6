/** The family of Max and Min: the extremum of any number of tensors, with broadcasting; NaN wins. */
import type { Dim } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type Operator, operator } from '../define.ts';
import type { GradientRule } from '../gradient.ts';
import { isInteger, type RefElement } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, broadcastValues, present } from './broadcast.ts';

export interface Extremum {
  readonly name: 'Max' | 'Min';
  readonly summary: string;
  readonly numbers: (a: number, b: number) => number;
}

export const extremum = ({ name, summary, numbers }: Extremum): Operator => {
  // 64-bit integers are compared exactly: the first one stays unless the other lies further out.
  const further = (a: bigint, b: bigint) => (name === 'Max' ? b > a : b < a);
  const pick = (a: RefElement, b: RefElement): RefElement =>
    typeof a === 'bigint' ? (further(a, b as bigint) ? b : a) : numbers(a as number, b as number);
  const dims = (a: Dim, b: Dim): Dim => {
    if (typeof a === 'number' && typeof b === 'number') return numbers(a, b);
    return a === b ? a : null;
  };
  return operator({
    name,
    summary,
    versions: [6, 8, 12, 13],
    inputs: [{ name: 'data', type: 'T', arity: 'variadic' }],
    outputs: [{ name: name.toLowerCase(), type: 'T' }],
    types: { T: NUMBERS },
    attributes: {},
    infer: (c) => {
      const shape = broadcastInputs(c, c.inputs);
      const { dtype } = c.inputs[0]!;
      const values = isInteger(dtype) ? broadcastValues(c, shape, dims) : undefined;
      return { types: [broadcastType(dtype, shape)], values: [values] };
    },
    cost: (c) => elementwiseCost(c, { comparisons: present(c.inputs).length - 1 }),
    costRule: 'one comparison an output for each input after the first.',
    evaluate: (c) => [
      broadcastEvaluate(present(c.inputs), c.inputs[0]!.dtype, (elements) => elements.reduce((a, b) => pick(a, b))),
    ],
    gradient: shareOfEquals,
    samples: () => [
      sample('one input', name, 13, {}, [data([2, 3])]),
      sample('two inputs', name, 6, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
      sample('broadcast', name, 8, {}, [data([2, 3]), data([3], { seed: 2 }), data([2, 1], { seed: 3 })]),
      sample('int64', name, 12, {}, [
        data([9], { dtype: 'int64', low: -9, high: 9 }),
        data([9], { dtype: 'int64', seed: 2, low: -9, high: 9 }),
      ]),
      sample('int32', name, 13, {}, [
        data([9], { dtype: 'int32', low: -9, high: 9 }),
        data([1], { dtype: 'int32', seed: 2, low: -9, high: 9 }),
      ]),
    ],
  });
};

/** Inputs that are equal to the extremum share its gradient. */
const shareOfEquals: GradientRule = (c) => {
  const y = c.outputs[0]!;
  const equal = c.inputs.map((x) => x!.equal(y).cast(y.dtype));
  const share = c.dy[0]!.div(equal.reduce((a, b) => a.add(b)));
  return equal.map((mask, i) => (c.wanted(i) ? share.mul(mask).sumTo(c.inputs[i]!) : undefined));
};
