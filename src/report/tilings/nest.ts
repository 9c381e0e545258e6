/**
 * A convolution as six loops, and blocked into tiles that stay on the chip; exercise 6.11. Plain:
 *
 *   for o, c, h, w, kh, kw:  Y[o, h, w] += W[o, c, kh, kw] · X[c, h·s + kh, w·s + kw]
 *
 * with X padded. A tiling takes To filters, Tc channels and Th × Tw outputs at a time, one tile of each tensor being resident, and differs
 * by the order of the loops over tiles:
 *
 *   output-stationary   o, h, w, c   an output tile is finished before the next begins
 *   weight-stationary   o, c, h, w   a tile of weights meets the whole image, partial sums go out and come back
 *   input-stationary    h, w, c, o   an input tile meets all filters
 *
 * A nest is data: what is printed is what is executed (`execute.ts`) and what the closed forms (`words.ts`) are of.
 */
import { diagnostic } from '#base';

/** Sizes of one convolution without groups; padding is part of the input. */
export interface Convolution {
  readonly filters: number;
  readonly channels: number;
  readonly output: readonly [height: number, width: number];
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
}

/** Loops over tiles, by the letter of their index. */
export const INDICES = ['o', 'c', 'h', 'w'] as const;
export type Index = (typeof INDICES)[number];

/** Elements of each index that a tile has. */
export type Tile = Readonly<Record<Index, number>>;

export const ORDERS = {
  'output-stationary': ['o', 'h', 'w', 'c'],
  'weight-stationary': ['o', 'c', 'h', 'w'],
  'input-stationary': ['h', 'w', 'c', 'o'],
} as const satisfies Record<string, readonly Index[]>;
export type Order = keyof typeof ORDERS;
export const ORDER_NAMES = Object.keys(ORDERS) as readonly Order[];

export const TENSORS = ['input', 'weights', 'output'] as const;
export type TensorName = (typeof TENSORS)[number];

/** Indices that say which tile of a tensor is meant. */
export const INDEXED_BY: Readonly<Record<TensorName, readonly Index[]>> = {
  input: ['c', 'h', 'w'],
  weights: ['o', 'c'],
  output: ['o', 'h', 'w'],
};

export interface TileLoop {
  readonly index: Index;
  readonly size: number;
  readonly step: number;
  /** Tiles along it. */
  readonly trips: number;
  /** Tensors whose tile is fetched in its body, since no loop further in says which one. */
  readonly fetches: readonly TensorName[];
}

export interface Nest {
  readonly convolution: Convolution;
  readonly tile: Tile;
  readonly order: Order;
  /** Outermost first. */
  readonly loops: readonly TileLoop[];
  /** What is fetched once, before all loops. */
  readonly before: readonly TensorName[];
}

const wrongTile = diagnostic<{ index: Index; found: number; size: number }>('SYS-REPORT-010', 'usage', {
  en: (p) =>
    `a tile has ${p.found} along ${p.index}, and the layer ${p.size}: a tile is To,Tc,Th,Tw (filters, channels, rows and columns of the output), each from 1 to the layer's size`,
  zh: (p) =>
    `块在 ${p.index} 方向为 ${p.found}，而该层为 ${p.size}：块的形式为 To,Tc,Th,Tw（输出通道、输入通道、输出行、输出列），各为 1 到该层的大小`,
});

export const sizesOf = ({ filters, channels, output }: Convolution): Tile => ({
  o: filters,
  c: channels,
  h: output[0],
  w: output[1],
});

/** @throws SYS-REPORT-010 a tile that is not within the layer */
export function nestOf(convolution: Convolution, tile: Tile, order: Order): Nest {
  const sizes = sizesOf(convolution);
  for (const index of INDICES) {
    const [found, size] = [tile[index], sizes[index]];
    if (!Number.isInteger(found) || found < 1 || found > size) throw wrongTile({ index, found, size });
  }
  const indices: readonly Index[] = ORDERS[order];
  const trips = (index: Index): number => Math.ceil(sizes[index] / tile[index]);
  /** The innermost loop with more than one trip that says which tile it is; −1: there is one tile. */
  const placeOf = (tensor: TensorName): number =>
    indices.findLastIndex((index) => trips(index) > 1 && INDEXED_BY[tensor].includes(index));
  return {
    ...{ convolution, tile, order },
    loops: indices.map((index, depth) => ({
      ...{ index, size: sizes[index], step: tile[index], trips: trips(index) },
      fetches: TENSORS.filter((tensor) => placeOf(tensor) === depth),
    })),
    before: TENSORS.filter((tensor) => placeOf(tensor) === -1),
  };
}
