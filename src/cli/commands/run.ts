/** `systole run [MODEL]`: import, compile, run on the processor, check against the host, report. */
import { Argument } from 'commander';
import { diagnostic } from '#base';
import { createEngine } from '#engine';
import {
  ADDITION,
  type Addition,
  adderInput,
  bindSizes,
  compileModel,
  DEFAULT_MODEL,
  digitInput,
  digitOf,
  digitText,
  type EmbeddedName,
  executeProgram,
  inputType,
  runAndCheck,
  sizesOfFeeds,
  sumsOf,
  TERM_MAX,
} from '#flow';
import type { Tensor } from '#ir';
import type { ConvolutionChoice, SparseOption, WinogradChoice } from '#lower';
import { symbolsOf } from '#ops';
import { type CacheOption, cacheOf, withCacheOption } from '../cacheFolder.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkFidelity, type FidelityOptions, withFidelityOptions } from '../fidelity.ts';
import { completeFeeds, type GivenInputs, type InputOptions, readInputs, withInputOptions } from '../inputs.ts';
import { loadMachine, machineFileOf } from '../machine.ts';
import { embeddedOf, inModel, originOf } from '../model.ts';
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
import { openModel, weightsFact } from '../openModel.ts';
import { readLabels, writeOutputs } from '../outputs.ts';
import { RUN, type ShowOptions, showRun, withShowOptions } from '../showRun.ts';
import { watch } from '../simulation.ts';
import { whole } from '../values.ts';

interface RunOptions extends InputOptions, ModelOptions, ShowOptions, FidelityOptions, CacheOption {
  readonly machine?: string;
  readonly cores?: number;
  readonly sparse?: SparseOption;
  readonly winograd?: WinogradChoice;
  readonly convolution?: ConvolutionChoice;
  readonly fusePools?: FusePools;
  readonly a?: number;
  readonly b?: number;
  readonly carry?: number;
}

const onlyForAdder = diagnostic<{ option: string; model: string }>('SYS-CLI-022', 'usage', {
  en: (p) => `${p.option} is a term of the embedded adder, and the model is '${p.model}'. Leave it out, or run adder.`,
  zh: (p) => `${p.option} 是内置加法器的加数，而模型为“${p.model}”。请去掉它，或运行 adder。`,
});

const inputTwice = diagnostic<{ option: string }>('SYS-CLI-023', 'usage', {
  en: (p) => `${p.option} and --input both say what the adder adds. Leave one out.`,
  zh: (p) => `${p.option} 与 --input 同时指定了加法器的输入。请去掉其一。`,
});

export function configureRun(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole run', does: { en: 'LeNet-5 reads a digit on the processor', zh: '在处理器上用 LeNet-5 识别数字' } },
    { run: 'systole run adder --a 7 --b 8', does: { en: 'a network that adds two numbers', zh: '做加法的网络' } },
    {
      run: 'systole run mnist.onnx --input digit.png --top 3',
      does: { en: 'a picture through a network', zh: '让图片通过网络' },
    },
    {
      run: 'systole run alexnet --batch 2',
      does: {
        en: 'a network of docs/models.md, with random weights',
        zh: '按名称运行 docs/models.md 中的网络，权重随机',
      },
    },
    {
      run: 'systole run resnet50.onnx --dim N=1 --timing-only --json',
      does: { en: 'cycles alone, as JSON', zh: '只计周期，输出 JSON' },
    },
    {
      run: 'systole run net.onnx --machine systolic-16x16 --trace trace.pftrace',
      does: { en: 'another machine, and a trace for Perfetto', zh: '换一台机器，并为 Perfetto 写出跟踪' },
    },
    {
      run: 'systole run net.onnx --machine textbook-single,wram.bytes=524288,vector.lanes=128',
      does: { en: 'a machine with two of its fields changed', zh: '修改机器的两个字段' },
    },
  ]);
  command.addArgument(
    new Argument(
      '[MODEL]',
      t({
        en: 'an ONNX file, or the name of a network; default lenet5',
        zh: 'ONNX 文件，或网络名称；默认 lenet5',
      }),
    ),
  );
  command.option(
    '--machine <NAME|FILE>',
    t({ en: 'the processor; default textbook-single', zh: '处理器；默认 textbook-single' }),
  );
  command.option(...coresOption(console));
  command.option(...sparseOption(console));
  command.option(...winogradOption(console));
  command.option(...convolutionOption(console));
  command.option(...fusePoolsOption(console));
  withModelOptions(console, command);
  withInputOptions(console, command);
  withFidelityOptions(console, command);
  withShowOptions(console, command);
  for (const [flag, most] of [
    ['a', TERM_MAX],
    ['b', TERM_MAX],
    ['carry', 1],
  ] as const) {
    const text = {
      en: `adder: ${flag === 'carry' ? 'carry in' : 'a term'}, 0 to ${most}; default ${ADDITION[flag]}`,
      zh: `加法器：${flag === 'carry' ? '进位' : '加数'}，0 到 ${most}；默认 ${ADDITION[flag]}`,
    };
    command.option(`--${flag} <N>`, t(text), whole(`--${flag}`, 0, most));
  }
  withCacheOption(console, command);
  withCommonOptions(console, command, RUN);
  command.action(async (model: string | undefined, options: RunOptions) => {
    process.exitCode = await run(model ?? DEFAULT_MODEL, options, console);
  });
}

async function run(name: string, options: RunOptions, console: Console): Promise<number> {
  refuseContradictions(name, options);
  checkFidelity(options);
  const labels = options.labels === undefined ? undefined : readLabels(options.labels);
  const machine = loadMachine(options.machine);
  const withData = options.timingOnly !== true;
  const opened = await openModel(name, console, options, withData ? { seed: options.seed } : 'none');
  const { model, onStep } = opened;
  const dims = options.dim ?? {};
  const embedded = options.input === undefined ? embeddedOf(name) : undefined;
  const sized = { dims, ...(options.batch === undefined ? {} : { batch: options.batch }) };
  const bound = (await inModel(name, () => bindSizes(model, sized))).model;
  const names = bound.graph.inputs.map((v) => v.name);
  const addition: Addition = { ...ADDITION, ...pick(options) };
  const batch = options.batch ?? dims.N;
  // Without data only the sizes count, and where they are given they need no feed to tell them.
  const read = await readInputs(options, names, (input) => inputType(bound, input));
  const given: GivenInputs =
    embedded !== undefined && (withData || batch === undefined)
      ? embeddedInputs(embedded, addition, batch ?? 1, console)
      : read;
  const implied = sizesOfFeeds(bound, given.feeds, given.places);

  // A network by its name is open in its batch: one sample, where nothing says more.
  const one = originOf(name) === 'file' ? {} : Object.fromEntries(symbolsOf(bound.graph).map((symbol) => [symbol, 1]));

  const engine = await createEngine({ onNotice: console.notice });
  console.progress.begin(console.text({ en: 'compiling', zh: '编译' }));
  const compile = compileModel(model, {
    ...sized,
    ...cacheOf(options),
    machine,
    engine,
    onStep,
    dims: { ...one, ...dims, ...(options.batch === undefined ? implied : {}) },
    ...(options.cores === undefined ? {} : { cores: options.cores }),
    ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
    ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
    ...(options.convolution === undefined ? {} : { convolution: options.convolution }),
    ...fusedPools(options),
    onProgress: (done, total) =>
      console.progress.update(() => console.text({ en: `compiling ${done}/${total}`, zh: `编译 ${done}/${total}` })),
  });
  const compiled = await inModel(name, () => compile);
  const { program } = compiled;
  const watching = watch(program, console, options.trace);
  console.progress.begin(console.text({ en: 'simulating', zh: '仿真' }));
  const facts = { name, program, ...machineFileOf(options.machine) };
  if (!withData) {
    const { result } = await executeProgram(program, { data: false, observer: watching.observer });
    watching.finish();
    showRun(console, { ...facts, result, fidelity: 'timing' }, options);
    return 0;
  }
  const { feeds, sources } = completeFeeds(given, program.inputs, options.seed, console);
  const { result, outputs, check } = await runAndCheck(compiled, { engine, feeds, observer: watching.observer });
  watching.finish();
  const written = options.output === undefined ? [] : writeOutputs(options.output, outputs);
  // What is fetched may be any value; only the network's own answer has words.
  const isPart = options.fetch !== undefined;
  const answer = embedded === undefined || isPart ? undefined : answerText(embedded, addition, outputs, console);
  showRun(
    console,
    { ...facts, result, fidelity: 'data', sources, outputs, check },
    { ...options, written, answer, labelList: labels, extra: weightsFact(opened) },
  );
  return check.ok ? 0 : 1;
}

function refuseContradictions(name: string, options: RunOptions): void {
  const term = (['a', 'b', 'carry'] as const).find((flag) => options[flag] !== undefined);
  if (term !== undefined && embeddedOf(name) !== 'adder') throw onlyForAdder({ option: `--${term}`, model: name });
  if (term !== undefined && options.input !== undefined) throw inputTwice({ option: `--${term}` });
}

function pick({ a, b, carry }: RunOptions): Partial<Addition> {
  return {
    ...(a === undefined ? {} : { a }),
    ...(b === undefined ? {} : { b }),
    ...(carry === undefined ? {} : { carry }),
  };
}

function embeddedInputs(name: EmbeddedName, addition: Addition, batch: number, console: Console): GivenInputs {
  if (name === 'lenet5') {
    const { feed, label } = digitInput(batch);
    const source = console.text({ en: `a ${label} drawn by rule`, zh: `按规则绘制的 ${label}` });
    return { feeds: new Map([['input', feed]]), sources: new Map([['input', source]]), places: new Map() };
  }
  const { a, b, carry } = addition;
  const source = console.text({
    en: `${a}, ${b} and carry ${carry} in bits`,
    zh: `${a}、${b} 与进位 ${carry} 的二进制位`,
  });
  const feed = adderInput(new Array<Addition>(batch).fill(addition));
  return { feeds: new Map([['bits', feed]]), sources: new Map([['bits', source]]), places: new Map() };
}

/** What the network says, in a person's terms. */
function answerText(
  name: EmbeddedName,
  { a, b, carry }: Addition,
  outputs: ReadonlyMap<string, Tensor>,
  console: Console,
): string {
  if (name === 'adder') return `${a} + ${b} + ${carry} = ${sumsOf(outputs.get('sum')!)[0]}`;
  const { digit, probability } = digitOf(outputs.get('output')!);
  const share = (100 * probability).toFixed(2);
  const text = { en: `this is a ${digit} (${share} %)`, zh: `这是 ${digit}（${share} %）` };
  return `${digitText(digitInput(1).pixels)}\n${console.text(text)}`;
}
