/** A line plot as SVG: axes through the smallest and largest values, a colour and a name for each curve. */

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Colours that people with colour blindness can tell apart (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

const [WIDTH, HEIGHT, MARGIN] = [640, 400, 48];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function linePlot(
  curves: readonly Curve[],
  { title, x: xName, y: yName }: { readonly title: string; readonly x: string; readonly y: string },
): string {
  const all = curves.flatMap(({ points }) => points);
  const extent = (axis: 0 | 1): [number, number] => {
    const values = all.map((p) => p[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [[x0, x1], [y0, y1]] = [extent(0), extent(1)];
  const across = (x: number): number => MARGIN + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - 2 * MARGIN);
  const down = (y: number): number => HEIGHT - MARGIN - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - 2 * MARGIN);
  const label = (x: number, y: number, text: string, anchor: string): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const [left, right, top, bottom] = [MARGIN, WIDTH - MARGIN, MARGIN, HEIGHT - MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    label(WIDTH / 2, 20, title, 'middle'),
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#888"/>`,
    label(left, bottom + 16, `${x0}`, 'middle'),
    label(right, bottom + 16, `${x1}`, 'middle'),
    label(WIDTH / 2, bottom + 32, xName, 'middle'),
    label(left - 6, bottom, y0.toPrecision(3), 'end'),
    label(left - 6, top + 4, y1.toPrecision(3), 'end'),
    label(left - 6, HEIGHT / 2, yName, 'end'),
    ...curves.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      const path = points.map(([x, y]) => `${across(x).toFixed(1)},${down(y).toFixed(1)}`).join(' ');
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
        `<text x="${left + 12}" y="${top + 16 + 16 * i}" fill="${colour}">${escaped(name)}</text>`,
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}
