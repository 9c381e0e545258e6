/** Fields that several answers share. */
import * as z from 'zod';
import type { Comparison, ModelAmounts, OutputChange } from '#flow';
import { count, fields, real } from '#report';

/** How weights of a network by name were drawn; absent where it brought its own. */
export const weights = z.string().optional().describe('how weights were drawn; absent where the model brings its own');

/** Of `explain`, `compile`: a node that the host runs. */
export const hostReason = z.strictObject({ name: z.string(), op: z.string(), reason: z.string() });

export const slots = z.array(z.strictObject({ name: z.string(), dtype: z.string(), shape: z.array(count) }));

export const amounts = fields<ModelAmounts>()({
  ...{ nodes: count, parameters: count, parameterBytes: z.number(), macs: count },
  bytes: count.describe('of the file'),
});

export const outputChange = fields<OutputChange>()({
  output: z.string(),
  decibels: real.describe('signal to noise'),
  difference: real.describe('largest difference of an element'),
  largest: real.describe('largest magnitude before'),
});

export const comparison = fields<Comparison>()({
  samples: count,
  accuracy: z.strictObject({ before: z.number(), after: z.number() }).optional(),
  outputs: z.array(outputChange),
}).shape;
