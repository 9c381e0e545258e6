/** `systole quantize MODEL -o FILE.onnx`: post-training quantisation to 8 bits, as a QDQ graph that ONNX Runtime runs. */
import { existsSync, readFileSync } from 'node:fs';
import { Argument } from 'commander';
import { diagnostic } from '#base';
import { createEngine } from '#engine';
import {
  ACTIVATIONS,
  type ActivationType,
  amountsOf,
  bindSizes,
  CALIBRATIONS,
  type Calibration,
  type Quantisation,
  quantiseModel,
} from '#flow';
import { writeModel } from '#onnx';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import { QUANTIZE } from '../compression/answers.ts';
import { withExcludeOption, withOutputOption, writeCompressed } from '../compression/output.ts';
import { type SampleArguments, samplesFor, withSampleOptions } from '../compression/sampleOptions.ts';
import { amountsText, comparisonText, decibels, noteRandom } from '../compression/show.ts';
import type { Console } from '../console.ts';
import { checkWritable } from '../files.ts';
import { inModel, MODEL_ARGUMENT } from '../model.ts';
import { type ModelOptions, withLogOption, withSizeOptions } from '../modelOptions.ts';
import { openModel, weightsFact } from '../openModel.ts';
import { badValue, choice, whole } from '../values.ts';

interface QuantizeOptions extends SampleArguments, Pick<ModelOptions, 'dim' | 'batch' | 'log'> {
  readonly output: string;
  readonly calibration: Calibration;
  readonly percentile?: number;
  readonly activations: ActivationType;
  readonly perTensor?: boolean;
  readonly reduceRange?: boolean;
  readonly exclude?: readonly string[];
}

/** Share of values that `percentile` keeps, in percent. */
const PERCENTILE = 99.99;

const percentileAlone = diagnostic<{ calibration: string }>('SYS-CLI-150', 'usage', {
  en: (p) =>
    `--percentile is of --calibration percentile, and the calibration is ${p.calibration}. Leave it out, or name that calibration.`,
  zh: (p) =>
    `--percentile 用于 --calibration percentile，而当前校准方法为 ${p.calibration}。请去掉它，或改用该校准方法。`,
});

function percentile(text: string): number {
  const value = Number(text);
  const expected = { en: 'a number above 50 and up to 100', zh: '大于 50 且不超过 100 的数' };
  if (!(text.trim() !== '' && value > 50 && value <= 100))
    throw badValue({ option: '--percentile', found: text, expected });
  return value;
}

export function configureQuantize(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole quantize lenet5 -o lenet5-int8.onnx --data mnist',
      does: { en: 'calibrated and checked on MNIST', zh: '用 MNIST 校准并检验' },
    },
    {
      run: 'systole quantize resnet50.onnx -o int8.onnx --data pictures --scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225',
      does: { en: 'on a folder of pictures', zh: '用图片文件夹' },
    },
    {
      run: 'systole quantize net.onnx -o int8.onnx --data x.npy --calibration entropy --exclude head',
      does: { en: 'ranges by least divergence, one node left in floats', zh: '以最小散度定范围，保留一个浮点节点' },
    },
  ]);
  command.addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)));
  withOutputOption(console, command);
  command
    .option(
      '--calibration <METHOD>',
      t({
        en: 'how ranges are chosen: minmax (default), percentile or entropy',
        zh: '范围的选取：minmax（默认）、percentile 或 entropy',
      }),
      choice('--calibration', CALIBRATIONS),
      'minmax',
    )
    .option(
      '--percentile <P>',
      t({
        en: `share of values kept, in percent; default ${PERCENTILE}`,
        zh: `保留的取值比例（百分数）；默认 ${PERCENTILE}`,
      }),
      percentile,
    )
    .option(
      '--samples <N>',
      t({ en: 'samples to calibrate on; default 512', zh: '校准样本数；默认 512' }),
      whole('--samples', 1, 1e9),
    )
    .option(
      '--activations <TYPE>',
      t({ en: 'u8 (default) or i8', zh: 'u8（默认）或 i8' }),
      choice('--activations', ACTIVATIONS),
      'u8',
    )
    .option('--per-tensor', t({ en: 'one scale for all filters of a layer', zh: '每层所有滤波器共用一个比例' }))
    .option(
      '--reduce-range',
      t({
        en: 'weights of 7 bits, for CPUs whose products of u8 and i8 saturate',
        zh: '权重用 7 位，适用于 u8×i8 乘积会饱和的 CPU',
      }),
    );
  withExcludeOption(console, command);
  withSampleOptions(console, command);
  withLogOption(console, withSizeOptions(console, command));
  withCommonOptions(console, command, QUANTIZE);
  command.action((name: string, options: QuantizeOptions) => quantize(name, options, console));
}

async function quantize(name: string, options: QuantizeOptions, console: Console): Promise<void> {
  const { calibration } = options;
  if (options.percentile !== undefined && calibration !== 'percentile') throw percentileAlone({ calibration });
  checkWritable(options.output, 'file');
  const opened = await openModel(name, console, options, { seed: options.seed });
  const { model, onStep } = opened;
  const sized = {
    dims: options.dim ?? {},
    ...(options.batch === undefined ? {} : { batch: options.batch }),
  };
  const bound = await inModel(name, () => bindSizes(model, sized).model);
  const engine = await createEngine({ onNotice: console.notice });
  console.progress.begin(console.text({ en: 'reading data', zh: '读取数据' }));
  const words = {
    calibrating: { en: 'calibrating', zh: '校准' },
    checking: { en: 'checking', zh: '检验' },
  };
  const done = await inModel(name, () =>
    quantiseModel(bound, (m) => samplesFor(m, options), {
      engine,
      calibration,
      percentile: options.percentile ?? PERCENTILE,
      activations: options.activations,
      perTensor: options.perTensor ?? false,
      reduceRange: options.reduceRange ?? false,
      exclude: options.exclude ?? [],
      onStep,
      onProgress: (what, n, of) => console.progress.update(() => `${console.text(words[what])} ${n}/${of}`),
    }),
  );
  const file = writeCompressed(options.output, done.model);
  show(name, options, done, file, weightsFact(opened), console);
}

function show(
  name: string,
  options: QuantizeOptions,
  { model, before, plan, comparison, layers, samples }: Awaited<ReturnType<typeof quantiseModel>>,
  file: Uint8Array,
  weights: { readonly weights?: string },
  console: Console,
): void {
  const amounts = { before: amountsOf(before, writeModel(before)), after: amountsOf(model, file) };
  const ops = countsOf(plan);
  const left = plan.left.map(({ node, why }) => ({ node: node.name, op: node.op, why: console.text(why) }));
  noteRandom(samples, console, { en: 'calibrated', zh: '校准' });
  if (options.activations === 'u8' && !options.reduceRange && saturates()) {
    console.note(
      console.text({
        en: 'this CPU has no VNNI: ONNX Runtime may saturate products of u8 and i8 here; --reduce-range avoids it',
        zh: '本机 CPU 无 VNNI：ONNX Runtime 的 u8×i8 乘积可能饱和；可用 --reduce-range 避免',
      }),
    );
  }
  if (console.json) {
    console.object(QUANTIZE, {
      model: name,
      output: options.output,
      ...weights,
      calibration: { method: options.calibration, samples: samples.calibration.count, random: samples.isRandom },
      activations: options.activations,
      ...amounts,
      quantised: Object.fromEntries(ops),
      left,
      ...comparison,
      layers,
    });
    return;
  }
  const comma = console.text({ en: ', ', zh: '、' });
  const kept = left
    .map(({ node, op, why }) => console.text({ en: `${node} (${op}: ${why})`, zh: `${node}（${op}：${why}）` }))
    .join(comma);
  const named = ops.map(([op, n]) => `${n} ${op}`).join(comma);
  const on = samples.calibration;
  const worst = layers
    .slice(0, 5)
    .map(({ node, op, decibels: ratio }) =>
      console.text({ en: `  ${node} (${op}): ${decibels(ratio)}`, zh: `  ${node}（${op}）：${decibels(ratio)}` }),
    );
  const lines = [
    amountsText(amounts.before, amounts.after, console),
    '',
    console.text({ en: `in 8 bits: ${named}`, zh: `8 位：${named}` }),
    ...(kept === '' ? [] : [console.text({ en: `in floats: ${kept}`, zh: `浮点：${kept}` })]),
    console.text({
      en: `calibrated on ${on.count} samples (${on.name.en}), ${options.calibration}`,
      zh: `用 ${on.count} 个样本校准（${on.name.zh}），${options.calibration}`,
    }),
    comparisonText(comparison, samples, console),
    console.text({
      en: 'layers that lose most by themselves (signal to noise of their result):',
      zh: '自身误差最大的层（其结果的信噪比）：',
    }),
    ...worst,
  ];
  console.say(lines.join('\n'));
  console.note(console.text({ en: `model: ${options.output}`, zh: `模型：${options.output}` }));
}

/** Operators that are quantised, by number. */
function countsOf({ nodes }: Quantisation['plan']): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts];
}

/** Whether this machine's kernels add pairs of products of u8 and i8 in 16 bits. */
function saturates(): boolean {
  if (process.arch !== 'x64' || !existsSync('/proc/cpuinfo')) return false;
  return !/\b(avx512_vnni|avx_vnni)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}
