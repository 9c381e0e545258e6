/** Mean: the element-wise mean of any number of tensors, with broadcasting. */
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, present } from './broadcast.ts';

export const mean = operator({
  name: 'Mean',
  summary: 'The element-wise mean of one or more tensors, with broadcasting since opset 8.',
  versions: [6, 8, 13],
  inputs: [{ name: 'data', type: 'T', arity: 'variadic' }],
  outputs: [{ name: 'mean', type: 'T' }],
  types: { T: FLOATS },
  attributes: {},
  infer: (c) => ({ types: [broadcastType(c.inputs[0]!.dtype, broadcastInputs(c, c.inputs))] }),
  cost: (c) => elementwiseCost(c, { additions: present(c.inputs).length - 1, multiplications: 1 }),
  costRule: 'an output: one addition for each input after the first, one multiplication (by 1 ÷ count).',
  evaluate: (c) => [
    broadcastEvaluate(present(c.inputs), c.inputs[0]!.dtype, (elements) => {
      let total = 0;
      for (const x of elements) total += x as number;
      return total / elements.length;
    }),
  ],
  gradient: (c) => c.inputs.map((x, i) => (c.wanted(i) ? c.dy[0]!.div(c.inputs.length).sumTo(x!) : undefined)),
  samples: () => [
    sample('one input', 'Mean', 13, {}, [data([2, 3])]),
    sample('two inputs', 'Mean', 6, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('broadcast', 'Mean', 8, {}, [data([2, 3]), data([3], { seed: 2 }), data([2, 1], { seed: 3 })]),
  ],
});
