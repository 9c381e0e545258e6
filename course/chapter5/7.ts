/**
 * Exercise 5.7: how a convolution is computed on a CPU. TensorFlow's Conv2DOp checks attributes, works out the dimensions, allocates the output,
 * returns at once where it is empty, and picks a way: a 1 × 1 window of stride 1 is a matrix product as it stands; otherwise windows are
 * laid out as the rows of a matrix (im2col), which multiplies the filters. Both end in the one loop that processors do best. The direct
 * loops are there to compare. Layout: input [batch, height, width, channels], filters [rows, columns, channels, filters].
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';

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

export const exercise: Exercise = {
  id: '5.7',
  title: { en: 'How a convolution is computed', zh: 'core/kernel 中 conv 的具体实现' },
  rows: 4,
  show({ print }) {
    const random = new Random(1);
    for (let i = 0; i < 5; i++) {
      const { input, filter, shape } = randomCase(random);
      const { height, width, channels, rows, columns, filters, stride, padding } = shape;
      print(
        `${height} × ${width} × ${channels}, ${filters} filters of ${rows} × ${columns}, stride ${stride}, ${padding}: ${convolve(input, filter, shape).path}`,
      );
    }
  },
  check({ equal }) {
    equal('3 × 3 ones by 2 × 2 ones', [...convolve(ones(9), ones(4), ONES).values], [4, 4, 4, 4]);
    const random = new Random(7);
    let differing = 0;
    for (let i = 0; i < 20; i++) {
      const { input, filter, shape } = randomCase(random);
      if (`${convolve(input, filter, shape).values}` !== `${direct(input, filter, shape)}`) differing++;
    }
    equal('of 20 random cases, those that differ from the direct loops', differing, 0);
    const pointwise = { ...ONES, rows: 1, columns: 1 };
    equal('1 × 1, stride 1', convolve(ones(9), ones(1), pointwise).path, 'matmul');
    equal('1 × 1, stride 2', convolve(ones(9), ones(1), { ...pointwise, stride: 2 }).path, 'im2col');
    equal('2 × 2', convolve(ones(9), ones(4), ONES).path, 'im2col');
    equal('a window larger than the picture', convolve(ones(9), ones(16), { ...ONES, rows: 4, columns: 4 }), {
      values: new Float32Array(0),
      path: 'empty',
    });
  },
};
