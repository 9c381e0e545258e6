/** `systole compile MODEL -o FILE.dlp`: everything that `exec` needs, in one file. */

import { Argument } from 'commander';
import * as z from 'zod';
import { createEngine } from '#engine';
import { compileModel } from '#flow';
import { type Program, writeProgramChunks } from '#isa';
import type { ConvolutionChoice, SparseOption, WinogradChoice } from '#lower';
import { count, type Printable } from '#report';
import { answer } from '../answers.ts';
import { type CacheOption, cacheOf, withCacheOption } from '../cacheFolder.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { hostReason, slots, weights } from '../facts.ts';
import { checkWritable, writeFile } from '../files.ts';
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
import { type Opened, openModel, weightsFact } from '../openModel.ts';
import { slotText } from '../slots.ts';
import { seedOption } from '../values.ts';

const COMPILE = answer(
  'compile',
  'a program file that was written',
  z.strictObject({
    ...{ model: z.string(), file: z.string(), weights, bytes: count, machine: z.string() },
    machineFile: z.string().nullable(),
    words: count.describe('instruction words'),
    ...{ dramBytes: count, inputs: slots, outputs: slots },
    layers: count,
    host: z.array(hostReason).describe('nodes that the host runs'),
  }),
);

interface CompileOptions extends ModelOptions, CacheOption {
  readonly out: string;
  readonly machine?: string;
  readonly cores?: number;
  readonly sparse?: SparseOption;
  readonly winograd?: WinogradChoice;
  readonly convolution?: ConvolutionChoice;
  readonly fusePools?: FusePools;
  readonly seed: number;
}

export function configureCompile(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole compile net.onnx -o net.dlp', does: { en: 'for the default machine', zh: '用于默认机器' } },
    {
      run: 'systole compile net.onnx --dim N=8 --machine systolic-16x16 -o net.dlp',
      does: { en: 'a batch of eight, on another machine', zh: '批次为 8，用于另一台机器' },
    },
  ]);
  command
    .addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)))
    .requiredOption('-o, --out <FILE.dlp>', t({ en: 'the program file to write', zh: '要写出的程序文件' }))
    .option(
      '--machine <NAME|FILE>',
      t({ en: 'the processor; default textbook-single', zh: '处理器；默认 textbook-single' }),
    );
  command.option(...coresOption(console));
  command.option(...sparseOption(console));
  command.option(...winogradOption(console));
  command.option(...convolutionOption(console));
  command.option(...fusePoolsOption(console));
  command.option(...seedOption(console, { en: 'of random weights; default 0', zh: '随机权重的种子，默认 0' }));
  withCommonOptions(console, withCacheOption(console, withModelOptions(console, command)), COMPILE);
  command.action(async (name: string, options: CompileOptions) => {
    checkWritable(options.out, 'file');
    const machine = loadMachine(options.machine);
    const opened = await openModel(name, console, options, { seed: options.seed });
    const engine = await createEngine({ onNotice: console.notice });
    const compile = compileModel(opened.model, {
      ...cacheOf(options),
      ...sizesGiven(name, options),
      machine,
      engine,
      onStep: opened.onStep,
      ...(options.cores === undefined ? {} : { cores: options.cores }),
      ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
      ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
      ...(options.convolution === undefined ? {} : { convolution: options.convolution }),
      ...fusedPools(options),
      onProgress: (done, total) =>
        console.progress.update(() => console.text({ en: `compiling ${done}/${total}`, zh: `编译 ${done}/${total}` })),
    });
    const { program } = await inModel(name, () => compile);
    const bytes = writeFile(options.out, writeProgramChunks(program));
    if (console.json) console.object(COMPILE, summaryObject(console, name, options, bytes, program, opened));
    else console.say(summaryText(console, options, bytes, program));
  });
}

function summaryObject(
  console: Console,
  model: string,
  options: CompileOptions,
  bytes: number,
  program: Program,
  opened: Opened,
): Printable<z.input<typeof COMPILE.schema>> {
  const { machine, words, dramBytes, inputs, outputs, layers } = program;
  const slots = (list: Program['inputs']) => list.map(({ name, dtype, dims }) => ({ name, dtype, shape: dims }));
  return {
    model,
    file: options.out,
    ...weightsFact(opened),
    bytes,
    machine: machine.name,
    machineFile: machineFileOf(options.machine).machineFile ?? null,
    words: words.length,
    dramBytes,
    inputs: slots(inputs),
    outputs: slots(outputs),
    layers: layers.length,
    host: hostNodes(program).map(({ name, op, reason }) => ({ name, op, reason: console.text(reason) })),
  };
}

const hostNodes = (program: Program) => program.layers.flatMap((layer) => layer.onHost ?? []);

function summaryText(console: Console, options: CompileOptions, bytes: number, program: Program): string {
  const { machine, words, dramBytes, inputs, outputs, layers } = program;
  const host = hostNodes(program);
  const { machineFile = '' } = machineFileOf(options.machine);
  const slots = (list: Program['inputs']): string => list.map(slotText).join(console.text({ en: ', ', zh: '，' }));
  return [
    console.text({
      en: `wrote ${options.out}: ${bytes.toLocaleString('en')} bytes, for ${machine.name}${machineFile && ` (${machineFile})`}`,
      zh: `已写出 ${options.out}：${bytes.toLocaleString('en')} 字节，用于 ${machine.name}${machineFile && `（${machineFile}）`}`,
    }),
    console.text({
      en: `${words.length} instruction words, ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}, ${dramBytes.toLocaleString('en')} bytes of DRAM`,
      zh: `${words.length} 个指令字，${layers.length} 层，DRAM ${dramBytes.toLocaleString('en')} 字节`,
    }),
    console.text({ en: `in: ${slots(inputs)}`, zh: `输入：${slots(inputs)}` }),
    console.text({ en: `out: ${slots(outputs)}`, zh: `输出：${slots(outputs)}` }),
    ...host.map(({ name, op, reason }) =>
      console.text({
        en: `on the host: ${name} (${op}): ${reason.en}`,
        zh: `在主机上：${name}（${op}）：${reason.zh}`,
      }),
    ),
  ].join('\n');
}
