/** The family of ArgMax and ArgMin: where along an axis the extremum stands; of equal ones the first, or on request the last. */
import { elementCount, int, intAttribute, tensorOf, tensorType } from '#ir';
import { costOf, elements } from '../costs.ts';
import { type EvaluateContext, type InferContext, type Operator, operator, type Sample } from '../define.ts';
import { type RefElement, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { normalizeAxis, type Refuse } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';

type Further = (a: RefElement, b: RefElement) => boolean;

const axisOf = (c: Refuse & Pick<InferContext, 'node'>, rank: number): number =>
  normalizeAxis(c, intAttribute(c.node, 'axis', 0), rank);

function reduced<D>(c: Pick<InferContext, 'node'>, shape: readonly D[], axis: number): (D | 1)[] {
  const keep = intAttribute(c.node, 'keepdims', 1) !== 0;
  return keep ? shape.map((d, k) => (k === axis ? 1 : d)) : shape.filter((_, k) => k !== axis);
}

function infer(c: InferContext) {
  const { shape } = c.inputs[0]!;
  if (shape === undefined) return { types: [tensorType('int64')] };
  const axis = axisOf(c, shape.length);
  if (shape[axis] === 0) {
    c.fail(
      { en: `axis ${axis} of size 0`, zh: `轴 ${axis} 的大小为 0` },
      { en: 'an element to name', zh: '至少一个元素' },
    );
  }
  return { types: [tensorType('int64', reduced(c, shape, axis))] };
}

function evaluate(c: EvaluateContext, further: Further) {
  const x = c.inputs[0]!;
  const axis = axisOf(c, x.dims.length);
  const last = intAttribute(c.node, 'select_last_index', 0) !== 0;
  const size = x.dims[axis]!;
  const step = elementCount(x.dims.slice(axis + 1));
  const places = Float64Array.from({ length: elementCount(x.dims) / size }, (_, line) => {
    const at = (i: number): RefElement => x.data[(Math.floor(line / step) * size + i) * step + (line % step)]!;
    let best = 0;
    for (let i = 1; i < size; i++) if (further(at(i), at(best)) || (last && at(i) === at(best))) best = i;
    return best;
  });
  return [refOf('int64', reduced(c, x.dims, axis), places)];
}

export const argExtremum = (name: 'ArgMax' | 'ArgMin', summary: string, further: Further): Operator =>
  operator({
    name,
    summary,
    versions: [1, 11, 12, 13],
    inputs: [{ name: 'data', type: 'T' }],
    outputs: [{ name: 'reduced', type: 'int64' }],
    types: { T: NUMBERS },
    attributes: {
      axis: { kind: 'int', doc: 'the axis; default 0; negative since opset 11' },
      keepdims: { kind: 'int', doc: '1 (default): the axis stays with size 1; 0: it disappears.' },
      select_last_index: { kind: 'int', since: 12, doc: '1: the last of equal ones; 0 (default): the first' },
    },
    infer,
    cost: (c) => costOf(c, { comparisons: Math.max(0, elements(c.inputs[0]) - elements(c.outputs[0])) }),
    costRule: 'elements − outputs comparisons.',
    evaluate: (c) => evaluate(c, further),
    gradient: 'zero',
    samples: () => samplesOf(name),
  });

function samplesOf(name: string): readonly Sample[] {
  const ties = tensorOf('float32', [2, 4], [1, 3, 3, 1, -1, -1, -1, -1]);
  return [
    sample('default', name, 13, {}, [data([3, 4])]),
    sample('axis 1', name, 1, { axis: int(1) }, [data([2, 5, 3])]),
    sample('negative axis', name, 11, { axis: int(-1), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('a vector to a scalar', name, 13, { keepdims: int(0) }, [data([7])]),
    sample('equal: the first', name, 13, { axis: int(1), select_last_index: int(0) }, [ties]),
    sample('equal: the last', name, 12, { axis: int(1), select_last_index: int(1) }, [ties]),
    ...(['int32', 'int64', 'int8', 'uint8', 'float64'] as const).map((dtype) =>
      sample(dtype, name, 13, { axis: int(1) }, [data([3, 6], { dtype, low: dtype === 'uint8' ? 0 : -9, high: 9 })]),
    ),
  ];
}
