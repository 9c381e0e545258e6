/** Expand: the input stretched to the broadcast of its own shape and the asked one. */
import { tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { broadcastStrides, numbersOf, offsetAt } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { broadcastShapes, type Shape, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { rearrange } from './rearrange.ts';

export const expand = operator({
  name: 'Expand',
  summary: 'The input stretched to the broadcast of its own shape and the asked one.',
  versions: [8, 13],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'shape', type: 'int64' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: {},
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const out = expandedShape(c, shape);
    // A stretched vector repeats one value.
    const [values, length] = [c.shapeValue(0), out?.length === 1 ? out[0] : undefined];
    const stretched =
      values !== undefined && typeof length === 'number' && length <= 1024
        ? Array.from({ length }, (_, i) => values[values.length === 1 ? 0 : i] ?? null)
        : undefined;
    return { types: [tensorType(dtype, out)], values: [stretched] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const asked = Array.from(numbersOf(c.inputs[1]!));
    const dims = broadcastShapes([x.dims, asked]) as readonly number[];
    const strides = broadcastStrides(x.dims, dims);
    return [rearrange(x, dims, (index) => offsetAt(index, strides))];
  },
  gradient: (c) => [c.dy[0]!.sumTo(c.inputs[0]!)],
  samples: () => [
    sample('more rows', 'Expand', 8, {}, [data([3, 1]), int64s(3, 4)], { constants: [1] }),
    sample('more axes', 'Expand', 13, {}, [data([3, 1]), int64s(2, 1, 4)], { constants: [1] }),
    sample('1 keeps', 'Expand', 13, {}, [data([3, 2]), int64s(1, 1)], { constants: [1] }),
    sample('int64', 'Expand', 13, {}, [int64s(7), int64s(3)], { constants: [1] }),
  ],
});

function expandedShape(c: InferContext, shape: Shape | undefined): Shape | undefined {
  const asked = c.shapeValue(1);
  const rank = c.inputs[1]?.shape?.[0];
  if (shape === undefined) return undefined;
  if (asked === undefined) {
    return typeof rank === 'number' ? new Array<null>(Math.max(rank, shape.length)).fill(null) : undefined;
  }
  return (
    broadcastShapes([shape, asked]) ??
    c.fail(`${shapeText(shape)} → ${shapeText(asked)}`, { en: 'shapes that broadcast', zh: '可广播的形状' })
  );
}
