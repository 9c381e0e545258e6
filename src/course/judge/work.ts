/**
 * Whether a program of the textbook's dialect does the work of a layer Y = X·W at all: as many multiply-accumulates as the product has, every
 * operand brought to the memory that the matrix unit reads it from, every result brought to DRAM. What is missing or too much is said in
 * bytes and operations, and one change of one statement is looked for that would make it right: a turn more of a loop, bytes instead of
 * elements, the other direction.
 */
import { coresOf, type Machine } from '#machine';
import type { Finding } from '../judge.ts';
import {
  type Compute,
  type Move,
  moveText,
  type Statement,
  type Statements,
  withCount,
  withStatement,
  withStoreBehind,
} from './statements.ts';

/** X is rows × inner, W inner × columns, all of 32 bits. */
export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Compressed ÷ dense bytes of X and W, and executed ÷ dense multiply-accumulates. */
export interface Compression {
  readonly x: number;
  readonly w: number;
  readonly macs: number;
}

export interface LayerWork {
  readonly shape: ProductShape;
  readonly compression: Compression;
  /** Bytes as they lie in DRAM. */
  readonly x: number;
  readonly w: number;
  readonly y: number;
  readonly macs: number;
  readonly cores: number;
}

const DENSE: Compression = { x: 1, w: 1, macs: 1 };

/**
 * What is loaded as it is without compression though it is compressed; empty where nothing is.
 * @returns `X`, `W`
 */
export function uncompressed(totals: Totals, layer: LayerWork): readonly ('X' | 'W')[] {
  const { compression, x, w } = layer;
  const split = splitBy(totals, layer);
  return [
    ...(compression.x < 1 && totals.nramIn * split.rows === x / compression.x ? (['X'] as const) : []),
    ...(compression.w < 1 && totals.wramIn * split.columns === w / compression.w ? (['W'] as const) : []),
  ];
}

export function layerWork(shape: ProductShape, machine: Machine, compression: Compression = DENSE): LayerWork {
  const { rows, inner, columns } = shape;
  return {
    shape,
    compression,
    x: 4 * rows * inner * compression.x,
    w: 4 * inner * columns * compression.w,
    y: 4 * rows * columns,
    macs: rows * inner * columns * compression.macs,
    cores: coresOf(machine),
  };
}

/** Into how many parts the cores cut the rows and the columns; every core has the whole inner dimension. */
export interface Split {
  readonly rows: number;
  readonly columns: number;
}

export const splitsOf = (cores: number): readonly Split[] =>
  Array.from({ length: cores }, (_, i) => i + 1).flatMap((rows) =>
    cores % rows === 0 ? [{ rows, columns: cores / rows }] : [],
  );

/** What all statements do together. */
export interface Totals {
  /** `MAC_32` of all cores, and operations of other types. */
  readonly macs: number;
  readonly otherOps: number;
  /** Bytes into the scratchpads of each core, and out of its NRAM. */
  readonly nramIn: number;
  readonly wramIn: number;
  readonly nramOut: number;
  /** Bytes on the DRAM channel. */
  readonly dramRead: number;
  readonly dramWritten: number;
}

export function totalsOf({ statements }: Statements, cores: number): Totals {
  const sum = (f: (s: Statement) => number): number => statements.reduce((n, s) => n + s.times * f(s), 0);
  const moved = (f: (m: Move) => number): number => sum((s) => (s.kind === 'move' ? f(s) : 0));
  const pieces = ({ from, to, multicast }: Move): number =>
    from === 'shared' || to === 'shared' || multicast ? 1 : cores;
  return {
    macs: sum((s) => (s.kind === 'compute' && s.type === 'MAC_32' ? cores * s.count : 0)),
    otherOps: sum((s) => (s.kind === 'compute' && s.type !== 'MAC_32' ? cores * s.count : 0)),
    nramIn: moved((m) => (m.to === 'nram' ? m.bytes : 0)),
    wramIn: moved((m) => (m.to === 'wram' ? m.bytes : 0)),
    nramOut: moved((m) => (m.from === 'nram' ? m.bytes : 0)),
    dramRead: moved((m) => (m.from === 'dram' ? pieces(m) * m.bytes : 0)),
    dramWritten: moved((m) => (m.to === 'dram' ? pieces(m) * m.bytes : 0)),
  };
}

/** The split that the operands brought to each core come nearest to. */
export function splitBy(totals: Totals, layer: LayerWork): Split {
  const lacking = (s: Split): number =>
    Math.max(0, layer.x / s.rows - totals.nramIn) + Math.max(0, layer.w / s.columns - totals.wramIn);
  const moved = (s: Split): number => layer.x / s.rows + layer.w / s.columns;
  return splitsOf(layer.cores).reduce((best, s) =>
    lacking(s) < lacking(best) || (lacking(s) === lacking(best) && moved(s) > moved(best)) ? s : best,
  );
}

/** The splits for which each core gets all that it needs. */
export function possibleSplits(program: Statements, layer: LayerWork): readonly Split[] {
  const { nramIn, wramIn } = totalsOf(program, layer.cores);
  return splitsOf(layer.cores).filter((s) => nramIn * s.rows >= layer.x && wramIn * s.columns >= layer.w);
}

/** What a program lacks of the layer's work, or does too often; empty where it does that work. */
export function lacks(totals: Totals, layer: LayerWork): readonly Finding[] {
  const { x, w, y, macs, cores, shape } = layer;
  const { rows, inner, columns } = shape;
  if (cores > 1 && totals.macs === cores * macs && totals.dramWritten === cores * y) return [onEveryCore(layer)];
  const found: Finding[] = [];
  const say = (en: string, zh: string): void => {
    found.push({ kind: 'wrong-work', words: { en, zh } });
  };
  if (totals.macs !== macs) {
    const [much, muchZh] = totals.macs < macs ? ['too few', '太少'] : ['too many', '太多'];
    const whole = layer.compression.macs === 1 ? `${rows} × ${inner} × ${columns} = ` : '';
    say(
      `The program does ${totals.macs} multiply-accumulates, and the layer has ${whole}${macs}: ${much}, by ${Math.abs(totals.macs - macs)}.`,
      `程序完成 ${totals.macs} 次乘加，而该层共有 ${whole}${macs} 次：${muchZh}，相差 ${Math.abs(totals.macs - macs)} 次。`,
    );
  }
  const unit = unitSlip(totals, layer);
  if (unit !== undefined) return [...found, unit];
  const split = splitBy(totals, layer);
  const each = cores === 1 ? ['', ' '] : [' of each core', '每个核的 '];
  for (const [pad, name, part, bytes] of [
    ['NRAM', 'X', x / split.rows, totals.nramIn],
    ['WRAM', 'W', w / split.columns, totals.wramIn],
  ] as const) {
    if (bytes >= part) continue;
    const its = cores === 1 ? ['all', '全部'] : ["the core's part", '该核所需部分'];
    say(
      `${bytes} bytes are brought to ${pad}${each[0]}, and ${its[0]} of ${name} is ${part}: ${part - bytes} are missing.`,
      `送入${each[1]}${pad} 的只有 ${bytes} 字节，而 ${name} 的${its[1]}为 ${part} 字节：缺 ${part - bytes} 字节。`,
    );
  }
  if (totals.dramWritten === 0) {
    found.push({
      kind: 'not-stored',
      words: {
        en: `No result is ever stored: nothing moves to DRAM, where the ${y} bytes of Y belong. Behind a sync: 'move NRAM DRAM', with its bytes.`,
        zh: `结果从未写回：没有任何数据传到 DRAM，而 Y 的 ${y} 字节应存于其中。请在 sync 之后写 'move NRAM DRAM' 及字节数。`,
      },
    });
  } else if (totals.dramWritten < y) {
    found.push({
      kind: 'not-stored',
      words: {
        en: `${totals.dramWritten} bytes are stored to DRAM, and Y has ${y}: ${y - totals.dramWritten} bytes of results are never stored.`,
        zh: `写回 DRAM 的只有 ${totals.dramWritten} 字节，而 Y 有 ${y} 字节：有 ${y - totals.dramWritten} 字节结果从未写回。`,
      },
    });
  } else if (totals.dramWritten > y) {
    say(
      `${totals.dramWritten} bytes are stored to DRAM, and Y has only ${y}: something is stored that is no result, or results more than once.`,
      `写回 DRAM ${totals.dramWritten} 字节，而 Y 只有 ${y} 字节：写回了不是结果的数据，或结果被重复写回。`,
    );
  } else if (cores * totals.nramOut < y) {
    say(
      `Results come from NRAM, where the matrix unit leaves them, but only ${cores * totals.nramOut} of ${y} bytes are moved out of it.`,
      `结果由矩阵单元写在 NRAM 中，但从中传出的只有 ${cores * totals.nramOut} 字节（共 ${y} 字节）。`,
    );
  }
  if (found.length === 0 && totals.dramRead < x + w) {
    say(
      `Only ${totals.dramRead} bytes are read from DRAM, and X and W together have ${x + w}: some part is never brought onto the chip.`,
      `从 DRAM 只读取了 ${totals.dramRead} 字节，而 X 与 W 共 ${x + w} 字节：有一部分从未送上芯片。`,
    );
  }
  return found;
}

/** The whole layer on every core. */
const onEveryCore = ({ cores, macs, y }: LayerWork): Finding => ({
  kind: 'runs-on-every-core',
  words: {
    en:
      `Each of the ${cores} cores executes the whole program, so all is done ${cores} times: ${cores} × ${macs} multiply-accumulates, and ${cores} × ${y} bytes stored. ` +
      "Write the program of one core: its columns, that is so much less of W and Y and all of X (by 'mc' to all at once), or its rows.",
    zh:
      `${cores} 个核都执行整个程序，因此一切都做了 ${cores} 遍：${cores} × ${macs} 次乘加，写回 ${cores} × ${y} 字节。` +
      "请写一个核的程序：只算它的列（W 与 Y 各为几分之一，X 为全部，可用 'mc' 同时送到所有核），或只算它的行。",
  },
});

/** Factors by which all sizes are off where they are in another unit. */
const UNITS: readonly (readonly [factor: number, en: string, zh: string])[] = [
  [
    1 / 4,
    'they are counts of elements, not of bytes; an element has four',
    '写的是元素个数而不是字节数，每个元素 4 字节',
  ],
  [4, 'each element is counted with sixteen bytes, and has four', '每个元素按 16 字节计算，而实际为 4 字节'],
  [2, 'each element is counted with eight bytes, and has four', '每个元素按 8 字节计算，而实际为 4 字节'],
  [1 / 2, 'each element is counted with two bytes, and has four', '每个元素按 2 字节计算，而实际为 4 字节'],
  [8, 'they are in bits, not in bytes', '写的是位数而不是字节数'],
  [1 / 1024, 'they are in KB, not in bytes', '写的是 KB 而不是字节'],
  [1000 / 1024, 'a KB is 1024 bytes here, not 1000', '此处 1 KB 为 1024 字节，而不是 1000'],
];

/** All moves off by the same factor: another unit. */
function unitSlip(totals: Totals, { x, w, y, macs, cores, shape }: LayerWork): Finding | undefined {
  // 1000 for 1024 leaves no whole number of every size.
  const is = (found: number, size: number, factor: number): boolean => Math.abs(found - size * factor) < 1;
  for (const [factor, en, zh] of UNITS) {
    const isOff = splitsOf(cores).some(
      (s) =>
        is(totals.nramIn * s.rows, x, factor) &&
        is(totals.wramIn * s.columns, w, factor) &&
        is(totals.dramWritten, y, factor),
    );
    // With the computations as often too many or too few it is loops that are off.
    if (!isOff || is(totals.macs, macs, factor)) continue;
    const { rows, inner, columns } = shape;
    return {
      kind: 'wrong-unit-of-size',
      words: {
        en:
          `The sizes of all moves are off by the same factor: ${en}. X (${rows} × ${inner}) has ${x} bytes, W (${inner} × ${columns}) ${w}, Y (${rows} × ${columns}) ${y}; ` +
          `moved are ${Math.round(x * factor)}, ${Math.round(w * factor)} and ${Math.round(y * factor)}.`,
        zh:
          `所有 move 的大小都差同一倍数：${zh}。X（${rows} × ${inner}）为 ${x} 字节，W（${inner} × ${columns}）为 ${w} 字节，Y（${rows} × ${columns}）为 ${y} 字节；` +
          `而传输的是 ${Math.round(x * factor)}、${Math.round(w * factor)} 与 ${Math.round(y * factor)} 字节。`,
      },
    };
  }
  return undefined;
}

interface Change {
  readonly program: Statements;
  readonly finding: Finding;
}

/** One change after the other that a slip of the pen would need. */
function* changes(program: Statements, cores: number): Generator<Change> {
  for (const loop of program.loops) {
    for (const count of [
      loop.count + 1,
      loop.count - 1,
      loop.count + 2,
      loop.count - 2,
      2 * loop.count,
      loop.count / 2,
    ]) {
      if (count < 1 || !Number.isInteger(count)) continue;
      yield {
        program: withCount(program, loop, count),
        finding: {
          kind: 'wrong-loop-count',
          line: loop.line,
          words: {
            en: `With 'loop ${count}' instead of 'loop ${loop.count}' the work would be right. Of n tiles, those before and behind the loop count too.`,
            zh: `若将 'loop ${loop.count}' 改为 'loop ${count}'，工作量就正确了。n 个分块中也包括循环之前和之后处理的那些。`,
          },
        },
      };
    }
  }
  yield* storesBehind(program);
  yield* swappedMemories(program);
  for (const s of program.statements) {
    if (s.kind === 'compute') yield* otherComputations(program, s, cores);
    if (s.kind === 'move') yield* otherMoves(program, s);
  }
  for (const s of program.statements) if (s.kind !== 'sync') yield* otherTimes(program, s);
}

function* otherComputations(program: Statements, s: Compute, cores: number): Generator<Change> {
  const slips: readonly (readonly [count: number, en: string, zh: string])[] = [
    [
      s.count / 2,
      'A multiply-accumulate is one operation here, not two (FLOP).',
      '此处一次乘加算一次运算，而不是两次（FLOP）。',
    ],
    [
      s.count * 256,
      "'compute' counts operations, not cycles of 256.",
      "'compute' 的参数是运算次数，而不是（每周期 256 次的）周期数。",
    ],
    cores === 1
      ? [s.count / 4, 'It counts operations, not bytes.', '参数是运算次数，而不是字节数。']
      : [
          s.count / cores,
          `Each of the ${cores} cores executes the line, so the count is that of one core's part.`,
          `${cores} 个核都执行这一行，因此次数应为一个核所做的部分。`,
        ],
  ];
  for (const [count, en, zh] of slips) {
    if (!Number.isInteger(count)) continue;
    yield {
      program: withStatement(program, { ...s, count }),
      finding: {
        kind: 'wrong-count',
        line: s.line,
        words: {
          en: `With ${count} operations instead of ${s.count} the work would be right. ${en}`,
          zh: `若将 ${s.count} 次运算改为 ${count} 次，工作量就正确了。${zh}`,
        },
      },
    };
  }
}

/** A store of each turn behind its loop: sums over slices of the inner dimension are finished there. */
function* storesBehind(program: Statements): Generator<Change> {
  for (const loop of program.loops) {
    for (const s of program.statements) {
      const isWithin = loop.at < s.instruction && s.instruction < loop.end;
      if (!isWithin || s.kind !== 'move' || s.from !== 'nram' || loop.count === 1) continue;
      yield {
        program: withStoreBehind(program, s, loop),
        finding: {
          kind: 'store-in-loop',
          line: s.line,
          words: {
            en: `With '${moveText(s)}' behind the endloop of line ${loop.line}'s loop instead of in it the work would be right: results are finished when the last slice has been added.`,
            zh: `若把 '${moveText(s)}' 移到第 ${loop.line} 行循环的 endloop 之后，工作量就正确了：累加完最后一片，结果才完成。`,
          },
        },
      };
    }
  }
}

/** X in WRAM and W in NRAM: two lines change places. */
function* swappedMemories(program: Statements): Generator<Change> {
  const into = (to: 'nram' | 'wram'): readonly Move[] =>
    program.statements.filter((s): s is Move => s.kind === 'move' && s.to === to);
  for (const x of into('wram')) {
    for (const w of into('nram')) {
      const [toNram, toWram] = [
        { ...x, to: 'nram' as const },
        { ...w, to: 'wram' as const },
      ];
      const lines = [x, w].sort((a, b) => a.line - b.line);
      const [a, b] = [lines[0]!, lines[1]!].map((s) => moveText(s === x ? toNram : toWram));
      yield {
        program: withStatement(withStatement(program, toNram), toWram),
        finding: {
          kind: 'swapped-memories',
          line: lines[0]!.line,
          words: {
            en: `Lines ${lines[0]!.line} and ${lines[1]!.line} have their targets swapped: X and Y lie in NRAM, W in WRAM. With '${a}' and '${b}' the work would be right.`,
            zh: `第 ${lines[0]!.line} 行与第 ${lines[1]!.line} 行的目的互换了：X 与 Y 位于 NRAM，W 位于 WRAM。改为 '${a}' 与 '${b}'，工作量就正确了。`,
          },
        },
      };
    }
  }
}

/** Once more, or once less: the tile before a loop, or behind it. */
function* otherTimes(program: Statements, s: Move | Compute): Generator<Change> {
  const text = s.kind === 'move' ? moveText(s) : `compute ${s.type} ${s.count}`;
  for (const [times, kind, en, zh] of [
    [s.times + 1, 'missing-statement', 'once more', '再执行一次'],
    [s.times - 1, 'needless-statement', 'once less', '少执行一次'],
  ] as const) {
    if (times < 1) continue;
    yield {
      program: withStatement(program, { ...s, times }),
      finding: {
        kind,
        line: s.line,
        words: {
          en: `With '${text}' ${en} the work would be right: the first tile, before a loop, or the last, behind it?`,
          zh: `若 '${text}' ${zh}，工作量就正确了：是否为循环之前的第一块，或循环之后的最后一块？`,
        },
      },
    };
  }
}

function* otherMoves(program: Statements, s: Move): Generator<Change> {
  const other = (change: Partial<Move>, kind: string, en: string, zh: string): Change => ({
    program: withStatement(program, { ...s, ...change }),
    finding: {
      kind,
      line: s.line,
      words: {
        en: `With '${moveText({ ...s, ...change })}' instead of '${moveText(s)}' the work would be right. ${en}`,
        zh: `若将 '${moveText(s)}' 改为 '${moveText({ ...s, ...change })}'，工作量就正确了。${zh}`,
      },
    },
  });
  yield other(
    { from: s.to, to: s.from },
    'wrong-direction',
    'The source stands first, then the target.',
    '先写源，后写目的。',
  );
  const swap = { nram: 'wram', wram: 'nram' } as const;
  if (s.to === 'nram' || s.to === 'wram') {
    yield other(
      { to: swap[s.to] },
      'wrong-memory',
      'X and Y lie in NRAM, W in WRAM.',
      'X 与 Y 位于 NRAM，W 位于 WRAM。',
    );
  }
  if (s.from === 'wram') {
    yield other({ from: 'nram' }, 'wrong-memory', 'Results lie in NRAM.', '结果位于 NRAM。');
  }
  yield other(
    { bytes: 4 * s.bytes },
    'wrong-size',
    'Sizes are in bytes; an element has four.',
    '大小以字节计，每个元素 4 字节。',
  );
  if (s.bytes % 4 === 0) {
    yield other({ bytes: s.bytes / 4 }, 'wrong-size', 'That is four times too much.', '多了三倍。');
  }
}

/**
 * The change of one statement or loop that makes the work right; where several would, the one that makes a program of which nothing else is
 * wrong (`isSound`), if there is one.
 */
export function repair(
  program: Statements,
  layer: LayerWork,
  isSound: (p: Statements) => boolean,
): Finding | undefined {
  let first: Finding | undefined;
  for (const { program: changed, finding } of changes(program, layer.cores)) {
    if (lacks(totalsOf(changed, layer.cores), layer).length > 0) continue;
    if (isSound(changed)) return finding;
    // Another size, or place, that leaves something else wrong leads astray.
    if (finding.kind !== 'wrong-size' && finding.kind !== 'store-in-loop') first ??= finding;
  }
  return first;
}
