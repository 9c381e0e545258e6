/**
 * Clip: elements limited to [min, max]. The limits are attributes before opset 11 and optional scalar inputs after.
 * Where min > max every element becomes max (stated by ONNX since opset 13, and what min(max(x, min), max) gives).
 */
import { float, floatAttribute } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { refFrom } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';

export const clip = operator({
  name: 'Clip',
  summary: 'Elements limited to [min, max].',
  versions: [6, 11, 12, 13],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'min', type: 'T', arity: 'optional', since: 11 },
    { name: 'max', type: 'T', arity: 'optional', since: 11 },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: NUMBERS },
  attributes: {
    min: { kind: 'float', until: 11, doc: 'lower limit; default the lowest float32' },
    max: { kind: 'float', until: 11, doc: 'upper limit; default the highest float32' },
  },
  infer: (c) => {
    for (const [k, name] of [
      [1, 'min'],
      [2, 'max'],
    ] as const) {
      const shape = c.inputs[k]?.shape;
      // Shape [1] is written by many exporters and accepted by hosts.
      if (shape !== undefined && shape.length > 0 && !(shape.length === 1 && (shape[0] === 1 || shape[0] === null))) {
        c.fail(
          { en: `${name} of shape [${shape}]`, zh: `${name} 的形状为 [${shape}]` },
          { en: 'a scalar', zh: '标量' },
        );
      }
    }
    return { types: [c.inputs[0]] };
  },
  cost: (c) => elementwiseCost(c, { comparisons: 2 }),
  costRule: 'two comparisons an element.',
  evaluate: ({ node, opset, inputs }) => {
    const x = inputs[0]!;
    const low = opset < 11 ? floatAttribute(node, 'min') : inputs[1]?.data[0];
    const high = opset < 11 ? floatAttribute(node, 'max') : inputs[2]?.data[0];
    return [
      refFrom(x.dtype, x.dims, (i) => {
        let value = x.data[i]!;
        if (low !== undefined && value < low) value = low;
        if (high !== undefined && value > high) value = high;
        return value;
      }),
    ];
  },
  gradient: differentiate,
  samples: () => [
    sample('attributes', 'Clip', 6, { min: float(-1), max: float(0.5) }, [data([2, 3, 4])]),
    sample('attribute min only', 'Clip', 10, { min: float(0) }, [data([2, 3, 4])]),
    sample('no limits', 'Clip', 6, {}, [data([5])]),
    sample('inputs', 'Clip', 11, {}, [data([2, 3, 4]), scalar(-1), scalar(0.5)]),
    sample('min only', 'Clip', 13, {}, [data([2, 3, 4]), scalar(-1)]),
    sample('max only', 'Clip', 13, {}, [data([2, 3, 4]), undefined, scalar(0.5)]),
    sample('constant limits', 'Clip', 13, {}, [data([9]), scalar(0), scalar(6)], { constants: [1, 2] }),
    sample('min above max', 'Clip', 13, {}, [data([9]), scalar(1), scalar(-1)]),
    sample('int8', 'Clip', 12, {}, [
      data([9], { dtype: 'int8', low: -9, high: 9 }),
      scalar(-3, 'int8'),
      scalar(4, 'int8'),
    ]),
    sample('int64', 'Clip', 12, {}, [
      data([9], { dtype: 'int64', low: -9, high: 9 }),
      scalar(-3, 'int64'),
      scalar(4, 'int64'),
    ]),
    sample('float64', 'Clip', 12, {}, [data([9], { dtype: 'float64' }), scalar(-1, 'float64')]),
  ],
});

/** Within the limits (they included) the gradient passes; outside it goes to the limit. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const attribute = (name: string): Expression | undefined => {
    const value = floatAttribute(c.node, name);
    return value === undefined ? undefined : x.scalar(value);
  };
  const low = c.opset < 11 ? attribute('min') : c.inputs[1];
  const high = c.opset < 11 ? attribute('max') : c.inputs[2];
  const below = low === undefined ? undefined : x.less(low);
  // Against what is limited from below already: where min > max everything is max.
  const raised = below === undefined ? x : below.where(low!, x);
  const above = high === undefined ? undefined : raised.greater(high);
  const under = above === undefined ? dy : above.where(0, dy);
  const ofLimit = (part: Expression | undefined, i: number): Expression | undefined =>
    part !== undefined && c.wanted(i) ? part.sum(undefined, false).reshapeLike(c.inputs[i]!) : undefined;
  return [
    below === undefined ? under : below.where(0, under),
    ofLimit(below?.where(under, 0), 1),
    ofLimit(above?.where(dy, 0), 2),
  ];
}
