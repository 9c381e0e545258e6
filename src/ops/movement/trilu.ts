/** Trilu: the upper or lower triangle of matrices (the last two axes) from diagonal `k` on; zeros elsewhere. ONNX Trilu-14. */
import { int, intAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf, refFrom } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { expectRank, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';

export const trilu = operator({
  name: 'Trilu',
  summary: 'The upper or lower triangle of matrices; zeros elsewhere.',
  versions: [14],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'k', type: 'int64', arity: 'optional' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { upper: { kind: 'int', doc: '1 (default): on and above diagonal k is kept; 0: on and below' } },
  infer: (c) => {
    const { shape } = c.inputs[0]!;
    if (shape !== undefined && shape.length < 2) {
      c.fail(
        { en: `input ${shapeText(shape)}`, zh: `输入 ${shapeText(shape)}` },
        { en: 'two axes or more', zh: '至少两维' },
      );
    }
    expectRank(c, 'k', c.inputs[1]?.shape, [0, 1]);
    return { types: [c.inputs[0]] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: ({ node, inputs }) => {
    const x = inputs[0]!;
    const k = inputs[1] === undefined ? 0 : numbersOf(inputs[1])[0]!;
    const [rows, columns] = x.dims.slice(-2) as [number, number];
    const upper = intAttribute(node, 'upper', 1) !== 0;
    const zero = x.dtype === 'string' ? '' : 0;
    return [
      refFrom(x.dtype, x.dims, (i) => {
        const diagonal = (i % columns) - (Math.floor(i / columns) % rows);
        return (upper ? diagonal >= k : diagonal <= k) ? x.data[i]! : zero;
      }),
    ];
  },
  gradient: (c) => [c.dy[0]!.apply('Trilu', [c.inputs[1]], Object.fromEntries(c.node.attributes))],
  samples: () => [
    sample('upper', 'Trilu', 14, {}, [data([3, 4])]),
    sample('lower', 'Trilu', 14, { upper: int(0) }, [data([4, 3])]),
    sample('above the diagonal', 'Trilu', 14, { upper: int(1) }, [data([2, 3, 3]), scalar(1, 'int64')]),
    sample('below the diagonal', 'Trilu', 14, { upper: int(0) }, [data([2, 3, 3]), scalar(-1, 'int64')]),
    sample('lower, far above', 'Trilu', 14, { upper: int(0) }, [data([3, 3]), scalar(5, 'int64')]),
    sample('upper, far above', 'Trilu', 14, {}, [data([3, 3]), scalar(5, 'int64')]),
    sample('int64', 'Trilu', 14, {}, [data([3, 3], { dtype: 'int64', low: 1, high: 9 })]),
    sample('empty', 'Trilu', 14, {}, [data([0, 3])]),
  ],
});
