/** `systole summary MODEL`: what a network holds and what it takes, whatever machine will run it. */
import { Argument } from 'commander';
import { createEngine } from '#engine';
import { bindSizes } from '#flow';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES, summarize, summaryText, toJson } from '#report';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { inModel, loadModel } from '../model.ts';
import { logged, type ModelOptions, withModelOptions } from '../modelOptions.ts';
import { textStyle } from '../style.ts';

export function configureSummary(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    { run: 'systole summary vgg19.onnx', does: { en: 'a table with totals', zh: '带合计的表格' } },
    {
      run: 'systole summary net.onnx --dim N=1 --json',
      does: { en: 'as JSON, with a symbolic size bound', zh: '绑定符号维后输出 JSON' },
    },
  ]);
  command.addArgument(
    new Argument('<MODEL>', console.text({ en: 'an ONNX file, or adder', zh: 'ONNX 文件，或 adder' })),
  );
  withCommonOptions(console, withModelOptions(console, command));
  command.action(async (name: string, options: ModelOptions) => {
    const sized = { dims: options.dim ?? {}, ...(options.batch === undefined ? {} : { batch: options.batch }) };
    const { model: imported, onStep } = await inModel(name, () => logged(console, loadModel(name), options));
    const bound = await inModel(name, () => bindSizes(imported, sized));
    const engine = await createEngine({ onNotice: console.notice });
    const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
    const { model } = await inModel(name, () =>
      runPasses(bound.model, { engine, declared: bound.declared, steps, onStep }),
    );
    const summary = summarize(model, name);
    if (console.json) console.object(toJson(summary) as object);
    else console.say(summaryText(summary, textStyle(console)));
  });
}
