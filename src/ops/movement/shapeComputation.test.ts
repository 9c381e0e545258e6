/** Shape computations as exporters write them: followed symbolically where sizes are symbols, by evaluation elsewhere. */
import { expect, test } from 'vitest';
import {
  type Attribute,
  type Dim,
  type GraphNode,
  int,
  type Model,
  type Tensor,
  tensorAttr,
  tensorOf,
  tensorType,
  typeText,
} from '#ir';
import { inferTypes } from '../infer.ts';
import { int64s, scalar } from '../sampling.ts';

type Step = readonly [op: string, inputs: string, output: string, attributes?: Readonly<Record<string, Attribute>>];

/** The inferred type of `y` in a chain of nodes over the input `x`. */
function typeOfY(shape: readonly Dim[], constants: Readonly<Record<string, Tensor>>, steps: readonly Step[]): string {
  const nodes = steps.map(
    ([op, inputs, output, attributes = {}]): GraphNode => ({
      name: output,
      op,
      domain: '',
      inputs: inputs.split(' ').filter((name) => name !== ''),
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    }),
  );
  const model: Model = {
    irVersion: 10,
    producer: 'test',
    opsets: new Map([['', 17]]),
    graph: {
      name: 'g',
      inputs: [{ name: 'x', type: tensorType('float32', shape) }],
      outputs: [{ name: 'y', type: undefined }],
      nodes,
      constants: new Map(Object.entries(constants)),
      types: new Map(),
    },
    functions: [],
    metadata: new Map(),
  };
  return typeText(inferTypes(model).graph.outputs[0]?.type);
}

test('sizes scaled by a float and rounded', () => {
  const steps: Step[] = [
    ['Shape', 'x', 'shape'],
    ['Slice', 'shape two four', 'size'],
    ['Cast', 'size', 'float', { to: int(1) }],
    ['Mul', 'float factor', 'scaled'],
    ['Floor', 'scaled', 'floor'],
    ['Cast', 'floor', 'whole', { to: int(7) }],
    ['ConstantOfShape', 'whole', 'y'],
  ];
  const constants = { two: int64s(2), four: int64s(4), factor: scalar(1.5) };
  expect(typeOfY([1, 3, 5, 8], constants, steps)).toBe('float32[7,12]');
  expect(typeOfY([1, 3, 'H', 8], constants, steps)).toBe('float32[?,?]');
});

test('−1 in the shape of an Expand stands for the size of the input', () => {
  const minusOnes = tensorAttr(tensorOf('int64', [1], [1]));
  const steps: Step[] = [
    ['Shape', 'asked', 'length'],
    ['ConstantOfShape', 'length', 'ones', { value: minusOnes }],
    ['Mul', 'ones minus', 'minusOnes'],
    ['Equal', 'asked minusOnes', 'open'],
    ['Where', 'open ones asked', 'target'],
    ['Expand', 'x target', 'y'],
  ];
  const constants = { asked: int64s(-1, 4, -1), minus: scalar(-1, 'int64') };
  expect(typeOfY(['N', 1, 7], constants, steps)).toBe('float32[N,4,7]');
});

test('halves of a symbolic tensor keep the other symbols', () => {
  const steps: Step[] = [
    ['Shape', 'x', 'shape'],
    ['Gather', 'shape one', 'channels'],
    ['Div', 'channels two', 'half'],
    ['Unsqueeze', 'half zero', 'end'],
    ['Slice', 'x zero end oneAxis', 'y'],
  ];
  const constants = { one: scalar(1, 'int64'), two: scalar(2, 'int64'), zero: int64s(0), oneAxis: int64s(1) };
  expect(typeOfY(['N', 64, 'H', 'W'], constants, steps)).toBe('float32[N,32,H,W]');
});

test('heads of attention: symbols pass through Concat into Reshape and Transpose', () => {
  const steps: Step[] = [
    ['Shape', 'x', 'shape'],
    ['Slice', 'shape zero two', 'outer'],
    ['Concat', 'outer heads', 'split', { axis: int(0) }],
    ['Reshape', 'x split', 'parts'],
    ['Transpose', 'parts', 'y', { perm: { kind: 'ints', value: [0n, 2n, 1n, 3n] } }],
  ];
  const constants = { zero: int64s(0), two: int64s(2), heads: int64s(12, -1) };
  expect(typeOfY(['N', 'S', 768], constants, steps)).toBe('float32[N,12,S,64]');
});

test('positions: Range of a symbolic length', () => {
  const steps: Step[] = [
    ['Shape', 'x', 'shape', { start: int(1), end: int(2) }],
    ['Squeeze', 'shape', 'length'],
    ['Range', 'zero length one', 'y'],
  ];
  const constants = { zero: scalar(0, 'int64'), one: scalar(1, 'int64') };
  expect(typeOfY(['N', 'S'], constants, steps)).toBe('int64[S]');
});
