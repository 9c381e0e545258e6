/** The object of `systole summary --json` as a schema. */
import * as z from 'zod';
import { DATA_TYPES } from '#ir';
import { count, fields, real } from '../jsonFields.ts';
import { CONVENTIONS, type Counted } from './conventions.ts';
import { type Amounts, LAYER_KINDS, type Summary, type SummaryLayer, type Weight } from './summary.ts';

const dims = z.array(z.union([count, z.string(), z.null()])).describe('names of open sizes; null: not known');

const amounts = {
  parameters: count.describe('without running statistics'),
  statistics: count.describe('running mean and variance of BatchNormalization'),
  neurons: count.describe('output elements of convolutions and products'),
  macs: count,
  multiplications: count,
  additions: count,
  comparisons: count,
  exponentials: count,
  divisions: count,
  powers: count,
  otherFunctions: count.describe('√, logarithm, tanh, erf, sine, cosine'),
  transcendentals: count.describe('exponentials, divisions, powers and other functions together'),
  bytes: count.describe('each input and output of a node once, weights included'),
};

const { parameters, statistics, ...work } = amounts;
const open = Object.fromEntries(Object.entries(work).map(([key, schema]) => [key, schema.nullable()])) as {
  [K in keyof typeof work]: z.ZodNullable<(typeof work)[K]>;
};

const layer = fields<SummaryLayer>()({
  name: z.string(),
  op: z.string(),
  kind: z.enum(LAYER_KINDS),
  outputShape: dims.nullable().describe('null: not even the rank is known'),
  ...{ parameters, statistics },
  ...open,
  weights: z.array(
    fields<Weight>()({
      ...{ name: z.string(), elements: count, dtype: z.enum(DATA_TYPES) },
      kind: z.enum(['weight', 'bias', 'statistic']),
    }),
  ),
});

const each = fields<Amounts>()(amounts);

const memory = fields<NonNullable<Counted['memory']>>()({
  ...{ megabyte: count, inputs: count, passes: count, passElements: count, parameters: count, total: count },
});

export const summarySchema = fields<Summary & { readonly counted: Counted | null }>()({
  model: z.string(),
  inputs: z.array(z.strictObject({ name: z.string(), dtype: z.string(), shape: dims.nullable() })),
  layers: z.array(layer),
  totals: fields<Summary['totals']>()({
    ...amounts,
    kinds: z.strictObject({ convolution: each, product: each, other: each }),
    inputElements: count,
    parameterBytes: z.number(),
    trainable: count,
    intensity: real.nullable().describe('multiplications and additions a byte'),
    unknown: count.describe('layers whose work is not known, and not in the totals'),
  }),
  counted: fields<Counted>()({
    convention: z.enum(CONVENTIONS),
    layers: z.array(count.nullable()),
    total: count,
    memory: memory.nullable(),
  })
    .nullable()
    .describe('by another convention (--convention)'),
});
