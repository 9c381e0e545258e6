/** Sum: the element-wise sum of any number of tensors, with broadcasting. */
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { broadcastInputs } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, present } from './broadcast.ts';

export const sum = operator({
  name: 'Sum',
  summary: 'The element-wise sum of one or more tensors, with broadcasting since opset 8.',
  versions: [6, 8, 13],
  inputs: [{ name: 'data', type: 'T', arity: 'variadic' }],
  outputs: [{ name: 'sum', type: 'T' }],
  types: { T: FLOATS },
  attributes: {},
  infer: (c) => ({ types: [broadcastType(c.inputs[0]!.dtype, broadcastInputs(c, c.inputs))] }),
  cost: (c) => elementwiseCost(c, { additions: present(c.inputs).length - 1 }),
  costRule: 'one addition an output for each input after the first.',
  evaluate: (c) => [
    broadcastEvaluate(present(c.inputs), c.inputs[0]!.dtype, (elements) => {
      let total = 0;
      for (const x of elements) total += x as number;
      return total;
    }),
  ],
  gradient: (c) => c.inputs.map((x, i) => (c.wanted(i) ? c.dy[0]!.sumTo(x!) : undefined)),
  samples: () => [
    sample('one input', 'Sum', 13, {}, [data([2, 3])]),
    sample('two inputs', 'Sum', 6, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('broadcast', 'Sum', 8, {}, [data([2, 3]), data([3], { seed: 2 }), data([2, 1], { seed: 3 })]),
    sample('float64', 'Sum', 13, {}, [data([4], { dtype: 'float64' }), data([4], { dtype: 'float64', seed: 2 })]),
  ],
});
