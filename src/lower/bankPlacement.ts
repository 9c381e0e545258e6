/**
 * Where the buffers of a nest lie in a scratchpad. Without banks one behind the other. A bank serves one unit at a time, so where there are
 * banks the two buffers of a stream lie in different halves: while a unit works on one, a transfer fills or empties the other. What
 * is worked on together takes a half from both ends, so that with more than two banks operands and results have banks of their own, too.
 */
import type { Machine } from '#machine';

/** Buffers of one stream: their bytes, and how many follow each other, two of which serve in turn. */
export interface Buffers {
  readonly bytes: number;
  readonly count: number;
  /** Whether they are two that serve in turn. */
  readonly inTurn: boolean;
}

export interface Placed {
  readonly addresses: readonly number[];
  /** Bytes from a stream's first buffer to its second. */
  readonly seconds: readonly number[];
  /** Bytes up to the end of the last. */
  readonly end: number;
}

/** One behind the other. */
function inOrder(all: readonly Buffers[]): Placed {
  let end = 0;
  const addresses = all.map(({ bytes, count }) => {
    const at = end;
    end += bytes * count;
    return at;
  });
  return { addresses, seconds: all.map(({ bytes, count }) => (count > 1 ? bytes : 0)), end };
}

/** Places the buffers of a nest, aligned as their bytes are. */
export function placeBuffers(all: readonly Buffers[], { bytes: room, banks }: Machine['nram']): Placed {
  const compact = inOrder(all);
  return banks === undefined || banks < 2 || compact.end > room ? compact : (inHalves(all, room) ?? compact);
}

function inHalves(all: readonly Buffers[], room: number): Placed | undefined {
  const half = Math.floor(room / 128) * 64;
  const addresses = new Array<number>(all.length).fill(0);
  let [low, high] = [0, half];
  let isFirst = true;
  for (const [i, { bytes, inTurn }] of all.entries()) {
    if (!inTurn) continue;
    if (isFirst) low += bytes;
    else high -= bytes;
    addresses[i] = isFirst ? 0 : high;
    isFirst = false;
  }
  if (low > high) return undefined;
  // What is there once lies between them, in either half.
  const free = [
    { at: low, to: high },
    { at: half + low, to: half + high },
  ];
  for (const [i, { bytes, count, inTurn }] of all.entries()) {
    if (inTurn) continue;
    const gap = free.find(({ at, to }) => at + bytes * count <= to);
    if (gap === undefined) return undefined;
    addresses[i] = gap.at;
    gap.at += bytes * count;
  }
  return {
    addresses,
    seconds: all.map(({ bytes, count, inTurn }) => (inTurn ? half : count > 1 ? bytes : 0)),
    end: 2 * half,
  };
}
