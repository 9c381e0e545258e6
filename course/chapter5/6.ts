/**
 * Exercise 5.6: how an operator is registered. In TensorFlow REGISTER_OP("Conv2D") names inputs, outputs, attributes and a shape function and puts the
 * definition into a global registry; REGISTER_KERNEL_BUILDER adds a kernel for a device and a type, which is looked up when the graph runs;
 * wrappers for Python are generated, and the gradient is registered apart. `registerOperator` has the same parts in one call, and
 * `registerKernel` adds kernels later. Here it registers Conv2D with TensorFlow's layout: NHWC, filters [height, width, inputs, outputs].
 */

import type { Exercise } from 'systole/course';
import { lookupKernel, lookupOperator, registerOperator, type Signature, type Tensor, tensor } from 'systole/tensor';
import { type ConvShape, convolve, outputSize } from './7.ts';

const operation = registerOperator({
  name: 'Conv2D',
  inputs: ['input', 'filter'],
  attributes: { stride: 1, padding: 'VALID' },
  shape: ([input, filter], { stride, padding }) => {
    const [batch, height, width, channels] = input!.shape as [number, number, number, number];
    const [rows, columns, inner, filters] = filter!.shape as [number, number, number, number];
    if (inner !== channels) throw new RangeError(`Conv2D: filters over ${inner} channels for an input of ${channels}`);
    const size = (input: number, kernel: number): number =>
      outputSize(input, kernel, stride as number, padding as ConvShape['padding']);
    return [{ dtype: input!.dtype, shape: [batch, size(height, rows), size(width, columns), filters] }];
  },
  kernels: {
    f32: ([input, filter], [output], { stride, padding }) => {
      const shape = convShape(input!, filter!, stride as number, padding as ConvShape['padding']);
      const { values } = convolve(input!.data as Float32Array, filter!.data as Float32Array, shape);
      (output!.data as Float32Array).set(values);
    },
  },
});

function convShape(input: Signature, filter: Signature, stride: number, padding: ConvShape['padding']): ConvShape {
  const [batch, height, width, channels] = input.shape as [number, number, number, number];
  const [rows, columns, , filters] = filter.shape as [number, number, number, number];
  return { batch, height, width, channels, rows, columns, filters, stride, padding };
}

export const conv2d = (input: Tensor, filter: Tensor, stride = 1, padding: ConvShape['padding'] = 'VALID'): Tensor =>
  operation([input, filter], { stride, padding })[0]!;

/** The shape that the registered rule infers; nothing runs. */
export const inferred = (
  input: readonly number[],
  filter: readonly number[],
  stride: number,
  padding: string,
): readonly number[] =>
  lookupOperator('Conv2D').shape(
    [
      { dtype: 'f32', shape: input },
      { dtype: 'f32', shape: filter },
    ],
    { stride, padding },
  )[0]!.shape;

export const exercise: Exercise = {
  id: '5.6',
  title: { en: 'The registration of an operator', zh: 'core/ops 中 conv 算子；简述算子注册流程' },
  rows: 4,
  show({ print }) {
    const { inputs, attributes } = lookupOperator('Conv2D');
    print(`Conv2D(${inputs.join(', ')}), attributes ${JSON.stringify(attributes)}`);
    for (const padding of ['SAME', 'VALID'])
      print(
        `[1, 224, 224, 3], 7 × 7, stride 2, ${padding}: ${inferred([1, 224, 224, 3], [7, 7, 3, 64], 2, padding).join(' × ')}`,
      );
  },
  async check({ equal, holds, throws }) {
    equal('SAME', inferred([1, 224, 224, 3], [7, 7, 3, 64], 2, 'SAME'), [1, 112, 112, 64]);
    equal('VALID', inferred([1, 224, 224, 3], [7, 7, 3, 64], 2, 'VALID'), [1, 109, 109, 64]);
    const { name, inputs, attributes, shape } = lookupOperator('Conv2D');
    equal(
      'what the registry holds',
      [name, inputs, Object.keys(attributes), typeof shape],
      ['Conv2D', ['input', 'filter'], ['stride', 'padding'], 'function'],
    );
    holds('the kernel for f32 is found', typeof lookupKernel('Conv2D', 'f32') === 'function');
    await throws('the kernel for another type', () => lookupKernel('Conv2D', 'i8'), /SYS-TEN-072/);
    await throws(
      'a second registration',
      () => registerOperator({ name: 'Conv2D', inputs: ['x'], kernels: {} }),
      /SYS-TEN-070/,
    );
    const ones = (...dims: number[]): Tensor =>
      tensor(new Float32Array(dims.reduce((a, b) => a * b)).fill(1), { shape: dims });
    equal(
      '3 × 3 ones by 2 × 2 ones',
      await conv2d(ones(1, 3, 3, 1), ones(2, 2, 1, 1))
        .squeeze()
        .toArray(),
      [
        [4, 4],
        [4, 4],
      ],
    );
  },
};
