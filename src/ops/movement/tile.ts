/** Tile: the input repeated along each axis. */
import { type Dim, tensorNumbers, tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
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
  gradient: differentiate,
  samples: () => [
    sample('both axes', 'Tile', 13, {}, [data([2, 3]), int64s(2, 3)], { constants: [1] }),
    sample('once', 'Tile', 6, {}, [data([2, 3]), int64s(1, 1)], { constants: [1] }),
    sample('no times', 'Tile', 13, {}, [data([2, 3]), int64s(0, 1)], { constants: [1] }),
  ],
});

/** The copies' gradients, summed. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const repeats = c.constant(1);
  const shape = x.shape;
  if (repeats === undefined || !shape.every((d) => typeof d === 'number')) {
    return c.fail(
      { en: 'repeats or sizes that are computed', zh: '由计算得到的 repeats 或尺寸' },
      { en: 'constants', zh: '常量' },
    );
  }
  const times = Array.from(tensorNumbers(repeats));
  const apart = dy.reshape(shape.flatMap((d, i) => [times[i]!, d as number]));
  return [
    apart.sum(
      shape.map((_, i) => 2 * i),
      false,
    ),
  ];
}
