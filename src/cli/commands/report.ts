/** `systole report MODEL…`: runs of networks as one HTML file that opens from disk. */

import { extname } from 'node:path';
import { Argument } from 'commander';
import * as z from 'zod';
import { diagnostic } from '#base';
import { count, grouped, reportDocument, reportJson, runReportSchema } from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkWritable, writeFile } from '../files.ts';
import { version } from '../manifest.ts';
import { MODEL_ARGUMENT } from '../model.ts';
import { type ReportedRun, type ReportOptions, reportedRun, withReportOptions } from '../reportRuns.ts';
import { givenCommand } from '../runCommand.ts';

interface Options extends ReportOptions {
  readonly output: string;
  readonly advice: boolean;
}

const otherEnding = diagnostic<{ path: string; extension: string }>('SYS-CLI-210', 'usage', {
  en: (p) =>
    `-o ${p.path}: ${p.extension === '' ? 'the name has no ending' : `the name ends in ${p.extension}`}, and a report is written as a page; give a name that ends in .html. The numbers alone print with --json.`,
  zh: (p) =>
    `-o ${p.path}：${p.extension === '' ? '文件名没有扩展名' : `文件名以 ${p.extension} 结尾`}，而报告写为网页；请使用 .html。仅需数据时用 --json 打印。`,
});

/** @throws SYS-CLI-210, SYS-CLI-013 */
export function checkPage(path: string): void {
  const extension = extname(path).toLowerCase();
  if (extension !== '.html' && extension !== '.htm') throw otherEnding({ path, extension });
  checkWritable(path, 'file');
}

const REPORT = answer(
  'report',
  'a page that was written, and the runs in it (docs/report.md)',
  z.strictObject({ output: z.string(), bytes: count, runs: z.array(runReportSchema) }),
);

export function configureReport(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole report resnet152 -o report.html',
      does: { en: 'a run as a page: open it in any browser', zh: '将一次运行写为网页，用任意浏览器打开' },
    },
    {
      run: 'systole report alexnet --machine textbook-single --machine tpu-v1 -o machines.html',
      does: { en: 'two machines in one page, one compared with the other', zh: '同一页中对比两台机器' },
    },
  ]);
  command
    .addArgument(new Argument('<MODEL...>', t(MODEL_ARGUMENT)))
    .option(
      '-o, --output <FILE>',
      t({ en: 'the page; default report.html', zh: '网页文件；默认 report.html' }),
      'report.html',
    )
    .option('--no-advice', t({ en: 'without the runs of changes that advice needs', zh: '不做建议所需的试运行' }));
  withReportOptions(console, command, REPORT);
  command.action(async (names: readonly string[], options: Options) => {
    const { output } = options;
    checkPage(output);
    const runs: ReportedRun[] = [];
    for (const name of names)
      for (const machine of options.machine ?? [undefined])
        runs.push(await reportedRun(console, name, machine, options, options.advice));
    const bytes = writePage(console, output, runs, null);
    if (console.json) {
      console.object(REPORT, {
        ...{ output, bytes },
        runs: runs.map(({ report }) => reportJson(report, console.language) as never),
      });
      return;
    }
    for (const { report } of runs) {
      const [cycles, efficiency] = [grouped(report.cycles), report.efficiency];
      const least = grouped(Math.ceil(report.bound.physical));
      const share =
        efficiency === null
          ? ''
          : t({ en: `, efficiency ${efficiency.toFixed(3)}`, zh: `，效率 ${efficiency.toFixed(3)}` });
      console.say(
        t({
          en: `${report.model} on ${report.machine}: ${cycles} cycles, physically at least ${least}${share}`,
          zh: `${report.model} 运行于 ${report.machine}：${cycles} 周期，物理下界 ${least}${share}`,
        }),
      );
    }
    console.say(t({ en: `wrote ${output}, ${bytes} bytes`, zh: `已写出 ${output}，${bytes} 字节` }));
  });
}

/** Writes a page of runs. @param baseline the run that the others are compared with */
export function writePage(
  console: Console,
  output: string,
  runs: readonly Pick<ReportedRun, 'run' | 'parts'>[],
  baseline: number | null,
): number {
  const names = runs.map(({ run }) => `${run.report.model} · ${run.report.machine}`);
  const title = `Systole: ${names.length > 2 ? `${names.length} runs` : names.join(' – ')}`;
  const page = reportDocument(runs, { title, version, command: givenCommand(), baseline, language: console.language });
  return writeFile(output, [page]);
}
