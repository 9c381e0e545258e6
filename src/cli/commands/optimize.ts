/** `systole optimize MODEL -o FILE.onnx`: the graph passes, written as ONNX, with what they did and how far the outputs moved. */
import { Argument } from 'commander';
import { createEngine, roundHalves } from '#engine';
import { amountsOf, bindSizes, compareOn, inputType, optimiseModel, sizesOfFeeds } from '#flow';
import type { Model } from '#ir';
import { inferTypes, symbolsOf } from '#ops';
import type { Step } from '#passes';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import { OPTIMIZE } from '../compression/answers.ts';
import { withOutputOption, writeCompressed } from '../compression/output.ts';
import { amountsText, outputText } from '../compression/show.ts';
import type { Console } from '../console.ts';
import { checkWritable } from '../files.ts';
import { completeFeeds, type InputOptions, readInputs, withInputOptions } from '../inputs.ts';
import { inModel, MODEL_ARGUMENT } from '../model.ts';
import { inType, type ModelOptions, withLogOption, withSizeOptions, withTypeOption } from '../modelOptions.ts';
import { openModel, weightsFact } from '../openModel.ts';

interface OptimizeOptions extends InputOptions, Pick<ModelOptions, 'dim' | 'batch' | 'log' | 'dtype'> {
  readonly output: string;
}

export function configureOptimize(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    {
      run: 'systole optimize net.onnx -o lean.onnx',
      does: {
        en: 'constants, BatchNormalization and biases folded, equal nodes merged',
        zh: '折叠常量、批归一化与偏置，合并相同节点',
      },
    },
    {
      run: 'systole optimize net.onnx -o half.onnx --dtype float16',
      does: { en: 'weights and activations in half precision', zh: '权重与激活转为半精度' },
    },
    {
      run: 'systole optimize net.onnx -o lean.onnx --log passes --input x.npy',
      does: { en: 'tell what each pass did; compare on given data', zh: '说明各遍所做的改动；用给定数据比较' },
    },
  ]);
  command.addArgument(new Argument('<MODEL>', console.text(MODEL_ARGUMENT)));
  withOutputOption(console, command);
  withSizeOptions(console, command);
  withLogOption(console, command);
  withTypeOption(console, command);
  withInputOptions(console, command);
  withCommonOptions(console, command, OPTIMIZE);
  command.action((name: string, options: OptimizeOptions) => optimize(name, options, console));
}

async function optimize(name: string, options: OptimizeOptions, console: Console): Promise<void> {
  checkWritable(options.output, 'file');
  const loaded = await openModel(name, console, { ...options, dtype: 'f32' }, { seed: options.seed });
  const sized = { dims: options.dim ?? {}, ...(options.batch === undefined ? {} : { batch: options.batch }) };
  const bound = await inModel(name, () => bindSizes(loaded.model, sized));
  const before = bound.model;
  const names = before.graph.inputs.map((v) => v.name);
  const given = await readInputs(options, names, (input) => inputType(before, input));
  const engine = await createEngine({ onNotice: console.notice });
  const passes: { readonly pass: string; readonly nodes: number }[] = [];
  const onStep = (step: Step, model: Model, changed: boolean): void => {
    loaded.onStep(step, model, changed);
    if (changed) passes.push({ pass: step.pass.name, nodes: model.graph.nodes.length });
  };
  const { model: lean, notRaised } = await inModel(name, () =>
    optimiseModel(before, { engine, declared: bound.declared, onStep }),
  );
  // Behind the passes: what they fold is rounded once.
  const after = await inModel(name, () => inType(console, lean, options.dtype));
  const { feeds, sources } = completeFeeds(
    given,
    slotsOf(before, sizesOfFeeds(before, given.feeds, given.places)),
    options.seed,
    console,
  );
  // ONNX Runtime has hardly any kernels of bfloat16: its values are rounded node by node.
  const outputs = await inModel(name, () =>
    compareOn(before, options.dtype === 'bfloat16' ? roundHalves(after) : after, feeds, engine),
  );
  const file = writeCompressed(options.output, after);
  if (notRaised !== undefined) {
    const why = notRaised.text(console.language);
    console.note(
      console.text({
        en: `an operator that a newer opset has was left as its nodes: ${why}`,
        zh: `较新 opset 中的算子未能识别，保留原节点：${why}`,
      }),
    );
  }
  const amounts = { before: amountsOf(loaded.model), after: amountsOf(after, file) };
  if (console.json) {
    console.object(OPTIMIZE, {
      model: name,
      output: options.output,
      ...weightsFact(loaded),
      ...amounts,
      passes,
      inputs: Object.fromEntries(sources),
      outputs,
    });
    return;
  }
  const [colon, comma] = [console.text({ en: ': ', zh: '：' }), console.text({ en: ', ', zh: '、' })];
  const from = [...sources].map(([input, source]) => `${input}${colon}${source}`).join(comma);
  const steps = passes.map(({ pass, nodes }) => `${pass} → ${nodes}`).join(comma);
  const none = console.text({ en: 'nothing to do', zh: '无改动' });
  console.say(
    [
      amountsText(amounts.before, amounts.after, console),
      '',
      console.text({ en: `passes (nodes left): ${steps || none}`, zh: `优化遍（剩余节点）：${steps || none}` }),
      console.text({ en: `outputs before and after (${from}):`, zh: `优化前后的输出（${from}）：` }),
      ...outputs.map((change) => outputText(change, console)),
    ].join('\n'),
  );
  console.note(console.text({ en: `model: ${options.output}`, zh: `模型：${options.output}` }));
}

/** Inputs with every size known: what is open, and not told by a feed, is 1. */
function slotsOf(model: Model, told: Readonly<Record<string, number>>) {
  const dims = Object.fromEntries(symbolsOf(model.graph).map((symbol) => [symbol, told[symbol] ?? 1]));
  const sized = inferTypes(model, { dims, declared: 'fallback' });
  return sized.graph.inputs.map(({ name }) => {
    const { dtype, shape = [] } = inputType(sized, name);
    return { name, dtype: dtype as 'float32', dims: shape.map((d) => (typeof d === 'number' ? d : 1)) };
  });
}
