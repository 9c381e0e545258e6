/**
 * What can be said of order and room without addresses. Between two syncs all units work side by side, so a computation can only use what
 * earlier phases brought, and a store only what they finished. With a bytes of X and b of W in its scratchpads a core can do at most
 * min(a·columns, b·rows) ÷ 4 multiply-accumulates, however the pieces are cut: a program that does more in a phase reads what is not there yet.
 * A result is finished when all of its row of X and of its column of W were there: of these bytes, inner dimension K, (a ÷ 4K)·(b ÷ 4K) at most.
 * Likewise a phase needs room for all that moves in it and for the least that its computations read and write, and for what earlier ones brought
 * and no computation can have finished with. These are necessary conditions;
 * which buffer overwrites which is judged where the program says where operands lie.
 */
import type { Machine } from '#machine';
import type { Finding } from '../judge.ts';
import { type Compute, executed, type Move, type Statements } from './statements.ts';
import { type LayerWork, possibleSplits, type Split, totalsOf } from './work.ts';

/** What has been done in the phases before one; bytes and operations of each core. */
interface Past {
  nramIn: number;
  wramIn: number;
  macs: number;
  nramOut: number;
  /** Bytes of X and W that were there when the last computation began. */
  readX: number;
  readW: number;
}

interface Phase {
  readonly moves: readonly Move[];
  readonly computes: readonly Compute[];
  /** Line of the sync before it; 0 for the first. */
  readonly since: number;
}

/** Phases that are looked at: a program of more repeats itself. */
const MOST = 100_000;
/** Of sums of fractions. */
const SLACK = 1 + 1e-9;

function* phasesOf(program: Statements): Generator<Phase> {
  let moves: Move[] = [];
  let computes: Compute[] = [];
  let since = 0;
  for (const s of executed(program)) {
    if (s.kind === 'move') moves.push(s);
    else if (s.kind === 'compute') computes.push(s);
    else {
      yield { moves, computes, since };
      [moves, computes, since] = [[], [], s.line];
    }
  }
  yield { moves, computes, since };
}

const sum = <T>(list: readonly T[], f: (item: T) => number): number => list.reduce((n, item) => n + f(item), 0);
type Lined = readonly { readonly line: number }[];
const numbersOf = (list: Lined): readonly number[] => [...new Set(list.map((s) => s.line))];
/** Line 3; lines 3, 4 and 7. */
function lines(list: Lined): string {
  const numbers = numbersOf(list);
  return numbers.length === 1 ? `line ${numbers[0]}` : `lines ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;
}
const linesZh = (list: Lined): string => `第 ${numbersOf(list).join('、')} 行`;

/**
 * What is wrong with the order or the room of a program that does the layer's work: at most one finding of each kind, the first.
 * Multiply-accumulates of other types count as those of the layer.
 */
export function orderFindings(program: Statements, layer: LayerWork, machine: Machine): readonly Finding[] {
  const splits = possibleSplits(program, layer);
  const found = new Map<string, Finding>();
  const say = (finding: Finding): void => {
    if (!found.has(finding.kind)) found.set(finding.kind, finding);
  };
  const isOutOfOrder = (): boolean => found.has('missing-sync') || found.has('too-early');
  const past: Past = { nramIn: 0, wramIn: 0, macs: 0, nramOut: 0, readX: 0, readW: 0 };
  // Loaded beyond what a core needs: loaded again, so the first may have made room.
  const { nramIn, wramIn } = totalsOf(program, layer.cores);
  const spare = {
    nram: nramIn - Math.min(...splits.map((s) => layer.x / s.rows)),
    wram: wramIn - Math.min(...splits.map((s) => layer.w / s.columns)),
  };
  let phases = 0;
  for (const phase of phasesOf(program)) {
    if (++phases > MOST) break;
    const early = computesTooEarly(phase, past, layer, splits);
    if (early !== undefined) say(early);
    const stored = storesTooEarly(phase, past, layer, splits);
    // What is computed too early is in no whole row either.
    if (stored !== undefined && (stored.kind !== 'partial-sums' || !isOutOfOrder())) say(stored);
    for (const full of roomOf(phase, layer, machine, splits)) say(full);
    for (const full of heldIn(phase, past, layer, machine, splits, spare)) say(full);
    const { moves, computes } = phase;
    if (computes.length > 0) [past.readX, past.readW] = [past.nramIn, past.wramIn];
    past.nramIn += sum(moves, (m) => (m.to === 'nram' ? m.bytes : 0));
    past.wramIn += sum(moves, (m) => (m.to === 'wram' ? m.bytes : 0));
    past.nramOut += sum(moves, (m) => (m.from === 'nram' ? m.bytes : 0));
    past.macs += sum(computes, (c) => c.count);
  }
  return [...found.values()];
}

function computesTooEarly(
  { moves, computes, since }: Phase,
  past: Past,
  { shape, compression }: LayerWork,
  splits: readonly Split[],
): Finding | undefined {
  const [first] = computes;
  if (first === undefined) return undefined;
  const a = past.nramIn / 4 / compression.x;
  const b = past.wramIn / 4 / compression.w;
  const most = Math.floor(
    compression.macs *
      Math.max(...splits.map((s) => Math.min((a * shape.columns) / s.columns, (b * shape.rows) / s.rows))),
  );
  const done = past.macs + sum(computes, (c) => c.count);
  if (done <= most * SLACK) return undefined;
  const loads = moves.filter((m) => m.to === 'nram' || m.to === 'wram');
  const arrived =
    since === 0
      ? 'Nothing has come to NRAM and WRAM before.'
      : `By the sync of line ${since} ${past.nramIn} bytes have come to NRAM and ${past.wramIn} to WRAM, enough for ${most} multiply-accumulates; ` +
        `with line ${first.line} the program has done ${done}.`;
  const arrivedZh =
    since === 0
      ? '此前没有任何数据送入 NRAM 与 WRAM。'
      : `到第 ${since} 行的 sync 为止，已送入 NRAM ${past.nramIn} 字节、WRAM ${past.wramIn} 字节，至多够做 ${most} 次乘加；` +
        `到第 ${first.line} 行时程序已做 ${done} 次。`;
  if (loads.length === 0) {
    return {
      kind: 'too-early',
      line: first.line,
      words: {
        en: `Line ${first.line} computes too early. ${arrived} What it needs is not on the chip yet: load it first, then sync, then compute.`,
        zh: `第 ${first.line} 行计算过早。${arrivedZh}所需数据尚未上片：请先加载，再 sync，再计算。`,
      },
    };
  }
  return {
    kind: 'missing-sync',
    line: first.line,
    words: {
      en: `Line ${first.line} computes while ${lines(loads)} still bring${numbersOf(loads).length === 1 ? 's' : ''} its operands. ${arrived} Units go their own way until a sync: put one between them.`,
      zh: `第 ${first.line} 行计算时，${linesZh(loads)}还在传入它的操作数。${arrivedZh}在 sync 之前各单元互不等待：请在两者之间加 sync。`,
    },
  };
}

function storesTooEarly(
  { moves, computes }: Phase,
  past: Past,
  { shape, compression }: LayerWork,
  splits: readonly Split[],
): Finding | undefined {
  const stores = moves.filter((m) => m.from === 'nram');
  const [first] = stores;
  if (first === undefined) return undefined;
  const finished = (4 * past.macs) / shape.inner / compression.macs;
  const stored = past.nramOut + sum(stores, (m) => m.bytes);
  if (stored > finished * SLACK) return notComputed(first, computes, stored, finished);
  // A result is there when its row of X and its column of W were, over the whole inner dimension.
  const rows = (split: Split): number =>
    Math.min(shape.rows / split.rows, past.readX / 4 / compression.x / shape.inner);
  const columns = (split: Split): number =>
    Math.min(shape.columns / split.columns, past.readW / 4 / compression.w / shape.inner);
  const best = splits.reduce<Split | undefined>(
    (a, b) => (a === undefined || rows(b) * columns(b) > rows(a) * columns(a) ? b : a),
    undefined,
  );
  if (best === undefined || stored <= 4 * rows(best) * columns(best) * SLACK) return undefined;
  return partialSums(first, stored, rows(best), columns(best));
}

function partialSums(first: Move, stored: number, rows: number, columns: number): Finding {
  const [r, c] = [rows, columns].map((n) => Number(n.toFixed(2)));
  const bytes = Math.floor(4 * rows * columns);
  return {
    kind: 'partial-sums',
    line: first.line,
    words: {
      en:
        `Line ${first.line} stores results that are not finished: ${stored} bytes leave NRAM by then, and what had been loaded when the last computation ` +
        `began makes up at most ${r} whole rows of X and ${c} whole columns of W, ${bytes} bytes of results. The others are sums over a part of the inner ` +
        'dimension: let every slice add to the same place, and store behind the last, behind its endloop.',
      zh:
        `第 ${first.line} 行写回的结果尚未完成：至此从 NRAM 传出 ${stored} 字节，而最后一次计算开始时已加载的数据至多构成 X 的 ${r} 个整行与 W 的 ${c} 个整列，` +
        `只能得到 ${bytes} 字节结果。其余只是内部维度一部分上的部分和：请让各片累加到同一位置，在最后一片之后（endloop 之后）再写回。`,
    },
  };
}

function notComputed(first: Move, computes: readonly Compute[], stored: number, finished: number): Finding {
  const beside = computes.length > 0;
  return {
    kind: beside ? 'missing-sync' : 'too-early',
    line: first.line,
    words: {
      en:
        `Line ${first.line} stores results that are not computed: ${stored} bytes leave NRAM by then, and what has been multiplied before the ` +
        `last sync makes ${Math.floor(finished)}. ` +
        (beside
          ? `They are computed by ${lines(computes)} at the same time: put a sync between them.`
          : 'Compute first, then sync, then store.'),
      zh:
        `第 ${first.line} 行写回的结果尚未算出：至此从 NRAM 传出 ${stored} 字节，而上一个 sync 之前的乘加只得到 ${Math.floor(finished)} 字节。` +
        (beside ? `${linesZh(computes)}正在同时计算它们：请在两者之间加 sync。` : '请先计算，再 sync，再写回。'),
    },
  };
}

function roomOf(
  { moves, computes }: Phase,
  { shape, compression }: LayerWork,
  machine: Machine,
  splits: readonly Split[],
): readonly Finding[] {
  const macs = sum(computes, (c) => c.count) / compression.macs;
  const least = (f: (s: Split) => number): number => Math.min(...splits.map(f));
  const x = 4 * compression.x * least((s) => (macs * s.columns) / shape.columns);
  const w = 4 * compression.w * least((s) => (macs * s.rows) / shape.rows);
  const y = (4 * macs) / shape.inner;
  const moved = (f: (m: Move) => boolean): number => sum(moves.filter(f), (m) => m.bytes);
  const needs = [
    ['NRAM', moved((m) => m.to === 'nram'), x, moved((m) => m.from === 'nram') + y, machine.nram.bytes],
    ['WRAM', moved((m) => m.to === 'wram'), w, 0, machine.wram.bytes],
  ] as const;
  return needs.flatMap(([memory, loaded, read, results, capacity]): Finding[] => {
    const bytes = Math.ceil(loaded + read + results);
    if (bytes <= capacity * SLACK) return [];
    const at = [...moves, ...computes];
    const resultsText = results === 0 ? '' : `, ${Math.ceil(results)} of results computed and stored`;
    const resultsZh = results === 0 ? '' : `，计算和写回的结果 ${Math.ceil(results)} 字节`;
    return [
      {
        kind: 'over-capacity',
        ...(at[0] === undefined ? {} : { line: at[0].line }),
        words: {
          en:
            `What ${lines(at)} ${numbersOf(at).length === 1 ? 'does' : 'do side by side'} needs at least ${bytes} bytes of ${memory} (${loaded} being loaded, ${Math.ceil(read)} being ` +
            `read${resultsText}), and it has ${capacity}: take smaller tiles. With two buffers each tile counts twice.`,
          zh:
            `${linesZh(at)}同时进行，至少需要 ${memory} ${bytes} 字节（正在加载 ${loaded} 字节，正在读取 ${Math.ceil(read)} 字节${resultsZh}），` +
            `而其容量为 ${capacity}：请减小分块。双缓冲时每个分块要算两份。`,
        },
      },
    ];
  });
}

/**
 * What a computation finds in a scratchpad: all that was loaded, but for what may be free again. Before the first computation nothing is;
 * after it, what was loaded is free once it has been multiplied with all that it meets (`columns` or `rows` of the core's part), or where it
 * is loaded again (`spare`).
 */
function heldIn(
  { computes, moves }: Phase,
  past: Past,
  { shape, compression }: LayerWork,
  machine: Machine,
  splits: readonly Split[],
  spare: { readonly nram: number; readonly wram: number },
): readonly Finding[] {
  const [first] = computes;
  if (first === undefined) return [];
  const most = (f: (s: Split) => number): number => Math.max(...splits.map(f));
  const done = past.macs / compression.macs;
  const usedX = 4 * compression.x * done * most((s) => s.columns / shape.columns);
  const usedW = 4 * compression.w * done * most((s) => s.rows / shape.rows);
  const free = (used: number, more: number): number => (past.macs === 0 ? 0 : used + more);
  const finished = (4 * (past.macs + sum(computes, (c) => c.count))) / compression.macs / shape.inner;
  const gone = past.nramOut + sum(moves, (m) => (m.from === 'nram' ? m.bytes : 0));
  const needs = [
    ['NRAM', past.nramIn - free(usedX, spare.nram), Math.max(0, finished - gone), machine.nram.bytes],
    ['WRAM', past.wramIn - free(usedW, spare.wram), 0, machine.wram.bytes],
  ] as const;
  return needs.flatMap(([memory, loaded, results, capacity]): Finding[] => {
    const bytes = Math.ceil(loaded) + Math.ceil(results);
    if (loaded <= 0 || bytes <= capacity * SLACK) return [];
    const [more, moreZh] =
      results === 0
        ? ['', '']
        : [` and ${Math.ceil(results)} of results that it computes`, `，以及所算结果 ${Math.ceil(results)} 字节`];
    return [
      {
        kind: 'over-capacity',
        line: first.line,
        words: {
          en:
            `When line ${first.line} computes, ${memory} holds ${Math.ceil(loaded)} bytes that were loaded and can be free no earlier${more}: ${bytes} bytes do not fit, ` +
            `it has ${capacity}. Load what is needed later behind a computation, into room that is free again.`,
          zh:
            `第 ${first.line} 行计算时，${memory} 中有 ${Math.ceil(loaded)} 字节已加载且此时还不可能空闲的数据${moreZh}：共 ${bytes} 字节，放不下，其容量为 ${capacity}。` +
            '请把以后才用的数据放在某次计算之后、加载到已空闲的位置。',
        },
      },
    ];
  });
}
