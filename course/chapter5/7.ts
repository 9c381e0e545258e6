/**
 * Exercise 5.7: how a convolution is computed on a CPU: three ways and a dispatcher that says which it takes. Layout: input [batch, height, width,
 * channels], filters [rows, columns, channels, filters].
 */
import { Random } from 'systole/base';
import { defineExercise } from 'systole/course';

export interface ConvShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly filters: number;
  readonly stride: number;
  readonly padding: 'SAME' | 'VALID';
}

export type Path = 'empty' | 'matmul' | 'im2col';

/** TensorFlow's: SAME gives ⌈size ÷ stride⌉, VALID what fits. */
export const outputSize = (size: number, kernel: number, stride: number, padding: ConvShape['padding']): number =>
  padding === 'SAME' ? Math.ceil(size / stride) : Math.max(0, Math.ceil((size - kernel + 1) / stride));

/** Rows of zeros before the first, SAME: half of what is missing, the odd one behind. */
const before = (size: number, kernel: number, stride: number, padding: ConvShape['padding']): number =>
  padding === 'VALID' ? 0 : Math.floor(Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size) / 2);

function geometry({ height, width, rows, columns, stride, padding }: ConvShape) {
  return {
    down: outputSize(height, rows, stride, padding),
    across: outputSize(width, columns, stride, padding),
    top: before(height, rows, stride, padding),
    left: before(width, columns, stride, padding),
  };
}

/** C [m, n] = A [m, k] · B [k, n]. */
export function matmul(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float32Array {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += factor * b[l * n + j]!;
    }
  }
  return c;
}

/** Each window as a row: [batch · down · across, rows · columns · channels]. */
export function im2col(input: Float32Array, shape: ConvShape): Float32Array {
  const { batch, height, width, channels, rows, columns, stride } = shape;
  const { down, across, top, left } = geometry(shape);
  const matrix = new Float32Array(batch * down * across * rows * columns * channels);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        for (let row = y * stride - top; row < y * stride - top + rows; row++) {
          for (let column = x * stride - left; column < x * stride - left + columns; column++, at += channels) {
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            const from = ((image * height + row) * width + column) * channels;
            matrix.set(input.subarray(from, from + channels), at);
          }
        }
      }
    }
  }
  return matrix;
}

/** Loop by loop. */
export function direct(input: Float32Array, filter: Float32Array, shape: ConvShape): Float32Array {
  const { batch, height, width, channels, rows, columns, filters, stride } = shape;
  const { down, across, top, left } = geometry(shape);
  const output = new Float32Array(batch * down * across * filters);
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        for (let f = 0; f < filters; f++) {
          let sum = 0;
          for (let r = 0; r < rows; r++) {
            for (let s = 0; s < columns; s++) {
              const [row, column] = [y * stride - top + r, x * stride - left + s];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              for (let c = 0; c < channels; c++) {
                sum +=
                  input[((image * height + row) * width + column) * channels + c]! *
                  filter[((r * columns + s) * channels + c) * filters + f]!;
              }
            }
          }
          output[((image * down + y) * across + x) * filters + f] = sum;
        }
      }
    }
  }
  return output;
}

/** The dispatcher: which way it went stands in `path`. */
export function convolve(
  input: Float32Array,
  filter: Float32Array,
  shape: ConvShape,
): { readonly values: Float32Array; readonly path: Path } {
  const { batch, channels, rows, columns, filters, stride } = shape;
  const { down, across } = geometry(shape);
  const pixels = batch * down * across;
  if (pixels * filters === 0) return { values: new Float32Array(0), path: 'empty' };
  if (rows === 1 && columns === 1 && stride === 1) {
    return { values: matmul(input, filter, pixels, channels, filters), path: 'matmul' };
  }
  const inner = rows * columns * channels;
  return { values: matmul(im2col(input, shape), filter, pixels, inner, filters), path: 'im2col' };
}

/** A convolution of whole numbers, whose sums are exact in any order. */
export function randomCase(random: Random): {
  readonly input: Float32Array;
  readonly filter: Float32Array;
  readonly shape: ConvShape;
} {
  const [rows, columns] = [random.integer(1, 4), random.integer(1, 4)];
  const shape: ConvShape = {
    batch: random.integer(1, 2),
    height: rows + random.integer(0, 6),
    width: columns + random.integer(0, 6),
    channels: random.integer(1, 4),
    rows,
    columns,
    filters: random.integer(1, 5),
    stride: random.integer(1, 3),
    padding: random.pick(['SAME', 'VALID']),
  };
  const draw = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.integer(-8, 8));
  const { batch, height, width, channels, filters } = shape;
  return { input: draw(batch * height * width * channels), filter: draw(rows * columns * channels * filters), shape };
}

const ONES = {
  batch: 1,
  height: 3,
  width: 3,
  channels: 1,
  rows: 2,
  columns: 2,
  filters: 1,
  stride: 1,
  padding: 'VALID',
} as const;
const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

export const exercise = defineExercise({
  id: '5.7',
  title: { en: 'How a convolution is computed', zh: 'core/kernel 中 conv 的具体实现' },
  asked: {
    en: 'How is convolution implemented in a framework’s core/kernels?',
    zh: '框架 core/kernels 中的卷积是如何实现的？',
  },
  explanation: {
    en: `TensorFlow's \`Conv2DOp::Compute\` (\`core/kernels/conv_ops.cc\`) goes through these steps:

1. **Check** attributes, and work out dimensions and padding.
2. **Allocate** the output; where it is empty, return at once.
3. **Special kernels**, where built in (oneDNN, earlier LIBXSMM and DeepConv2D).
4. **Launch**. On a CPU a $1 \\times 1$ window of stride 1 is a matrix product as it stands, and so is a window as large as the input. All else is Eigen's \`SpatialConvolution\`: windows are laid out as the columns or rows of a matrix (im2col, in
packets and without storing all of it) and multiplied. On a GPU cuDNN, whose algorithm is chosen by trying.

The idea behind is that the seven loops of a convolution have a bad inner loop, and a matrix product has the one that processors do best:
$$\\underbrace{Y}_{BH_oW_o \\times F} = \\underbrace{\\text{im2col}(X)}_{BH_oW_o \\times k_h k_w C} \\cdot \\underbrace{W}_{k_h k_w C \\times F},$$
at the price of $k_h k_w / s^2$ times the input's words.

The program has the direct loops, im2col with a product, and the $1 \\times 1$ case as a product. A dispatcher takes one and says which. On whole numbers sums are exact in any order, so the ways must agree to the last bit.

Sources: TensorFlow (Apache-2.0), \`conv_ops.cc\`; K. Chellapilla, S. Puri, P. Simard, *High performance convolutional neural networks for document processing*, 2006 (im2col).`,
    zh: `TensorFlow 的 \`Conv2DOp::Compute\`（\`core/kernels/conv_ops.cc\`）依次为：

1. **检查**属性，计算各维大小与填充。
2. **分配**输出；若输出为空，立即返回。
3. **专用核函数**（若编入）：oneDNN，早期还有 LIBXSMM 与 DeepConv2D。
4. **启动**。在 CPU 上，步长为 1 的 $1 \\times 1$ 窗口本身就是矩阵乘，窗口与输入一样大时也是；其余由 Eigen 的 \`SpatialConvolution\` 完成：把窗口排成矩阵的行或列（im2col，按小块进行，不存下整个矩阵）再相乘。在 GPU 上调用 cuDNN，算法通过试跑选定。

其思想是：卷积七重循环的最内层并不好，而矩阵乘的最内层正是处理器最擅长的：
$$\\underbrace{Y}_{BH_oW_o \\times F} = \\underbrace{\\text{im2col}(X)}_{BH_oW_o \\times k_h k_w C} \\cdot \\underbrace{W}_{k_h k_w C \\times F}$$
代价是输入字数膨胀为 $k_h k_w / s^2$ 倍。

程序中有直接循环、im2col 加矩阵乘、$1 \\times 1$ 直接作矩阵乘三条路径，由派发器选择并说明走了哪一条。用整数数据时，任何次序的和都精确，因此各路径必须逐位相同。

出处：TensorFlow（Apache-2.0），\`conv_ops.cc\`；K. Chellapilla、S. Puri、P. Simard，*High performance convolutional neural networks for document processing*，2006（im2col）。`,
  },
  rows: 4,
  answeredBy: 'survey',
  code: [
    {
      path: 'src/ops/nn/conv.ts',
      words: { en: 'Conv: shapes, reference, gradient', zh: 'Conv：形状、参考实现、梯度' },
    },
    { path: 'src/lower/im2col/unfold.ts', words: { en: 'im2col on the processor', zh: '处理器上的 im2col' } },
  ],
  parameters: {
    cases: {
      kind: 'whole',
      words: { en: 'random convolutions', zh: '随机卷积的个数' },
      default: 6,
      least: 1,
      most: 100,
    },
    seed: { kind: 'whole', words: { en: 'seed', zh: '随机种子' }, default: 1, least: 0, most: 1e9 },
  },
  show({ table }, { cases, seed }) {
    const random = new Random(seed);
    table(
      [
        { en: 'input', zh: '输入' },
        { en: 'filters', zh: '卷积核' },
        { en: 'stride', zh: '步长' },
        { en: 'padding', zh: '填充' },
        { en: 'way', zh: '路径' },
        { en: 'and the direct loops', zh: '与直接循环' },
      ],
      Array.from({ length: cases }, () => {
        const { input, filter, shape } = randomCase(random);
        const { height, width, channels, rows, columns, filters, stride, padding } = shape;
        const { values, path } = convolve(input, filter, shape);
        return [
          `${height} × ${width} × ${channels}`,
          `${filters} × ${rows} × ${columns}`,
          stride,
          padding,
          path,
          `${values}` === `${direct(input, filter, shape)}` ? '=' : '≠',
        ];
      }),
    );
  },
  check(check) {
    check.row(1).equal('3 × 3 ones by 2 × 2 ones', [...convolve(ones(9), ones(4), ONES).values], [4, 4, 4, 4]);
    const random = new Random(7);
    let differing = 0;
    for (let i = 0; i < 20; i++) {
      const { input, filter, shape } = randomCase(random);
      if (`${convolve(input, filter, shape).values}` !== `${direct(input, filter, shape)}`) differing++;
    }
    check.row(2).equal('of 20 random cases, those that differ from the direct loops', differing, 0);
    const pointwise = { ...ONES, rows: 1, columns: 1 };
    check.row(3).equal('1 × 1, stride 1', convolve(ones(9), ones(1), pointwise).path, 'matmul');
    check.row(3).equal('1 × 1, stride 2', convolve(ones(9), ones(1), { ...pointwise, stride: 2 }).path, 'im2col');
    check.row(3).equal('2 × 2', convolve(ones(9), ones(4), ONES).path, 'im2col');
    check
      .row(4)
      .equal('a window larger than the picture', convolve(ones(9), ones(16), { ...ONES, rows: 4, columns: 4 }), {
        values: new Float32Array(0),
        path: 'empty',
      });
  },
});
