/** `systole prune MODEL -o FILE.onnx`: weights of least magnitude become 0, and what that changes. */
import { Argument } from 'commander';
import { diagnostic } from '#base';
import { createEngine } from '#engine';
import { bindSizes, checkNames, compareModels, pruneWeights } from '#flow';
import type { GraphNode } from '#ir';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES } from '#report';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import { PRUNE } from '../compression/answers.ts';
import { withExcludeOption, withOutputOption, writeCompressed } from '../compression/output.ts';
import { type SampleArguments, samplesFor, withSampleOptions } from '../compression/sampleOptions.ts';
import { comparisonText, noteRandom } from '../compression/show.ts';
import type { Console } from '../console.ts';
import { checkWritable } from '../files.ts';
import { inModel, MODEL_ARGUMENT } from '../model.ts';
import { type ModelOptions, withSizeOptions } from '../modelOptions.ts';
import { openModel, weightsFact } from '../openModel.ts';
import { badValue, choice } from '../values.ts';

interface PruneArguments extends SampleArguments, Pick<ModelOptions, 'dim' | 'batch'> {
  readonly output: string;
  readonly sparsity?: number;
  readonly pattern?: '2:4';
  readonly global?: boolean;
  readonly exclude?: readonly string[];
}

const oneOfThem = diagnostic<{ given: boolean }>('SYS-CLI-151', 'usage', {
  en: (p) =>
    p.given
      ? '--pattern 2:4 prunes half of the weights of every four: --sparsity and --global have no say in it. Leave them out, or the pattern.'
      : 'say how much to prune: --sparsity with a share, as in --sparsity 0.5, or --pattern 2:4.',
  zh: (p) =>
    p.given
      ? '--pattern 2:4 在每四个权重中剪去两个，不能与 --sparsity、--global 同用。请去掉其一。'
      : '请指定剪枝量：--sparsity 给出比例（例如 --sparsity 0.5），或 --pattern 2:4。',
});

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const expected = { en: 'a share from 0 to 1, as in 0.5', zh: '0 到 1 的比例，例如 0.5' };
  if (!(value >= 0 && value <= 1)) throw badValue({ option: '--sparsity', found: text, expected });
  return value;
}

export function configurePrune(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole prune lenet5 -o half.onnx --sparsity 0.5 --data mnist',
      does: { en: 'half of each layer, and the accuracy that is left', zh: '每层剪去一半，并给出剩余准确率' },
    },
    {
      run: 'systole prune net.onnx -o sparse.onnx --pattern 2:4',
      does: {
        en: 'two of each four weights, for machines that skip them',
        zh: '每四个权重剪去两个，供可跳过零的机器使用',
      },
    },
    {
      run: 'systole prune net.onnx -o sparse.onnx --sparsity 0.8 --global --exclude fc',
      does: { en: 'the smallest weights of all layers together, but one', zh: '除一层外，按全部权重统一排序' },
    },
  ]);
  command.addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)));
  withOutputOption(console, command);
  command
    .option('--sparsity <SHARE>', t({ en: 'share of weights that become 0', zh: '变为 0 的权重比例' }), share)
    .option(
      '--pattern <2:4>',
      t({ en: 'two of each four weights along the reduction', zh: '沿归约方向每四个权重剪去两个' }),
      choice('--pattern', ['2:4'] as const),
    )
    .option('--global', t({ en: 'rank the weights of all layers together', zh: '所有层的权重统一排序' }));
  withExcludeOption(console, command);
  withSampleOptions(console, command);
  withSizeOptions(console, command);
  withCommonOptions(console, command, PRUNE);
  command.action((name: string, options: PruneArguments) => prune(name, options, console));
}

async function prune(name: string, options: PruneArguments, console: Console): Promise<void> {
  const byPattern = options.pattern !== undefined;
  const others = options.sparsity !== undefined || options.global === true;
  if (byPattern ? others : options.sparsity === undefined) throw oneOfThem({ given: byPattern });
  checkWritable(options.output, 'file');
  const loaded = await openModel(name, console, {}, { seed: options.seed });
  const sized = { dims: options.dim ?? {}, ...(options.batch === undefined ? {} : { batch: options.batch }) };
  const bound = await inModel(name, () => bindSizes(loaded.model, sized));
  const engine = await createEngine({ onNotice: console.notice });
  // Weights that are computed from constants are weights all the same.
  const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
  const { model: before, provenance } = await inModel(name, () =>
    runPasses(bound.model, { engine, declared: bound.declared, steps }),
  );
  const exclude = options.exclude ?? [];
  checkNames(exclude, before, provenance);
  const pruned = await inModel(name, () =>
    pruneWeights(before, {
      share: options.sparsity ?? 0.5,
      pattern: options.pattern ?? 'magnitude',
      global: options.global ?? false,
      isExcluded: (node: GraphNode) => exclude.includes(node.name),
    }),
  );
  const samples = await inModel(name, () => samplesFor(before, options));
  const checking = console.text({ en: 'checking', zh: '检验' });
  const comparison = await inModel(name, () =>
    compareModels(before, pruned.model, samples.check, engine, (n, of) =>
      console.progress.update(() => `${checking} ${n}/${of}`),
    ),
  );
  writeCompressed(options.output, pruned.model);
  noteRandom(samples, console, { en: 'checked', zh: '检验' });
  const { layers } = pruned;
  const left = pruned.left.map(({ node, why }) => ({ node, why: console.text(why) }));
  const sum = (of: (layer: (typeof layers)[number]) => number): number => layers.reduce((n, layer) => n + of(layer), 0);
  const total = { size: sum((l) => l.size), zeros: sum((l) => l.zeros) };
  if (console.json) {
    console.object(PRUNE, {
      ...{ model: name, output: options.output, ...weightsFact(loaded), layers, left, total },
      ...comparison,
    });
    return;
  }
  const part = (zeros: number, size: number): string => {
    const text = `${((100 * zeros) / size).toFixed(1)} %`;
    return console.text({ en: `${zeros} of ${size} zero (${text})`, zh: `${size} 中 ${zeros} 个为零（${text}）` });
  };
  const lines = [
    ...layers.map(
      (l) => `${console.text({ en: `${l.node} (${l.op}): `, zh: `${l.node}（${l.op}）：` })}${part(l.zeros, l.size)}`,
    ),
    ...left.map(({ node, why }) => console.text({ en: `${node}: ${why}`, zh: `${node}：${why}` })),
    `${console.text({ en: 'together: ', zh: '合计：' })}${part(total.zeros, total.size)}`,
    comparisonText(comparison, samples, console),
  ];
  console.say(lines.join('\n'));
  console.note(console.text({ en: `model: ${options.output}`, zh: `模型：${options.output}` }));
}
