/** The few shapes that the project's own pictures are made of, as SVG text. Coordinates are pixels; equal input gives equal text. */

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export type Point = readonly [x: number, y: number];

/** Colours that stay legible on white, and apart from each other without colour vision by their lightness. */
export const INK = '#1f2328';
export const FAINT = '#57606a';
export const LINE = '#d0d7de';

export const rect = (x: number, y: number, w: number, h: number, attributes = ''): string =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"${attributes === '' ? '' : ` ${attributes}`}/>`;

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly fill?: string;
  readonly bold?: boolean;
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { anchor = 'start', size = 13, fill = INK, bold = false } = style;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${n(x)}" y="${n(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${weight}>${escapeXml(words)}</text>`;
}

export interface WireStyle {
  readonly both?: boolean;
  readonly dashed?: boolean;
  readonly stroke?: string;
}

/** Length of an arrow head, and half its width. */
const [HEAD, HALF] = [9, 4];

/** The head of an arrow that comes to a point. Drawn out: not every program that shows SVG turns markers. */
function head([x, y]: Point, [fromX, fromY]: Point, fill: string): string {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const [ux, uy] = [(x - fromX) / length, (y - fromY) / length];
  const [bx, by] = [x - HEAD * ux, y - HEAD * uy];
  const corner = (side: number): string => `${n(bx - side * uy)} ${n(by + side * ux)}`;
  return `<path d="M${n(x)} ${n(y)}L${corner(HALF)}L${corner(-HALF)}z" fill="${fill}"/>`;
}

/** A line through points with an arrow head at its end, or at both. */
export function wire(
  points: readonly Point[],
  { both = false, dashed = false, stroke = FAINT }: WireStyle = {},
): string {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${n(x)} ${n(y)}`).join('');
  const dash = dashed ? ' stroke-dasharray="4 3"' : '';
  const heads = [head(points.at(-1)!, points.at(-2)!, stroke), ...(both ? [head(points[0]!, points[1]!, stroke)] : [])];
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="1.5"${dash}/>${heads.join('')}`;
}

/** A whole picture; `title` is what screen readers say. */
export function picture(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    rect(0, 0, width, height, 'fill="#ffffff"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

/** A number as SVG has it: two decimals at most. */
const n = (value: number): string => String(Number(value.toFixed(2)));

/** `12,000`. */
export const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

/** 1, 2 or 5 times a power of ten, not below `least`, and a whole number of cycles. */
export function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((m) => m * power >= least) ?? 10);
}
