/** `systole plot KIND …`: pictures of networks, runs, machines and trainings, as SVG or PNG files or in the terminal. */
import { extname } from 'node:path';
import { Argument } from 'commander';
import { diagnostic, nearestName } from '#base';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkWritable, writeFile } from '../files.ts';
import { loadMachine } from '../machine.ts';
import { withSizeOptions } from '../modelOptions.ts';
import { WRITTEN } from '../plots/answers.ts';
import { PLOTS } from '../plots/kinds.ts';
import type { PlotKind, PlotOptions } from '../plots/plot.ts';
import { png, withFont } from '../png.ts';
import { choice, dimensions, whole, wholes } from '../values.ts';

interface Options extends Omit<PlotOptions, 'machine'> {
  readonly machine?: string;
  readonly output?: string;
  readonly scale: number;
}

const otherKind = diagnostic<{ kind: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-195',
  'usage',
  {
    en: (p) =>
      `there is no picture '${p.kind}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} There are: ${p.known.join(', ')}`,
    zh: (p) =>
      `没有图“${p.kind}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}现有：${p.known.join('、')}`,
  },
);
const otherCount = diagnostic<{ kind: string; of: string; least: number; most: number; found: number }>(
  'SYS-CLI-196',
  'usage',
  {
    en: (p) =>
      p.most === 0
        ? `plot ${p.kind} is of nothing but its options, and ${p.found} more words are given; leave them out`
        : `plot ${p.kind} takes ${p.least === p.most ? p.least : `${p.least} or more`} ${p.of}, found ${p.found}`,
    zh: (p) =>
      p.most === 0
        ? `plot ${p.kind} 只由选项决定，而多给了 ${p.found} 个词；请去掉`
        : `plot ${p.kind} 需要 ${p.least === p.most ? p.least : `至少 ${p.least}`} 个 ${p.of}，实际为 ${p.found} 个`,
  },
);
const otherEnding = diagnostic<{ path: string; extension: string }>('SYS-CLI-197', 'usage', {
  en: (p) =>
    `-o ${p.path}: ${p.extension === '' ? 'the name has no ending' : `'${p.extension}' is no picture that is written`}; give a name that ends in .svg or .png`,
  zh: (p) =>
    `-o ${p.path}：${p.extension === '' ? '文件名没有扩展名' : `不支持写出“${p.extension}”`}；请使用 .svg 或 .png`,
});

export function configurePlot(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole plot roofline alexnet vgg19 resnet152 -o roofline.svg',
      does: { en: 'three networks under the roof of a machine', zh: '三个网络与机器的 Roofline' },
    },
    {
      run: 'systole plot roofline alexnet vgg19 --machine textbook-ch6 --multipliers 16,64,256,1024,4096',
      does: {
        en: 'exercise 6.10: on paper, under arrays of several sizes',
        zh: '习题 6.10：纸面 Roofline，多种阵列规模',
      },
    },
    {
      run: 'systole plot timeline lenet5 --layer conv2/Conv',
      does: { en: 'what each unit does while a layer runs', zh: '某一层运行时各单元的活动' },
    },
    {
      run: 'systole plot memory lenet5 --memory wram -o wram.png',
      does: { en: 'addresses over time', zh: '地址随时间的占用' },
    },
    { run: 'systole plot activations sigmoid tanh --lang zh', does: { en: 'in Chinese', zh: '中文标签' } },
  ]);
  const kinds = Object.entries(PLOTS).map(([name, kind]) => `${name}: ${kind.summary[console.language]}`);
  command
    .addArgument(new Argument('<KIND>', kinds.join('; ')))
    .addArgument(
      new Argument('[OF...]', t({ en: 'of which networks, files or functions', zh: '哪些网络、文件或函数' })),
    )
    .option(
      '-o, --output <FILE>',
      t({
        en: 'write a picture: .svg or .png; without it, to the terminal',
        zh: '写出图片：.svg 或 .png；不给则显示在终端',
      }),
    )
    .option(
      '--machine <NAME|FILE>',
      t({ en: 'the processor; default textbook-single', zh: '处理器；默认 textbook-single' }),
    )
    .option(
      '--layer <NAME|N>',
      t({
        en: 'timeline and memory: only while this layer runs; tiling: of this layer',
        zh: 'timeline 与 memory：只画该层运行期间；tiling：哪一层',
      }),
    )
    .option(
      '--from <CYCLE>',
      t({ en: 'timeline and memory: first cycle', zh: 'timeline 与 memory：起始周期' }),
      whole('--from', 0, 2 ** 52),
    )
    .option(
      '--to <CYCLE>',
      t({ en: 'timeline and memory: last cycle', zh: 'timeline 与 memory：结束周期' }),
      whole('--to', 1, 2 ** 52),
    )
    .option(
      '--memory <NAME>',
      t({
        en: 'memory: nram, wram, aram or shared; default nram',
        zh: 'memory：nram、wram、aram 或 shared；默认 nram',
      }),
      choice('--memory', ['nram', 'wram', 'aram', 'shared'] as const),
      'nram',
    )
    .option('--tag <NAME>', t({ en: 'training: which curve; default loss', zh: 'training：哪条曲线；默认 loss' }))
    .option(
      '--bits <N>',
      t({
        en: 'utilisation and analytic rooflines: bits of a word; default 32',
        zh: 'utilisation 与解析 roofline：字的位数；默认 32',
      }),
      whole('--bits', 1, 64),
      32,
    )
    .option(
      '--analytic',
      t({
        en: 'roofline: where networks would stand at best, without simulation',
        zh: 'roofline：不做仿真，只画理论上可达的位置',
      }),
    )
    .option(
      '--multipliers <N,…>',
      t({
        en: 'roofline: the same under the roofs of arrays of these sizes a core',
        zh: 'roofline：同上，画出每核这些乘法器数的各个屋顶',
      }),
      wholes('--multipliers', 1, 2 ** 30),
    )
    .option(
      '--tile <To,Tc,Th,Tw>',
      t({
        en: 'tiling: filters, channels, rows and columns of the output in a tile',
        zh: 'tiling：每块的输出通道、输入通道、输出行与列',
      }),
      dimensions('--tile'),
    )
    .option(
      '--scale <N>',
      t({
        en: 'PNG: pixels for each unit of the SVG, 1 to 8; default 2',
        zh: 'PNG：SVG 每单位的像素数，1 到 8；默认 2',
      }),
      whole('--scale', 1, 8),
      2,
    );
  const answers = Object.values(PLOTS).flatMap((kind) => kind.answers);
  withCommonOptions(console, withSizeOptions(console, command), ...answers, WRITTEN);
  command.action(async (name: string, of: readonly string[], options: Options) => {
    const kind: PlotKind | undefined = Object.hasOwn(PLOTS, name) ? PLOTS[name] : undefined;
    const known = Object.keys(PLOTS);
    if (kind === undefined) throw otherKind({ kind: name, nearest: nearestName(name, known), known });
    if (of.length < kind.least || of.length > kind.most)
      throw otherCount({ kind: name, of: kind.of ?? '', least: kind.least, most: kind.most, found: of.length });
    const { output, scale, machine: machineName, ...rest } = options;
    const extension = output === undefined ? '' : extname(output).toLowerCase();
    if (output !== undefined && extension !== '.svg' && extension !== '.png')
      throw otherEnding({ path: output, extension });
    checkWritable(output, 'file');
    const machine = loadMachine(machineName ?? kind.machine);
    const plot = await kind.make(console, of, { ...rest, machine });
    if (output === undefined) {
      if (console.json) console.object(plot.answer, plot.object as never);
      else console.say(plot.text(process.stdout.columns > 0 ? process.stdout.columns : 100).join('\n'));
      return;
    }
    const svg = plot.svg();
    const bytes = writeFile(output, [
      extension === '.png' ? await png(svg, scale) : console.language === 'zh' ? withFont(svg) : svg,
    ]);
    if (console.json) console.object(WRITTEN, { output, bytes });
    else console.say(t({ en: `wrote ${output}, ${bytes} bytes`, zh: `已写出 ${output}，${bytes} 字节` }));
  });
}
