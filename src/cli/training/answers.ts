/** The lines of `systole train --json`. */
import * as z from 'zod';
import type { EpochEvent } from '#flow';
import { count, fields, real } from '#report';
import { answer } from '../answers.ts';

const means = z.record(z.string(), real).describe('by metric');
const LINES = { form: 'lines' } as const;

export const EPOCH = answer(
  'train-epoch',
  'the end of an epoch of training; one line each',
  fields<EpochEvent>()({
    kind: z.literal('epoch'),
    ...{ epoch: count, epochs: count, train: means, validation: means.optional() },
    ...{ rate: z.number(), seconds: z.number(), samplesPerSecond: z.number(), best: z.boolean(), stopped: z.boolean() },
    sparsity: z.number().optional(),
  }),
  LINES,
);
export const BEST = answer(
  'train-best',
  'with --patience: the epoch whose network was kept',
  z.strictObject({ kind: z.literal('best'), epoch: count, value: real }),
  LINES,
);
export const CONFUSION = answer(
  'train-confusion',
  'of classes: rows are what samples are, columns what they were taken for',
  z.strictObject({ kind: z.literal('confusion'), rows: z.array(z.array(count)) }),
  LINES,
);
export const ZEROS = answer(
  'train-zeros',
  'of training that prunes: weights that are zero',
  z.strictObject({
    kind: z.literal('zeros'),
    layers: z.array(z.strictObject({ name: z.string(), zeros: count, size: count })),
  }),
  LINES,
);
