/**
 * Executes a tiled convolution over integers and counts the words that cross between memory and chip, as its loops do: a tile is fetched
 * where the nest says so, unless it is the one that is there already; an output tile that was begun before comes back first.
 */
import { type Convolution, INDEXED_BY, INDICES, type Index, type Nest, TENSORS, type TensorName } from './nest.ts';
import type { TilingWords } from './words.ts';

/** A tile: where it begins and ends along each index, and its number along it. */
export type TileAt = Readonly<Record<Index, { readonly from: number; readonly to: number; readonly number: number }>>;

export interface TileStep {
  readonly at: TileAt;
  /** Words that cross for it before it is computed; what leaves is in the step in which its place is taken. */
  readonly moved: TilingWords;
}

/** The tiles in the order of the nest, and what moves for each; the last step has moved the outputs that are left, too. */
export function* tileSteps(nest: Nest): Generator<TileStep> {
  const resident: Partial<Record<TensorName, string>> = {};
  const begun = new Set<string>();
  let leaving = 0;
  let pending: TileStep | undefined;
  for (const at of tilesOf(nest)) {
    const moved = { input: 0, weights: 0, output: 0 };
    for (const tensor of TENSORS) {
      const key = INDEXED_BY[tensor].map((index) => at[index].number).join();
      if (resident[tensor] === key) continue;
      const words = wordsOf(nest.convolution, at, tensor);
      if (tensor !== 'output') moved[tensor] += words;
      else {
        // What was there goes out; what was begun comes back.
        moved.output += leaving + (begun.has(key) ? words : 0);
        begun.add(key);
        leaving = words;
      }
      resident[tensor] = key;
    }
    if (pending !== undefined) yield pending;
    pending = { at, moved: totalled(moved) };
  }
  if (pending === undefined) return;
  const { input, weights, output } = pending.moved;
  yield { ...pending, moved: totalled({ input, weights, output: output + leaving }) };
}

const totalled = (moved: Record<TensorName, number>): TilingWords => ({
  ...moved,
  total: moved.input + moved.weights + moved.output,
});

function* tilesOf({ loops }: Nest): Generator<TileAt> {
  const walk = function* (depth: number, at: Partial<TileAt>): Generator<TileAt> {
    const loop = loops[depth];
    if (loop === undefined) return yield at as TileAt;
    for (let number = 0; number < loop.trips; number++) {
      const from = number * loop.step;
      const to = Math.min(loop.size, from + loop.step);
      yield* walk(depth + 1, { ...at, [loop.index]: { from, to, number } });
    }
  };
  yield* walk(0, {});
}

function wordsOf({ kernel, stride }: Convolution, at: TileAt, tensor: TensorName): number {
  const length = (index: Index): number => at[index].to - at[index].from;
  switch (tensor) {
    case 'input': {
      const rows = (length('h') - 1) * stride[0] + kernel[0];
      return length('c') * rows * ((length('w') - 1) * stride[1] + kernel[1]);
    }
    case 'weights':
      return length('o') * length('c') * kernel[0] * kernel[1];
    case 'output':
      return length('o') * length('h') * length('w');
  }
}

export interface Executed {
  readonly output: Int32Array;
  readonly words: TilingWords;
  readonly macs: number;
  readonly tiles: number;
}

/** Padded input C × H × W, weights Cout × Cin × Kh × Kw, as rows. */
export interface ConvolutionData {
  readonly input: Int32Array;
  readonly weights: Int32Array;
}

/** Computes the layer tile by tile. Sums wrap around at 32 bits, in any order alike. */
export function executeNest(nest: Nest, data: ConvolutionData): Executed {
  const { convolution: c } = nest;
  const output = new Int32Array(c.filters * c.output[0] * c.output[1]);
  const words = { input: 0, weights: 0, output: 0 };
  let [macs, tiles] = [0, 0];
  for (const { at, moved } of tileSteps(nest)) {
    for (const tensor of TENSORS) words[tensor] += moved[tensor];
    macs += accumulate(c, data, output, at);
    tiles++;
  }
  return { output, words: totalled(words), macs, tiles };
}

/** The six plain loops over one tile, or over all of the layer. */
function accumulate(c: Convolution, { input, weights }: ConvolutionData, output: Int32Array, at: TileAt): number {
  const [[height, width], [kh, kw], [sh, sw]] = [c.output, c.kernel, c.stride];
  const [rows, columns] = [(height - 1) * sh + kh, (width - 1) * sw + kw];
  let macs = 0;
  for (let o = at.o.from; o < at.o.to; o++)
    for (let channel = at.c.from; channel < at.c.to; channel++)
      for (let h = at.h.from; h < at.h.to; h++)
        for (let w = at.w.from; w < at.w.to; w++) {
          let sum = output[(o * height + h) * width + w]!;
          for (let y = 0; y < kh; y++)
            for (let x = 0; x < kw; x++) {
              const factor = weights[((o * c.channels + channel) * kh + y) * kw + x]!;
              sum += Math.imul(factor, input[(channel * rows + h * sh + y) * columns + w * sw + x]!);
            }
          macs += kh * kw;
          output[(o * height + h) * width + w] = sum;
        }
  return macs;
}

/** The same without tiles: what every tiling must give. */
export function executePlain(c: Convolution, data: ConvolutionData): Int32Array {
  const output = new Int32Array(c.filters * c.output[0] * c.output[1]);
  const all = (to: number) => ({ from: 0, to, number: 0 });
  const sizes: Record<Index, number> = { o: c.filters, c: c.channels, h: c.output[0], w: c.output[1] };
  accumulate(c, data, output, Object.fromEntries(INDICES.map((i) => [i, all(sizes[i])])) as unknown as TileAt);
  return output;
}
