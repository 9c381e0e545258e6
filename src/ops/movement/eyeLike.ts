/** EyeLike: ones on the diagonal `k` of a matrix of the input's shape, zeros elsewhere. ONNX EyeLike-22. */
import { type DataType, int, intAttribute, tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { refFrom } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { expectRank } from '../shapes.ts';
import { typeAttribute, typeNumber } from '../typeAttribute.ts';
import { NUMBERS } from '../typeSets.ts';

const TYPES: readonly DataType[] = [...NUMBERS, 'bool'];

const outputType = (c: Pick<InferContext, 'node' | 'fail'>, input: DataType): DataType =>
  c.node.attributes.has('dtype') ? typeAttribute(c, 'dtype') : input;

export const eyeLike = operator({
  name: 'EyeLike',
  summary: 'Ones on a diagonal, zeros elsewhere, in the shape of the input.',
  versions: [9, 22],
  inputs: [{ name: 'input', type: 'T1' }],
  outputs: [{ name: 'output', type: 'T2' }],
  types: { T1: TYPES, T2: TYPES },
  attributes: {
    dtype: { kind: 'int', doc: 'element type of the output, by ONNX’s number; default: that of the input' },
    k: { kind: 'int', doc: 'the diagonal: above the main one if positive, below if negative; default 0' },
  },
  infer: (c) => {
    const x = c.inputs[0]!;
    expectRank(c, 'input', x.shape, [2]);
    const dtype = outputType(c, x.dtype);
    if (!TYPES.includes(dtype)) c.fail(`dtype ${dtype}`, TYPES.join(' | '));
    return { types: [tensorType(dtype, x.shape ?? [null, null])] };
  },
  cost: (c) => costOf(c),
  costRule: 'writes the elements.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const columns = x.dims[1]!;
    const k = intAttribute(c.node, 'k', 0);
    return [refFrom(outputType(c, x.dtype), x.dims, (i) => ((i % columns) - Math.floor(i / columns) === k ? 1 : 0))];
  },
  gradient: 'zero',
  samples: () => [
    sample('plain', 'EyeLike', 9, {}, [data([3, 4])]),
    sample('above', 'EyeLike', 22, { k: int(1) }, [data([3, 4])]),
    sample('below, int32', 'EyeLike', 9, { k: int(-2), dtype: int(typeNumber('int32')) }, [data([4, 3])]),
    sample('int64', 'EyeLike', 9, {}, [data([3, 3], { dtype: 'int64', high: 9 })]),
    sample('far off', 'EyeLike', 9, { k: int(7), dtype: int(typeNumber('float64')) }, [data([2, 2])]),
  ],
});
