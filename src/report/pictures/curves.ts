/** Curves: training, utilisation as an array grows, activation functions with their ranges. */
import * as Plot from '@observablehq/plot';
import type { Language } from '#base';
import { tensorNumbers, tensorOf } from '#ir';
import { evaluateNode } from '#ops';
import type { Utilisation } from '../analytic/utilisation.ts';
import { chart, decades, HUES, namedAxes, plainNumber } from './chart.ts';
import { textGrid } from './terminal.ts';

export interface Curve {
  readonly name: string;
  /** In rising order of x; what is not finite leaves a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

interface CurveOptions {
  readonly title: string;
  readonly subtitle?: string;
  readonly x: Plot.ScaleOptions;
  readonly y: Plot.ScaleOptions;
  readonly dots?: boolean;
  readonly marks?: readonly Plot.Markish[];
}

/** Of the chart, and of what lies between its upper and lower margin. */
const HEIGHT = 440;
const INNER = HEIGHT - 20 - 46;

/** Lines with their names at their ends, so that no legend has to be looked up. */
function curvesPicture(curves: readonly Curve[], { dots = false, marks = [], ...options }: CurveOptions): string {
  const ends = spread(
    curves.flatMap(({ points }, i) => {
      const last = points.findLast(([, y]) => Number.isFinite(y));
      return last === undefined ? [] : [{ i, x: last[0], y: last[1] }];
    }),
    options.y,
  );
  return chart({
    ...options,
    ...{ width: 860, height: HEIGHT, marginRight: 210 },
    x: { grid: true, ...options.x },
    y: { grid: true, ...options.y },
    marks: [
      ...marks,
      ...curves.flatMap(({ points, dashed = false }, i) => [
        Plot.line(points as [number, number][], {
          ...{ stroke: HUES[i % HUES.length]!, strokeWidth: 2 },
          ...(i < HUES.length && !dashed ? {} : { strokeDasharray: '5 3' }),
        }),
        ...(dots ? [Plot.dot(points as [number, number][], { fill: HUES[i % HUES.length]!, r: 3 })] : []),
      ]),
      ...ends.map(({ i, x, y, dy }) =>
        Plot.text([curves[i]!.name], {
          ...{ x, y, dx: 8, dy, textAnchor: 'start', fill: HUES[i % HUES.length]!, stroke: '#ffffff', strokeWidth: 3 },
        }),
      ),
    ],
  });
}

/** Names at the ends of curves, moved apart where they would lie on each other. Pixels are those of the chart's inner height. */
function spread(
  ends: readonly { readonly i: number; readonly x: number; readonly y: number }[],
  scale: Plot.ScaleOptions,
): readonly { readonly i: number; readonly x: number; readonly y: number; readonly dy: number }[] {
  const ys = ends.map((e) => e.y);
  const [low, high] = (scale.domain as [number, number] | undefined) ?? [Math.min(...ys), Math.max(...ys)];
  const log = scale.type === 'log';
  const of = (y: number): number => (log ? Math.log(y) : y);
  const pixel = (y: number): number =>
    of(high) === of(low) ? 0 : INNER * (1 - (of(y) - of(low)) / (of(high) - of(low)));
  const sorted = [...ends].sort((a, b) => pixel(a.y) - pixel(b.y));
  let above = Number.NEGATIVE_INFINITY;
  const places = sorted.map((end) => {
    above = Math.max(pixel(end.y), above + 15);
    return above;
  });
  // Back up from the axis, if they have been pushed below it.
  let below = INNER - 4 + 15;
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, below - 15);
    below = places[i]!;
  }
  return sorted.map((end, i) => ({ ...end, dy: places[i]! - pixel(end.y) }));
}

export interface LinesOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** What the axes say. */
  readonly x: string;
  readonly y: string;
  /** Axes that are logarithmic. */
  readonly log?: readonly ('x' | 'y')[];
  /** Ends of the axis of y; by default those of the curves. */
  readonly domain?: readonly [low: number, high: number];
  /** Whether the points are marked. */
  readonly dots?: boolean;
}

/** Curves with axes of the caller's words. */
export function linesPicture(curves: readonly Curve[], options: LinesOptions): string {
  const { title, subtitle, log = [], domain, dots = false } = options;
  const points = curves.flatMap((c) => c.points.filter((p) => p.every(Number.isFinite)));
  const axis = (name: 'x' | 'y', i: 0 | 1) => {
    const label = name === 'x' ? `${options.x} →` : `↑ ${options.y}`;
    if (!log.includes(name)) return { scale: { label, tickFormat: plainNumber } };
    const values = points.map((p) => p[i]);
    const ticks = decades(Math.min(...values), Math.max(...values));
    return { scale: { type: 'log' as const, axis: null }, named: { ticks, label } };
  };
  const [x, y] = [axis('x', 0), axis('y', 1)];
  return curvesPicture(curves, {
    ...{ title, dots, x: x.scale, y: { ...y.scale, ...(domain === undefined ? {} : { domain: [...domain] }) } },
    ...(subtitle === undefined ? {} : { subtitle }),
    marks: namedAxes(x.named, y.named),
  });
}

const TRAINING = {
  en: { title: (what: string) => `Training: ${what}`, x: 'step →', y: (what: string) => `↑ ${what}` },
  zh: { title: (what: string) => `训练：${what}`, x: '步 →', y: (what: string) => `↑ ${what}` },
} as const;

/** Curves of one quantity of a training, as its log has them. */
export function trainingPicture(quantity: string, curves: readonly Curve[], language: Language = 'en'): string {
  const words = TRAINING[language];
  const steps = curves.flatMap((c) => c.points.map(([x]) => x));
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  // Of few steps each has a tick, and nothing between them.
  const few = last - first <= 10 ? { ticks: Array.from({ length: last - first + 1 }, (_, i) => first + i) } : {};
  return curvesPicture(curves, {
    title: words.title(quantity),
    x: { label: words.x, tickFormat: plainNumber, ...few },
    y: { label: words.y(quantity) },
  });
}

const UTILISATION = {
  en: {
    title: 'Utilisation as the array grows',
    x: 'multipliers →',
    y: '↑ utilisation (%)',
    busy: (name: string) => `${name}: array not empty`,
    lanes: (name: string) => `${name}: multipliers used`,
  },
  zh: {
    title: '利用率随阵列规模的变化',
    x: '乘法器个数 →',
    y: '↑ 利用率（%）',
    busy: (name: string) => `${name}：非空置时间`,
    lanes: (name: string) => `${name}：乘法器利用率`,
  },
} as const;

type UtilisationSeries = readonly { readonly name: string; readonly sizes: readonly Utilisation[] }[];

/** In per cent, by multipliers. */
export function utilisationCurves(series: UtilisationSeries, language: Language = 'en'): readonly Curve[] {
  const words = UTILISATION[language];
  const percent = (share: number | null): number => (share === null ? Number.NaN : 100 * share);
  return series.flatMap(({ name, sizes }): Curve[] => [
    { name: words.busy(name), points: sizes.map((u) => [u.multipliers, percent(u.total.busy)]) },
    {
      name: words.lanes(name),
      points: sizes.map((u) => [u.multipliers, percent(u.total.laneUtilisation)]),
      dashed: true,
    },
  ]);
}

/** Exercises 6.8 and 6.9: each of `series` is one network or reading over several sizes of the array. */
export function utilisationPicture(
  series: UtilisationSeries,
  { language = 'en', subtitle }: { readonly language?: Language; readonly subtitle?: string } = {},
): string {
  const words = UTILISATION[language];
  const curves = utilisationCurves(series, language);
  const counts = [...new Set(series.flatMap((s) => s.sizes.map((u) => u.multipliers)))].sort((a, b) => a - b);
  return curvesPicture(curves, {
    ...{ title: words.title, ...(subtitle === undefined ? {} : { subtitle }), dots: true },
    x: { type: 'log', axis: null, ticks: counts },
    marks: namedAxes({ ticks: counts, label: words.x }, undefined),
    y: { label: words.y, domain: [0, 100] },
  });
}

/** Activation functions by operator, with the range of each as an interval; attributes are ONNX's defaults. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  Sigmoid: '(0, 1)',
  Tanh: '(−1, 1)',
  Relu: '[0, ∞)',
  LeakyRelu: '(−∞, ∞)',
  Elu: '(−1, ∞)',
  Gelu: '[−0.17, ∞)',
  Softplus: '(0, ∞)',
  HardSigmoid: '[0, 1]',
};

export const ACTIVATION_NAMES: readonly string[] = Object.keys(ACTIVATIONS);

/** Exercise 2.4: activation functions as the operators compute them, over −6 to 6. */
export function activationCurves(names: readonly string[] = ACTIVATION_NAMES): readonly Curve[] {
  const xs = Float64Array.from({ length: 241 }, (_, i) => -6 + i / 20);
  const input = tensorOf('float32', [xs.length], xs);
  return names.map((op): Curve => {
    const node = { name: op, op, domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() };
    const ys = tensorNumbers(evaluateNode(node, 20, [input])[0]!);
    return { name: `${op} ${ACTIVATIONS[op] ?? ''}`.trim(), points: [...xs].map((x, i) => [x, ys[i]!]) };
  });
}

export function activationPicture(names: readonly string[] = ACTIVATION_NAMES, language: Language = 'en'): string {
  return curvesPicture(activationCurves(names), {
    title: language === 'en' ? 'Activation functions and their ranges' : '激活函数及其值域',
    x: { label: 'x →' },
    y: { label: '↑ f(x)', domain: [-1.5, 6] },
    marks: [Plot.ruleX([0], { stroke: '#57606a' }), Plot.ruleY([0], { stroke: '#57606a' })],
  });
}

export interface CurvesTextOptions {
  readonly title?: string;
  readonly columns?: number;
  /** Whether x is logarithmic. */
  readonly log?: boolean;
  /** Ends of y; by default those of the curves. */
  readonly low?: number;
  readonly high?: number;
}

/** Curves for a terminal, each with a letter of its own. */
export function curvesText(curves: readonly Curve[], options: CurvesTextOptions = {}): readonly string[] {
  const { title, columns = 100, log = false } = options;
  const all = curves.flatMap((c) => c.points.filter(([, y]) => Number.isFinite(y)));
  if (all.length === 0) return title === undefined ? [] : [title];
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const [low, high] = [options.low ?? Math.min(...ys), options.high ?? Math.max(...ys)];
  const letter = (i: number): string => String.fromCharCode(97 + (i % 26));
  const grid = textGrid(
    curves.flatMap(({ points }, i) => points.map(([x, y]) => ({ x, y, mark: letter(i) }))),
    {
      ...{ columns: Math.max(30, Math.min(columns - 12, 100)), rows: 18 },
      x: { low: Math.min(...xs), high: Math.max(...xs), log, label: '' },
      y: { low, high, label: '' },
    },
  );
  const last = (c: Curve): string => String(Number((c.points.at(-1)?.[1] ?? Number.NaN).toPrecision(4)));
  return [
    ...(title === undefined ? [] : [title]),
    ...grid.filter((line) => line.trim() !== ''),
    ...curves.map((c, i) => `  ${letter(i)} ${c.name}: ${last(c)}`),
  ];
}
