/**
 * Helpers that write samples: a node, seeded input data, and where the data must be constants. Data is small and of
 * moderate size, so that host and reference agree to a few units in the last place.
 */
import { Random } from '#base';
import { type Attribute, type DataType, elementCount, type GraphNode, type Model, type Tensor, tensorOf } from '#ir';
import type { Sample } from './define.ts';

export type SampleOptions = Partial<Pick<Sample, 'constants' | 'noHost'>> & {
  /** How many outputs the node names (default 1), or their names ('' leaves one out). */
  readonly outputs?: number | readonly string[];
};

/** A sample of operator `op`; inputs are named x0, x1, …, outputs y0, y1, … */
export function sample(
  name: string,
  op: string,
  opset: number,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly (Tensor | undefined)[],
  options: SampleOptions = {},
): Sample {
  const { outputs = 1, ...rest } = options;
  const node: GraphNode = {
    name: `${op}_sample`,
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: typeof outputs === 'number' ? Array.from({ length: outputs }, (_, i) => `y${i}`) : outputs,
    attributes: new Map(Object.entries(attributes)),
  };
  return { name, node, opset, inputs, ...rest };
}

/** Seeded data, uniform in [low, high); whole numbers for integer types. */
export function data(
  dims: readonly number[],
  options: { seed?: number; dtype?: DataType; low?: number; high?: number } = {},
): Tensor {
  const { seed = 1, dtype = 'float32', low = -2, high = 2 } = options;
  const random = new Random(seed);
  const values = Float64Array.from({ length: elementCount(dims) }, () => low + (high - low) * random.uniform());
  return tensorOf(dtype, dims, dtype.includes('int') ? values.map(Math.floor) : values);
}

/** A 1-D int64 tensor: axes, shapes, starts and ends. */
export const int64s = (...values: readonly number[]): Tensor => tensorOf('int64', [values.length], values.map(BigInt));

/** A 0-D tensor. */
export const scalar = (value: number, dtype: DataType = 'float32'): Tensor => tensorOf(dtype, [], [value]);

/** The model of a sample: its constants as initialisers, its other inputs fed. */
export function sampleModel(s: Sample): Model {
  const isConstant = (i: number): boolean => s.constants?.includes(i) ?? false;
  const present = s.inputs.flatMap((tensor, i) =>
    tensor === undefined ? [] : [{ tensor, i, name: s.node.inputs[i]! }],
  );
  return {
    irVersion: 10,
    producer: 'systole',
    opsets: new Map([['', s.opset]]),
    graph: {
      name: 'sample',
      inputs: present
        .filter(({ i }) => !isConstant(i))
        .map(({ name, tensor }) => ({ name, type: { kind: 'tensor', dtype: tensor.dtype, shape: tensor.dims } })),
      outputs: s.node.outputs.filter((name) => name !== '').map((name) => ({ name, type: undefined })),
      nodes: [s.node],
      constants: new Map(present.filter(({ i }) => isConstant(i)).map(({ name, tensor }) => [name, tensor])),
      types: new Map(),
    },
    functions: [],
    metadata: new Map(),
  };
}
