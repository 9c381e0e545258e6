/** Constant: a value written in the node itself, by whichever attribute. */
import {
  type Attribute,
  elementCount,
  float,
  type GraphNode,
  int,
  ints,
  type SparseTensor,
  string,
  type Tensor,
  tensorAttr,
  tensorIntegers,
  tensorOf,
} from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { shapeValueOf } from '../inferNode.ts';
import { type RefElement, toRef } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import type { Refuse } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';

/** The value of a Constant node. */
export function constantValue(c: Refuse, node: GraphNode): Tensor {
  const [attribute, second] = node.attributes.values();
  const value = attribute === undefined ? undefined : attributeTensor(attribute);
  if (value === undefined || second !== undefined) {
    c.fail(
      { en: `the attributes [${[...node.attributes.keys()]}]`, zh: `属性 [${[...node.attributes.keys()]}]` },
      {
        en: `exactly one of ${Object.keys(attributes).join(', ')}`,
        zh: `恰好一个：${Object.keys(attributes).join('、')}`,
      },
    );
  }
  return value;
}

function attributeTensor(a: Attribute): Tensor | undefined {
  switch (a.kind) {
    case 'tensor':
      return a.value;
    case 'sparse':
      return denseTensor(a.value);
    case 'float':
      return tensorOf('float32', [], [a.value]);
    case 'floats':
      return tensorOf('float32', [a.value.length], a.value);
    case 'int':
      return tensorOf('int64', [], [a.value]);
    case 'ints':
      return tensorOf('int64', [a.value.length], a.value);
    case 'string':
      return { dtype: 'string', dims: [], strings: [a.value] };
    case 'strings':
      return { dtype: 'string', dims: [a.value.length], strings: a.value };
    default:
      return undefined;
  }
}

/** Indices are row-major positions, or one row of coordinates for each value. */
function denseTensor(sparse: SparseTensor): Tensor {
  const { dims, values, indices } = sparse;
  const positions = tensorIntegers(indices).map(Number);
  const rank = indices.dims.length === 2 ? indices.dims[1]! : 0;
  const at = (k: number): number => {
    if (rank === 0) return positions[k]!;
    return positions.slice(k * rank, (k + 1) * rank).reduce((flat, i, axis) => flat * dims[axis]! + i, 0);
  };
  const given = toRef(values);
  const zero: RefElement = values.dtype === 'string' ? '' : typeof given.data[0] === 'bigint' ? 0n : 0;
  const elements = new Array<RefElement>(elementCount(dims)).fill(zero);
  for (let k = 0; k < given.data.length; k++) elements[at(k)] = given.data[k]!;
  if (values.dtype === 'string') return { dtype: 'string', dims, strings: elements.map(String) };
  return tensorOf(values.dtype, dims, elements as (number | bigint)[]);
}

const attributes = {
  value: { kind: 'tensor', doc: 'a tensor' },
  sparse_value: { kind: 'sparse', since: 11, doc: 'a sparse tensor, given dense' },
  value_float: { kind: 'float', since: 12, doc: 'a float32 scalar' },
  value_floats: { kind: 'floats', since: 12, doc: 'a float32 vector' },
  value_int: { kind: 'int', since: 12, doc: 'an int64 scalar' },
  value_ints: { kind: 'ints', since: 12, doc: 'an int64 vector' },
  value_string: { kind: 'string', since: 12, doc: 'a string scalar' },
  value_strings: { kind: 'strings', since: 12, doc: 'a string vector' },
} as const;

export const constant = operator({
  name: 'Constant',
  summary: 'A value written in the node itself.',
  versions: [1, 9, 11, 12, 13, 19, 21, 23],
  inputs: [],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes,
  infer: (c) => {
    const value = constantValue(c, c.node);
    const type = { kind: 'tensor', dtype: value.dtype, shape: value.dims } as const;
    return { types: [type], constants: [value], values: [shapeValueOf(value)] };
  },
  cost: (c) => costOf(c),
  costRule: 'writes the value.',
  evaluate: (c) => [toRef(constantValue(c, c.node))],
  gradient: 'zero',
  samples: () => [
    sample('tensor', 'Constant', 7, { value: tensorAttr(data([2, 3])) }, []),
    sample('int64 tensor', 'Constant', 13, { value: tensorAttr(data([4], { dtype: 'int64', low: -9, high: 9 })) }, []),
    sample('float', 'Constant', 12, { value_float: float(0.5) }, []),
    sample('floats', 'Constant', 12, { value_floats: { kind: 'floats', value: [0.5, -1] } }, []),
    sample('int', 'Constant', 13, { value_int: int(7) }, []),
    sample('ints', 'Constant', 13, { value_ints: ints([7, -8]) }, []),
    sample('string', 'Constant', 13, { value_string: string('a') }, []),
    sample('strings', 'Constant', 13, { value_strings: { kind: 'strings', value: ['a', 'b'] } }, []),
    sample(
      'sparse',
      'Constant',
      13,
      {
        sparse_value: {
          kind: 'sparse',
          value: {
            dims: [2, 3],
            values: tensorOf('float32', [2], [5, 6]),
            indices: tensorOf('int64', [2, 2], [0, 1, 1, 2]),
          },
        },
      },
      [],
      { noHost: 'ONNX Runtime returns it as a sparse tensor, which its JavaScript interface does not carry' },
    ),
  ],
});
