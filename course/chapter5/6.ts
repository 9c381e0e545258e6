/**
 * Exercise 5.6: how an operator is registered: name, inputs, attributes, shape rule and kernels. Here Conv2D is, with TensorFlow's layout: NHWC, filters
 * [height, width, inputs, outputs].
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { lookupKernel, lookupOperator, registerOperator, type Signature, type Tensor, tensor } from 'systole/tensor';
import { exact, slip } from '../numberFields.ts';
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

export const exercise = defineExercise({
  id: '5.6',
  title: { en: 'The registration of an operator', zh: 'core/ops 中 conv 算子；简述算子注册流程' },
  asked: {
    en: 'Find the convolution operator in a framework’s core/ops, and describe how an operator is registered. Hand in the numbers `same` and `valid`: the height of the output that the shape function infers for a 224 × 224 input, a 7 × 7 window and stride 2, with SAME and with VALID padding.',
    zh: '找到框架 core/ops 中的卷积算子，并简述算子的注册流程。请提交数值 `same` 与 `valid`：输入 224 × 224、窗口 7 × 7、步长 2 时，形状函数在 SAME 与 VALID 填充下推断的输出高度。',
  },
  explanation: {
    en: `**In TensorFlow** (\`core/ops/nn_ops.cc\`):

1. \`REGISTER_OP("Conv2D").Input(…).Output(…).Attr("strides: list(int)")….SetShapeFn(…)\`: a builder makes an OpDef with the interface and the shape function, and a static initialiser puts it into \`OpRegistry::Global()\` before main begins.
2. \`REGISTER_KERNEL_BUILDER(Name("Conv2D").Device(DEVICE_CPU).TypeConstraint<float>("T"), Conv2DOp)\`: kernels are registered apart, keyed by operator, device and types.
3. Wrappers for Python are generated from the OpDefs when the framework is built.
4. The gradient is registered apart, in Python (exercise 5.5).
5. When a graph is built, the shape function runs; when it is placed and run, the kernel is looked up by (operator, device, types), and a missing one is an error.

**Here** \`registerOperator\` has the parts 1 to 3 in one call and gives back the function to call; \`registerKernel\` adds kernels later; ONNX's operators are one file each. The exercise registers Conv2D and asks the registry.

The shape function is the interesting part, for it runs without data. With stride $s$ and window $k$:
$$\\text{SAME}: \\left\\lceil \\frac{H}{s} \\right\\rceil,\\qquad \\text{VALID}: \\left\\lceil \\frac{H - k + 1}{s} \\right\\rceil.$$

Source: TensorFlow (Apache-2.0), \`core/framework/op.h\`, \`op_kernel.h\`.`,
    zh: `**TensorFlow 中**（\`core/ops/nn_ops.cc\`）：

1. \`REGISTER_OP("Conv2D").Input(…).Output(…).Attr("strides: list(int)")….SetShapeFn(…)\`：构建器生成含接口与形状函数的 OpDef，静态初始化在 main 之前把它放入 \`OpRegistry::Global()\`。
2. \`REGISTER_KERNEL_BUILDER(Name("Conv2D").Device(DEVICE_CPU).TypeConstraint<float>("T"), Conv2DOp)\`：核函数单独注册，键为算子、设备和类型。
3. 编译框架时由 OpDef 生成 Python 包装。
4. 梯度在 Python 中另行注册（习题 5.5）。
5. 建图时运行形状函数；放置与执行时按（算子、设备、类型）查找核函数，查不到即报错。

**本系统中** \`registerOperator\` 一次调用就包含前三步，并返回可调用的函数；\`registerKernel\` 可事后添加核函数；ONNX 算子各占一个文件。本题注册 Conv2D，并查询注册表。

形状函数最值得注意，因为它不需要数据。设步长 $s$、窗口 $k$：
$$\\text{SAME}: \\left\\lceil \\frac{H}{s} \\right\\rceil,\\qquad \\text{VALID}: \\left\\lceil \\frac{H - k + 1}{s} \\right\\rceil$$

出处：TensorFlow（Apache-2.0），\`core/framework/op.h\`、\`op_kernel.h\`。`,
  },
  rows: 4,
  code: [
    {
      path: 'src/tensor/registerOperator.ts',
      words: { en: 'Registering an operator of one’s own', zh: '注册自定义算子' },
    },
    { path: 'src/ops/registry.ts', words: { en: 'The registry of ONNX’s operators', zh: 'ONNX 算子注册表' } },
    { path: 'src/ops/nn/conv.ts', words: { en: 'Conv', zh: 'Conv' } },
  ],
  parameters: {
    size: {
      kind: 'whole',
      words: { en: 'height and width of the input', zh: '输入的高与宽' },
      default: 224,
      least: 1,
      most: 4096,
    },
    kernel: { kind: 'whole', words: { en: 'window', zh: '窗口' }, default: 7, least: 1, most: 63 },
    stride: { kind: 'whole', words: { en: 'stride', zh: '步长' }, default: 2, least: 1, most: 16 },
  },
  show({ print, table }, { size, kernel, stride }) {
    const { inputs, attributes } = lookupOperator('Conv2D');
    print({
      en: `Conv2D(${inputs.join(', ')}), attributes ${JSON.stringify(attributes)}`,
      zh: `Conv2D(${inputs.join(', ')})，属性 ${JSON.stringify(attributes)}`,
    });
    table(
      [
        { en: 'padding', zh: '填充' },
        { en: 'input', zh: '输入' },
        { en: 'filters', zh: '卷积核' },
        { en: 'stride', zh: '步长' },
        { en: 'output, inferred', zh: '推断的输出' },
      ],
      ['SAME', 'VALID'].map((padding) => [
        padding,
        `1 × ${size} × ${size} × 3`,
        `${kernel} × ${kernel} × 3 × 64`,
        stride,
        inferred([1, size, size, 3], [kernel, kernel, 3, 64], stride, padding).join(' × '),
      ]),
    );
  },
  async check(check) {
    check.row(1).equal('SAME', inferred([1, 224, 224, 3], [7, 7, 3, 64], 2, 'SAME'), [1, 112, 112, 64]);
    check.row(2).equal('VALID', inferred([1, 224, 224, 3], [7, 7, 3, 64], 2, 'VALID'), [1, 109, 109, 64]);
    const { name, inputs, attributes, shape } = lookupOperator('Conv2D');
    check
      .row(4)
      .equal(
        'what the registry holds',
        [name, inputs, Object.keys(attributes), typeof shape],
        ['Conv2D', ['input', 'filter'], ['stride', 'padding'], 'function'],
      );
    check.holds('the kernel for f32 is found', typeof lookupKernel('Conv2D', 'f32') === 'function');
    await check.row(3).throws('the kernel for another type', () => lookupKernel('Conv2D', 'i8'), /SYS-TEN-072/);
    await check.throws(
      'a second registration',
      () => registerOperator({ name: 'Conv2D', inputs: ['x'], kernels: {} }),
      /SYS-TEN-070/,
    );
    const ones = (...dims: number[]): Tensor =>
      tensor(new Float32Array(dims.reduce((a, b) => a * b)).fill(1), { shape: dims });
    check.equal(
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
  judge: (submission, { size, kernel, stride }) =>
    judgeNumbers(
      submission,
      (['SAME', 'VALID'] as const).map((padding) => {
        const heightOf = (of: string): number => inferred([1, size, size, 3], [kernel, kernel, 3, 64], stride, of)[1]!;
        const other = padding === 'SAME' ? 'VALID' : 'SAME';
        const slips =
          heightOf(other) === heightOf(padding)
            ? []
            : [slip(heightOf(other), `that is ${other}`, `那是 ${other} 的结果`)];
        return exact(
          padding.toLowerCase(),
          `height of the output with ${padding}`,
          `${padding} 时的输出高度`,
          heightOf(padding),
          slips,
        );
      }),
    ),
});
