/**
 * `systole utilisation [MODEL]`: the analytic utilisation models of the textbook's chapter 6 (exercises 6.8, 6.9). Nothing is
 * compiled or simulated; the answer says so.
 */
import { Argument } from 'commander';
import * as z from 'zod';
import { diagnostic } from '#base';
import {
  ANALYTIC_ARRAYS,
  type AnalyticNetwork,
  type ArrayUse,
  analytic,
  analyticLayers,
  arrayOfMachine,
  arrayOfSize,
  leftOutSchema,
  MAPPINGS,
  PAPER_ALEXNET,
  SCALAR_TRAFFIC,
  utilisation,
  utilisationSchema,
  utilisationText,
  VECTOR_TRAFFIC,
} from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { loadMachine, machineFileOf } from '../machine.ts';
import { countedModel, inModel } from '../model.ts';
import { textStyle } from '../style.ts';
import { choice, sizes, whole, wholes } from '../values.ts';

const UTILISATION = answer(
  'utilisation',
  'how busy arrays of multipliers are, layer by layer',
  z.strictObject({
    analytic,
    machineFile: z.string().nullable(),
    network: z.string(),
    machine: z.string(),
    bits: z.number(),
    bytesPerCycle: z.strictObject({ bytes: z.number(), cycles: z.number() }),
    sizes: z.array(utilisationSchema),
    leftOut: z.array(leftOutSchema).describe('contractions that the models have no formula for'),
  }),
);

const TRAFFIC = { 'vector-mac': VECTOR_TRAFFIC, 'scalar-mac': SCALAR_TRAFFIC } as const;

type Traffic = (typeof VECTOR_TRAFFIC)[number] | (typeof SCALAR_TRAFFIC)[number];

interface UtilisationOptions {
  readonly machine: string;
  readonly array: (typeof ANALYTIC_ARRAYS)[number];
  readonly traffic?: Traffic;
  readonly mapping?: (typeof MAPPINGS)[number];
  readonly multipliers?: readonly number[];
  readonly bits: number;
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
}

const otherArray = diagnostic<{ option: string; array: string; other: string; allowed: readonly string[] }>(
  'SYS-CLI-030',
  'usage',
  {
    en: (p) =>
      `${p.option} is for --array ${p.other}, and the array is ${p.array}. ` +
      (p.allowed.length === 0 ? 'Leave it out.' : `Take ${p.allowed.join(' or ')}, or --array ${p.other}.`),
    zh: (p) =>
      `${p.option} 用于 --array ${p.other}，而阵列为 ${p.array}。` +
      (p.allowed.length === 0 ? '请去掉它。' : `请改用 ${p.allowed.join(' 或 ')}，或 --array ${p.other}。`),
  },
);

const noModel = diagnostic<{ option: string }>('SYS-CLI-031', 'usage', {
  en: (p) => `${p.option} is for a MODEL, and none is given: AlexNet as its paper has it is of one size. Leave it out.`,
  zh: (p) => `${p.option} 用于 MODEL，而没有给出模型：论文中的 AlexNet 大小固定。请去掉它。`,
});

export function configureUtilisation(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole utilisation',
      does: {
        en: "AlexNet on the textbook's 256 multipliers, layer by layer",
        zh: '教材的 256 个乘法器上逐层的 AlexNet',
      },
    },
    {
      run: 'systole utilisation --multipliers 16,32,64,128,256,512,1024,2048,4096',
      does: { en: 'exercise 6.8: the same, as the array grows', zh: '习题 6.8：利用率随阵列规模的变化' },
    },
    {
      run: 'systole utilisation --array scalar-mac --multipliers 16,64,256,1024 --bits 16',
      does: { en: 'exercise 6.9: scalar units that hand inputs on', zh: '习题 6.9：相互传递输入的标量单元' },
    },
    {
      run: 'systole utilisation vgg19.onnx --machine textbook-single --traffic streaming --json',
      does: { en: 'any network on any machine, as JSON', zh: '任意网络与机器，输出 JSON' },
    },
  ]);
  command
    .addArgument(
      new Argument(
        '[MODEL]',
        t({
          en: 'an ONNX file, or the name of a network; default AlexNet as its paper has it (two groups, 227 × 227)',
          zh: 'ONNX 文件，或网络名称；默认为论文中的 AlexNet（两组，227 × 227）',
        }),
      ),
    )
    .option(
      '--machine <NAME|FILE>',
      t({
        en: 'whose DRAM bandwidth and multipliers; default textbook-ch6',
        zh: '提供 DRAM 带宽与乘法器数的处理器；默认 textbook-ch6',
      }),
      'textbook-ch6',
    )
    .option(
      '--array <KIND>',
      t({
        en: 'vector-mac (Tn adder trees of Ti lanes; default) or scalar-mac (Py × Px units, an output element each)',
        zh: 'vector-mac（Tn 棵 Ti 路加法树，默认）或 scalar-mac（Py × Px 个单元，各算一个输出）',
      }),
      choice('--array', ANALYTIC_ARRAYS),
      'vector-mac',
    )
    .option(
      '--traffic <READING>',
      t({
        en: 'ideal (each word once), streaming or weight-stationary (vector-mac), shift (scalar-mac); default ideal, shift for scalar-mac',
        zh: 'ideal（每字一次）、streaming 或 weight-stationary（vector-mac）、shift（scalar-mac）；默认 ideal，scalar-mac 为 shift',
      }),
      choice('--traffic', [...new Set<Traffic>([...VECTOR_TRAFFIC, ...SCALAR_TRAFFIC])]),
    )
    .option(
      '--mapping <KIND>',
      t({
        en: 'lanes of vector-mac over the whole reduction (im2col; default) or over channels (channel)',
        zh: 'vector-mac 的各路映射到整个归约维（im2col，默认）或通道（channel）',
      }),
      choice('--mapping', MAPPINGS),
    )
    .option(
      '--multipliers <N,…>',
      t({
        en: 'sizes of the array: one is shown by layer, several by total; default that of the machine',
        zh: '阵列的乘法器数：一个则逐层列出，多个则列合计；默认取机器的',
      }),
      wholes('--multipliers', 1, 2 ** 30),
    )
    .option('--bits <N>', t({ en: 'of a word; default 32', zh: '字长；默认 32' }), whole('--bits', 1, 64), 32)
    .option(
      '--dim <NAME=N>',
      t({ en: 'size of a symbolic dimension; repeatable', zh: '符号维的大小；可重复' }),
      sizes('--dim'),
    )
    .option(
      '--batch <N>',
      t({ en: 'first dimension of every input', zh: '每个输入的第一维' }),
      whole('--batch', 1, 2 ** 24),
    );
  withCommonOptions(console, command, UTILISATION);
  command.action(async (model: string | undefined, options: UtilisationOptions) => {
    const use = useOf(options);
    const machine = loadMachine(options.machine);
    const arrays =
      options.multipliers === undefined
        ? [arrayOfMachine(machine, use)]
        : options.multipliers.map((n) => arrayOfSize(n, use));
    const { layers, leftOut } = await networkOf(model, options, console);
    const rate = { bits: options.bits, bytesPerCycle: machine.dram.bandwidth };
    const report = {
      network: model ?? 'AlexNet (NIPS 2012)',
      machine: machine.name,
      ...rate,
      sizes: arrays.map((array) => utilisation(layers, array, rate)),
      leftOut,
    };
    if (console.json) {
      const file = { machineFile: null, ...machineFileOf(options.machine) };
      console.object(UTILISATION, { analytic: true, ...file, ...report });
    } else console.say(utilisationText(report, textStyle(console)));
  });
}

/** @throws SYS-CLI-030 */
function useOf({ array, traffic, mapping }: UtilisationOptions): ArrayUse {
  const allowed: readonly Traffic[] = TRAFFIC[array];
  const other = array === 'vector-mac' ? 'scalar-mac' : 'vector-mac';
  if (traffic !== undefined && !allowed.includes(traffic)) {
    throw otherArray({ option: `--traffic ${traffic}`, array, other, allowed });
  }
  if (array === 'scalar-mac') {
    if (mapping !== undefined) throw otherArray({ option: '--mapping', array, other, allowed: [] });
    return { kind: array, traffic: (traffic as (typeof SCALAR_TRAFFIC)[number] | undefined) ?? 'shift' };
  }
  const reading = (traffic as (typeof VECTOR_TRAFFIC)[number] | undefined) ?? 'ideal';
  return { kind: array, mapping: mapping ?? 'im2col', traffic: reading };
}

async function networkOf(
  name: string | undefined,
  options: UtilisationOptions,
  console: Console,
): Promise<AnalyticNetwork> {
  const { dim, batch } = options;
  if (name === undefined) {
    const unused = dim !== undefined ? '--dim' : batch !== undefined ? '--batch' : undefined;
    if (unused !== undefined) throw noModel({ option: unused });
    return { layers: PAPER_ALEXNET, leftOut: [] };
  }
  return inModel(name, async () => analyticLayers(await countedModel(console, name, options)));
}
