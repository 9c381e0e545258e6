/** Shape: the dimensions of a tensor as an int64 vector; since opset 15 the part from `start` to before `end`. */
import { type GraphNode, int, intAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';

/** The part asked for. Negative places count from the back; what lies outside is clamped, as slices are. */
const part = <D>(node: GraphNode, dims: readonly D[]): readonly D[] =>
  dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length));

export const shape = operator({
  name: 'Shape',
  summary: 'The dimensions of a tensor as an int64 vector.',
  versions: [1, 13, 15, 19, 21, 23],
  inputs: [{ name: 'data', type: 'T' }],
  outputs: [{ name: 'shape', type: 'T1' }],
  types: { T: ALL_TYPES, T1: ['int64'] },
  attributes: {
    start: { kind: 'int', since: 15, doc: 'first dimension given; default 0' },
    end: { kind: 'int', since: 15, doc: 'dimension before which it ends; default: the rank' },
  },
  infer: ({ node, inputs }) => {
    const dims = inputs[0]?.shape === undefined ? undefined : part(node, inputs[0].shape);
    return { types: [{ kind: 'tensor', dtype: 'int64', shape: [dims?.length ?? null] }], values: [dims] };
  },
  // The data itself is not read.
  cost: (c) => ({ ...costOf(c), bytesRead: 0 }),
  costRule: 'writes the dimensions; the data is not read.',
  evaluate: ({ node, inputs }) => {
    const dims = part(node, inputs[0]!.dims);
    return [refOf('int64', [dims.length], dims)];
  },
  gradient: 'zero',
  samples: () => [
    sample('whole', 'Shape', 13, {}, [data([2, 3, 4])]),
    sample('scalar', 'Shape', 7, {}, [data([])]),
    sample('from 1', 'Shape', 15, { start: int(1) }, [data([2, 3, 4])]),
    sample('negative', 'Shape', 19, { start: int(-2), end: int(-1) }, [data([2, 3, 4])]),
    sample('clamped', 'Shape', 15, { start: int(-9), end: int(9) }, [data([2, 3, 4])]),
    sample('empty part', 'Shape', 15, { start: int(2), end: int(1) }, [data([2, 3, 4])]),
  ],
});
