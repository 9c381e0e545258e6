/** `systole summary MODEL`: what a network holds and what it takes, whatever machine will run it. */
import { Argument } from 'commander';
import { createEngine } from '#engine';
import { bindSizes } from '#flow';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES, summarize, summaryText, toJson } from '#report';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { inModel, loadCounted } from '../model.ts';
import { logged, type ModelOptions, withModelOptions } from '../modelOptions.ts';
import { textStyle } from '../style.ts';

export function configureSummary(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    { run: 'systole summary net.onnx', does: { en: 'a table with totals', zh: '带合计的表格' } },
    {
      run: 'systole summary resnet50 --batch 8',
      does: { en: 'a network of docs/models.md, by its name', zh: '按名称查看 docs/models.md 中的网络' },
    },
    {
      run: 'systole summary net.onnx --dim N=1 --json',
      does: { en: 'as JSON, with a symbolic size bound', zh: '绑定符号维后输出 JSON' },
    },
  ]);
  command.addArgument(
    new Argument(
      '<MODEL>',
      console.text({ en: 'an ONNX file, or the name of a network', zh: 'ONNX 文件，或网络名称' }),
    ),
  );
  withCommonOptions(console, withModelOptions(console, command));
  command.action(async (name: string, options: ModelOptions) => {
    const { model: counted, ...batch } = await inModel(name, () => loadCounted(name, options));
    const sized = { dims: options.dim ?? {}, ...batch };
    const { model: imported, onStep } = await inModel(name, () => logged(console, counted, options));
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
