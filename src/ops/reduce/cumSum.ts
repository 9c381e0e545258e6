/**
 * CumSum: running sums along an axis, from its end with `reverse`, without the element itself with `exclusive`. ONNX
 * CumSum-14.
 */
import { elementCount, int, intAttribute, type Tensor } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type EvaluateContext, operator } from '../define.ts';
import { numbersOf, type RefElement, refFrom } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { expectRank, normalizeAxis } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

const add = (a: RefElement, b: RefElement): RefElement =>
  typeof a === 'bigint' ? a + (b as bigint) : (a as number) + (b as number);

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const axis = normalizeAxis(c, numbersOf(c.inputs[1]!)[0]!, x.dims.length);
  const exclusive = intAttribute(c.node, 'exclusive', 0) !== 0;
  const reverse = intAttribute(c.node, 'reverse', 0) !== 0;
  const size = x.dims[axis]!;
  const step = elementCount(x.dims.slice(axis + 1));
  const lines = elementCount(x.dims.slice(0, axis)) * step;
  const sums = new Array<RefElement>(elementCount(x.dims));
  for (let line = 0; line < lines; line++) {
    let sum: RefElement = x.data instanceof Float64Array ? 0 : 0n;
    for (let i = 0; i < size; i++) {
      const place = reverse ? size - 1 - i : i;
      const at = (Math.floor(line / step) * size + place) * step + (line % step);
      const next = add(sum, x.data[at]!);
      sums[at] = exclusive ? sum : next;
      sum = next;
    }
  }
  return [refFrom(x.dtype, x.dims, (i) => sums[i]!)];
}

const running = (name: string, opset: number, attributes: Parameters<typeof sample>[3], x: Tensor, axis: Tensor) =>
  sample(name, 'CumSum', opset, attributes, [x, axis]);

export const cumSum = operator({
  name: 'CumSum',
  summary: 'Running sums along an axis.',
  versions: [11, 14],
  inputs: [
    { name: 'x', type: 'T' },
    { name: 'axis', type: 'T2' },
  ],
  outputs: [{ name: 'y', type: 'T' }],
  types: { T: [...FLOATS, 'int32', 'int64', 'uint32', 'uint64'], T2: ['int32', 'int64'] },
  attributes: {
    exclusive: { kind: 'int', doc: '1: a sum leaves its own element out; default 0' },
    reverse: { kind: 'int', doc: '1: sums run from the end; default 0' },
  },
  infer: (c) => {
    expectRank(c, 'axis', c.inputs[1]!.shape, [0, 1]);
    const axis = c.shapeValue(1)?.[0];
    const rank = c.inputs[0]!.shape?.length;
    if (typeof axis === 'number' && rank !== undefined) normalizeAxis(c, axis, rank);
    return { types: [c.inputs[0]] };
  },
  cost: (c) => elementwiseCost(c, { additions: 1 }),
  costRule: 'one addition an element.',
  evaluate,
  gradient: (c) => [
    c.dy[0]!.apply('CumSum', [c.inputs[1]], {
      exclusive: int(intAttribute(c.node, 'exclusive', 0)),
      reverse: int(1 - intAttribute(c.node, 'reverse', 0)),
    }),
  ],
  samples: () => [
    running('vector', 11, {}, data([5]), scalar(0, 'int64')),
    running('axis 1', 14, {}, data([2, 3, 4]), scalar(1, 'int32')),
    running('negative axis', 14, {}, data([2, 3]), scalar(-1, 'int64')),
    running('exclusive', 14, { exclusive: int(1) }, data([2, 5]), scalar(1, 'int64')),
    running('reverse', 14, { reverse: int(1) }, data([2, 5]), scalar(1, 'int64')),
    running('both', 14, { reverse: int(1), exclusive: int(1) }, data([4, 2]), scalar(0, 'int64')),
    running('int64', 14, {}, data([4], { dtype: 'int64', low: -9, high: 9 }), scalar(0, 'int64')),
    running('int32', 11, {}, data([4], { dtype: 'int32', low: -9, high: 9 }), scalar(0, 'int64')),
    running('float64', 14, {}, data([4], { dtype: 'float64' }), scalar(0, 'int64')),
  ],
});
