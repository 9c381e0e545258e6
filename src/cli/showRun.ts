/** The answer of `run`, `exec` and `sim`: one report, for people or as the object of `--json`. */

import * as z from 'zod';
import type { Tensor } from '#ir';
import {
  count,
  fields,
  type Printable,
  type RunFacts,
  real,
  reportJson,
  reportText,
  runReport,
  runReportSchema,
} from '#report';
import { answer } from './answers.ts';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { weights } from './facts.ts';
import { outputsText, type Ranked, type Ranking, rank, rankingText } from './outputs.ts';
import { textStyle } from './style.ts';
import { choiceOrWhole, whole } from './values.ts';

export interface ShowOptions {
  readonly labels?: string;
  readonly top?: number;
  readonly layers?: 'all' | number;
}

export interface Shown extends ShowOptions {
  /** The labels of `labels`, read. */
  readonly labelList?: readonly string[] | undefined;
  /** Files of the outputs. */
  readonly written?: readonly string[];
  /** The answer in one line, before everything else. */
  readonly answer?: string | undefined;
  /** More fields of the object of `--json`. */
  readonly extra?: { readonly weights?: string };
}

export const RUN = answer(
  'run',
  'a run: what it cost, against what it had to cost, layer by layer and unit by unit (docs/report.md says what each field holds)',
  z.strictObject({
    ...runReportSchema.shape,
    weights,
    answer: z.string().optional().describe('of an embedded network, in words'),
    top: fields<Ranking>()({
      output: z.string(),
      samples: z.array(z.array(fields<Ranked>()({ class: count, label: z.string().optional(), value: real }))),
    })
      .optional()
      .describe('best classes of each sample (--top, --labels)'),
    files: z.array(z.string()).optional().describe('that were written (--output)'),
  }),
);

/** Classes that `--labels` shows without `--top`. */
const TOP = 5;

export function withShowOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option('--labels <FILE>', t({ en: 'names of the classes, one a line', zh: '类别名称，每行一个' }))
    .option(
      '--top <K>',
      t({
        en: `best classes of each sample; ${TOP} with --labels`,
        zh: `每个样本的最佳类别数；用 --labels 时为 ${TOP}`,
      }),
      whole('--top', 1, 1e6),
    )
    .option(
      '--layers <all|N>',
      t({ en: 'layers in the table: all, or the N slowest', zh: '表中的层：全部，或最慢的 N 层' }),
      choiceOrWhole('--layers', ['all'], 1, 1e6),
    ) as CliCommand;
}

export function showRun(console: Console, facts: RunFacts, shown: Shown): void {
  const report = runReport(facts);
  const outputs = facts.outputs ?? new Map<string, Tensor>();
  const ranking = rankingOf(outputs, shown);
  if (console.json) {
    console.object(RUN, {
      ...(reportJson(report) as Printable<z.input<typeof runReportSchema>>),
      ...shown.extra,
      ...(shown.answer === undefined ? {} : { answer: shown.answer }),
      ...(ranking === undefined ? {} : { top: ranking }),
      ...(shown.written === undefined || shown.written.length === 0 ? {} : { files: shown.written }),
    });
    return;
  }
  const parts = [shown.answer, ranking && rankingText(ranking, console)];
  if (shown.answer === undefined && ranking === undefined) parts.push(outputsText(outputs));
  const layers = shown.layers === undefined ? {} : { layers: shown.layers };
  parts.push(reportText(report, { ...textStyle(console), ...layers }));
  parts.push(shown.written?.map((path) => console.text({ en: `wrote ${path}`, zh: `已写出 ${path}` })).join('\n'));
  console.say(parts.filter((part) => part !== undefined && part !== '').join('\n\n'));
}

function rankingOf(outputs: ReadonlyMap<string, Tensor>, shown: Shown): Ranking | undefined {
  if (shown.labelList === undefined && shown.top === undefined) return undefined;
  return rank(outputs, shown.top ?? TOP, shown.labelList, shown.labels);
}
