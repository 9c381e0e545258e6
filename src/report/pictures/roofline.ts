/**
 * The roofline of a machine with what ran under it: Williams, Waterman, Patterson, Roofline, CACM 52(4), 2009. One roof for each level of memory
 * that transfers go through; a multiply-accumulate is two operations.
 */
import * as Plot from '@observablehq/plot';
import type { Language } from '#base';
import { coresOf, type Machine, type MatrixType, macsPerCycle, vectorLanes } from '#machine';
import type { ArrayRoof } from '../analytic/networkRoofline.ts';
import { chart, decades, HUES, namedAxes } from './chart.ts';
import { placeLabels, textWidth } from './labels.ts';
import { INK, type Point } from './svg.ts';
import { textGrid } from './terminal.ts';

/** A straight part of the roof: what the computing units can do at most, or what a memory lets through. */
export interface MemoryRoof {
  readonly level: 'dram' | 'shared' | 'scratchpad';
  /** Bytes a second, of the whole chip. */
  readonly bandwidth: number;
  /** Operations a byte at which the peak is reached. */
  readonly ridge: number;
}

export interface Roofs {
  /** Operations a second, of the matrix unit. */
  readonly peak: number;
  /** With the lanes of the vector unit, each a multiply-add at a time: depthwise convolutions run there, beside the matrix unit where layers are done together. */
  readonly withVector: number;
  /** Slowest first. */
  readonly memories: readonly MemoryRoof[];
}

/** Work that ran, or could. */
export interface RooflinePoint {
  readonly name: string;
  /** Operations a byte of DRAM traffic. */
  readonly intensity: number;
  /** Operations a second. */
  readonly performance: number;
  readonly kind: 'layer' | 'network';
  /** No name beside the point. */
  readonly unnamed?: boolean;
}

/** The roofs of a machine for a type of multiply-accumulates. */
export function roofsOf(machine: Machine, type: MatrixType = 'f32'): Roofs {
  const cores = coresOf(machine);
  const peak = 2 * macsPerCycle(machine.matrix, type) * cores * machine.frequency;
  const rate = ({ bytes, cycles }: { readonly bytes: number; readonly cycles: number }): number =>
    (machine.frequency * bytes) / cycles;
  const memory = (level: MemoryRoof['level'], bandwidth: number): MemoryRoof => ({
    level,
    bandwidth,
    ridge: peak / bandwidth,
  });
  const { cluster } = machine;
  const memories = [memory('dram', rate(machine.dram.bandwidth))];
  if (cluster !== undefined) {
    const { link, ports } = cluster.sharedRam;
    // A link for each core, or one port that they share.
    memories.push(memory('shared', rate(link) * (ports === 'private' ? cores : cores / cluster.cores)));
  }
  memories.push(memory('scratchpad', machine.dma.scratchpadBytesPerCycle * cores * machine.frequency));
  const lanes = vectorLanes(machine.vector, type) ?? 0;
  const withVector = peak + (2 * lanes * cores * machine.frequency) / machine.vector.cycles.simple;
  return { peak, withVector, memories: memories.sort((a, b) => a.bandwidth - b.bandwidth) };
}

const WORDS = {
  en: {
    title: (machine: string) => `Roofline of ${machine}`,
    subtitle: (peak: string, ridge: string) => `peak ${peak}, ridge at ${ridge} FLOP/byte of DRAM traffic`,
    x: 'operational intensity (FLOP/byte) →',
    y: '↑ GFLOP/s',
    levels: { dram: 'DRAM', shared: 'SharedRAM', scratchpad: 'scratchpad port' },
    kinds: { network: 'network', layer: 'layer' },
    ridge: 'ridge',
    withVector: 'with the vector unit',
    array: (n: number, ridge: string) => `N = ${n}, ridge ${ridge}`,
    ofRoof: (share: string) => `${share} % of the roof above it`,
  },
  zh: {
    title: (machine: string) => `${machine} 的 Roofline`,
    subtitle: (peak: string, ridge: string) => `峰值 ${peak}，脊点位于每字节 DRAM 访存 ${ridge} 次运算`,
    x: '运算强度（FLOP/字节）→',
    y: '↑ GFLOP/s',
    levels: { dram: 'DRAM', shared: 'SharedRAM', scratchpad: '片上存储端口' },
    kinds: { network: '网络', layer: '层' },
    ridge: '脊点',
    withVector: '加上向量单元',
    array: (n: number, ridge: string) => `N = ${n}，脊点 ${ridge}`,
    ofRoof: (share: string) => `为其上方屋顶的 ${share} %`,
  },
} as const;

/** Three figures, without an exponent. */
const short = (value: number): string => String(Number(value.toPrecision(3)));

/** `512 GFLOP/s`, `92 TFLOP/s`. */
const rateText = (value: number): string =>
  value >= 1e12 ? `${short(value / 1e12)} TFLOP/s` : `${short(value / 1e9)} GFLOP/s`;

export interface RooflineOptions {
  readonly language?: Language;
  readonly type?: MatrixType;
  /** Other arrays than the machine's own, each a flat roof: multipliers a core. */
  readonly arrays?: readonly ArrayRoof[];
  /** In place of what the peak and the ridge are. */
  readonly subtitle?: string;
}

/** The picture. Points without traffic or work are left out, since they have no place on it. */
export function rooflinePicture(
  machine: Machine,
  points: readonly RooflinePoint[],
  options: RooflineOptions = {},
): string {
  const { language = 'en', type, arrays = [] } = options;
  const words = WORDS[language];
  const own = roofsOf(machine, type);
  // Of several arrays the highest makes the outline; the memory's slope is the same for all.
  const peak = arrays.length === 0 ? own.peak : Math.max(...arrays.map((a) => a.peak));
  const roofs = { peak, memories: own.memories.map((m) => ({ ...m, ridge: peak / m.bandwidth })) };
  const dram = roofs.memories.find((m) => m.level === 'dram')!;
  const shown = points.filter((p) => p.intensity > 0 && p.performance > 0);
  // Told only where something needs it.
  const above =
    arrays.length === 0 && shown.some((p) => p.performance > own.peak * (1 + 1e-9)) ? own.withVector : undefined;
  const ridges = roofs.memories.map((m) => m.ridge);
  const xs = [...shown.map((p) => p.intensity), ...ridges, ...arrays.map((a) => a.ridge)];
  const low = 10 ** Math.floor(Math.log10(Math.min(...xs) / 3));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...xs) * 3));
  const giga = (rate: number): number => rate / 1e9;
  const bottom = Math.min(giga(low * dram.bandwidth), ...shown.map((p) => giga(p.performance) / 2));
  const y = 10 ** Math.floor(Math.log10(bottom));
  // Memories so fast that all of the picture lies under the peak have nothing to show.
  const memories = roofs.memories.filter((m) => m.ridge > low);
  const beside = (m: MemoryRoof, i: number): number => Math.min(low * 1.3 * 1.6 ** i, 0.8 * m.ridge);
  const lines = memories.flatMap((m, i) => [
    Plot.line(
      [
        [low, giga(low * m.bandwidth)],
        [m.ridge, giga(roofs.peak)],
      ],
      {
        stroke: HUES[i % HUES.length]!,
        strokeWidth: m.level === 'dram' ? 2.5 : 1.5,
        ...(m.level === 'dram' ? {} : { strokeDasharray: '5 3' }),
      },
    ),
    // Below its line, each a little further up than the last; a third at its end, since it may be almost as fast as the second.
    Plot.text([`${words.levels[m.level]} ${short(m.bandwidth / 1e9)} GB/s`], {
      x: i < 2 ? beside(m, i) : m.ridge,
      y: giga((i < 2 ? beside(m, i) : m.ridge) * m.bandwidth),
      ...{ dx: i < 2 ? 10 : 0, dy: i < 2 ? 9 : -11, textAnchor: 'start' },
      ...{ fill: HUES[i % HUES.length]!, stroke: '#ffffff', strokeWidth: 4 },
    }),
  ]);
  const top = giga(roofs.peak) * 2;
  const { at, back, area } = plotArea([low, high], [y, top]);
  const roof = (m: MemoryRoof): [Point, Point] => [at(low, giga(low * m.bandwidth)), at(m.ridge, giga(roofs.peak))];
  const flat = Math.min(...memories.map((m) => m.ridge));
  const names = placeLabels(
    labelled(shown).map((p) => {
      const [px, py] = at(p.intensity, giga(p.performance));
      return { x: px, y: py, name: p.name };
    }),
    {
      ...area,
      lines: [
        ...memories.map(roof),
        [at(flat, giga(roofs.peak)), at(high, giga(roofs.peak))],
        ...arrays.map((a): [Point, Point] => [at(a.ridge, giga(a.peak)), at(high, giga(a.peak))]),
      ],
      points: [
        ...shown.map((p) => at(p.intensity, giga(p.performance))),
        ...besideRidge(at(dram.ridge, giga(roofs.peak))),
      ],
    },
  );
  return chart({
    title: words.title(machine.name),
    subtitle: options.subtitle ?? words.subtitle(rateText(roofs.peak), short(dram.ridge)),
    ...{ width: WIDTH, height: HEIGHT, ...MARGINS },
    x: { type: 'log', domain: [low, high], axis: null },
    y: { type: 'log', domain: [y, top], axis: null },
    marks: [
      Plot.gridX(decades(low, high)),
      Plot.gridY(decades(y, top)),
      ...namedAxes({ ticks: decades(low, high), label: words.x }, { ticks: decades(y, top), label: words.y }),
      Plot.line(
        [
          [flat, giga(roofs.peak)],
          [high, giga(roofs.peak)],
        ],
        { stroke: '#1f2328', strokeWidth: 2.5 },
      ),
      ...(above === undefined
        ? []
        : [
            Plot.ruleY([giga(above)], { x1: dram.ridge, x2: high, stroke: INK, strokeDasharray: '5 3' }),
            Plot.text([words.withVector], {
              ...{ x: high, y: giga(above), dx: -4, dy: -9, textAnchor: 'end', fill: INK },
            }),
          ]),
      ...lines,
      Plot.ruleX([dram.ridge], { strokeDasharray: '2 3', stroke: '#57606a', y2: giga(roofs.peak) }),
      ...(arrays.length > 0
        ? arrays.flatMap((a) => arrayRoof(a, high, words.array(a.multipliers, short(a.ridge))))
        : [
            Plot.text([`${words.ridge} ${short(dram.ridge)}`], {
              ...{ x: dram.ridge, y: giga(roofs.peak), dy: -10, fill: '#57606a' },
              ...(above === undefined ? {} : { dx: -4, textAnchor: 'end' }),
            }),
          ]),
      Plot.dot(
        shown.filter((p) => p.kind === 'layer'),
        {
          ...{ x: 'intensity', y: (p: RooflinePoint) => giga(p.performance), r: 3, fill: HUES[7]!, fillOpacity: 0.65 },
          title: (p: RooflinePoint) => `${p.name}: ${short(p.intensity)} FLOP/B, ${rateText(p.performance)}`,
        },
      ),
      Plot.dot(
        shown.filter((p) => p.kind === 'network'),
        {
          ...{
            x: 'intensity',
            y: (p: RooflinePoint) => giga(p.performance),
            r: 6,
            symbol: 'diamond',
            fill: HUES[1]!,
            stroke: '#ffffff',
          },
          title: (p: RooflinePoint) => `${p.name}: ${short(p.intensity)} FLOP/B, ${rateText(p.performance)}`,
        },
      ),
      ...names.flatMap(({ name, at: [px, py], x, y: middle, leader }) => {
        const [fromX, fromY] = back(px, py);
        const beside = x > px ? x - 2 : x + textWidth(name) + 2;
        const [toX, toY] = back(beside, middle);
        return [
          ...(leader ? [Plot.link([0], { x1: fromX, y1: fromY, x2: toX, y2: toY, stroke: '#8c959f' })] : []),
          Plot.text([name], {
            ...{ x: fromX, y: fromY, dx: x - px, dy: middle - py, textAnchor: 'start' },
            ...{ stroke: '#ffffff', strokeWidth: 3, fill: INK, fontWeight: 600 },
          }),
        ];
      }),
    ],
  });
}

/** The flat roof of an array from its ridge on, its name at the right end. */
const arrayRoof = ({ peak, ridge }: ArrayRoof, high: number, name: string): Plot.Markish[] => [
  Plot.line(
    [
      [ridge, peak / 1e9],
      [high, peak / 1e9],
    ],
    { stroke: '#1f2328', strokeWidth: 1.2 },
  ),
  Plot.text([name], {
    ...{ x: high, y: peak / 1e9, dy: -8, dx: -4, textAnchor: 'end' },
    ...{ fill: '#57606a', stroke: '#ffffff', strokeWidth: 4 },
  }),
];

const [WIDTH, HEIGHT] = [860, 500];
const MARGINS = { marginLeft: 64, marginRight: 40, marginTop: 20, marginBottom: 46 };

/** Where the chart draws a point, in pixels. */
function plotArea([lowX, highX]: readonly [number, number], [lowY, highY]: readonly [number, number]) {
  const [left, right] = [MARGINS.marginLeft, WIDTH - MARGINS.marginRight];
  const [top, bottom] = [MARGINS.marginTop, HEIGHT - MARGINS.marginBottom];
  const share = (v: number, low: number, high: number): number => Math.log(v / low) / Math.log(high / low);
  const at = (x: number, y: number): Point => [
    left + share(x, lowX, highX) * (right - left),
    bottom - share(y, lowY, highY) * (bottom - top),
  ];
  const back = (px: number, py: number): Point => [
    lowX * (highX / lowX) ** ((px - left) / (right - left)),
    lowY * (highY / lowY) ** ((bottom - py) / (bottom - top)),
  ];
  return { at, back, area: { left, right, top, bottom } };
}

/** What the words at the ridge cover. */
const besideRidge = ([x, y]: Point): Point[] => [-18, -9, 0, 9, 18].map((dx): Point => [x + dx, y - 10]);

/** Names are written of networks, and of layers where there are few. */
function labelled(points: readonly RooflinePoint[]): readonly RooflinePoint[] {
  const layers = points.filter((p) => p.kind === 'layer');
  return points.filter((p) => p.unnamed !== true && (p.kind === 'network' || layers.length <= 12));
}

/** The same for a terminal: a grid, and the networks (or few layers) by name below it. */
export function rooflineText(
  machine: Machine,
  points: readonly RooflinePoint[],
  { language = 'en', type, columns = 100 }: RooflineOptions & { readonly columns?: number } = {},
): readonly string[] {
  const words = WORDS[language];
  const roofs = roofsOf(machine, type);
  const dram = roofs.memories.find((m) => m.level === 'dram')!;
  const shown = points.filter((p) => p.intensity > 0 && p.performance > 0);
  const low = Math.min(...roofs.memories.map((m) => m.ridge), ...shown.map((p) => p.intensity)) / 3;
  const high = Math.max(dram.ridge, ...shown.map((p) => p.intensity)) * 3;
  const bottom = Math.min(low * dram.bandwidth, ...shown.map((p) => p.performance / 2)) / 1e9;
  const width = Math.max(30, Math.min(columns - 12, 100));
  const roof = Array.from({ length: 2 * width }, (_, i) => {
    const x = low * (high / low) ** (i / (2 * width - 1));
    return { x, y: Math.min(roofs.peak, x * dram.bandwidth) / 1e9, mark: x < dram.ridge ? '╱' : '─' };
  });
  const letters = shown.filter((p) => p.kind === 'network');
  const marks = shown.map((p) => ({
    ...{ x: p.intensity, y: p.performance / 1e9 },
    mark: p.kind === 'layer' ? '·' : String.fromCharCode(65 + (letters.indexOf(p) % 26)),
  }));
  return [
    words.title(machine.name),
    words.subtitle(rateText(roofs.peak), short(dram.ridge)),
    ...textGrid([...roof, ...marks], {
      ...{ columns: width, rows: 18 },
      x: { low, high, log: true, label: words.x },
      y: { low: bottom, high: (roofs.peak / 1e9) * 1.5, log: true, label: words.y },
    }),
    ...letters.map((p, i) => {
      const most = p.performance > roofs.peak * (1 + 1e-9) ? roofs.withVector : roofs.peak;
      const roofHere = Math.min(most, p.intensity * dram.bandwidth);
      const share = ((100 * p.performance) / roofHere).toFixed(1);
      return `  ${String.fromCharCode(65 + (i % 26))} ${p.name}: ${short(p.intensity)} FLOP/B, ${rateText(p.performance)}, ${words.ofRoof(share)}`;
    }),
  ];
}
