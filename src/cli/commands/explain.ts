/** `systole explain MODEL`: the schedules of layers, why these, and where the cycles went that the bound does not need. */

import { Argument } from 'commander';
import { createEngine } from '#engine';
import { explainModel, type LayerExplanation, layersNamed } from '#flow';
import type { ConvolutionChoice, SparseOption, WinogradChoice } from '#lower';
import { sparseReport } from '#report';
import { type CacheOption, cacheOf, withCacheOption } from '../cacheFolder.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { EXPLAIN } from '../explainAnswer.ts';
import { explainedLayer, explainedTable, hostLines } from '../explainText.ts';
import { loadMachine, machineFileOf } from '../machine.ts';
import { inModel, MODEL_ARGUMENT, sizesGiven } from '../model.ts';
import {
  convolutionOption,
  coresOption,
  type FusePools,
  fusedPools,
  fusePoolsOption,
  type ModelOptions,
  sparseOption,
  winogradOption,
  withModelOptions,
} from '../modelOptions.ts';
import { openModel } from '../openModel.ts';
import { textStyle } from '../style.ts';
import { whole } from '../values.ts';

interface ExplainOptions extends ModelOptions, CacheOption {
  readonly machine?: string;
  readonly sparse?: SparseOption;
  readonly cores?: number;
  readonly layer?: string;
  readonly schedules: number;
  readonly winograd?: WinogradChoice;
  readonly convolution?: ConvolutionChoice;
  readonly fusePools?: FusePools;
}

export function configureExplain(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole explain alexnet', does: { en: 'where the cycles of each layer go', zh: '各层周期的去向' } },
    {
      run: 'systole explain lenet5 --layer conv2/Conv',
      does: {
        en: 'one layer: its form, its loop nest, the schedules considered',
        zh: '某一层：表示、循环、考虑过的调度',
      },
    },
    {
      run: 'systole explain net.onnx --layer 3 --machine tpu-v1 --schedules 10',
      does: { en: 'the third layer on another machine', zh: '另一台机器上的第三层' },
    },
  ]);
  command
    .addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)))
    .option('--layer <NAME|N>', t({ en: 'a layer in full, by name or number', zh: '按名称或编号查看某一层' }))
    .option(
      '--machine <NAME|FILE>',
      t({ en: 'the processor; default textbook-single', zh: '处理器；默认 textbook-single' }),
    )
    .option(
      '--schedules <N>',
      t({ en: 'how many of the considered schedules to show; default 5', zh: '列出多少个考虑过的调度；默认 5' }),
      whole('--schedules', 1, 64),
      5,
    );
  command.option(...sparseOption(console));
  command.option(...winogradOption(console));
  command.option(...convolutionOption(console));
  command.option(...fusePoolsOption(console));
  command.option(...coresOption(console));
  withCommonOptions(console, withCacheOption(console, withModelOptions(console, command)), EXPLAIN);
  command.action(async (name: string, options: ExplainOptions) => {
    const machine = loadMachine(options.machine);
    const { model, onStep } = await openModel(name, console, options, 'none');
    const engine = await createEngine({ onNotice: console.notice });
    const { layer, schedules } = options;
    const explained = await inModel(name, () =>
      explainModel(model, {
        ...cacheOf(options),
        ...{ machine, engine, onStep, schedules },
        ...sizesGiven(name, options),
        ...(options.cores === undefined ? {} : { cores: options.cores }),
        ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
        ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
        ...(options.convolution === undefined ? {} : { convolution: options.convolution }),
        ...fusedPools(options),
        ...(layer === undefined ? {} : { choose: (program) => layersNamed(program, layer) }),
        onProgress: (done, total) =>
          console.progress.update(() =>
            console.text({ en: `compiling ${done}/${total}`, zh: `编译 ${done}/${total}` }),
          ),
      }),
    );
    const style = textStyle(console);
    if (console.json) {
      console.object(EXPLAIN, {
        model: name,
        machine: machine.name,
        machineFile: machineFileOf(options.machine).machineFile ?? null,
        cycles: explained.result.cycles,
        layers: explained.layers.map(layerObject),
        host: explained.host.map(({ plan, run }) => ({
          ...{ name: plan.name, cycles: run.cycles },
          nodes: (plan.onHost ?? []).map((n) => ({ name: n.name, op: n.op, reason: console.text(n.reason) })),
        })),
      });
    } else if (layer === undefined) console.say(explainedTable(console, explained, style));
    else {
      const pages = explained.layers.map((l) => explainedLayer(console, l, style));
      const onHost = explained.host.map((h) => hostLines(console, h, style.palette).join('\n'));
      console.say([...pages, ...onHost].join('\n\n'));
    }
  });
}

const layerObject = ({ plan, run, bound, losses, contraction, kernel }: LayerExplanation) => ({
  ...{ name: plan.name, op: plan.op, nodes: plan.nodes, where: plan.where, cycles: run.cycles, bound, losses },
  traffic: { read: run.readBytes, write: run.writeBytes },
  loops: plan.loops,
  ...(plan.sparse === undefined ? {} : { sparse: sparseReport(plan, plan.sparse, run) }),
  kept: plan.kept ?? [],
  ...(contraction === undefined ? {} : { contraction }),
  ...(kernel === undefined ? {} : { kernel }),
});
