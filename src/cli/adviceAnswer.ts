/** What `systole advise --json` prints. */
import * as z from 'zod';
import { adviceRules } from '#flow';
import { type Advice, type AdviceReport, type AdviceTotals, count, fields, real } from '#report';
import { answer } from './answers.ts';
import type { Console } from './console.ts';

const totals = fields<AdviceTotals>()({
  samples: count.describe('of a run; everything beside is of one of them'),
  cycles: real,
  physical: real.describe('cycles: the physical bound'),
  energy: real.nullable().describe('joules; null where the machine has no figures'),
  area: real.nullable().describe('square millimetres, as far as the machine has figures; null where it has none'),
});

const kind = z.enum(['time', 'cost']).describe('time: it saves cycles; cost: it saves hardware');

export const ADVISE = answer(
  'advise',
  'changes of which a run says what they save, best first; texts in the language of --lang (docs/advice.md)',
  z.strictObject({
    ...{ model: z.string(), machine: z.string() },
    machineFile: z.string().nullable().describe('null for a preset'),
    layers: z.array(z.string()).describe('names, which advice names by their index'),
    before: totals.describe('the run as it is'),
    advice: z.array(
      z.strictObject({
        ...{ rule: z.string(), kind },
        finding: z.string().describe('what was seen, with its figures'),
        figures: z.record(z.string(), real).describe('the same figures; units stand in the names'),
        layers: z.array(count).describe('indices of the layers that it speaks of'),
        proposal: z.string(),
        after: totals.describe('of the run with the change'),
        saved: z.strictObject({ cycles: real, share: real }).describe('of a sample; the share is of the cycles before'),
        commands: z.array(z.string()).describe('that make the run with the change, in order'),
      }),
    ),
    runs: count.describe('changes that were run'),
    tried: z
      .array(z.strictObject({ rule: z.string(), proposal: z.string(), cycles: real.nullable(), why: z.string() }))
      .describe('those that are no advice, and why'),
  }),
);

export const ADVICE_RULES = answer(
  'advice-rules',
  'the rules of the advisor; texts in the language of --lang',
  z.strictObject({
    rules: z.array(
      z.strictObject({
        ...{ name: z.string(), kind, title: z.string(), looksAt: z.string(), proposes: z.string() },
        source: z.string().describe('of the method'),
      }),
    ),
  }),
);

/** A report in the language of the console. */
export function adviceObject(console: Console, { before, advice, runs, tried }: AdviceReport) {
  const t = console.text.bind(console);
  const piece = ({ rule, kind: of, finding, figures, layers, proposal, after, saved, command }: Advice) => ({
    ...{ rule, kind: of, finding: t(finding), figures, layers, proposal: t(proposal), after, saved },
    commands: command.split('\n'),
  });
  return {
    ...{ before, runs },
    advice: advice.map(piece),
    tried: tried.map(({ rule, proposal, cycles, why }) => ({ rule, proposal: t(proposal), cycles, why: t(why) })),
  };
}

export const rulesObject = (console: Console) => ({
  rules: adviceRules.map(({ name, kind: of, title, looksAt, proposes, source }) => ({
    ...{ name, kind: of, title: console.text(title), source },
    ...{ looksAt: console.text(looksAt), proposes: console.text(proposes) },
  })),
});
