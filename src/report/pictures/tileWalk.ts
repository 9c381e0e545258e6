/**
 * The walk over the tiles of a convolution, one panel for each order of loops: along the steps, which tile of input, weights and output lies
 * on the chip. A new bar begins where a tile is fetched; its height within the row is the tile's number, so that a tile that comes back stands
 * where it stood before.
 */
import type { Language } from '#base';
import { grouped } from '../quantities.ts';
import { type TileStep, tileSteps } from '../tilings/execute.ts';
import { INDEXED_BY, type Nest, nestOf, ORDER_NAMES, type Order, TENSORS, type TensorName } from '../tilings/nest.ts';
import { ORDER_WORDS } from '../tilings/text.ts';
import type { TilingReport } from '../tilings/tilings.ts';
import { tilingWords } from '../tilings/words.ts';
import { FAINT, INK, LINE, picture, rect, text } from './svg.ts';

const WORDS = {
  en: {
    title: (layer: string) => `Tile walks of ${layer}`,
    tile: (tile: string) =>
      `tile (To, Tc, Th, Tw) = (${tile}); a bar is a tile on the chip, its height the number of the tile`,
    letters: (tile: string) =>
      `tile (To, Tc, Th, Tw) = (${tile}); a letter is a tile that is fetched, a dot one that stays`,
    tensors: { input: 'input', weights: 'weights', output: 'output' },
    order: (loops: string) => `loops over ${loops}, outermost first`,
    words: (n: string) => `${n} words`,
    steps: (shown: number, all: number) => (shown < all ? `first ${shown} of ${all} tiles →` : `${all} tiles →`),
  },
  zh: {
    title: (layer: string) => `${layer} 的分块遍历`,
    tile: (tile: string) => `块 (To, Tc, Th, Tw) = (${tile})；一条为驻留片上的一块，高低为块号`,
    letters: (tile: string) => `块 (To, Tc, Th, Tw) = (${tile})；字母为取入的块，点为仍驻留`,
    tensors: { input: '输入', weights: '权重', output: '输出' },
    order: (loops: string) => `循环次序（由外到内）：${loops}`,
    words: (n: string) => `${n} 字`,
    steps: (shown: number, all: number) => (shown < all ? `共 ${all} 块，画出前 ${shown} 块 →` : `${all} 块 →`),
  },
} as const;

const COLOURS: Readonly<Record<TensorName, string>> = { input: '#0072b2', weights: '#d55e00', output: '#007a5e' };
/** Steps that a panel has room for. */
const MOST = 800;
const [LEFT, RIGHT, ROW, WIDTH] = [92, 118, 58, 900];

interface Bar {
  readonly tensor: TensorName;
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** Times in which one tile of a tensor stays, in steps. */
function barsOf(nest: Nest, limit: number): { readonly bars: readonly Bar[]; readonly steps: number } {
  const bars: Bar[] = [];
  const open = new Map<TensorName, Bar>();
  const trips = new Map(nest.loops.map((l) => [l.index, l.trips]));
  const numberOf = ({ at }: TileStep, tensor: TensorName): number =>
    INDEXED_BY[tensor].reduce((n, index) => n * trips.get(index)! + at[index].number, 0);
  let steps = 0;
  for (const step of tileSteps(nest)) {
    if (steps === limit) break;
    for (const tensor of TENSORS) {
      const [before, number] = [open.get(tensor), numberOf(step, tensor)];
      if (before?.number === number) continue;
      if (before !== undefined) bars.push({ ...before, to: steps });
      open.set(tensor, { tensor, number, from: steps, to: steps });
    }
    steps++;
  }
  for (const bar of open.values()) bars.push({ ...bar, to: steps });
  return { bars, steps };
}

export function tileWalkPicture(report: TilingReport, language: Language = 'en'): string {
  const words = WORDS[language];
  const { tile, convolution } = report;
  const body = [
    text(20, 28, words.title(report.layer), { size: 16, bold: true }),
    text(20, 48, words.tile([tile.o, tile.c, tile.h, tile.w].join(', ')), { fill: FAINT, size: 12 }),
  ];
  let y = 66;
  for (const order of ORDER_NAMES) {
    body.push(...panel(nestOf(convolution, tile, order), order, language, y));
    y += 3 * ROW + 74;
  }
  return picture(WIDTH, y, words.title(report.layer), body);
}

function panel(nest: Nest, order: Order, language: Language, top: number): readonly string[] {
  const words = WORDS[language];
  const all = nest.loops.reduce((n, l) => n * l.trips, 1);
  const { bars, steps } = barsOf(nest, MOST);
  const moved = tilingWords(nest);
  const room = WIDTH - LEFT - RIGHT;
  const x = (step: number): number => LEFT + (room * step) / steps;
  const trips = new Map(nest.loops.map((l) => [l.index, l.trips]));
  const out = [
    text(20, top + 18, ORDER_WORDS[language][order], { bold: true }),
    text(LEFT + 120, top + 18, words.order(nest.loops.map((l) => l.index).join(', ')), { fill: FAINT, size: 12 }),
    text(WIDTH - 16, top + 18, words.words(grouped(moved.total)), { anchor: 'end', bold: true }),
  ];
  TENSORS.forEach((tensor, i) => {
    const y = top + 30 + i * ROW;
    const count = INDEXED_BY[tensor].reduce((n, index) => n * trips.get(index)!, 1);
    const high = ROW - 10;
    const bar = Math.max(1.5, Math.min(12, high / count));
    out.push(
      rect(LEFT, y, room, high, `fill="#f6f8fa" stroke="${LINE}"`),
      text(LEFT - 8, y + high / 2 + 4, words.tensors[tensor], { anchor: 'end', size: 12 }),
      text(WIDTH - 16, y + high / 2 + 4, words.words(grouped(moved[tensor])), { anchor: 'end', size: 12, fill: INK }),
    );
    for (const b of bars.filter((b) => b.tensor === tensor)) {
      const at = count === 1 ? y + (high - bar) / 2 : y + ((high - bar) * b.number) / (count - 1);
      const gap = x(b.to) - x(b.from) > 3 ? 0.8 : 0;
      out.push(rect(x(b.from), at, Math.max(0.5, x(b.to) - x(b.from) - gap), bar, `fill="${COLOURS[tensor]}"`));
    }
  });
  out.push(text(LEFT, top + 30 + 3 * ROW + 8, words.steps(steps, all), { size: 11, fill: FAINT }));
  return out;
}

/** The same for a terminal: for each order three rows, a letter for each tile that is fetched, a dot where it stays. */
export function tileWalkText(
  report: TilingReport,
  { language = 'en', columns = 100 }: { readonly language?: Language; readonly columns?: number } = {},
): readonly string[] {
  const words = WORDS[language];
  const { tile, convolution } = report;
  const width = Math.max(20, columns - 12);
  const lines = [words.title(report.layer), words.letters([tile.o, tile.c, tile.h, tile.w].join(', '))];
  for (const order of ORDER_NAMES) {
    const nest = nestOf(convolution, tile, order);
    const { bars, steps } = barsOf(nest, width);
    const all = nest.loops.reduce((n, l) => n * l.trips, 1);
    const moved = tilingWords(nest);
    lines.push(
      '',
      `${ORDER_WORDS[language][order]}: ${words.order(nest.loops.map((l) => l.index).join(', '))}; ${words.words(grouped(moved.total))}`,
    );
    for (const tensor of TENSORS) {
      const row = new Array<string>(steps).fill('·');
      for (const b of bars.filter((b) => b.tensor === tensor)) row[b.from] = LETTERS[b.number % LETTERS.length]!;
      lines.push(`${words.tensors[tensor].padEnd(language === 'en' ? 8 : 6)}│${row.join('')}│`);
    }
    lines.push(`        ${words.steps(steps, all)}`);
  }
  return lines;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
