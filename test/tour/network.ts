/**
 * The tour's network: a convolution with its bias apart, pooling, a fully connected layer. Weights and inputs are small
 * integers, so that every product and sum is exact in f32 and all hosts give the same bits.
 */
import { Random } from '#base';
import { type Attribute, type GraphNode, ints, type Model, type Tensor, tensorOf, tensorType } from '#ir';
import { modelOf } from '#onnx';

/** Batch of the tour; the model itself leaves it symbolic. */
export const BATCH = 2;

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): GraphNode => ({
  name: `${op}_${output}`,
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

const integers = (random: Random, dims: readonly number[]): Tensor =>
  tensorOf(
    'float32',
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.integer(-4, 4)),
  );

/** 8×8 pixels in one channel to 10 scores. */
export function tourModel(): Model {
  const random = new Random(2026);
  return modelOf({
    name: 'tour',
    inputs: [{ name: 'pixels', type: tensorType('float32', ['N', 1, 8, 8]) }],
    outputs: [{ name: 'scores', type: tensorType('float32', ['N', 10]) }],
    nodes: [
      node('Conv', ['pixels', 'filters'], 'maps', { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }),
      node('Add', ['maps', 'offsets'], 'shifted'),
      node('Relu', ['shifted'], 'active'),
      node('MaxPool', ['active'], 'pooled', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
      node('Flatten', ['pooled'], 'flat'),
      node('Gemm', ['flat', 'weights', 'biases'], 'scores'),
    ],
    constants: new Map([
      ['filters', integers(random, [4, 1, 3, 3])],
      ['offsets', integers(random, [1, 4, 1, 1])],
      ['weights', integers(random, [64, 10])],
      ['biases', integers(random, [10])],
    ]),
    types: new Map(),
  });
}

export const tourInput = (): Tensor => integers(new Random(1), [BATCH, 1, 8, 8]);
