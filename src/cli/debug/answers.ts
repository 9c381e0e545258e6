/** What `systole debug --json` prints: the answer of each command that was given. */
import * as z from 'zod';
import { count, fields, real } from '#report';
import type { Breakpoint, ControlView, Hit, InstructionView, RecordView, SemaphoreView, UnitView } from '#sim';
import { answer, failure } from '../answers.ts';
import { VALUE_TYPES } from './values.ts';

const word = z.number().int();
const instruction = fields<InstructionView>()({ pc: count, text: z.string(), node: z.string().optional() });
const state = z.enum([
  ...(['ready', 'fetch', 'word', 'operands', 'queue', 'sync', 'host', 'halt', 'meet', 'call', 'done'] as const),
] as const satisfies readonly ControlView['state'][]);
const next = count.optional().describe('cycle at which what follows begins, where that is known');

const breakpoint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('instruction'), pc: count }),
  z.strictObject({ kind: z.literal('cycle'), cycle: count }),
  z.strictObject({
    ...{ kind: z.literal('access'), memory: z.string(), from: count, to: count },
    mode: z.enum(['read', 'write', 'any']),
  }),
  z.strictObject({ kind: z.literal('semaphore'), semaphore: count }),
] as const satisfies readonly z.ZodType<Breakpoint | { memory: string }>[]);

const hit = fields<Hit>()({
  unit: z.string().optional().describe('absent: the host'),
  core: count.optional(),
  pc: count,
  what: z.enum(['read', 'write', 'wait', 'signal']),
  address: count.optional(),
});

const reason = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('arrived') }),
  z.strictObject({ kind: z.literal('breakpoint'), id: count, breakpoint, hit: hit.optional() }),
  z.strictObject({
    kind: z.literal('done'),
    result: z.looseObject({ cycles: count }).describe("the simulator's counts"),
  }),
  z.strictObject({ kind: z.literal('start') }),
  z.strictObject({ kind: z.literal('error'), code: z.string() }),
  z.strictObject({ kind: z.literal('interrupted') }),
]);

/** As dispatch took it; its fields go by its kind. */
const entry = z.looseObject({ kind: z.string() });
const waiting = { entry, dispatched: count };

const unit = fields<UnitView>()({
  name: z.string(),
  state: z.enum(['empty', 'waits', 'works', 'setup', 'channel']),
  running: z.strictObject({ ...waiting, start: count, end: count.optional() }).optional(),
  queue: z.array(z.strictObject(waiting)),
  entries: count,
});

const said = {
  command: z.string().describe('as it was given'),
  error: failure.schema.shape.error.optional().describe('what was wrong with it, or why the program cannot go on'),
};
const at = { cycle: count, instructions: count };

const answers = z.union([
  z
    .strictObject({
      ...said,
      ...at,
      reasons: z.array(reason),
      instruction,
      events: z.array(z.looseObject({ type: z.string(), cycle: count })).describe('what units did at the cycle'),
    })
    .describe('of a move: step, cycle, event, back, continue, until, restart'),
  z
    .strictObject({
      ...said,
      breakpoints: z.array(z.looseObject({ id: count, kind: z.string() })).describe('each with its number'),
    })
    .describe('of break and delete'),
  z
    .strictObject({
      ...said,
      followed: count,
      cores: z.array(z.strictObject({ core: count, instructions: count, state, next, pc: count, text: z.string() })),
    })
    .describe('of core'),
  z
    .strictObject({
      ...said,
      registers: z.array(word),
      act: z.tuple([word, word]),
      quantisation: z.strictObject({ za: word, zw: word, zc: word, weights: z.string() }),
      zero: word,
    })
    .describe('of regs'),
  z
    .strictObject({
      ...said,
      records: z.array(
        fields<RecordView>()({
          dimensions: z.array(z.strictObject({ size: word, stride: word, lo: word, hi: word })),
          fill: word,
        }),
      ),
    })
    .describe('of records'),
  z
    .strictObject({
      ...said,
      ...{ space: z.string(), address: count, type: z.enum(VALUE_TYPES as readonly [string, ...string[]]) },
      values: z.array(z.union([real, z.string()])).describe('64-bit integers are strings'),
    })
    .describe('of mem'),
  z.strictObject({ ...said, units: z.array(unit), channelFree: real.optional() }).describe('of queues and units'),
  z
    .strictObject({
      ...said,
      semaphores: z.array(
        fields<SemaphoreView>()({
          ...{ count, coming: z.array(count) },
          signaller: z.string().optional(),
          waiter: z.string().optional(),
        }),
      ),
    })
    .describe('of sems'),
  z.strictObject({ ...said, current: count, instructions: z.array(instruction) }).describe('of list'),
  z
    .strictObject({
      ...said,
      ...at,
      ...{ state, next },
      loops: z.array(z.looseObject({ from: count, end: count, left: count })),
      instruction,
    })
    .describe('of where'),
  z
    .strictObject({
      ...said,
      commands: z.array(
        z.strictObject({ name: z.string(), short: z.string().optional(), usage: z.string(), does: z.string() }),
      ),
    })
    .describe('of help'),
  z.strictObject(said).describe('of quit, and of what was not understood'),
]);

export const DEBUG = answer(
  'debug',
  'a debugging session: what each command answered',
  z.strictObject({
    ...{ file: z.string(), machine: z.string(), instructions: count },
    fidelity: z.enum(['data', 'timing']),
    inputs: z.record(z.string(), z.string()).describe('where the data of each input came from'),
    answers: z.array(answers),
  }),
);
