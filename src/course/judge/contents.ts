/**
 * What lies where in the memories of a program that says where its operands lie, followed statement by statement: operands as they were loaded, and sums
 * with how much of the inner dimension they are over. A product of r × k by k × c reads x = 4rk and w = 4kc bytes and leaves y = 4rc, so that its
 * operands' sizes give r, k and c. A result is finished when its sums are over the whole inner dimension; until then it is no result, and until it has been
 * stored nothing may take its place. Each byte of X meets every column of the core's part once, each byte of W every row.
 *
 * Statements are taken in the order in which they stand: only for programs without races, of which each order of units is as good. All cores do
 * the same; the first is followed.
 */
import { LINEAR_NAMES, type LinearOperand, type LinearSpace } from '#isa';
import type { Finding } from '../judge.ts';
import { type Piece, Ranges } from './ranges.ts';
import { type Compute, executed, type Move, type Statements } from './statements.ts';
import { type LayerWork, possibleSplits } from './work.ts';

/** Bytes that were loaded, numbered as they came: number − address, one for all that came together. */
type Loaded = number;

/** Numbers of the bytes whose products a sum has, and those added before. */
interface Part {
  readonly x: readonly Piece<unknown>[];
  readonly w: readonly Piece<unknown>[];
  readonly before: Part | undefined;
}

/** Sums that were computed. */
interface Sums {
  /** Elements of the inner dimension that they are over. */
  readonly over: number;
  /** Whether they were moved on from here. */
  readonly taken: boolean;
  /** Of the computation that added last. */
  readonly line: number;
  readonly parts: Part | undefined;
}

type Content = Loaded | Sums;
type Held = Piece<Content>;

interface Region {
  readonly memory: LinearSpace;
  readonly from: number;
  readonly to: number;
}

const SLACK = 1e-6;
const isSums = (content: Content): content is Sums => typeof content === 'object';
const meet = (a: { from: number; to: number }, b: { from: number; to: number }): boolean =>
  a.from < b.to && b.from < a.to;
const nameOf = ({ memory, from }: Region): string => `${LINEAR_NAMES[memory]}[${from}]`;

/** Rows, part of the inner dimension and columns of a product whose operands have so many bytes. */
function productOf(
  x: number,
  w: number,
  y: number,
  { compression }: LayerWork,
): { readonly rows: number; readonly inner: number; readonly columns: number } {
  const [a, b, c] = [x / 4 / compression.x, w / 4 / compression.w, y / 4];
  const inner = Math.sqrt((a * b) / c);
  return { rows: a / inner, inner, columns: b / inner };
}

/** Operands of a computation by what they are: X, W, what it adds to where it lists that among what it reads, and where it leaves its sums. */
function rolesOf(
  operands: readonly LinearOperand[],
  isAdded: (operand: LinearOperand, y: LinearOperand) => boolean,
): Readonly<Record<'x' | 'w' | 'added' | 'y', readonly LinearOperand[]>> {
  const of = (memory: LinearSpace, mode: 'read' | 'write') =>
    operands.filter((o) => o.memory === memory && o.mode === mode);
  const y = of('nram', 'write');
  const reads = of('nram', 'read');
  const added = reads.length < 2 ? [] : reads.filter((o) => y.some((r) => r.bytes === o.bytes && isAdded(o, r)));
  return { x: reads.filter((o) => !added.includes(o)), w: of('wram', 'read'), added, y };
}

/** @returns the first that is wrong; undefined where each result is finished, stored once and of its own operands */
export function contentFinding(program: Statements, layer: LayerWork): Finding | undefined {
  const contents = new Contents(program, layer);
  for (const statement of executed(program)) {
    const found =
      statement.kind === 'move'
        ? contents.move(statement)
        : statement.kind === 'compute'
          ? contents.compute(statement)
          : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

class Contents {
  readonly #layer: LayerWork;
  readonly #operands: ReadonlyMap<number, readonly LinearOperand[]>;
  readonly #turns = new Map<number, number>();
  readonly #held: Readonly<Record<LinearSpace, Ranges<Content>>> = {
    dram: new Ranges(),
    shared: new Ranges(),
    nram: new Ranges(),
    wram: new Ranges(),
  };
  /** Bytes loaded; columns or rows that each has met, by its number. */
  #loaded = 0;
  readonly #met = new Ranges<number>();
  readonly #most: { readonly x: number; readonly w: number };

  constructor(program: Statements, layer: LayerWork) {
    this.#layer = layer;
    this.#operands = Map.groupBy(program.operands, (o) => o.instruction);
    const splits = possibleSplits(program, layer);
    const { rows, columns } = layer.shape;
    this.#most = {
      x: Math.max(...splits.map((s) => columns / s.columns)),
      w: Math.max(...splits.map((s) => rows / s.rows)),
    };
  }

  move(move: Move): Finding | undefined {
    const [source, target] = this.#regions(move, (o) => ({ from: o.mode === 'read', to: o.mode === 'write' }));
    const moved = source === undefined ? undefined : this.#held[source.memory].at(source.from, source.to);
    const wrong = source === undefined ? undefined : this.#taken(move, source, moved!);
    if (wrong !== undefined) return wrong;
    if (target === undefined) return undefined;
    const lost = this.#lost(move.line, target);
    if (lost !== undefined) return lost;
    const held = this.#held[target.memory];
    if (source === undefined) {
      held.set(target.from, target.to, this.#loaded - target.from);
      this.#loaded += target.to - target.from;
      return undefined;
    }
    // From SharedRAM the first core has the first piece; to it each core's follows that of the one before.
    const size = Math.min(source.to - source.from, target.to - target.from);
    for (let at = target.from; at < target.to; at += size) {
      for (const { from, to, value } of moved!) {
        if (from >= source.from + size) continue;
        const by = at - source.from;
        held.set(from + by, Math.min(to, source.from + size) + by, isSums(value) ? { ...value } : value - by);
      }
    }
    return undefined;
  }

  /** Where a move reads and writes; neither of DRAM, nor of a memory whose places are not known. */
  #regions(move: Move, roles: (o: LinearOperand) => Readonly<Record<'from' | 'to', boolean>>) {
    const own = this.#operands.get(move.instruction) ?? [];
    const turn = this.#turn(move.instruction);
    const region = (role: 'from' | 'to'): Region | undefined => {
      const operand = own.find((o) => o.memory === move[role] && roles(o)[role]);
      return operand === undefined || operand.memory === 'dram' ? undefined : placed(operand, turn);
    };
    return [region('from'), region('to')] as const;
  }

  #turn(instruction: number): number {
    const turn = this.#turns.get(instruction) ?? 0;
    this.#turns.set(instruction, turn + 1);
    return turn;
  }

  /** What is wrong with moving these on; else the sums there are marked. */
  #taken({ line, to }: Move, source: Region, moved: readonly Held[]): Finding | undefined {
    for (const { value, ...piece } of moved) {
      const at = nameOf({ ...source, ...piece });
      if (!isSums(value)) {
        if (to === 'dram') return storesOperands(line, at);
        continue;
      }
      if (to === 'dram' && value.over < this.#layer.shape.inner * (1 - SLACK))
        return partialSums(line, at, value, this.#layer.shape.inner);
      if (to === 'dram' && value.taken) return storedAgain(line, at, value.line);
      this.#held[source.memory].set(piece.from, piece.to, { ...value, taken: true });
    }
    return undefined;
  }

  /** Sums in a region that were not moved on. */
  #lost(line: number, region: Region): Finding | undefined {
    for (const { value, from } of this.#held[region.memory].at(region.from, region.to))
      if (isSums(value) && !value.taken) return overwritten(line, nameOf({ ...region, from }), value.line);
    return undefined;
  }

  compute({ instruction, line }: Compute): Finding | undefined {
    const turn = this.#turn(instruction);
    const own = this.#operands.get(instruction) ?? [];
    const heldAt = (o: LinearOperand): readonly Held[] => {
      const { from, to } = placed(o, turn);
      return this.#held[o.memory].at(from, to);
    };
    // Sums; or what was loaded where it leaves them, such as zeros.
    const roles = rolesOf(
      own,
      (o, y) => placed(o, turn).from === placed(y, turn).from || heldAt(o).every(({ value }) => isSums(value)),
    );
    const [x, w, y] = [roles.x, roles.w, roles.y].map((list) => list.reduce((n, o) => n + o.bytes, 0));
    const { rows, inner, columns } = productOf(x!, w!, y!, this.#layer);
    const results = roles.y.map((o) => placed(o, turn));
    for (const operand of roles.x) {
      const region = placed(operand, turn);
      const over = results.find((r) => meet(r, region));
      if (over !== undefined) return overlaps(line, nameOf({ ...over, from: Math.max(over.from, region.from) }));
      const sums = heldAt(operand).find(({ value }) => isSums(value));
      if (sums !== undefined)
        return multipliesSums(line, nameOf({ ...region, from: sums.from }), (sums.value as Sums).line);
    }
    const numbers = (list: readonly LinearOperand[]): readonly Piece<unknown>[] =>
      list.flatMap((o) =>
        heldAt(o).flatMap(({ from, to, value }) =>
          isSums(value) ? [] : [{ from: from + value, to: to + value, value: `${LINEAR_NAMES[o.memory]}[${from}]` }],
        ),
      );
    const part = { x: numbers(roles.x), w: numbers(roles.w) };
    for (const [name, by, most] of [
      ['x', columns, this.#most.x],
      ['w', rows, this.#most.w],
    ] as const) {
      const again = this.#meets(part[name], by, most);
      if (again !== undefined) return multipliedAgain(line, String(again.value), name, most);
    }
    if (roles.added.length > 0) return this.#addedTo(line, roles.added, results, turn, inner, part);
    for (const region of results) {
      const wrong = this.#add(line, region, inner, part);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** Counts columns or rows that bytes meet. @returns a piece of them that meets more than there are */
  #meets(pieces: readonly Piece<unknown>[], by: number, most: number): Piece<unknown> | undefined {
    for (const piece of pieces) {
      const known = this.#met.at(piece.from, piece.to);
      if (known.some(({ value }) => value + by > most * (1 + SLACK))) return piece;
      this.#met.set(piece.from, piece.to, by);
      for (const { from, to, value } of known) this.#met.set(from, to, value + by);
    }
    return undefined;
  }

  /** Adds to sums that are read where they lie and are left there or elsewhere. */
  #addedTo(
    line: number,
    added: readonly LinearOperand[],
    results: readonly Region[],
    turn: number,
    inner: number,
    part: Omit<Part, 'before'>,
  ): Finding | undefined {
    for (const [i, operand] of added.entries()) {
      const [source, target] = [placed(operand, turn), results[i] ?? results[0]!];
      const held = this.#held.nram.at(source.from, source.to);
      if (source.from !== target.from) {
        for (const { from, to, value } of held) this.#held.nram.set(from, to, { ...(value as Sums), taken: true });
        const lost = this.#lost(line, target);
        if (lost !== undefined) return lost;
        const by = target.from - source.from;
        for (const { from, to, value } of held)
          this.#held.nram.set(from + by, to + by, { ...(value as Sums), taken: false });
      }
      const wrong = this.#add(line, target, inner, part);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** Leaves products of so many elements of the inner dimension in a region, or adds them to the sums there. */
  #add(line: number, region: Region, inner: number, part: Omit<Part, 'before'>): Finding | undefined {
    const held = this.#held[region.memory];
    const before = held.at(region.from, region.to);
    const whole = this.#layer.shape.inner * (1 + SLACK);
    const own: Sums = { over: inner, taken: false, line, parts: { ...part, before: undefined } };
    held.set(region.from, region.to, own);
    for (const { from, to, value } of before) {
      if (!isSums(value)) continue;
      const isFull = value.over + inner > whole;
      if (isFull && value.taken) continue;
      const at = nameOf({ ...region, from });
      if (isFull && value.over >= this.#layer.shape.inner * (1 - SLACK)) return overwritten(line, at, value.line);
      if (isFull || isIn(part, value.parts)) return mixed(line, at, value.line);
      held.set(from, to, { ...own, over: value.over + inner, parts: { ...part, before: value.parts } });
    }
    return undefined;
  }
}

/** Whether some of these bytes are in a sum already. */
function isIn(part: Omit<Part, 'before'>, parts: Part | undefined): boolean {
  for (let p = parts; p !== undefined; p = p.before) {
    const other = p;
    if (part.x.some((a) => other.x.some((b) => meet(a, b))) || part.w.some((a) => other.w.some((b) => meet(a, b))))
      return true;
  }
  return false;
}

const placed = ({ memory, addresses, step, bytes }: LinearOperand, turn: number): Region => {
  const from = addresses[turn % addresses.length]! + step * Math.floor(turn / addresses.length);
  return { memory, from, to: from + bytes };
};

const finding = (kind: string, line: number, en: string, zh: string): Finding => ({ kind, line, words: { en, zh } });

const whole = (n: number): string => String(Number(n.toFixed(2)));

const partialSums = (line: number, at: string, { over, line: by }: Sums, inner: number): Finding =>
  finding(
    'partial-sums',
    line,
    `Line ${line} stores ${at}, which is not finished: it holds sums over ${whole(over)} of the ${inner} elements of the inner dimension (line ${by} added last). ` +
      'Each slice adds to the same place; a result is there when all have: store behind the last slice, behind its endloop.',
    `第 ${line} 行写回的 ${at} 尚未完成：其中的部分和只累加了内部维度 ${inner} 个元素中的 ${whole(over)} 个（最后由第 ${by} 行累加）。` +
      '各片累加到同一位置，全部累加之后才是结果：请在最后一片之后（endloop 之后）再写回。',
  );

const overwritten = (line: number, at: string, by: number): Finding =>
  finding(
    'overwritten-results',
    line,
    `Line ${line} overwrites ${at}, the results ${line === by ? 'of the tile before' : `of line ${by}`}, which were never stored. ` +
      'Store them first, or give each tile a place of its own: two in turn where one is stored while the next is computed.',
    `第 ${line} 行覆盖了 ${at}，其中${line === by ? '上一分块' : `第 ${by} 行`}的结果从未写回。` +
      '请先写回，或让每个分块有自己的位置：边写回边计算下一块时，轮流使用两个位置。',
  );

const mixed = (line: number, at: string, by: number): Finding =>
  finding(
    'mixed-results',
    line,
    `Line ${line} adds to ${at}, where ${line === by ? 'its last turn' : `line ${by}`} left unfinished sums of other results: to one place only products of further ` +
      'elements of the inner dimension may be added, of X and of W. Give other results a place of their own.',
    `第 ${line} 行累加到 ${at}，而其中是${line === by ? '上一轮' : `第 ${by} 行`}留下的、属于其他结果的未完成部分和：` +
      '同一位置只能累加内部维度其余元素的乘积（X 与 W 都应是新的部分）。请为其他结果另设位置。',
  );

const storedAgain = (line: number, at: string, by: number): Finding =>
  finding(
    'stored-again',
    line,
    `Line ${line} stores ${at} again: since it was stored nothing new has been computed there (line ${by} was the last), so other results are never stored.`,
    `第 ${line} 行重复写回 ${at}：上次写回之后那里没有新的计算（最后一次为第 ${by} 行），因此另有结果从未写回。`,
  );

const storesOperands = (line: number, at: string): Finding =>
  finding(
    'stores-operands',
    line,
    `Line ${line} stores ${at}, where an operand lies that was loaded, not a result. Store from where 'to' of the computation leaves its results.`,
    `第 ${line} 行写回的 ${at} 是加载的操作数，而不是结果。请从 compute 的 'to' 所写的位置写回。`,
  );

const overlaps = (line: number, at: string): Finding =>
  finding(
    'operands-overlap',
    line,
    `Line ${line} leaves its results at ${at}, where the X lies that it reads: a row of X is still needed for other columns when the first result is written. ` +
      'Give the results a place of their own, behind X.',
    `第 ${line} 行把结果写到 ${at}，而那里正是它所读的 X：写出第一个结果时，X 的这一行还要与其他列相乘。请为结果另设位置，放在 X 之后。`,
  );

const multipliesSums = (line: number, at: string, by: number): Finding =>
  finding(
    'multiplies-results',
    line,
    `Line ${line} reads ${at} as X, and line ${by} has left results there: X is overwritten, or the address is wrong.`,
    `第 ${line} 行把 ${at} 当作 X 读取，而第 ${by} 行已在那里写入结果：X 被覆盖了，或地址有误。`,
  );

function multipliedAgain(line: number, at: string, name: 'x' | 'w', most: number): Finding {
  const [own, other, zh] = name === 'x' ? ['X', 'columns of W', 'W 的全部'] : ['W', 'rows of X', 'X 的全部'];
  return finding(
    'multiplied-again',
    line,
    `Line ${line} multiplies the part of ${own} at ${at} again: it has met all ${most} ${other}, so another part is never multiplied with all. ` +
      'Let the address move on with the tiles.',
    `第 ${line} 行再次用 ${at} 处的 ${own} 相乘：它已与 ${zh} ${most} ${name === 'x' ? '列' : '行'}乘过，因此另有部分没有乘完。请让地址随分块变化。`,
  );
}
