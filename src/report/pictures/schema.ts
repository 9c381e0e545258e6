/** What pictures show, as schemas. */
import * as z from 'zod';
import { count, fields, real } from '../jsonFields.ts';
import type { Curve } from './curves.ts';
import type { Lifetime } from './memoryMap.ts';
import type { MemoryRoof, RooflinePoint, Roofs } from './roofline.ts';
import type { TimelineSpan } from './timeline.ts';

export const roofsSchema = fields<Roofs>()({
  peak: z.number().describe('operations a second, of the matrix unit'),
  withVector: z.number().describe('with the lanes of the vector unit'),
  memories: z.array(
    fields<MemoryRoof>()({
      level: z.enum(['dram', 'shared', 'scratchpad']),
      bandwidth: z.number().describe('bytes a second'),
      ridge: z.number().describe('operations a byte at which the peak is reached'),
    }),
  ),
});

export const rooflinePointSchema = fields<Omit<RooflinePoint, 'unnamed'>>()({
  name: z.string(),
  intensity: z.number().describe('operations a byte of DRAM traffic'),
  performance: z.number().describe('operations a second'),
  kind: z.enum(['layer', 'network']),
});

export const spanSchema = fields<TimelineSpan>()({
  ...{ unit: z.string(), from: count, to: count },
  kind: z.enum(['transfer', 'compute', 'wait', 'signal', 'host']),
  label: z.string(),
  ready: count.optional().describe('from when on its entry could have begun'),
});

export const lifetimeSchema = fields<Lifetime>()({
  memory: z.string(),
  ...{ core: count, from: count, to: count },
  low: count.describe('first byte'),
  high: count.describe('one behind the last'),
  writer: z.enum(['transfer', 'matrix', 'vector']),
  layer: z.number(),
});

export const curveSchema = fields<Curve>()({
  name: z.string(),
  points: z.array(z.tuple([real, real])),
  dashed: z.boolean().optional(),
});
