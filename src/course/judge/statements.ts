/**
 * A program in the textbook's dialect as statements with their loops: what the judging of a student's program reads. Sizes are those of each
 * core, but for transfers between DRAM and SharedRAM, which happen once.
 */
import {
  byOpcode,
  COMPUTE_TYPES,
  decode,
  LINEAR_NAMES,
  LINEAR_SPACES,
  type LinearOperand,
  type LinearSpace,
  type Program,
} from '#isa';

interface At {
  /** Of the program's words. */
  readonly instruction: number;
  /** Line of the source, from 1. */
  readonly line: number;
  /** How often it is executed: the product of the loops around it. */
  readonly times: number;
}

export interface Move extends At {
  readonly kind: 'move';
  readonly from: LinearSpace;
  readonly to: LinearSpace;
  readonly bytes: number;
  readonly multicast: boolean;
}

export interface Compute extends At {
  readonly kind: 'compute';
  /** As it is written: MAC_32. */
  readonly type: string;
  readonly count: number;
}

export interface Sync extends At {
  readonly kind: 'sync';
}

export type Statement = Move | Compute | Sync;

export interface Loop {
  /** Its word, and the first behind its body. */
  readonly at: number;
  readonly end: number;
  readonly count: number;
  readonly line: number;
}

export interface Statements {
  readonly statements: readonly Statement[];
  readonly loops: readonly Loop[];
  readonly operands: readonly LinearOperand[];
}

/** @param lines source line of each word */
export function statementsOf({ words, operands = [] }: Program, lines: Int32Array): Statements {
  const loops: Loop[] = [];
  const statements: Statement[] = [];
  words.forEach((word, instruction) => {
    const { mnemonic } = byOpcode.get(Number(word >> 56n))!;
    const { fields } = decode(word);
    const line = lines[instruction]!;
    const within = loops.filter(({ at, end }) => at < instruction && instruction < end);
    const at = { instruction, line, times: within.reduce((n, { count }) => n * count, 1) };
    if (mnemonic === 'loopi')
      loops.push({ at: instruction, end: instruction + fields.target!, count: fields.count!, line });
    else if (mnemonic === 'dma.linear') {
      const [from, to] = [LINEAR_SPACES[fields.from!]!, LINEAR_SPACES[fields.to!]!];
      statements.push({ kind: 'move', ...at, from, to, bytes: fields.bytes!, multicast: fields.multicast === 1 });
    } else if (mnemonic === 'mac.linear') {
      statements.push({
        kind: 'compute',
        ...at,
        type: COMPUTE_TYPES[fields.type!]!.toUpperCase(),
        count: fields.count!,
      });
    } else if (mnemonic === 'sync') statements.push({ kind: 'sync', ...at });
  });
  return { statements, loops, operands };
}

/** The same with another count of a loop. */
export const withCount = ({ statements, loops, operands }: Statements, loop: Loop, count: number): Statements => ({
  statements: statements.map((s) =>
    loop.at < s.instruction && s.instruction < loop.end ? { ...s, times: (s.times / loop.count) * count } : s,
  ),
  loops: loops.map((l) => (l === loop ? { ...l, count } : l)),
  operands,
});

/** The same with another statement in its place. */
export const withStatement = (program: Statements, statement: Statement): Statements => ({
  ...program,
  statements: program.statements.map((s) => (s.instruction === statement.instruction ? statement : s)),
});

/** The same with a statement of a loop behind it; words are numbered anew. */
export function withStoreBehind({ statements, loops, operands }: Statements, store: Move, loop: Loop): Statements {
  // Every second word is free, the first behind a loop too.
  const moved = (at: number): number => 2 * at + 1;
  return {
    statements: statements.map((s) =>
      s === store
        ? { ...s, times: s.times / loop.count, instruction: 2 * loop.end }
        : { ...s, instruction: moved(s.instruction) },
    ),
    loops: loops.map((l) => ({ ...l, at: moved(l.at), end: 2 * l.end })),
    operands: operands.map((o) => ({ ...o, instruction: moved(o.instruction) })),
  };
}

/** In the order in which they are executed; loops are run through. */
export function* executed({ statements, loops }: Statements): Generator<Statement> {
  const byWord = new Map(statements.map((s) => [s.instruction, s]));
  const byStart = new Map(loops.map((l) => [l.at, l]));
  const last = Math.max(0, ...statements.map((s) => s.instruction));
  function* run(from: number, to: number): Generator<Statement> {
    for (let at = from; at < to; ) {
      const loop = byStart.get(at);
      if (loop === undefined) {
        const statement = byWord.get(at);
        if (statement !== undefined) yield statement;
        at++;
      } else {
        for (let turn = 0; turn < loop.count; turn++) yield* run(at + 1, loop.end);
        at = loop.end;
      }
    }
  }
  yield* run(0, last + 1);
}

/** As a student would write it. */
export const moveText = ({ from, to, bytes, multicast }: Pick<Move, 'from' | 'to' | 'bytes' | 'multicast'>): string =>
  `move ${LINEAR_NAMES[from]} ${LINEAR_NAMES[to]} ${bytes}${multicast ? ' mc' : ''}`;
