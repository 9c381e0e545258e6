/** The object of `systole scalesim --json` as a schema. */
import * as z from 'zod';
import { count, fields, real } from '../jsonFields.ts';
import type { ArrayDesign } from './arrayFolds.ts';
import type { LayerUse, SparseUse, SramUse } from './layerUse.ts';

const sram = fields<SramUse>()({ start: z.number(), stop: z.number(), words: count });
const dram = z.strictObject({ start: z.number(), stop: z.number(), words: count });
const ofEach = <T extends z.ZodType>(use: T) => z.strictObject({ ifmap: use, filter: use, ofmap: use });

const layer = fields<LayerUse>()({
  name: z.string(),
  cyclesWithPrefetch: count.describe('from the first load before cycle 0 to the last word in DRAM'),
  cycles: count.describe('of the array, stalls included'),
  ...{ stalls: count, utilisation: real, mapping: real, computeUtilisation: real },
  sram: ofEach(sram),
  dram: ofEach(dram),
  sparse: fields<SparseUse>()({
    representation: z.enum(['ellpack_block', 'csr', 'csc']),
    ...{ dense: z.number(), stored: z.number(), metadata: z.number() },
  }).optional(),
});

export const scaleSimSchema = z.strictObject({
  run: z.string(),
  array: fields<ArrayDesign>()({
    ...{ rows: count, columns: count },
    dataflow: z.enum(['weight-stationary', 'output-stationary', 'input-stationary']),
    ...{ ifmapWords: count, filterWords: count, ofmapWords: count },
    bandwidth: z.number().nullable().describe('words a cycle; null: as wide as the array needs'),
  }),
  leftOut: z.array(z.string()).describe('settings that were not followed'),
  files: z.array(z.string()),
  layers: z.array(layer),
});
