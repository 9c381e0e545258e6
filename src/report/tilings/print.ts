/** A tiled loop nest as text: loops over tiles with what is fetched where, and the plain loops within a tile. */
import type { Index, Nest, TensorName, TileLoop } from './nest.ts';

const TENSOR: Readonly<Record<TensorName, { readonly name: string; readonly axes: (nest: Nest) => string }>> = {
  input: {
    name: 'X',
    axes: ({ convolution: c }) => `c0.., ${windowText('h', c.stride[0])}, ${windowText('w', c.stride[1])}`,
  },
  weights: { name: 'W', axes: () => 'o0.., c0.., :, :' },
  output: { name: 'Y', axes: () => 'o0.., h0.., w0..' },
};

const windowText = (index: Index, stride: number): string => (stride === 1 ? `${index}0..` : `${index}0·${stride}..`);

/** Lines of the nest, as it is executed. */
export function nestText(nest: Nest): readonly string[] {
  const lines: string[] = [];
  const { convolution: c, tile, loops } = nest;
  const say = (depth: number, text: string): void => void lines.push(`${'  '.repeat(depth)}${text}`);
  const isSplit = loops.some((l) => l.index === 'c' && l.trips > 1);
  const fetch = (depth: number, tensors: readonly TensorName[]): void => {
    for (const tensor of tensors) {
      const what = `${TENSOR[tensor].name}[${TENSOR[tensor].axes(nest)}]`;
      // Sums of an output tile that is fetched inside the loop over channels were begun before.
      const returns = isSplit && loops.slice(0, depth).some((l) => l.index === 'c' && l.trips > 1);
      if (tensor !== 'output') say(depth, `load ${what}`);
      else say(depth, returns ? `${what} = c0 == 0 ? 0 : load` : `${what} = 0`);
    }
  };
  const finish = (depth: number, tensors: readonly TensorName[]): void => {
    if (tensors.includes('output')) say(depth, `store Y[${TENSOR.output.axes(nest)}]`);
  };
  const walk = (depth: number): void => {
    const loop = loops[depth];
    if (loop === undefined) return inner(depth);
    say(depth, loopText(loop));
    fetch(depth + 1, loop.fetches);
    walk(depth + 1);
    finish(depth + 1, loop.fetches);
  };
  const inner = (depth: number): void => {
    const [kh, kw] = c.kernel;
    say(depth, `for o, c, h, w in the tile (${tile.o}, ${tile.c}, ${tile.h}, ${tile.w}), kh < ${kh}, kw < ${kw}:`);
    const at = (index: Index, stride: number): string =>
      stride === 1 ? `${index} + k${index}` : `${index}·${stride} + k${index}`;
    say(depth + 1, `Y[o, h, w] += W[o, c, kh, kw] · X[c, ${at('h', c.stride[0])}, ${at('w', c.stride[1])}]`);
  };
  fetch(0, nest.before);
  walk(0);
  finish(0, nest.before);
  return lines;
}

const loopText = ({ index, size, step, trips }: TileLoop): string =>
  `for ${index}0 = 0; ${index}0 < ${size}; ${index}0 += ${step}:  # ${trips} ${trips === 1 ? 'tile' : 'tiles'}`;
