/** Layers under the roofs of the machine: Williams, Waterman, Patterson, Roofline, CACM 52(4), 2009. Both axes are logarithmic. */
import type { PageRun } from '../data.ts';
import { s, t } from './dom.ts';

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 430, 70, 24, 28, 46];

interface Point {
  readonly x: number;
  readonly y: number;
  readonly layer: number;
  readonly name: string;
}

function pointsOf({ report }: PageRun): readonly Point[] {
  return report.layers.flatMap((layer, i) => {
    const bytes = layer.bytes.read + layer.bytes.write;
    if (layer.macs === 0 || bytes === 0 || layer.cycles === 0 || layer.where === 'host') return [];
    return [
      {
        ...{ layer: i, name: layer.name, x: (2 * layer.macs) / bytes },
        y: (2 * layer.macs * report.frequency) / layer.cycles / 1e9,
      },
    ];
  });
}

/** The network as one point. */
function wholeOf({ report }: PageRun): Omit<Point, 'layer'> | undefined {
  const { macs, cycles, frequency, bytes } = report;
  if (macs === 0 || cycles === 0 || bytes.read + bytes.write === 0) return undefined;
  const y = (2 * macs * frequency) / cycles / 1e9;
  return { name: report.model, x: (2 * macs) / (bytes.read + bytes.write), y };
}

const short = (n: number): string => (n >= 1000 ? n.toLocaleString('en') : String(Number(n.toPrecision(3))));

/** undefined where nothing multiplies, or the machine is not known. */
export function roofline(
  run: PageRun,
  baseline: PageRun | undefined,
  chosen: number | null,
  choose: (layer: number) => void,
): SVGElement | undefined {
  const { roofs } = run;
  const points = pointsOf(run);
  if (roofs === undefined || points.length === 0) return undefined;
  const others = baseline === undefined ? [] : pointsOf(baseline);
  const whole = wholeOf(run);
  const all = [...points, ...others, ...(whole === undefined ? [] : [whole])];
  const [peak, both] = [roofs.peak / 1e9, roofs.withVector / 1e9];
  const ridges = roofs.memories.map((m) => m.ridge);
  const decade = (n: number, up: boolean): number => 10 ** (up ? Math.ceil(Math.log10(n)) : Math.floor(Math.log10(n)));
  const [x0, x1] = [
    decade(Math.min(...ridges, ...all.map((p) => p.x)) / 1.5, false),
    decade(Math.max(...ridges, ...all.map((p) => p.x)) * 1.5, true),
  ];
  const [y0, y1] = [
    decade(Math.min(peak / 10, ...all.map((p) => p.y)), false),
    decade(Math.max(peak, both, ...all.map((p) => p.y)) * 1.2, true),
  ];
  const x = (v: number): number => LEFT + (Math.log10(v / x0) / Math.log10(x1 / x0)) * (WIDTH - LEFT - RIGHT);
  const y = (v: number): number =>
    HEIGHT - BOTTOM - (Math.log10(v / y0) / Math.log10(y1 / y0)) * (HEIGHT - TOP - BOTTOM);
  const ticks = (from: number, to: number): readonly number[] =>
    Array.from({ length: Math.round(Math.log10(to / from)) + 1 }, (_, i) => from * 10 ** i);
  const label = t(
    `Roofline: peak ${short(peak)} GFLOP/s, ridge of DRAM at ${short(ridges[0]!)} FLOP per byte. ${points.length} layers. The table of layers holds the same figures.`,
    `Roofline：峰值 ${short(peak)} GFLOP/s，DRAM 脊点 ${short(ridges[0]!)} FLOP/字节，共 ${points.length} 层。层表列有相同数据。`,
  );
  const levels: Readonly<Record<string, string>> = {
    dram: 'DRAM',
    shared: 'SharedRAM',
    scratchpad: t('scratchpads', '片上存储'),
  };
  return s(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label, class: 'chart' },
    ...ticks(x0, x1).flatMap((v) => [
      s('line', { x1: x(v), x2: x(v), y1: TOP, y2: HEIGHT - BOTTOM, class: 'grid' }),
      s('text', { x: x(v), y: HEIGHT - BOTTOM + 18, class: 'tick middle' }, short(v)),
    ]),
    ...ticks(y0, y1).flatMap((v) => [
      s('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v), class: 'grid' }),
      s('text', { x: LEFT - 8, y: y(v) + 4, class: 'tick end' }, short(v)),
    ]),
    s(
      'text',
      { x: WIDTH - RIGHT, y: HEIGHT - 8, class: 'tick end' },
      t('FLOP per byte of DRAM traffic →', '每字节 DRAM 访存的 FLOP →'),
    ),
    s('text', { x: 8, y: 12, class: 'tick' }, '↑ GFLOP/s'),
    ...roofs.memories.flatMap(({ level, bandwidth, ridge }, i) => {
      const begin = Math.max(x0, (y0 * 1e9) / bandwidth);
      const at = Math.sqrt(begin * Math.max(begin, Math.min(ridge, x1)));
      // Lines that nearly coincide have their names one below the other.
      const close = roofs.memories.slice(0, i).filter((m) => bandwidth / m.bandwidth < 1.6).length;
      return [
        s('path', {
          d: `M${x(begin)} ${y((begin * bandwidth) / 1e9)}L${x(Math.max(begin, ridge))} ${y(Math.max(peak, (begin * bandwidth) / 1e9))}`,
          class: 'roof',
        }),
        s(
          'text',
          { x: x(at) + 10, y: y((at * bandwidth) / 1e9) + 14 + 16 * close, class: 'tick' },
          `${levels[level] ?? level} ${short(bandwidth / 1e9)} GB/s`,
        ),
      ];
    }),
    s('path', { d: `M${x(Math.max(x0, Math.min(...ridges)))} ${y(peak)}L${WIDTH - RIGHT} ${y(peak)}`, class: 'roof' }),
    s('text', { x: x(ridges[0]!), y: y(peak) - 8, class: 'tick end' }, `${t('ridge', '脊点')} ${short(ridges[0]!)}`),
    ...(all.some((p) => p.y > peak * (1 + 1e-9))
      ? [
          s('path', {
            d: `M${x(Math.max(x0, Math.min(...ridges)))} ${y(both)}L${WIDTH - RIGHT} ${y(both)}`,
            ...{ class: 'roof', 'stroke-dasharray': '5 3' },
          }),
          s(
            'text',
            { x: WIDTH - RIGHT - 4, y: y(both) - 6, class: 'tick end' },
            t('with the vector unit', '加上向量单元'),
          ),
        ]
      : []),
    ...others.map((p) => s('circle', { cx: x(p.x), cy: y(p.y), r: 4, class: 'point other' }, s('title', {}, p.name))),
    ...points.map((p) =>
      s(
        'circle',
        {
          ...{ cx: x(p.x), cy: y(p.y), r: p.layer === chosen ? 7 : 4.5 },
          class: p.layer === chosen ? 'point chosen' : 'point',
          onclick: () => choose(p.layer),
        },
        s('title', {}, `${p.name}: ${short(p.x)} FLOP/B, ${short(p.y)} GFLOP/s`),
      ),
    ),
    ...(whole === undefined
      ? []
      : [
          s(
            'path',
            { d: `M${x(whole.x)} ${y(whole.y) - 9}l7 9l-7 9l-7 -9z`, class: 'point whole' },
            s('title', {}, `${whole.name}: ${short(whole.x)} FLOP/B, ${short(whole.y)} GFLOP/s`),
          ),
          s('text', { x: x(whole.x) + 11, y: y(whole.y) + 4, class: 'tick' }, whole.name),
        ]),
  );
}
