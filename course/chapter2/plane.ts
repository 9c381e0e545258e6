/** Where in the unit square (and a little around it) a network of two inputs says 1: a picture for exercises 1.3 and 2.1. */
import type { Words } from 'systole/course';

/** What is shaded: the square from −0.5 to 1.5. */
const [LOW, HIGH] = [-0.5, 1.5];
/** Cells a side. */
export const CELLS = 40;
const [SIDE, MARGIN, TOP] = [320, 40, 36];

/** Middles of the cells, row by row from the top, as points (x, y). */
export const CELL_POINTS: readonly (readonly [x: number, y: number])[] = Array.from(
  { length: CELLS * CELLS },
  (_, i) => {
    const at = (cell: number): number => LOW + ((cell + 0.5) / CELLS) * (HIGH - LOW);
    return [at(i % CELLS), at(CELLS - 1 - Math.floor(i / CELLS))] as const;
  },
);

export interface Pane {
  readonly title: string;
  /** For each cell whether it is answered with 1. */
  readonly ones: readonly boolean[];
  /** Labels of (0, 0), (0, 1), (1, 0) and (1, 1). */
  readonly labels: readonly number[];
}

/** Panes side by side: cells answered with 1 are shaded, filled points have label 1. */
export function planePicture(panes: readonly Pane[]): string {
  const width = panes.length * (SIDE + MARGIN) + MARGIN;
  const height = TOP + SIDE + MARGIN;
  const cell = SIDE / CELLS;
  const place = (v: number): number => ((v - LOW) / (HIGH - LOW)) * SIDE;
  const pane = ({ title, ones, labels }: Pane, i: number): string => {
    const left = MARGIN + i * (SIDE + MARGIN);
    // Runs of cells of a row as one rectangle.
    const runs = Array.from({ length: CELLS }, (_, row) => {
      const line = ones.slice(row * CELLS, (row + 1) * CELLS);
      return line.flatMap((one, c) => {
        if (!one || line[c - 1]) return [];
        const end = line.indexOf(false, c);
        const count = (end < 0 ? CELLS : end) - c;
        return `<rect x="${c * cell}" y="${row * cell}" width="${count * cell}" height="${cell}" fill="#9ecae9"/>`;
      });
    }).flat();
    const points = labels.map((label, k) => {
      const [x, y] = [place(k >> 1), SIDE - place(k & 1)];
      return (
        `<circle cx="${x}" cy="${y}" r="7" fill="${label === 1 ? '#0072b2' : '#ffffff'}" stroke="#1f2328" stroke-width="1.5"/>` +
        `<text x="${x + 12}" y="${y + 16}">(${k >> 1}, ${k & 1})</text>`
      );
    });
    return [
      `<g transform="translate(${left} ${TOP})">`,
      `<text x="${SIDE / 2}" y="-12" text-anchor="middle" font-weight="600">${title}</text>`,
      ...runs,
      `<rect width="${SIDE}" height="${SIDE}" fill="none" stroke="#57606a"/>`,
      ...points,
      '</g>',
    ].join('\n');
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="13" fill="#1f2328">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...panes.map(pane),
    '</svg>',
    '',
  ].join('\n');
}

/** What a reader who cannot see the picture is told. */
export const planeWords = (panes: readonly Pane[]): Words => {
  const share = ({ title, ones }: Pane): string =>
    `${title}: ${((100 * ones.filter(Boolean).length) / ones.length).toFixed(0)} %`;
  return {
    en: `The plane of both inputs, shaded where the answer is 1. Share of the square that is shaded: ${panes.map(share).join('; ')}.`,
    zh: `两个输入构成的平面，回答为 1 的区域涂色。涂色部分占方形的比例：${panes.map(share).join('；')}。`,
  };
};
