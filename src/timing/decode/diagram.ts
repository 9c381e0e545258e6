/**
 * The decode state machine as a picture: SVG with states on a fixed grid, and the same graph as DOT text. One arrow for all rows
 * between two states, a line of text for each.
 */
import type { OpcodeClass } from '#isa';
import { DECODE_STATES, type DecodeRow, type DecodeState } from './table.ts';
import { classesText, conditionText, REACHED_ROWS } from './words.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** FETCH and DECODE at the top; what an instruction does below, on the way back from DECODE to FETCH; errors on the right. */
const GRID: Readonly<Record<DecodeState, Point>> = {
  IDLE: { x: 0, y: 0 },
  FETCH: { x: 1, y: 0 },
  DECODE: { x: 4, y: 0 },
  EXECUTE: { x: 3, y: 1 },
  DISPATCH: { x: 3, y: 2 },
  STALL: { x: 1.7, y: 2 },
  WAIT: { x: 3, y: 3 },
  HOST: { x: 1.4, y: 3 },
  HALT: { x: 3, y: 4 },
  TRAP: { x: 5, y: 2 },
};
/** Side of a box on which its loop stands. */
const LOOP: Readonly<Partial<Record<DecodeState, 'below'>>> = {
  STALL: 'below',
  HOST: 'below',
  TRAP: 'below',
  HALT: 'below',
  WAIT: 'below',
};
/** Share of an arrow at which its text stands, where that is not the middle. */
const TEXT_AT: Readonly<Record<string, number>> = {
  'DECODE DISPATCH': 0.8,
  'DECODE WAIT': 0.87,
  'DISPATCH FETCH': 0.3,
  'STALL FETCH': 0.28,
  'WAIT FETCH': 0.25,
  'HOST FETCH': 0.4,
  'EXECUTE TRAP': 0.4,
  'WAIT HALT': 0.7,
};
const COLUMN = 190;
const ROW = 120;
const LEFT = 70;
const TOP = 110;
const WIDTH = 96;
const HEIGHT = 36;
/** Bow of an arrow over the top of the picture. */
const BOW = 150;
const LINE = 13;

interface Arrow {
  readonly from: DecodeState;
  readonly to: DecodeState;
  readonly texts: readonly string[];
}

/** One for each pair of states, in the order of the table. */
function arrows(): readonly Arrow[] {
  const pairs = Map.groupBy(REACHED_ROWS, ({ from, to }) => `${from} ${to}`);
  return [...pairs.values()].map((rows) => {
    const { from, to } = rows[0]!;
    return { from, to, texts: arrowTexts(from, rows) };
  });
}

/** `sync: drained`; what needs no saying is left out: the classes where all go this way, or where the state has no others. */
function arrowTexts(from: DecodeState, rows: readonly DecodeRow[]): readonly string[] {
  const known = new Set(REACHED_ROWS.filter((row) => row.from === from).flatMap((row) => row.classes));
  const texts = [...Map.groupBy(rows, conditionText)].map(([condition, alike]) => {
    const classes = [...new Set<OpcodeClass>(alike.flatMap((row) => row.classes))];
    const named = classes.length === known.size || classesText(classes) === 'legal' ? [] : [classesText(classes)];
    return [...named, ...(condition === '' ? [] : [condition])].join(': ');
  });
  return texts.filter((text) => text !== '');
}

const centre = (state: DecodeState): Point => ({ x: LEFT + COLUMN * GRID[state].x, y: TOP + ROW * GRID[state].y });

/** Where the line from a state's centre to a point leaves its box. */
function border(state: DecodeState, towards: Point): Point {
  const c = centre(state);
  const dx = towards.x - c.x;
  const dy = towards.y - c.y;
  const share = Math.min(WIDTH / 2 / Math.max(Math.abs(dx), 1e-9), HEIGHT / 2 / Math.max(Math.abs(dy), 1e-9));
  return { x: c.x + dx * share, y: c.y + dy * share };
}

const at = ({ x, y }: Point): string => `${Math.round(x)} ${Math.round(y)}`;

interface Drawn {
  readonly path: string;
  /** Where the texts stand. */
  readonly middle: Point;
}

function draw({ from, to }: Arrow): Drawn {
  const a = centre(from);
  const b = centre(to);
  if (from === to) {
    const x = a.x - WIDTH / 4;
    const out = LOOP[from] === 'below' ? 1 : -1;
    const edge = a.y + (out * HEIGHT) / 2;
    const far = edge + 34 * out;
    return {
      path: `M${at({ x: x - 10, y: edge })}C${at({ x: x - 26, y: far })} ${at({ x: x + 26, y: far })} ${at({ x: x + 10, y: edge })}`,
      middle: { x, y: far },
    };
  }
  // Along the top row another state may stand between the two.
  if (from === 'FETCH' && to === 'TRAP') {
    const over = TOP - BOW;
    const end = border(to, { x: b.x, y: over });
    const start = border(from, { x: a.x, y: over });
    return {
      path: `M${at(start)}C${at({ x: a.x, y: over })} ${at({ x: b.x, y: over })} ${at(end)}`,
      middle: { x: (a.x + b.x) / 2, y: TOP - 0.62 * BOW },
    };
  }
  const start = border(from, b);
  const end = border(to, a);
  const share = TEXT_AT[`${from} ${to}`] ?? 0.5;
  const middle = { x: start.x + share * (end.x - start.x), y: start.y + share * (end.y - start.y) };
  return { path: `M${at(start)}L${at(end)}`, middle };
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function textAt(lines: readonly string[], { x, y }: Point): string {
  const first = y - ((lines.length - 1) * LINE) / 2 + 4;
  return lines
    .map(
      (line, i) => `<text class="on" x="${Math.round(x)}" y="${Math.round(first + i * LINE)}">${escaped(line)}</text>`,
    )
    .join('\n');
}

const ENDS: ReadonlySet<DecodeState> = new Set<DecodeState>(['TRAP', 'HALT']);

export function decodeSvg(): string {
  const drawn = arrows().map((arrow) => ({ ...arrow, ...draw(arrow) }));
  const width = 2 * LEFT + COLUMN * Math.max(...Object.values(GRID).map((p) => p.x));
  const height = TOP + ROW * Math.max(...Object.values(GRID).map((p) => p.y)) + 2 * HEIGHT;
  const boxes = DECODE_STATES.map((state) => {
    const { x, y } = centre(state);
    const kind = ENDS.has(state) ? 'end' : 'state';
    return `<rect class="${kind}" x="${x - WIDTH / 2}" y="${y - HEIGHT / 2}" width="${WIDTH}" height="${HEIGHT}" rx="${HEIGHT / 2}"/>
<text class="name" x="${x}" y="${y + 5}">${state}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Control unit: states and transitions">
<style>
text { font: 11px sans-serif; text-anchor: middle; fill: #222; }
.name { font-weight: bold; font-size: 13px; }
.on { stroke: #fff; stroke-width: 4px; paint-order: stroke; }
.state { fill: #e8f1fb; stroke: #27548a; stroke-width: 1.5; }
.end { fill: #f6e3e1; stroke: #8a2f27; stroke-width: 3; }
path { fill: none; stroke: #555; stroke-width: 1.2; marker-end: url(#tip); }
marker path { fill: #555; stroke: none; marker-end: none; }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
${drawn.map(({ path }) => `<path d="${path}"/>`).join('\n')}
${boxes.join('\n')}
${drawn.map(({ texts, middle }) => textAt(texts, middle)).join('\n')}
</svg>
`;
}

/** For Graphviz and what reads its language. */
export function decodeDot(): string {
  const quoted = (text: string): string => JSON.stringify(text);
  const states = DECODE_STATES.map((state) => `  ${state} [shape=${ENDS.has(state) ? 'doublecircle' : 'box'}];`);
  const edges = arrows().map(
    ({ from, to, texts }) => `  ${from} -> ${to} [label=${quoted(texts.join('\n')).replaceAll('\\n', '\\n')}];`,
  );
  return `digraph control {\n  rankdir=LR;\n${[...states, ...edges].join('\n')}\n}\n`;
}
