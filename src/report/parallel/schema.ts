/** The report of `systole parallel` as a schema. */
import * as z from 'zod';
import { count, fields } from '../jsonFields.ts';
import type { Cluster, Link } from './cluster.ts';
import { ALL_REDUCES } from './collectives.ts';
import type { DeviceMemory } from './memory.ts';
import { OPTIMISERS } from './optimiser.ts';
import type {
  GradientExchange,
  ParallelReport,
  SingleDevice,
  StrategyReport,
  TimelineRow,
  TimelineSpan,
} from './parallelReport.ts';
import { type Bucket, SCHEDULES, STRATEGIES, type Stage } from './plan.ts';
import type { Relation } from './relations.ts';
import { TASK_KINDS } from './simulate.ts';

const number = z.number();
const kind = z.enum(TASK_KINDS);

const link = fields<Link>()({
  bandwidth: number.describe('bytes a second, in each direction'),
  latency: number.describe('seconds of a message beside its bytes'),
});

const memory = fields<DeviceMemory>()({
  ...{ weights: number, gradients: number, optimiser: number, activations: number, total: number },
});

const single = fields<SingleDevice>()({
  ...{ forward: number, backward: number, update: number, seconds: number, memory },
});

const exchange = fields<GradientExchange>()({
  most: number.describe('bytes that the device sends that sends most'),
  total: number.describe('bytes that all devices send'),
  ...{ rounds: count, seconds: number },
});

const span = fields<TimelineSpan>()({
  kind,
  label: z.string().describe('bucket, micro-batch or layer'),
  ...{ from: number, to: number },
});

const row = fields<TimelineRow>()({
  devices: z.array(count).describe('that do the same at the same time'),
  ...{ compute: z.array(span), links: z.array(span) },
});

const relation = fields<Relation>()({
  rule: z.enum(['waits', 'overlaps']).describe('waits: second begins when first has ended'),
  ...{ first: kind, second: kind },
  scope: z.enum(['own', 'all', 'other']).describe('of one device, of every device, of different devices'),
  seconds: number.nullable().describe('of overlaps'),
});

const bucket = fields<Bucket>()({ from: z.string(), to: z.string(), bytes: number });

const stage = fields<Stage>()({
  ...{ device: count, from: z.string(), to: z.string(), layers: count },
  ...{ forward: number, backward: number },
  handsOn: number.describe('bytes of a micro-batch that go to the next stage'),
  inFlight: count.describe('micro-batches between forward and backward pass, at most'),
});

const strategy = fields<StrategyReport>()({
  strategy: z.enum(STRATEGIES),
  samples: number.describe('of one pass through a device'),
  microBatches: count,
  schedule: z.enum(SCHEDULES).nullable(),
  seconds: number.describe('of a step'),
  samplesPerSecond: number,
  single: single.describe('one device, the batch in pieces of that many samples'),
  ...{ speedUp: number, efficiency: number.describe('speed-up ÷ devices') },
  compute: number.describe('seconds that a device computes, in the mean'),
  communication: number.describe('seconds that links of a device work, in the mean'),
  exposed: number.describe('of these not under computing'),
  idle: number.describe('share of the step that devices do not compute'),
  idealBubble: number.nullable().describe('(p − 1)/(M + p − 1)'),
  sent: z.strictObject({ most: number, total: number }).describe('bytes'),
  memory: z.array(memory).describe('bytes, by device'),
  fits: z.boolean().nullable(),
  ...{ buckets: z.array(bucket), stages: z.array(stage) },
  replicated: z.array(z.strictObject({ name: z.string(), op: z.string() })).describe('layers that are not split'),
  ...{ relations: z.array(relation), timeline: z.array(row) },
});

export const parallelSchema = fields<ParallelReport>()({
  network: z.string(),
  device: z.string(),
  pricing: z.enum(['simulated', 'bound', 'figures']).describe('where the times of layers come from'),
  cluster: fields<Cluster>()({
    ...{ devices: count, perNode: count },
    intra: link.nullable().describe('between devices of a machine'),
    inter: link.nullable().describe('between machines'),
  }),
  batch: count.describe('samples of a step, of all devices together'),
  ...{ optimiser: z.enum(OPTIMISERS), allReduce: z.enum(ALL_REDUCES), bucketBytes: number, overlap: z.boolean() },
  ...{ parameters: count, gradientBytes: number },
  exchange: z.strictObject({ ring: exchange, tree: exchange }).describe('all gradients exchanged at once'),
  strategies: z.array(strategy),
});
