/**
 * The roofline of a machine with what ran under it: Williams, Waterman, Patterson, Roofline, CACM 52(4), 2009. One roof for each level of memory
 * that transfers go through; a multiply-accumulate is two operations.
 */
import * as Plot from '@observablehq/plot';
import type { Language } from '#base';
import { coresOf, type Machine, type MatrixType, macsPerCycle } from '#machine';
import { chart, decades, HUES, plainNumber } from './chart.ts';
import { INK } from './svg.ts';
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
  /** Operations a second. */
  readonly peak: number;
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
  return { peak, memories: memories.sort((a, b) => a.bandwidth - b.bandwidth) };
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
}

/** The picture. Points without traffic or work are left out, since they have no place on it. */
export function rooflinePicture(
  machine: Machine,
  points: readonly RooflinePoint[],
  options: RooflineOptions = {},
): string {
  const { language = 'en', type } = options;
  const words = WORDS[language];
  const roofs = roofsOf(machine, type);
  const dram = roofs.memories.find((m) => m.level === 'dram')!;
  const shown = points.filter((p) => p.intensity > 0 && p.performance > 0);
  const xs = [...shown.map((p) => p.intensity), dram.ridge];
  const low = 10 ** Math.floor(Math.log10(Math.min(...xs) / 3));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...xs) * 3));
  const giga = (rate: number): number => rate / 1e9;
  const bottom = Math.min(giga(low * dram.bandwidth), ...shown.map((p) => giga(p.performance) / 2));
  const y = 10 ** Math.floor(Math.log10(bottom));
  // Memories so fast that all of the picture lies under the peak have nothing to show.
  const memories = roofs.memories.filter((m) => m.ridge > low);
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
    Plot.text([`${words.levels[m.level]} ${short(m.bandwidth / 1e9)} GB/s`], {
      // One further up than the other: two memories may be almost as fast.
      x: low * 1.15 * 2.2 ** i,
      y: giga(low * 1.15 * 2.2 ** i * m.bandwidth),
      ...{ dy: i % 2 === 0 ? -16 : 16, dx: i % 2 === 0 ? 0 : 8, textAnchor: 'start' },
      ...{ fill: HUES[i % HUES.length]!, stroke: '#ffffff', strokeWidth: 4 },
    }),
  ]);
  const names = labelled(shown);
  return chart({
    title: words.title(machine.name),
    subtitle: words.subtitle(rateText(roofs.peak), short(dram.ridge)),
    ...{ width: 860, height: 500, marginRight: 40 },
    x: {
      type: 'log',
      domain: [low, high],
      label: words.x,
      grid: true,
      ticks: decades(low, high),
      tickFormat: plainNumber,
    },
    y: {
      type: 'log',
      domain: [y, giga(roofs.peak) * 2],
      label: words.y,
      grid: true,
      ticks: decades(y, giga(roofs.peak) * 2),
      tickFormat: plainNumber,
    },
    marks: [
      Plot.line(
        [
          [Math.min(...memories.map((m) => m.ridge)), giga(roofs.peak)],
          [high, giga(roofs.peak)],
        ],
        { stroke: '#1f2328', strokeWidth: 2.5 },
      ),
      ...lines,
      Plot.ruleX([dram.ridge], { strokeDasharray: '2 3', stroke: '#57606a', y2: giga(roofs.peak) }),
      Plot.text([`${words.ridge} ${short(dram.ridge)}`], {
        ...{ x: dram.ridge, y: giga(roofs.peak), dy: -10, fill: '#57606a' },
      }),
      Plot.dot(
        shown.filter((p) => p.kind === 'layer'),
        {
          ...{ x: 'intensity', y: (p: RooflinePoint) => giga(p.performance), r: 3, fill: HUES[5]!, fillOpacity: 0.65 },
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
      ...names.map((p) =>
        Plot.text([p.name], {
          ...{ x: p.intensity, y: giga(p.performance), dx: p.dx, dy: p.dy, textAnchor: 'start' },
          ...{ stroke: '#ffffff', strokeWidth: 4, fill: INK, fontWeight: 600 },
        }),
      ),
    ],
  });
}

interface Label extends RooflinePoint {
  readonly dx: number;
  readonly dy: number;
}

/**
 * Names are written of networks, and of layers where there are few. Where points lie close together their names stand one below the other.
 */
function labelled(points: readonly RooflinePoint[]): readonly Label[] {
  const layers = points.filter((p) => p.kind === 'layer');
  const named = points.filter((p) => p.kind === 'network' || layers.length <= 12);
  const placed: Label[] = [];
  for (const p of [...named].sort((a, b) => b.performance - a.performance)) {
    const close = placed.filter(
      (q) =>
        Math.abs(Math.log10(q.intensity / p.intensity)) < 0.5 &&
        Math.abs(Math.log10(q.performance / p.performance)) < 0.12,
    );
    placed.push({ ...p, dx: 10, dy: close.length === 0 ? 0 : Math.max(...close.map((q) => q.dy)) + 15 });
  }
  return placed;
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
  const low = Math.min(dram.ridge, ...shown.map((p) => p.intensity)) / 3;
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
      const roofHere = Math.min(roofs.peak, p.intensity * dram.bandwidth);
      const share = ((100 * p.performance) / roofHere).toFixed(1);
      return `  ${String.fromCharCode(65 + (i % 26))} ${p.name}: ${short(p.intensity)} FLOP/B, ${rateText(p.performance)}, ${words.ofRoof(share)}`;
    }),
  ];
}
