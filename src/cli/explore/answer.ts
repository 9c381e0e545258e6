/** What `systole explore --json` prints. */
import * as z from 'zod';
import { type Exploration, failuresOf, MEASURE_NAMES, type Space, statesOf } from '#explore';
import { count, real } from '#report';
import { answer } from '../answers.ts';
import type { Console } from '../console.ts';

const value = z.union([z.number(), z.string(), z.boolean()]);

export const EXPLORE = answer(
  'explore',
  'the Pareto front of a design space, and how the search went; all designs are in the files that it names (docs/explore.md)',
  z.strictObject({
    space: z.string().describe('the space file'),
    models: z.array(z.string()),
    machine: z.string().describe('that is varied'),
    objectives: z.array(z.string()),
    designs: count.describe('that were looked at'),
    size: count.describe('designs of the space'),
    end: z.enum(['complete', 'limit', 'interrupted']).describe('whether the search came to its end, or what ended it'),
    ...{ ran: count.describe('networks that ran on a machine now'), reused: count.describe('and before') },
    states: z.strictObject({ done: count, excluded: count, failed: count }).describe('designs by what became of them'),
    failures: z.record(z.string(), count).describe('failed designs by the code of the reason'),
    front: z.array(
      z.strictObject({
        values: z.record(z.string(), value).describe('what is varied, by name'),
        measures: z.partialRecord(z.enum(MEASURE_NAMES), real.nullable()).describe('in the units of docs/explore.md'),
      }),
    ),
    files: z.array(z.string()).describe('that were written'),
  }),
);

export function exploreObject(
  file: string,
  space: Space,
  { designs, front, end, ran, reused }: Exploration,
  files: readonly string[],
): Parameters<Console['object']>[1] {
  return {
    ...{ space: file, models: space.models.map((m) => m.name), machine: space.machine.name },
    ...{ objectives: space.objectives, designs: designs.length, size: space.size, end, ran, reused },
    ...{ states: statesOf(designs), failures: failuresOf(designs), files },
    front: front.map((i) => ({ values: designs[i]!.values, measures: designs[i]!.measures })),
  };
}
