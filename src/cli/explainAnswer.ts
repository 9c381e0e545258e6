/** What `systole explain --json` prints. */
import * as z from 'zod';
import { type LayerExplanation, LOSSES, type Loss } from '#flow';
import type { LayerPrediction } from '#isa';
import type { AlgorithmText, ContractionText, FormText, ScheduleText } from '#lower';
import { count, fields, keptSchema, loopSchema, sparseSchema, winogradSchema } from '#report';
import { answer } from './answers.ts';
import { hostReason } from './facts.ts';

type MergeText = NonNullable<ContractionText['merges']>[number];

const lines = z.array(z.string());

const predicted = fields<LayerPrediction>()({
  cycles: z.number().describe('an estimate'),
  busy: z.record(z.string(), count),
  ...{ channelCycles: count, readBytes: count, writeBytes: count, readBurstBytes: count, writeBurstBytes: count },
});

const schedule = {
  ...{ loops: lines, predicted },
  carriesRows: z
    .literal(true)
    .optional()
    .describe('pooled tiles hand on the rows that the next one has in common with them'),
};

const form = z.strictObject({
  domain: z.array(z.strictObject({ index: z.string(), size: count, kind: z.enum(['parallel', 'reduction']) })),
  maps: z
    .record(
      z.enum(['out', 'a', 'w']),
      z.array(
        z.strictObject({
          terms: z.array(z.strictObject({ index: z.string(), by: z.number() })),
          offset: z.number(),
        }),
      ),
    )
    .describe('subscripts of each tensor'),
  access: z.record(z.enum(['out', 'a', 'w']), lines).describe('the same as text'),
  text: lines,
  intrinsic: z.string(),
});

const streams = z.array(
  z.strictObject({ name: z.string(), space: z.string(), buffers: count, bytes: count, transfers: count }),
);

const kernel = fields<NonNullable<LayerExplanation['kernel']>>()({
  ...{ access: lines, domain: lines, nest: lines, streams },
  memory: z.strictObject({ name: z.string(), used: count, of: count }),
  chosen: fields<ScheduleText>()(schedule),
  considered: z.array(fields<ScheduleText>()(schedule)),
});

const contraction = fields<ContractionText>()({
  form,
  nest: lines,
  streams,
  memories: z.array(z.strictObject({ name: z.enum(['nram', 'wram', 'accumulators']), used: count, of: count })),
  chosen: fields<ScheduleText>()(schedule),
  forms: z.array(fields<FormText>()({ ...schedule, form: z.string(), isChosen: z.boolean() })),
  considered: z.array(fields<ScheduleText>()(schedule)).describe('predicted, the best first'),
  merges: z
    .array(fields<MergeText>()({ ...schedule, groups: count, isChosen: z.boolean() }))
    .optional()
    .describe('of convolutions in groups: ways to merge them'),
  apart: z
    .strictObject({ pooling: z.number(), convolution: z.number().optional() })
    .optional()
    .describe('of pooled results: cycles predicted of pooling and convolution as layers of their own'),
  algorithms: z
    .array(
      fields<AlgorithmText>()({
        name: z.enum(['direct', 'gemm', 'im2col by dma', 'im2col by vector', 'f2', 'f4']),
        chosen: z.boolean(),
        predicted: predicted.optional(),
        reason: z.strictObject({ en: z.string(), zh: z.string() }).optional(),
        exactness: winogradSchema.optional(),
      }),
    )
    .optional()
    .describe('of convolutions: all ways to do it'),
});

const losses = Object.fromEntries(LOSSES.map((loss) => [loss, z.number()])) as Record<Loss, z.ZodNumber>;

const layer = z.strictObject({
  ...{ name: z.string(), op: z.string(), nodes: z.array(z.string()), where: z.string(), cycles: count },
  bound: z.strictObject({ cycles: z.number(), by: z.enum(['matrix', 'vector', 'memory']) }),
  losses: z.strictObject(losses).describe('cycles by what they went to'),
  traffic: z.strictObject({ read: count, write: count }),
  loops: z.array(loopSchema),
  sparse: sparseSchema.optional(),
  kept: z.array(keptSchema),
  contraction: contraction.optional().describe('of convolutions and products on the matrix unit'),
  kernel: kernel.optional().describe('of kernels of the vector unit'),
});

export const EXPLAIN = answer(
  'explain',
  'why layers take their time: where cycles went, schedules considered',
  z.strictObject({
    ...{ model: z.string(), machine: z.string(), machineFile: z.string().nullable(), cycles: count },
    layers: z.array(layer),
    host: z.array(z.strictObject({ name: z.string(), cycles: count, nodes: z.array(hostReason) })),
  }),
);
