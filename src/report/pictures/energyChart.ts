/** Where the energy of a run went: a bar for the whole and one for each of the layers that took most. */
import * as Plot from '@observablehq/plot';
import stringWidth from 'string-width';
import type { Language } from '#base';
import { ENERGY_SINKS, type EnergyReport, type EnergySink } from '../energy.ts';
import { joulesText } from '../quantities.ts';
import { chart, HUES } from './chart.ts';
import { textBar } from './terminal.ts';

const WORDS = {
  en: {
    title: (model: string, machine: string) => `Energy of ${model} on ${machine}`,
    subtitle: (total: string, nanometres: number) => `${total} in all; figures of ${nanometres} nm; without the host`,
    share: 'share of the layer (%) →',
    all: 'whole run',
    sinks: {
      ...{ matrix: 'matrix unit', vector: 'vector unit', winograd: 'Winograd unit', nram: 'NRAM', wram: 'WRAM' },
      ...{ accumulators: 'accumulators', sharedRam: 'SharedRAM', dram: 'DRAM', control: 'control', static: 'static' },
    } satisfies Record<EnergySink, string>,
  },
  zh: {
    title: (model: string, machine: string) => `${model} 在 ${machine} 上的能耗`,
    subtitle: (total: string, nanometres: number) => `共 ${total}；按 ${nanometres} nm 的数据；不含主机`,
    share: '占该层的比例（%）→',
    all: '整个运行',
    sinks: {
      ...{ matrix: '矩阵单元', vector: '向量单元', winograd: 'Winograd 单元', nram: 'NRAM', wram: 'WRAM' },
      ...{ accumulators: '累加器', sharedRam: 'SharedRAM', dram: 'DRAM', control: '控制', static: '静态' },
    } satisfies Record<EnergySink, string>,
  },
} as const;

export interface EnergyChartOptions {
  readonly model: string;
  readonly machine: string;
  readonly language?: Language;
  /** Layers that are shown, those of most energy; 15 by default. */
  readonly most?: number;
}

export function energyPicture(energy: EnergyReport, options: EnergyChartOptions): string {
  const { language = 'en', most = 15 } = options;
  const words = WORDS[language];
  const layers = [...energy.layers].sort((a, b) => b.total - a.total).slice(0, most);
  const rows = [{ ...energy, name: words.all }, ...layers].filter((r) => r.total > 0);
  const label = (r: { readonly name: string; readonly total: number }): string => `${r.name}  ${joulesText(r.total)}`;
  const sinks = ENERGY_SINKS.filter((sink) => energy.by[sink] > 0);
  const hue = (sink: EnergySink): string => HUES[sinks.indexOf(sink) % HUES.length]!;
  const cells = rows.flatMap((r) =>
    sinks.map((sink) => ({ row: label(r), sink, share: (100 * r.by[sink]) / r.total })),
  );
  const height = 70 + 24 * rows.length;
  return chart({
    title: words.title(options.model, options.machine),
    subtitle: words.subtitle(joulesText(energy.total), energy.technologyNanometres),
    ...{ width: 860, height: height + 40, marginLeft: 230, marginTop: 60 },
    x: { domain: [0, 100], label: words.share, grid: true },
    y: { domain: rows.map(label), label: null },
    marks: [
      Plot.barX(cells, { x: 'share', y: 'row', fill: (c: (typeof cells)[number]) => hue(c.sink), inset: 0.5 }),
      Plot.text(
        cells,
        Plot.stackX({
          ...{ x: 'share', y: 'row', fill: '#ffffff' },
          text: (c: (typeof cells)[number]) => (c.share >= 6 ? `${Math.round(c.share)}` : ''),
        }),
      ),
      // The legend stands above the bars, in their order.
      ...sinks.map((sink, i) =>
        Plot.text([`■ ${words.sinks[sink]}`], {
          ...{
            frameAnchor: 'top-left',
            dx: 96 * (i % 6),
            dy: -52 + 18 * Math.floor(i / 6),
            fill: hue(sink),
            textAnchor: 'start',
          },
        }),
      ),
    ],
  });
}

/** The whole run for a terminal: a bar for each sink. */
export function energyText(
  energy: EnergyReport,
  options: EnergyChartOptions & { readonly columns?: number },
): readonly string[] {
  const { language = 'en', columns = 100 } = options;
  const words = WORDS[language];
  const sinks = ENERGY_SINKS.filter((sink) => energy.by[sink] > 0).sort((a, b) => energy.by[b] - energy.by[a]);
  const widest = Math.max(0, ...sinks.map((sink) => stringWidth(words.sinks[sink])));
  return [
    words.title(options.model, options.machine),
    words.subtitle(joulesText(energy.total), energy.technologyNanometres),
    ...sinks.map((sink) => {
      const share = energy.by[sink] / energy.total;
      const name = words.sinks[sink] + ' '.repeat(widest - stringWidth(words.sinks[sink]));
      const figures = `${(100 * share).toFixed(1).padStart(5)} %  ${joulesText(energy.by[sink]).padStart(9)}`;
      return `  ${name}  ${figures}  ${textBar(share, Math.max(10, Math.min(60, columns - widest - 26)))}`;
    }),
  ];
}
