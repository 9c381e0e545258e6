/**
 * Charts as SVG files: Observable Plot drawn into a document without a browser. The text of a picture is the same for the same input, reads in
 * English and Chinese with the fonts of common systems, and has a title that screen readers say.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeXml, FAINT, INK } from './svg.ts';

/** What a reader can tell apart without colour vision (Okabe and Ito, Color Universal Design, 2008), dark enough for thin lines on white; three more for the longest list. */
export const HUES = [
  '#0072b2',
  '#d55e00',
  '#007a5e',
  '#9a4f7e',
  '#8a6d00',
  '#b3123f',
  '#5c5c5c',
  '#3a7ca5',
  '#4b6b00',
  '#4f3fa0',
] as const;

export const FONTS =
  "system-ui, 'Segoe UI', Helvetica, Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";

export interface ChartOptions extends Omit<Plot.PlotOptions, 'title' | 'document' | 'style' | 'className'> {
  readonly title: string;
  /** Below the title, in smaller letters. */
  readonly subtitle?: string;
}

const HEAD = 54;

/** A chart with its title above it. */
export function chart({ title, subtitle, ...options }: ChartOptions): string {
  const { document } = parseHTML('<html><body></body></html>');
  const width = options.width ?? 760;
  const height = options.height ?? 460;
  const body = Plot.plot({
    ...{ marginLeft: 64, marginBottom: 46, marginRight: 28 },
    ...options,
    ...{ width, height, className: 'chart', document: document as unknown as Document },
  });
  // Plot gives a bare SVG element: without legends, titles or captions of its own, which would be HTML around it.
  const inner = body.innerHTML.replace(/^<style>[\s\S]*?<\/style>/, '');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + HEAD}" width="${width}" height="${height + HEAD}" role="img" font-family="${FONTS}" font-size="12" fill="${INK}" color="${INK}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height + HEAD}" fill="#ffffff"/>`,
    `<text x="20" y="26" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
    ...(subtitle === undefined ? [] : [`<text x="20" y="46" fill="${FAINT}">${escapeXml(subtitle)}</text>`]),
    `<g transform="translate(0 ${HEAD})" text-anchor="middle">${inner}</g>`,
    '</svg>',
    '',
  ].join('\n');
}

/** Ticks of a logarithmic axis: 1, 2 and 5 times powers of ten, or powers alone where these would be many. */
export function decades(low: number, high: number): number[] {
  const ticks: number[] = [];
  const wide = high / low > 1e4;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++)
    for (const m of wide ? [1] : [1, 2, 5]) {
      const tick = m * 10 ** power;
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  return ticks;
}

/** Axes that name every tick: a logarithmic scale of its own accord leaves out some. Beside scales with `axis: null`. */
export const namedAxes = (
  x: { readonly ticks: readonly number[]; readonly label: string } | undefined,
  y: { readonly ticks: readonly number[]; readonly label: string } | undefined,
): readonly Plot.Markish[] => [
  ...(x === undefined ? [] : [Plot.axisX(x.ticks, { text: tickText, label: x.label })]),
  ...(y === undefined ? [] : [Plot.axisY(y.ticks, { text: tickText, label: y.label })]),
];

/** A number as people write it on an axis: `0.05`, `20`, `1,000`. */
export const plainNumber = (value: number): string =>
  value >= 1000 ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',') : String(Number(value.toPrecision(6)));

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A tick of a logarithmic axis: as `plainNumber`, powers of ten from 10⁷ on as such. */
export const tickText = (value: number): string => {
  const power = Math.round(Math.log10(value));
  if (power < 7 || Math.abs(value / 10 ** power - 1) > 1e-9) return plainNumber(value);
  return `10${[...String(power)].map((d) => SUPERSCRIPTS[Number(d)]).join('')}`;
};
