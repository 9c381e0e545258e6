/** Tile: the input repeated along each axis. */
import { type Dim, tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf, offsetAt, stridesOf } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { multiplyDims } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { rearrange } from './rearrange.ts';

export const tile = operator({
  name: 'Tile',
  summary: 'The input repeated along each axis.',
  versions: [6, 13],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'repeats', type: 'int64' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: {},
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const repeats = c.shapeValue(1);
    if (shape === undefined) return { types: [tensorType(dtype)] };
    if (repeats !== undefined && repeats.length !== shape.length) {
      c.fail(
        {
          en: `${repeats.length} repeats for ${shape.length} dimensions`,
          zh: `${shape.length} 维张量的 ${repeats.length} 个 repeats`,
        },
        { en: 'one for each dimension', zh: '每维一个' },
      );
    }
    const times = (d: Dim, r: Dim): Dim => (d === 0 || r === 0 ? 0 : multiplyDims(d, r));
    return {
      types: [
        tensorType(
          dtype,
          shape.map((d, k) => times(d, repeats?.[k] ?? null)),
        ),
      ],
    };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const repeats = numbersOf(c.inputs[1]!);
    const strides = stridesOf(x.dims);
    const dims = x.dims.map((d, k) => d * repeats[k]!);
    return [
      rearrange(x, dims, (index) =>
        offsetAt(
          index.map((i, k) => i % x.dims[k]!),
          strides,
        ),
      ),
    ];
  },
  samples: () => [
    sample('both axes', 'Tile', 13, {}, [data([2, 3]), int64s(2, 3)], { constants: [1] }),
    sample('once', 'Tile', 6, {}, [data([2, 3]), int64s(1, 1)], { constants: [1] }),
    sample('no times', 'Tile', 13, {}, [data([2, 3]), int64s(0, 1)], { constants: [1] }),
  ],
});
