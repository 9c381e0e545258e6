/** PRelu: x where x ≥ 0, slope·x elsewhere; the slope is learned and stretches to the shape of X. */
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import { broadcastGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { broadcastInputs, mayEqual, shapeText } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { broadcastEvaluate, present } from './broadcast.ts';

export const pRelu = operator({
  name: 'PRelu',
  summary: 'x where x ≥ 0, slope·x elsewhere; the slope stretches to the shape of X.',
  versions: [7, 9, 16],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'slope', type: 'T' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: NUMBERS },
  attributes: {},
  infer: (c) => {
    const [x, slope] = c.inputs;
    const shape = broadcastInputs(c, c.inputs);
    if (x?.shape !== undefined && shape !== undefined) {
      const fits = shape.length === x.shape.length && shape.every((d, k) => mayEqual(d, x.shape![k]!));
      if (!fits) {
        c.fail(
          { en: `slope of shape ${shapeText(slope?.shape)}`, zh: `slope 的形状为 ${shapeText(slope?.shape)}` },
          { en: `one that stretches to ${shapeText(x.shape)}`, zh: `可广播到 ${shapeText(x.shape)} 的形状` },
        );
      }
    }
    return { types: [x] };
  },
  cost: (c) => elementwiseCost(c, { comparisons: 1, multiplications: 1 }),
  costRule: 'one comparison and one multiplication an element.',
  evaluate: (c) => [
    broadcastEvaluate(present(c.inputs), c.inputs[0]!.dtype, ([x, slope]) => {
      if (typeof x === 'bigint') return x < 0n ? x * (slope as bigint) : x;
      return (x as number) < 0 ? (x as number) * (slope as number) : x!;
    }),
  ],
  gradient: broadcastGradient(
    (dy, [x, slope]) => x!.less(0).where(dy.mul(slope!), dy),
    (dy, [x]) => x!.less(0).where(dy.mul(x!), 0),
  ),
  samples: () => [
    sample('same shape', 'PRelu', 16, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('per channel', 'PRelu', 9, {}, [data([2, 3, 4, 5]), data([3, 1, 1], { seed: 2 })]),
    sample('one slope', 'PRelu', 7, {}, [data([2, 3]), data([1], { seed: 2 })]),
  ],
});
