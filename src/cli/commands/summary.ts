/** `systole summary MODEL`: what a network holds and what it takes, whatever machine will run it. */
import { Argument } from 'commander';
import { createEngine } from '#engine';
import { bindSizes, withInputSize } from '#flow';
import { pipeline, runPasses } from '#passes';
import {
  CONVENTIONS,
  type ConventionName,
  countBy,
  SUMMARY_PASSES,
  summarize,
  summaryCsv,
  summaryMarkdown,
  summarySchema,
  summaryText,
} from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { inModel, sizesGiven } from '../model.ts';
import { type ModelOptions, withModelOptions } from '../modelOptions.ts';
import { openModel } from '../openModel.ts';
import { textStyle } from '../style.ts';
import { choice, dimensions, whole } from '../values.ts';

const FORMATS = ['text', 'markdown', 'csv', 'json'] as const;

const SUMMARY = answer('summary', 'what a network holds and takes, layer by layer (docs/counting.md)', summarySchema);

interface SummaryOptions extends ModelOptions {
  readonly depth: number;
  readonly convention: ConventionName;
  readonly format: (typeof FORMATS)[number];
  readonly inputSize?: readonly number[];
}

export function configureSummary(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    { run: 'systole summary net.onnx', does: { en: 'a table with totals', zh: '带合计的表格' } },
    {
      run: 'systole summary resnet50 --batch 8',
      does: { en: 'a network of docs/models.md, by its name', zh: '按名称查看 docs/models.md 中的网络' },
    },
    {
      run: 'systole summary alexnet.prototxt --convention torchinfo --depth 1',
      does: {
        en: "a structure of Caffe (or Darknet's .cfg), counted as torchinfo counts",
        zh: 'Caffe 结构（或 Darknet 的 .cfg），按 torchinfo 的规则统计',
      },
    },
    {
      run: 'systole summary net.onnx --input-size 1,3,320,320 --format markdown',
      does: { en: 'for another size of the image, as a table of Markdown', zh: '换一个图像大小，输出 Markdown 表格' },
    },
  ]);
  command.addArgument(
    new Argument(
      '<MODEL>',
      console.text({
        en: "an ONNX file, the name of a network, or a structure: Caffe's .prototxt, Darknet's .cfg",
        zh: 'ONNX 文件、网络名称，或结构描述：Caffe 的 .prototxt、Darknet 的 .cfg',
      }),
    ),
  );
  const t = console.text.bind(console);
  withCommonOptions(console, withModelOptions(console, command), SUMMARY)
    .option(
      '--depth <N>',
      t({ en: 'show modules that lie deeper as one row; default 3', zh: '更深的模块合并为一行；默认 3' }),
      whole('--depth', 1, 2 ** 16),
      3,
    )
    .option(
      '--input-size <N,C,H,W>',
      t({ en: 'size of the input, the batch first', zh: '输入的大小，批在最前' }),
      dimensions('--input-size'),
    )
    .option(
      '--convention <NAME>',
      t({
        en: 'rule of counting (docs/counting.md): systole, macs, torchinfo or torchinfo-0.0.4; default systole',
        zh: '统计规则（docs/counting.md）：systole、macs、torchinfo 或 torchinfo-0.0.4；默认 systole',
      }),
      choice('--convention', CONVENTIONS),
      'systole',
    )
    .option(
      '--format <KIND>',
      t({
        en: 'text, markdown, csv (a line for each layer) or json; default text',
        zh: 'text、markdown、csv（每层一行）或 json；默认 text',
      }),
      choice('--format', FORMATS),
      'text',
    );
  command.action(async (name: string, options: SummaryOptions) => {
    const { inputSize: size, convention, depth, dim = {} } = options;
    const { model: imported, onStep } = await openModel(name, console, options, 'none');
    const bound = await inModel(name, () =>
      size === undefined ? bindSizes(imported, sizesGiven(name, options)) : withInputSize(imported, size, dim),
    );
    const engine = await createEngine({ onNotice: console.notice });
    const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
    const { model } = await inModel(name, () =>
      runPasses(bound.model, { engine, declared: bound.declared, steps, onStep }),
    );
    const summary = summarize(model, name);
    const style = { ...textStyle(console), convention, depth };
    if (console.json || options.format === 'json')
      console.object(SUMMARY, { ...summary, counted: countBy(summary, convention) ?? null });
    else if (options.format === 'csv') console.say(summaryCsv(summary, style));
    else if (options.format === 'markdown') console.say(summaryMarkdown(summary, style));
    else console.say(summaryText(summary, style));
  });
}
