/** The tilings of a layer side by side: words by closed form, and as the loops count them. */

import { internalError } from '#base';
import { tileSteps } from './execute.ts';
import { type Convolution, type Nest, nestOf, ORDER_NAMES, type Order, type Tile } from './nest.ts';
import type { TiledLayer } from './ofLayer.ts';
import { nestText } from './print.ts';
import { leastWords, type TilingWords, tileBufferWords, tilingWords } from './words.ts';

export interface TilingOfOrder {
  readonly order: Order;
  /** Of all groups. */
  readonly words: TilingWords;
  /** What the loops counted when they were walked, of all groups; null where they have over a million tiles. */
  readonly counted: TilingWords | null;
  readonly tiles: number;
  readonly nest: readonly string[];
}

export interface TilingReport {
  readonly layer: string;
  readonly groups: number;
  readonly convolution: Convolution;
  readonly tile: Tile;
  /** Words of a tile of each tensor. */
  readonly tileBuffer: number;
  /** Each word of all groups once, the input padded. */
  readonly least: number;
  readonly orders: readonly TilingOfOrder[];
}

/** Tiles that are walked to count their words. */
const MOST_WALKED = 1_000_000;

function countedWords(nest: Nest): TilingWords {
  const counted = { input: 0, weights: 0, output: 0, total: 0 };
  for (const { moved } of tileSteps(nest)) {
    for (const key of ['input', 'weights', 'output', 'total'] as const) counted[key] += moved[key];
  }
  return counted;
}

/** @throws SYS-REPORT-010 a tile that is not within the layer */
export function tilingReport({ name, groups, convolution }: TiledLayer, tile: Tile): TilingReport {
  const times = (w: TilingWords): TilingWords => ({
    input: groups * w.input,
    weights: groups * w.weights,
    output: groups * w.output,
    total: groups * w.total,
  });
  return {
    layer: name,
    ...{ groups, convolution, tile },
    tileBuffer: tileBufferWords(convolution, tile),
    least: groups * leastWords(convolution),
    orders: ORDER_NAMES.map((order): TilingOfOrder => {
      const nest = nestOf(convolution, tile, order);
      const tiles = nest.loops.reduce((n, { trips }) => n * trips, 1);
      const counted = tiles > MOST_WALKED ? null : times(countedWords(nest));
      const words = times(tilingWords(nest));
      if (counted !== null && counted.total !== words.total) {
        throw internalError({ what: `${order} moves ${counted.total} words, and its closed form says ${words.total}` });
      }
      return { order, words, counted, tiles: groups * tiles, nest: nestText(nest) };
    }),
  };
}
