/**
 * Where operands lie, in the textbook's dialect: `NRAM[4096]`. A statement in a loop may take several places in turn, which is double
 * buffering, `NRAM[0, 32768]`, and move on after each turn, `SHARED[0, +4096]`. `compute` lists what it reads, and behind `to` what
 * it writes: `compute MAC_32 65536 NRAM[0] 1024 WRAM[0] 65536 to NRAM[1024] 256`.
 * On a machine of several cores an address in a scratchpad is that of each core; in DRAM and SharedRAM the cores' pieces follow one
 * another from the address on, but for a multicast, which has one.
 */
import type { Machine } from '#machine';
import { evaluate, type Scope } from '../assembler/expressions.ts';
import { placeOf, splitOperands, type Token } from '../assembler/tokens.ts';
import type { LinearSpace } from '../fields.ts';
import type { LinearOperand } from '../program.ts';
import { operandForm } from './errors.ts';

/** Memories by the names that the dialect has for them, in capitals. */
export const TEXTBOOK_MEMORIES: Readonly<Record<string, LinearSpace>> = {
  DRAM: 'dram',
  SHARED: 'shared',
  SHAREDRAM: 'shared',
  NRAM: 'nram',
  WRAM: 'wram',
};
export const LINEAR_NAMES: Readonly<Record<LinearSpace, string>> = {
  dram: 'DRAM',
  shared: 'SharedRAM',
  nram: 'NRAM',
  wram: 'WRAM',
};

/** A memory as it stands in a statement, perhaps with an address behind it. */
export interface WrittenOperand {
  readonly memory: Token | undefined;
  /** Tokens between the brackets; absent without brackets. */
  readonly address?: readonly Token[];
  /** Its last token, and the position of what comes behind it. */
  readonly last: Token | undefined;
  readonly next: number;
}

/** The tokens of a statement without the commas between its operands; those within brackets stay. */
export function withoutCommas(tokens: readonly Token[]): Token[] {
  let depth = 0;
  return tokens.filter(({ text, kind }) => {
    if (kind === 'mark' && text === '[') depth++;
    if (kind === 'mark' && text === ']') depth--;
    return kind !== 'mark' || text !== ',' || depth > 0;
  });
}

/** The operand that begins at a position. A bracket that is not closed reaches to the end of the statement. */
export function takeOperand(tokens: readonly Token[], at: number): WrittenOperand {
  const memory = tokens[at];
  if (tokens[at + 1]?.text !== '[') return { memory, last: memory, next: at + 1 };
  const close = tokens.findIndex((t, i) => i > at && t.text === ']');
  const end = close < 0 ? tokens.length - 1 : close;
  return { memory, address: tokens.slice(at + 2, close < 0 ? undefined : close), last: tokens[end]!, next: end + 1 };
}

/** What stands behind `compute`: `TYPE COUNT`, then operands with their bytes. */
export function splitCompute([type, ...rest]: readonly Token[]): {
  readonly type: Token | undefined;
  readonly count: readonly Token[];
  readonly operands: readonly {
    readonly operand: WrittenOperand;
    readonly size: readonly Token[];
    readonly mode: LinearOperand['mode'];
  }[];
} {
  const begins = (i: number): boolean => rest[i + 1]?.text === '[' && rest[i]!.kind === 'name';
  const turns = (i: number): boolean => rest[i]!.text.toLowerCase() === 'to';
  const sizeFrom = (from: number): Token[] => {
    let to = from;
    while (to < rest.length && !begins(to) && !turns(to)) to++;
    return rest.slice(from, to);
  };
  const count = sizeFrom(0);
  const operands = [];
  let mode: LinearOperand['mode'] = 'read';
  for (let at = count.length; at < rest.length; ) {
    if (turns(at)) {
      mode = 'write';
      at++;
    }
    // What is no operand, and nothing behind `to`, is told as one without a size.
    if (at >= rest.length || !begins(at)) {
      operands.push({ operand: takeOperand(rest, at), size: [], mode });
      break;
    }
    const operand = takeOperand(rest, at);
    const size = sizeFrom(operand.next);
    operands.push({ operand, size, mode });
    at = operand.next + size.length;
  }
  return { type, count, operands };
}

/** The places that an operand takes in turn, and how far they move on after each turn. */
export function readAddresses(
  { memory, address, last }: WrittenOperand,
  scope: Scope,
): Pick<LinearOperand, 'addresses' | 'step'> | undefined {
  const parts = splitOperands(address ?? []);
  const moves = parts.length > 1 && parts.at(-1)![0]?.text === '+';
  const places = moves ? parts.slice(0, -1) : parts;
  const bad = last?.text !== ']' || places.length === 0 || parts.some((p) => p.length === 0);
  if (bad) {
    const found = `${memory!.text}[${(address ?? []).map((t) => t.text).join('')}${last?.text === ']' ? ']' : ''}`;
    scope.errors.add(operandForm({ found }, placeOf(scope.source, memory!, last ?? memory!)));
    return undefined;
  }
  const numbers = parts.map((part) => evaluate(part, scope, memory!));
  if (numbers.includes(undefined)) return undefined;
  const values = numbers.map((value) => Number(value));
  return moves ? { addresses: values.slice(0, -1), step: values.at(-1)! } : { addresses: values, step: 0 };
}

/** First and one-past-last byte that an operand takes in so many executions. */
export function reachOf(
  { addresses, step, bytes }: Omit<LinearOperand, 'instruction'>,
  executions: number,
): { readonly from: number; readonly to: number } {
  const ends = addresses.slice(0, executions).flatMap((address, i) => {
    const turns = Math.floor((executions - 1 - i) / addresses.length);
    return [address, address + step * turns];
  });
  return { from: Math.min(...ends), to: Math.max(...ends) + bytes };
}

/** Bytes that a transfer touches in a memory, from the operand's address on. */
export function bytesAt(
  machine: Machine,
  transfer: {
    readonly from: LinearSpace;
    readonly to: LinearSpace;
    readonly bytes: number;
    readonly multicast: boolean;
  },
  memory: LinearSpace,
): number {
  const { from, to, bytes, multicast } = transfer;
  const inCores = [from, to].some((space) => space === 'nram' || space === 'wram');
  const isPad = memory === 'nram' || memory === 'wram';
  return isPad || multicast || !inCores ? bytes : (machine.cluster?.cores ?? 1) * bytes;
}

/** Bytes of a memory; none of a SharedRAM that the machine lacks. */
export const capacityOf = ({ nram, wram, dram, cluster }: Machine, memory: LinearSpace): number =>
  ({ nram, wram, dram, shared: cluster?.sharedRam ?? { bytes: 0 } })[memory].bytes;
