/** `systole diff A [B]`: two runs, machines or networks beside each other, in the terminal or as a page. */

import { extname } from 'node:path';
import { Argument } from 'commander';
import * as z from 'zod';
import { diagnostic } from '#base';
import {
  comparisonText,
  count,
  cyclesOfPair,
  fields,
  isReportObject,
  type PageParts,
  pairLayers,
  pairName,
  reportOfJson,
  type Total,
  totalsOf,
} from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readText } from '../files.ts';
import type { Both } from '../language.ts';
import { type ReportOptions, reportedRun, withReportOptions } from '../reportRuns.ts';
import { textStyle } from '../style.ts';
import { checkPage, writePage } from './report.ts';

interface Options extends ReportOptions {
  readonly output?: string;
}

const REPORT_FILE: Both = {
  en: 'the JSON of a run (systole run MODEL --json > FILE.json)',
  zh: '某次运行的 JSON（systole run MODEL --json > FILE.json）',
};

const notTwo = diagnostic<{ words: number; machines: number }>('SYS-CLI-211', 'usage', {
  en: (p) =>
    `two runs are compared, and ${p.words === 1 ? 'one network or file' : `${p.words} networks or files`} with ${p.machines === 1 ? 'one machine' : `${p.machines} machines`} are given. ` +
    'Give two of them (diff A B), or one network and two machines (diff MODEL --machine ONE --machine OTHER).',
  zh: (p) =>
    `需要对比两次运行，而给出了 ${p.words} 个网络或文件与 ${p.machines} 台机器。` +
    '请给出两个（diff A B），或一个网络与两台机器（diff MODEL --machine 甲 --machine 乙）。',
});
const noReport = diagnostic<{ path: string; found: Both }>('SYS-CLI-212', 'invalid', {
  en: (p) => `this holds ${p.found.en}, expected ${REPORT_FILE.en}`,
  zh: (p) => `文件内容为${p.found.zh}，应为${REPORT_FILE.zh}`,
});
const noMachine = diagnostic<{ count: number }>('SYS-CLI-213', 'usage', {
  en: (p) =>
    `both runs are read from files, which say their machines, and ${p.count === 1 ? 'another is' : `${p.count} others are`} given. Leave --machine out.`,
  zh: (p) => `两次运行都读自文件，其中已含机器，而另给出了 ${p.count} 台。请去掉 --machine。`,
});

const compared = fields<Record<Total, unknown> & { model: unknown; machine: unknown }>()({
  ...{ model: z.string(), machine: z.string() },
  ...{ cycles: count.nullable(), seconds: z.number().nullable(), macs: count.nullable() },
  ...{ readBytes: count.nullable(), writeBytes: count.nullable(), instructions: count.nullable() },
  physical: z.number().nullable().describe('lower bounds in cycles'),
  layerwise: z.number().nullable(),
  efficiency: z.number().nullable(),
  energy: z.number().nullable().describe('joules'),
});

const DIFF = answer(
  'diff',
  'two runs compared: totals, and cycles of layers paired by the nodes that they share',
  z.strictObject({
    a: compared,
    b: compared,
    layers: z.array(z.strictObject({ name: z.string(), a: count.nullable(), b: count.nullable() })),
    output: z.string().optional().describe('the page that was written'),
    bytes: count.optional(),
  }),
);

const isReportFile = (word: string): boolean => extname(word).toLowerCase() === '.json';

export function configureDiff(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole diff alexnet --machine textbook-single --machine tpu-v1',
      does: { en: 'one network on two machines', zh: '同一网络在两台机器上' },
    },
    { run: 'systole diff resnet18 resnet50', does: { en: 'two networks on one machine', zh: '同一机器上的两个网络' } },
    {
      run: 'systole diff before.json after.json -o diff.html',
      does: { en: 'two runs that --json wrote down, as a page', zh: '对比 --json 保存的两次运行，写为网页' },
    },
  ]);
  command
    .addArgument(
      new Argument(
        '<OF...>',
        t({
          en: 'two of: a network (ONNX file or name), or a run as JSON; or one network and two machines',
          zh: '两个：网络（ONNX 文件或名称）或运行的 JSON；或者一个网络与两台机器',
        }),
      ),
    )
    .option(
      '-o, --output <FILE>',
      t({ en: 'write a page (.html) instead of the tables', zh: '写出网页（.html），不打印表格' }),
    );
  withReportOptions(console, command, DIFF);
  command.action(async (words: readonly string[], options: Options) => {
    const { output, machine: machines = [] } = options;
    const ran = words.filter((w) => !isReportFile(w)).length;
    const isTwo =
      (words.length === 2 && machines.length <= 2) || (words.length === 1 && ran === 1 && machines.length === 2);
    if (!isTwo) throw notTwo({ words: words.length, machines: machines.length });
    if (ran === 0 && machines.length > 0) throw noMachine({ count: machines.length });
    if (output !== undefined) checkPage(output);
    const [a, b] = [
      await runOf(console, words[0]!, machines[0], options),
      await runOf(console, words[1] ?? words[0]!, machines[1] ?? machines[0], options),
    ];
    const [of, to] = [a.run.report, b.run.report];
    const bytes = output === undefined ? undefined : writePage(console, output, [a, b], 0);
    if (console.json) {
      const pairs = pairLayers(of.layers, to.layers);
      const named = ({ model, machine }: typeof of) => ({ model, machine });
      console.object(DIFF, {
        ...{ a: { ...named(of), ...totalsOf(of) }, b: { ...named(to), ...totalsOf(to) } },
        layers: pairs.map((pair) => ({ name: pairName(pair, of, to), ...cyclesOfPair(pair, of, to) })),
        ...(output === undefined ? {} : { output, bytes }),
      });
    } else if (output === undefined) console.say(comparisonText(of, to, textStyle(console)));
    else console.say(t({ en: `wrote ${output}, ${bytes} bytes`, zh: `已写出 ${output}，${bytes} 字节` }));
  });
}

async function runOf(
  console: Console,
  word: string,
  machine: string | undefined,
  options: ReportOptions,
): Promise<PageParts> {
  if (!isReportFile(word)) return reportedRun(console, word, machine, options);
  const text = readText(word, REPORT_FILE);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw noReport({ path: word, found: { en: 'no JSON', zh: '非 JSON 的文本' } }, { file: word });
  }
  // `report --json` puts its runs into a list.
  const { runs } = (value ?? {}) as { readonly runs?: unknown };
  if (Array.isArray(runs) && runs.length === 1) [value] = runs;
  if (!isReportObject(value)) {
    throw noReport({ path: word, found: { en: 'another JSON value', zh: '其他 JSON 值' } }, { file: word });
  }
  return { run: { report: reportOfJson(value), file: word }, parts: [] };
}
