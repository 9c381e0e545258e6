/** Tilings as a schema. */
import * as z from 'zod';
import { analytic } from '../analytic/schema.ts';
import { count, fields } from '../jsonFields.ts';
import { type Convolution, ORDER_NAMES, type Tile } from './nest.ts';
import type { TilingOfOrder, TilingReport } from './tilings.ts';
import type { TilingWords } from './words.ts';

const words = fields<TilingWords>()({ input: count, weights: count, output: count, total: count });
const pair = z.tuple([count, count]);

export const tilingSchema = fields<TilingReport & { analytic: true; network: string }>()({
  analytic,
  network: z.string(),
  layer: z.string(),
  groups: count,
  convolution: fields<Convolution>()({ filters: count, channels: count, output: pair, kernel: pair, stride: pair }),
  tile: fields<Tile>()({ o: count, c: count, h: count, w: count }),
  tileBuffer: count.describe('words of a tile of each tensor'),
  least: count.describe('each word once, the input padded'),
  orders: z.array(
    fields<TilingOfOrder>()({
      order: z.enum(ORDER_NAMES as readonly [TilingOfOrder['order'], ...TilingOfOrder['order'][]]),
      words: words.describe('by closed form'),
      counted: words.nullable().describe('as the loops counted them; null where they have over a million tiles'),
      tiles: count,
      nest: z.array(z.string()),
    }),
  ),
});
