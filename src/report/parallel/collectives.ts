/**
 * All-reduce and all-gather of p devices, round by round. In a round all messages are sent at once, and the next begins when the slowest has arrived,
 * which for equal links is what unsynchronised devices take, too (`collectives.test.ts` sends real messages).
 *
 * ring  the vector is cut into p pieces. p − 1 rounds of reduce-scatter, p − 1 of all-gather, in each every device sends one piece to its neighbour:
 *       2·(p − 1)/p of the bytes from each device, 2·(p − 1)·(α + n/(p·β)) seconds over equal links. Least bytes there are (Patarasuk, Yuan,
 *       Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 69, 2009).
 * tree  a binomial tree: ⌈log2 p⌉ rounds to the root, each of whole vectors, and as many back: 2·⌈log2 p⌉·(α + n/β) seconds. Fewer rounds, and
 *       more bytes through the root (Thakur, Rabenseifner, Gropp, Optimization of Collective Communication Operations in MPICH, IJHPCA 19, 2005).
 */
import { type Cluster, type Message, roundSeconds } from './cluster.ts';

export const ALL_REDUCES = ['ring', 'tree'] as const;
export type AllReduce = (typeof ALL_REDUCES)[number];

export interface Collective {
  readonly rounds: number;
  readonly seconds: number;
  /** Bytes that each member sends, in the order of the members. */
  readonly sent: readonly number[];
}

/** A ring all-reduce in closed form: bytes that each of p devices sends of so many, a fraction where p does not divide them. */
export const ringBytes = (bytes: number, devices: number): number => (2 * (devices - 1) * bytes) / devices;

/** Rounds of a collective of p devices. */
export const ringRounds = (devices: number): number => 2 * (devices - 1);
export const treeRounds = (devices: number): number => 2 * Math.ceil(Math.log2(devices));

/** Piece i of p of a vector of so many bytes, in whole elements where their size is given. */
const pieceBytes = (bytes: number, element: number, devices: number, i: number): number => {
  const elements = bytes / element;
  const at = (i + devices) % devices;
  return (Math.floor(((at + 1) * elements) / devices) - Math.floor((at * elements) / devices)) * element;
};

/** @param element bytes of an element, which no piece cuts */
function ring(cluster: Cluster, members: readonly number[], bytes: number, element: number): Collective {
  const p = members.length;
  const largest = Math.ceil(bytes / element / p) * element;
  const round = members.map((from, i): Message => ({ from, to: members[(i + 1) % p]!, bytes: largest }));
  const piece = (i: number): number => pieceBytes(bytes, element, p, i);
  return {
    rounds: ringRounds(p),
    seconds: ringRounds(p) * roundSeconds(cluster, round),
    // All pieces twice, but the one that it sums up last and the one that it receives last.
    sent: members.map((_, i) => 2 * bytes - piece(i + 1) - piece(i + 2)),
  };
}

function tree(cluster: Cluster, members: readonly number[], bytes: number): Collective {
  const p = members.length;
  const sent = new Array<number>(p).fill(0);
  let seconds = 0;
  for (let distance = 1; distance < p; distance *= 2) {
    const pairs = members.flatMap((_, i): (readonly [number, number])[] =>
      i % (2 * distance) === distance ? [[i, i - distance]] : [],
    );
    for (const [child, parent] of pairs) {
      sent[child]! += bytes;
      sent[parent]! += bytes;
    }
    const up = pairs.map(([child, parent]): Message => ({ from: members[child]!, to: members[parent]!, bytes }));
    // Down are the same messages the other way.
    const down = up.map(({ from, to }): Message => ({ from: to, to: from, bytes }));
    seconds += roundSeconds(cluster, up) + roundSeconds(cluster, down);
  }
  return { rounds: treeRounds(p), seconds, sent };
}

/** @param element bytes of an element, which a ring does not cut; 1 where that does not matter */
export function allReduce(
  cluster: Cluster,
  members: readonly number[],
  bytes: number,
  kind: AllReduce,
  element = 1,
): Collective {
  if (members.length < 2 || bytes === 0) return { rounds: 0, seconds: 0, sent: members.map(() => 0) };
  return kind === 'ring' ? ring(cluster, members, bytes, element) : tree(cluster, members, bytes);
}

/** Every member has an equal piece, and all have all of them in the end: the second half of a ring. */
export function allGather(cluster: Cluster, members: readonly number[], bytes: number): Collective {
  const p = members.length;
  if (p < 2 || bytes === 0) return { rounds: 0, seconds: 0, sent: members.map(() => 0) };
  const round = members.map((from, i): Message => ({ from, to: members[(i + 1) % p]!, bytes: bytes / p }));
  return {
    rounds: p - 1,
    seconds: (p - 1) * roundSeconds(cluster, round),
    sent: members.map(() => ((p - 1) * bytes) / p),
  };
}
