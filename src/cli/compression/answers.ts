/** What `optimize`, `quantize` and `prune` print with `--json`. */
import * as z from 'zod';
import type { LocalError, PrunedLayer } from '#flow';
import { count, fields, real } from '#report';
import { answer } from '../answers.ts';
import { amounts, comparison, outputChange, weights } from '../facts.ts';

const written = { model: z.string(), output: z.string().describe('the file that was written'), weights };

export const OPTIMIZE = answer(
  'optimize',
  'a network that graph passes have simplified',
  z.strictObject({
    ...written,
    before: amounts,
    after: amounts,
    passes: z
      .array(z.strictObject({ pass: z.string(), nodes: count }))
      .describe('that changed it, with the nodes left'),
    inputs: z.record(z.string(), z.string()).describe('where the data of each input came from'),
    outputs: z.array(outputChange),
  }),
);

export const QUANTIZE = answer(
  'quantize',
  'a network that was quantised to 8 bits',
  z.strictObject({
    ...written,
    calibration: z.strictObject({ method: z.string(), samples: count, random: z.boolean() }),
    activations: z.string(),
    before: amounts,
    after: amounts,
    quantised: z.record(z.string(), count).describe('nodes by operator'),
    left: z.array(z.strictObject({ node: z.string(), op: z.string(), why: z.string() })),
    ...comparison,
    layers: z
      .array(fields<LocalError>()({ node: z.string(), op: z.string(), decibels: real }))
      .describe('signal to noise of each layer by itself, the worst first'),
  }),
);

export const PRUNE = answer(
  'prune',
  'a network whose smallest weights are zero',
  z.strictObject({
    ...written,
    layers: z.array(
      fields<PrunedLayer>()({
        ...{ node: z.string(), op: z.string(), weights: z.string(), size: count },
        before: count.describe('zeros before'),
        zeros: count,
      }),
    ),
    left: z.array(z.strictObject({ node: z.string(), why: z.string() })),
    total: z.strictObject({ size: count, zeros: count }),
    ...comparison,
  }),
);
