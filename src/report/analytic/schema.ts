/** Objects of the analytic models as schemas: utilisation, fusion, Amdahl's law, fully connected layers, rooflines. */
import * as z from 'zod';
import type { FusionReport, Traffic } from '../fusion.ts';
import { count, fields, real } from '../jsonFields.ts';
import { LAYER_KINDS } from '../summary/summary.ts';
import type { KindOfTime, SpeedUp } from './amdahl.ts';
import type { FullyConnected, FullyConnectedSpeedUp } from './fullyConnected.ts';
import type { LeftOut } from './layers.ts';
import type { AnalyticPoint, AnalyticRoofline, ArrayRoof } from './networkRoofline.ts';
import { SCALAR_TRAFFIC } from './scalarMac.ts';
import type { AnalyticAmounts, LayerUtilisation, Utilisation } from './utilisation.ts';
import { MAPPINGS, VECTOR_TRAFFIC } from './vectorMac.ts';

/** Of everything that is worked out on paper. */
export const analytic = z.literal(true).describe('nothing is compiled or simulated');

const array = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('vector-mac'),
    ...{ tn: count, ti: count, mapping: z.enum(MAPPINGS), traffic: z.enum(VECTOR_TRAFFIC) },
  }),
  z.strictObject({ kind: z.literal('scalar-mac'), py: count, px: count, traffic: z.enum(SCALAR_TRAFFIC) }),
]);

const amounts = {
  ...{ macs: count, computeCycles: count, words: count, bytes: z.number(), cycles: z.number() },
  busy: z.number().nullable().describe('compute cycles ÷ cycles'),
  laneUtilisation: z.number().nullable().describe('MACs ÷ (multipliers × cycles)'),
};

export const utilisationSchema = fields<Utilisation>()({
  multipliers: count,
  array,
  layers: z.array(fields<LayerUtilisation>()({ name: z.string(), op: z.string(), ...amounts })),
  total: fields<AnalyticAmounts>()(amounts),
});

export const leftOutSchema = fields<LeftOut>()({ name: z.string(), op: z.string(), macs: count.nullable() });

const traffic = fields<Traffic>()({ words: count, operations: count });

export const fusionSchema = z.strictObject({
  analytic,
  ridge: z.number().describe('operations a byte'),
  bytesPerWord: z.number(),
  networks: z.array(
    fields<FusionReport & { network: string; trafficRatio: number; speedUp: number }>()({
      network: z.string(),
      ...{ unfused: traffic, fused: traffic, macs: count },
      trafficRatio: real.describe('words unfused ÷ fused'),
      speedUp: real.describe('under the roofline'),
      groups: z.array(z.array(z.string())).describe('nodes of each fused kernel, its first node first'),
    }),
  ),
});

const time = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('macs') }),
  z.strictObject({ kind: z.literal('roofline'), peak: z.number(), bandwidth: z.number() }),
]);

export const speedUpSchema = fields<SpeedUp & { analytic: true; network: string; time: unknown }>()({
  analytic,
  network: z.string(),
  time: time.describe('what layers take before'),
  unit: z.enum(['seconds', 'MACs']),
  kinds: z.array(
    fields<KindOfTime>()({
      kind: z.enum(LAYER_KINDS),
      ...{ factor: z.number(), before: z.number(), after: z.number(), share: z.number() },
    }),
  ),
  ...{ before: z.number(), after: z.number(), speedUp: z.number().nullable() },
  unknown: count.describe('layers whose work is not known and which take no time'),
});

export const fullyConnectedSchema = fields<Required<FullyConnected> & FullyConnectedSpeedUp & { analytic: true }>()({
  analytic,
  bandwidth: z.number().describe('bytes a second'),
  bits: count,
  rate: z.number().describe('MACs a second of the single unit'),
  batch: count,
  peak: z.number().optional().describe('MACs a second of the array; absent: unbounded'),
  weightRate: z.number().describe('weights a second'),
  attained: z.number().describe('MACs a second'),
  bound: z.enum(['memory', 'array', 'single unit']),
  speedUp: z.number(),
});

export const analyticRooflineSchema = fields<AnalyticRoofline & { analytic: true }>()({
  analytic,
  machine: z.string(),
  bits: count,
  bandwidth: z.number(),
  roofs: z.array(fields<ArrayRoof>()({ multipliers: count, peak: z.number(), ridge: z.number() })),
  points: z.array(
    fields<AnalyticPoint>()({
      name: z.string(),
      kind: z.enum(['layer', 'network']),
      ...{ macs: count, words: count, intensity: z.number() },
      attainable: z.array(z.number()).describe('operations a second under each roof'),
    }),
  ),
});
