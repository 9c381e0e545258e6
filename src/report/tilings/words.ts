/**
 * Words that a tiling moves, in closed form: a tensor's tile is fetched in each round of the loops down to the innermost one that says
 * which tile it is, so that all of the tensor moves once for every trip of the other loops among these. With no = ⌈Cout ÷ To⌉ and so on,
 * A = Cin·Σ((th − 1)·s + k)·Σ((tw − 1)·s + k) over tiles (halos and padding included) that is, where each loop has several trips,
 *
 *   output-stationary   input no·A   weights Cout·Cin·k²·nh·nw   output Y
 *   weight-stationary   input no·A   weights Cout·Cin·k²         output Y·(2·nc − 1)
 *   input-stationary    input A      weights Cout·Cin·k²·nh·nw   output Y·(2·nc − 1)
 *
 * Outputs that come back for further partial sums are read once more for each time but the first.
 */
import { type Convolution, INDEXED_BY, type Nest, sizesOf, type TensorName, type Tile } from './nest.ts';

export type TilingWords = Readonly<Record<TensorName | 'total', number>>;

export function tilingWords(nest: Nest): TilingWords {
  const { convolution: c, tile } = nest;
  const { kernel } = c;
  const input =
    c.channels *
    halos(c.output[0], tile.h, kernel[0], c.stride[0]) *
    halos(c.output[1], tile.w, kernel[1], c.stride[1]);
  const weights = c.filters * c.channels * kernel[0] * kernel[1];
  const output = c.filters * c.output[0] * c.output[1];
  const words = {
    input: rounds(nest, 'input') * input,
    weights: rounds(nest, 'weights') * weights,
    output: (2 * rounds(nest, 'output') - 1) * output,
  };
  return { ...words, total: words.input + words.weights + words.output };
}

/** How often all of a tensor moves. */
function rounds({ loops }: Nest, tensor: TensorName): number {
  const depth = loops.findIndex((loop) => loop.fetches.includes(tensor));
  return loops
    .slice(0, depth + 1)
    .filter(({ index }) => !INDEXED_BY[tensor].includes(index))
    .reduce((n, { trips }) => n * trips, 1);
}

/** Rows (columns) of the input that the tiles of an output read, each tile by itself. */
function halos(size: number, step: number, kernel: number, stride: number): number {
  let sum = 0;
  for (let at = 0; at < size; at += step) sum += (Math.min(step, size - at) - 1) * stride + kernel;
  return sum;
}

/** Each word once: the padded input, the weights, the output. */
export function leastWords(c: Convolution): number {
  const [height, width] = ([0, 1] as const).map((axis) => (c.output[axis] - 1) * c.stride[axis] + c.kernel[axis]);
  const weights = c.filters * c.channels * c.kernel[0] * c.kernel[1];
  return c.channels * height! * width! + weights + c.filters * c.output[0] * c.output[1];
}

/** Words of one tile of each tensor, which is what lies on the chip at once. */
export function tileBufferWords(c: Convolution, tile: Tile): number {
  const whole = sizesOf(c);
  const t = { o: Math.min(tile.o, whole.o), c: Math.min(tile.c, whole.c) };
  const rows = (tile.h - 1) * c.stride[0] + c.kernel[0];
  const columns = (tile.w - 1) * c.stride[1] + c.kernel[1];
  return t.c * rows * columns + t.o * t.c * c.kernel[0] * c.kernel[1] + t.o * tile.h * tile.w;
}
