/** What pictures show, as answers of `systole plot --json`. */
import * as z from 'zod';
import { machineSchema } from '#machine';
import {
  analyticRooflineSchema,
  count,
  curveSchema,
  energySchema,
  lifetimeSchema,
  rooflinePointSchema,
  roofsSchema,
  spanSchema,
  utilisationSchema,
} from '#report';
import { answer } from '../answers.ts';

export const ROOFLINE = answer(
  'plot-roofline',
  'networks under the roof of a machine, as they were simulated',
  z.strictObject({ machine: z.string(), roofs: roofsSchema, points: z.array(rooflinePointSchema) }),
);
export const ANALYTIC_ROOFLINE = answer(
  'plot-roofline-analytic',
  'networks under the roofs of arrays, where they would stand at best',
  analyticRooflineSchema,
);
export const UTILISATION_CURVES = answer(
  'plot-utilisation',
  'utilisation of arrays of multipliers as they grow',
  z.strictObject({
    network: z.string(),
    bits: count,
    series: z.array(z.strictObject({ name: z.string(), sizes: z.array(utilisationSchema) })),
  }),
);
export const ACTIVATIONS = answer(
  'plot-activations',
  'curves of activation functions',
  z.strictObject({ curves: z.array(curveSchema) }),
);
const cycles = { from: count, to: count };
export const TIMELINE = answer(
  'plot-timeline',
  'what each unit does when',
  z.strictObject({
    ...{ model: z.string(), machine: z.string(), ...cycles },
    spans: z.array(spanSchema),
    dropped: count.describe('spans beyond the limit'),
  }),
);
export const MEMORY = answer(
  'plot-memory',
  'what lies in a scratchpad when',
  z.strictObject({
    ...{ model: z.string(), memory: z.string(), bytes: count, ...cycles },
    language: z.enum(['en', 'zh']),
    ...{ machine: z.string(), cores: count, lifetimes: z.array(lifetimeSchema) },
  }),
);
export const ENERGY = answer(
  'plot-energy',
  'where the energy of a run goes, in joules',
  z.strictObject({ model: z.string(), machine: z.string(), energy: energySchema }),
);
export const TRAINING = answer(
  'plot-training',
  "curves of a training's log",
  z.strictObject({ quantity: z.string(), curves: z.array(curveSchema) }),
);
export const DIAGRAM = answer(
  'plot-machine',
  'the machine of a block diagram (docs/machine-schema.json)',
  z.strictObject(machineSchema.shape),
);
export const WRITTEN = answer(
  'plot-written',
  'a picture that was written',
  z.strictObject({ output: z.string(), bytes: count }),
);
