/** Pictures of curves: analytic utilisation, activation functions, trainings; and the machine's block diagram. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { diagnostic, nearestName } from '#base';
import { readEvents } from '#data';
import { analyticLayers, arrayOfSize, blockDiagram, type Curve, charts, PAPER_ALEXNET, utilisation } from '#report';
import type { Console } from '../console.ts';
import { isFolderAt, readBytes } from '../files.ts';
import { countedModel, inModel } from '../model.ts';
import { ACTIVATIONS, DIAGRAM, TRAINING, UTILISATION_CURVES } from './answers.ts';
import { type Plot, type PlotOptions, shows } from './plot.ts';

const noActivation = diagnostic<{ name: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-192',
  'usage',
  {
    en: (p) =>
      `there is no activation '${p.name}'.${p.nearest === undefined ? '' : ` Did you mean ${p.nearest}?`} Known: ${p.known.join(', ')}`,
    zh: (p) =>
      `没有激活函数“${p.name}”。${p.nearest === undefined ? '' : `是否指 ${p.nearest}？`}已知：${p.known.join('、')}`,
  },
);
const noEvents = diagnostic<{ path: string }>('SYS-CLI-193', 'invalid', {
  en: () =>
    'there is no log of a training here: expected a folder or file of TensorBoard events (events.out.tfevents…), as systole train --events writes them',
  zh: () =>
    '此处没有训练日志：应为 TensorBoard 事件文件（events.out.tfevents…）或其所在文件夹，由 systole train --events 写出',
});
const noTag = diagnostic<{ tag: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-194',
  'usage',
  {
    en: (p) =>
      `the log has no curve '${p.tag}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} It has: ${p.known.join(', ')}`,
    zh: (p) =>
      `日志中没有曲线“${p.tag}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}现有：${p.known.join('、')}`,
  },
);

/** Sizes of arrays that exercises 6.8 and 6.9 ask for. */
const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** Exercises 6.8 and 6.9: adder trees and scalar units as they grow. */
export async function utilisationOf(console: Console, [name]: readonly string[], options: PlotOptions): Promise<Plot> {
  const { curvesText, utilisationCurves, utilisationPicture } = await charts();
  const { machine, bits } = options;
  const layers =
    name === undefined
      ? PAPER_ALEXNET
      : (await inModel(name, async () => analyticLayers(await countedModel(console, name, options)))).layers;
  const rate = { bits, bytesPerCycle: machine.dram.bandwidth };
  const of = (use: Parameters<typeof arrayOfSize>[1]) =>
    SIZES.map((n) => utilisation(layers, arrayOfSize(n, use), rate));
  const series = [
    { name: 'vector-mac', sizes: of({ kind: 'vector-mac', mapping: 'im2col', traffic: 'streaming' }) },
    { name: 'scalar-mac', sizes: of({ kind: 'scalar-mac', traffic: 'shift' }) },
  ];
  const { bytes, cycles } = machine.dram.bandwidth;
  const network = name ?? 'AlexNet';
  const subtitle = console.text({
    en: `${network}, ${bits} bits, ${bytes / cycles} bytes of DRAM a cycle (${machine.name}); analytic`,
    zh: `${network}，${bits} 位，每周期 ${bytes / cycles} 字节 DRAM（${machine.name}）；解析模型`,
  });
  const { language } = console;
  return {
    svg: () => utilisationPicture(series, { language, subtitle }),
    text: (columns) => curvesText(utilisationCurves(series, language), { title: subtitle, columns, log: true }),
    ...shows(UTILISATION_CURVES, { network, bits, series }),
  };
}

export async function activations(console: Console, names: readonly string[]): Promise<Plot> {
  const { ACTIVATION_NAMES, activationCurves, activationPicture, curvesText } = await charts();
  const { language } = console;
  const found = names.map((name) => {
    const known = ACTIVATION_NAMES.find((n) => n.toLowerCase() === name.toLowerCase());
    if (known === undefined)
      throw noActivation({ name, nearest: nearestName(name, ACTIVATION_NAMES), known: ACTIVATION_NAMES });
    return known;
  });
  const chosen = found.length === 0 ? ACTIVATION_NAMES : found;
  return {
    svg: () => activationPicture(chosen, language),
    text: (columns) => curvesText(activationCurves(chosen), { columns, low: -1.5, high: 3 }),
    ...shows(ACTIVATIONS, { curves: activationCurves(chosen) }),
  };
}

/** The curves of a training's log that belong to one quantity: `loss/train` and `loss/validation` are two of `loss`. */
export async function training(console: Console, [path]: readonly string[], options: PlotOptions): Promise<Plot> {
  const { curvesText, trainingPicture } = await charts();
  const files = isFolderAt(path!)
    ? readdirSync(path!, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.includes('tfevents'))
        .sort()
        .map((f) => join(path!, f))
    : [path!];
  if (files.length === 0) throw noEvents({ path: path! }, { file: path! });
  const points = new Map<string, [number, number][]>();
  for (const file of files) {
    const what = { en: 'a file of TensorBoard events', zh: 'TensorBoard 事件文件' };
    for await (const event of readEvents(readBytes(file, what), file)) {
      if (event.kind !== 'scalar') continue;
      const curve = points.get(event.tag) ?? [];
      points.set(event.tag, curve);
      curve.push([event.step, event.value]);
    }
  }
  const tags = [...points.keys()];
  if (tags.length === 0) throw noEvents({ path: path! }, { file: path! });
  const quantities = [...new Set(tags.map((t) => t.split('/')[0]!))];
  const tag = options.tag ?? (quantities.includes('loss') ? 'loss' : quantities[0]!);
  const chosen = tags.filter((t) => t === tag || t.startsWith(`${tag}/`));
  if (chosen.length === 0) throw noTag({ tag, nearest: nearestName(tag, [...quantities, ...tags]), known: quantities });
  const curves = chosen.map((t): Curve => {
    const steps = points.get(t)!.sort(([a], [b]) => a - b);
    return { name: t === tag ? t : t.slice(tag.length + 1), points: steps };
  });
  return {
    svg: () => trainingPicture(tag, curves, console.language),
    text: (columns) => curvesText(curves, { title: tag, columns }),
    ...shows(TRAINING, { quantity: tag, curves }),
  };
}

export async function machineOf(console: Console, _: readonly string[], { machine }: PlotOptions): Promise<Plot> {
  const { language } = console;
  return {
    svg: () => blockDiagram(machine, language),
    text: () => [
      console.text({
        en: `The block diagram of ${machine.name} is a picture: write it with -o FILE.svg or FILE.png. Its figures: systole machine show ${machine.name}`,
        zh: `${machine.name} 的框图为图片：请用 -o 文件.svg 或 文件.png 写出。其数据：systole machine show ${machine.name}`,
      }),
    ],
    ...shows(DIAGRAM, machine),
  };
}
