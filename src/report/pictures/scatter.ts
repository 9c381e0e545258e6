/** Points of two quantities with those that no other beats, joined by the line that they bound. */
import * as Plot from '@observablehq/plot';
import { chart, decades, HUES, plainNumber } from './chart.ts';
import { placeLabels, textWidth } from './labels.ts';
import { INK, type Point } from './svg.ts';

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** `front`: no other is better; `other`: it keeps all limits; `outside`: it does not. */
  readonly kind: 'front' | 'other' | 'outside';
  /** Fronts are of a group: each has a line of its own. */
  readonly group?: string;
  /** Written beside it. */
  readonly name?: string;
  /** For readers that point at it. */
  readonly title: string;
}

export interface ScatterAxis {
  readonly label: string;
  /** Which way is better: the line of the front goes by it. */
  readonly better: 'less' | 'more';
}

export interface ScatterOptions {
  readonly title: string;
  readonly subtitle: string;
  readonly x: ScatterAxis;
  readonly y: ScatterAxis;
  /** Whether the front is one of these two quantities alone, so that its points bound an area. */
  readonly bounds: boolean;
  /** What kinds are called. */
  readonly kinds: Readonly<Record<ScatterPoint['kind'], string>>;
}

const [WIDTH, HEIGHT] = [860, 500];
const MARGINS = { marginLeft: 70, marginRight: 30, marginTop: 40, marginBottom: 46 };
const STYLES = {
  outside: { fill: '#c9ced4', r: 2.5, opacity: 0.8 },
  other: { fill: HUES[0], r: 2.8, opacity: 0.45 },
  front: { fill: HUES[1], r: 4.5, opacity: 1 },
} as const;
/** From where on an axis is logarithmic: highest ÷ lowest. */
const WIDE = 20;

/** An axis that shows all values: its ends, ticks, and where a value stands between 0 and 1. */
function scaleOf(values: readonly number[]) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isLog = least > 0 && most / least > WIDE;
  const room = isLog ? 1.08 : (most - least || Math.abs(most) || 1) * 0.05;
  const low = isLog ? least / room : least >= 0 ? Math.max(0, least - room) : least - room;
  const high = isLog ? most * room : most + room;
  const share = (v: number): number => (isLog ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
  return {
    isLog,
    low,
    high,
    share,
    options: { type: isLog ? 'log' : 'linear', domain: [low, high], axis: null } as const,
  };
}
type Scale = ReturnType<typeof scaleOf>;

const ticksOf = ({ isLog, low, high }: Scale): number[] => (isLog ? decades(low, high) : evenTicks(low, high));

/** Some eight round numbers. */
function evenTicks(low: number, high: number): number[] {
  const rough = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(9)),
  );
}

export function scatterPicture(points: readonly ScatterPoint[], options: ScatterOptions): string {
  const shown = points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
  const [x, y] = [scaleOf(shown.map((p) => p.x)), scaleOf(shown.map((p) => p.y))];
  const [left, right] = [MARGINS.marginLeft, WIDTH - MARGINS.marginRight];
  const [top, bottom] = [MARGINS.marginTop, HEIGHT - MARGINS.marginBottom];
  const at = (p: { readonly x: number; readonly y: number }): Point => [
    left + x.share(p.x) * (right - left),
    bottom - y.share(p.y) * (bottom - top),
  ];
  const front = shown.filter((p) => p.kind === 'front').sort((a, b) => a.x - b.x);
  const named = front.filter((p) => p.name !== undefined);
  const labels = placeLabels(
    named.map((p) => ({ x: at(p)[0], y: at(p)[1], name: p.name! })),
    { ...{ left, right, top, bottom }, lines: [], points: front.map(at) },
  );
  const kinds = (['outside', 'other', 'front'] as const).filter((kind) => shown.some((p) => p.kind === kind));
  const [xTicks, yTicks] = [ticksOf(x), ticksOf(y)];
  /** Steps go round what the front dominates. */
  const step = options.x.better === 'less' ? 'step-after' : 'step-before';
  // Above the plot, to the right.
  let legend = right - kinds.reduce((n, kind) => n + textWidth(options.kinds[kind]) + 40, 0);
  return chart({
    ...{ title: options.title, subtitle: options.subtitle, width: WIDTH, height: HEIGHT, ...MARGINS },
    x: x.options as Plot.ScaleOptions,
    y: y.options as Plot.ScaleOptions,
    marks: [
      Plot.gridX(xTicks),
      Plot.gridY(yTicks),
      Plot.axisX(xTicks, { text: plainNumber, label: `${options.x.label} →` }),
      Plot.axisY(yTicks, { text: plainNumber, label: `↑ ${options.y.label}` }),
      ...(options.bounds && front.length > 1
        ? [
            Plot.line(front, {
              x: 'x',
              y: 'y',
              z: (p: ScatterPoint) => p.group ?? '',
              curve: step,
              stroke: HUES[1],
              strokeWidth: 1.5,
            }),
          ]
        : []),
      ...kinds.map((kind) =>
        Plot.dot(
          shown.filter((p) => p.kind === kind),
          {
            x: 'x',
            y: 'y',
            title: 'title',
            r: STYLES[kind].r,
            fill: STYLES[kind].fill,
            fillOpacity: STYLES[kind].opacity,
          },
        ),
      ),
      ...labels.flatMap(({ name, at: [px, py], x: begin, y: middle, leader }) => {
        const pixel = { frameAnchor: 'top-left', textAnchor: 'start' } as const;
        const toX = begin > px ? begin - 2 : begin + textWidth(name) + 2;
        return [
          ...(leader
            ? [
                Plot.line(
                  [
                    [invert(x, (px - left) / (right - left)), invert(y, (bottom - py) / (bottom - top))],
                    [invert(x, (toX - left) / (right - left)), invert(y, (bottom - middle) / (bottom - top))],
                  ],
                  { stroke: '#8c959f' },
                ),
              ]
            : []),
          Plot.text([name], {
            ...pixel,
            ...{ dx: begin - left, dy: middle - top, lineAnchor: 'middle' },
            ...{ stroke: '#ffffff', strokeWidth: 3, fill: INK, fontWeight: 600 },
          }),
        ];
      }),
      ...kinds.toReversed().flatMap((kind) => {
        const begin = legend;
        legend += textWidth(options.kinds[kind]) + 40;
        const place = { frameAnchor: 'top-left', dy: -22 } as const;
        return [
          Plot.dot([0], {
            ...{ ...place, dx: begin - left + 6, r: STYLES[kind].r + 0.5 },
            ...{ fill: STYLES[kind].fill, fillOpacity: Math.max(0.7, STYLES[kind].opacity) },
          }),
          Plot.text([options.kinds[kind]], {
            ...place,
            ...{ dx: begin - left + 16, textAnchor: 'start', lineAnchor: 'middle', fill: INK },
          }),
        ];
      }),
    ],
  });
}

const invert = ({ isLog, low, high }: Scale, share: number): number =>
  isLog ? low * (high / low) ** share : low + share * (high - low);
