/** Two runs beside each other: totals, and layers that do the same work. */
import type { Language } from '#base';
import type { LayerReport } from './layers.ts';
import { bytesText, grouped, joulesText, percent, secondsText } from './quantities.ts';
import type { RunReport } from './runReport.ts';
import { type Palette, PLAIN, table } from './table.ts';

/** Reports without their tensors, as JSON files hold them. */
export type ComparedReport = Omit<RunReport, 'outputs'>;

export const TOTALS = [
  'cycles',
  'seconds',
  'macs',
  'readBytes',
  'writeBytes',
  'instructions',
  'physical',
  'layerwise',
  'efficiency',
  'energy',
] as const;
export type Total = (typeof TOTALS)[number];

/** null where it is not known. */
export const totalsOf = (report: ComparedReport): Readonly<Record<Total, number | null>> => ({
  cycles: report.cycles,
  seconds: report.seconds,
  macs: report.macs,
  readBytes: report.bytes.read,
  writeBytes: report.bytes.write,
  instructions: report.instructions.executed,
  physical: report.bound.physical,
  layerwise: report.bound.layerwise,
  efficiency: report.efficiency,
  energy: report.energy?.total ?? null,
});

/** Layers of two runs that share nodes, by index: one of each, or several where the runs fuse or cut nodes differently. */
export interface LayerPair {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

type Named = Pick<LayerReport, 'name' | 'nodes'>;

/** In the order of b; what only a has stands at the end. */
export function pairLayers(a: readonly Named[], b: readonly Named[]): readonly LayerPair[] {
  const all = [...b, ...a];
  const group = all.map((_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (group[at] !== at) at = group[at]!;
    group[i] = at;
    return at;
  };
  const first = new Map<string, number>();
  all.forEach((layer, i) => {
    for (const node of [layer.name, ...layer.nodes]) {
      const other = first.get(node);
      if (other === undefined) first.set(node, i);
      else {
        const [x, y] = [root(other), root(i)];
        group[Math.max(x, y)] = Math.min(x, y);
      }
    }
  });
  const groups = new Map<number, { readonly a: number[]; readonly b: number[] }>();
  all.forEach((_, i) => {
    const of = groups.get(root(i)) ?? { a: [], b: [] };
    groups.set(root(i), of);
    if (i < b.length) of.b.push(i);
    else of.a.push(i - b.length);
  });
  return [...groups.values()].flatMap((of) => {
    // Pieces of a node that are cut alike are told one by one.
    const same = of.a.length > 1 && of.a.map((i) => a[i]!.name).join('\n') === of.b.map((i) => b[i]!.name).join('\n');
    return same ? of.b.map((i, n) => ({ a: [of.a[n]!], b: [i] })) : [of];
  });
}

/** Cycles of the layers of a pair, null where there are none. */
export function cyclesOfPair({ a, b }: LayerPair, of: ComparedReport, to: ComparedReport) {
  const sum = (indices: readonly number[], { layers }: ComparedReport): number | null =>
    indices.length === 0 ? null : indices.reduce((n, i) => n + layers[i]!.cycles, 0);
  return { a: sum(a, of), b: sum(b, to) };
}

/** Its layers by their names, those of b where it has any. */
export const pairName = ({ a, b }: LayerPair, of: ComparedReport, to: ComparedReport): string =>
  (b.length > 0 ? b.map((i) => to.layers[i]!.name) : a.map((i) => of.layers[i]!.name)).join(' + ');

/** b ÷ a as `×0.52`; a dash where it is not defined. */
export function ratioText(a: number | null | undefined, b: number | null | undefined): string {
  if (typeof a !== 'number' || typeof b !== 'number' || a === 0) return '–';
  const ratio = b / a;
  return `×${ratio >= 1000 ? grouped(Math.round(ratio)) : ratio.toPrecision(3)}`;
}

export const SHOW_TOTAL: Readonly<Record<Total, (value: number) => string>> = {
  ...{ cycles: grouped, seconds: secondsText, macs: grouped, readBytes: bytesText, writeBytes: bytesText },
  ...{
    instructions: grouped,
    physical: (n) => grouped(Math.ceil(n)),
    layerwise: (n) => grouped(Math.ceil(n)),
    efficiency: percent,
    energy: joulesText,
  },
};

export const TOTAL_WORDS: Readonly<Record<Total, Readonly<Record<Language, string>>>> = {
  cycles: { en: 'cycles', zh: '周期' },
  seconds: { en: 'time', zh: '时间' },
  macs: { en: 'MACs', zh: 'MAC' },
  readBytes: { en: 'DRAM read', zh: '读 DRAM' },
  writeBytes: { en: 'DRAM written', zh: '写 DRAM' },
  instructions: { en: 'instructions executed', zh: '执行指令数' },
  physical: { en: 'physical bound', zh: '物理下界' },
  layerwise: { en: 'layer-wise bound', zh: '逐层下界' },
  efficiency: { en: 'efficiency', zh: '效率' },
  energy: { en: 'energy', zh: '能量' },
};

/** Both runs for a terminal. @param names of the runs, as the columns are called */
export function comparisonText(
  a: ComparedReport,
  b: ComparedReport,
  options: { readonly language?: Language; readonly palette?: Palette; readonly width?: number } = {},
): string {
  const { language = 'en', palette = PLAIN, width = 160 } = options;
  const say = (en: string, zh: string): string => (language === 'en' ? en : zh);
  const style = { width, head: palette.faint };
  const name = ({ model, machine }: ComparedReport): string =>
    say(`${model} on ${machine}`, `${machine} 上的 ${model}`);
  const right = (head: string) => ({ head, align: 'right' as const });
  const [of, to] = [totalsOf(a), totalsOf(b)];
  const shown = (key: Total, value: number | null): string => (value === null ? '–' : SHOW_TOTAL[key](value));
  const totals = table(
    [{ head: '', align: 'left' }, right('A'), right('B'), right('B ÷ A')],
    TOTALS.filter((key) => of[key] !== null || to[key] !== null).map((key) => [
      TOTAL_WORDS[key][language],
      shown(key, of[key]),
      shown(key, to[key]),
      ratioText(of[key], to[key]),
    ]),
    style,
  );
  const pairs = pairLayers(a.layers, b.layers);
  const layers = table(
    [
      { head: say('layer', '层'), align: 'left', cut: true },
      { head: say('operators', '算子'), align: 'left', cut: true, drop: 1 },
      ...[right('A'), right('B'), right('B ÷ A'), right('B − A')],
    ],
    pairs.map((pair) => {
      const cycles = cyclesOfPair(pair, a, b);
      const ops = pair.b.length > 0 ? pair.b.map((i) => b.layers[i]!.op) : pair.a.map((i) => a.layers[i]!.op);
      const text = (n: number | null): string => (n === null ? '–' : grouped(n));
      return [
        pairName(pair, a, b),
        ops.join(' + '),
        text(cycles.a),
        text(cycles.b),
        ratioText(cycles.a, cycles.b),
        differenceText(cycles),
      ];
    }),
    style,
  );
  return [
    `A  ${name(a)}`,
    `B  ${name(b)}`,
    '',
    ...totals,
    ...(pairs.length === 0 ? [] : ['', palette.strong(say('Cycles of layers', '各层周期')), ...layers]),
  ].join('\n');
}

/** What b takes more, with its sign. */
export function differenceText({ a, b }: { readonly a: number | null; readonly b: number | null }): string {
  const difference = (b ?? 0) - (a ?? 0);
  return `${difference > 0 ? '+' : difference < 0 ? '−' : ''}${grouped(Math.abs(difference))}`;
}
