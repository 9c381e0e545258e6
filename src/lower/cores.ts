/**
 * Several cores on one nest. A loop that is dealt gives its tiles to cores in turn: by their numbers through the chip, or one loop
 * to clusters and another to the cores of each. All cores run the same code; which tiles are theirs follows from `csr`. Indices of
 * tiles stay those of the whole nest, so that addresses, ragged sizes and padding are those of one core.
 *
 * A core that has no part goes straight to the `sync chip` at the end of the nest, behind which all see what all have stored.
 * What several cores load alike, at the same turns, comes to all of them by one multicast.
 */
import { CORE_NUMBERS, type MULTICASTS, SYNC_SCOPES } from '#isa';
import { clustersOf, coresPerCluster, type Machine } from '#machine';
import type { Emitter, Operand, Register } from './emitter.ts';
import { type Deal, type LoopDim, type LoopMaker, loopsOf, partsOf, roundsOf, type Stream, tilesOf } from './stream.ts';

/** Cores of a machine. */
export interface Cores {
  readonly clusters: number;
  /** Of a cluster. */
  readonly ranks: number;
  /** Whether those of a cluster take turns at its SharedRAM. */
  readonly onePort: boolean;
}

export const ONE_CORE: Cores = { clusters: 1, ranks: 1, onePort: false };

export const coresFor = (machine: Machine): Cores => ({
  clusters: clustersOf(machine),
  ranks: coresPerCluster(machine),
  onePort: machine.cluster?.sharedRam.ports === 'one',
});

/** How many there are of what a deal is over. */
export const available = (cores: Cores, over: Deal['over']): number =>
  over === 'core' ? cores.clusters * cores.ranks : over === 'cluster' ? cores.clusters : cores.ranks;

/** A loop by name, and over what it is dealt. */
export interface DealtLoop {
  readonly loop: string;
  readonly over: Deal['over'];
}

export const undealt: LoopMaker = (name, total, tile) => ({ name, total, tile });

/** Makes loops of which some are dealt, to as many as there are, or as there are tiles. */
export const dealing =
  (deals: readonly DealtLoop[], cores: Cores): LoopMaker =>
  (name, total, tile) => {
    const dealt = deals.find(({ loop }) => loop === name);
    const parts = dealt === undefined ? 1 : Math.min(available(cores, dealt.over), Math.ceil(total / tile));
    return parts === 1 ? { name, total, tile } : { name, total, tile, deal: { over: dealt!.over, parts } };
  };

/**
 * Of a nest undealt and the same nest with one of its loops dealt, the one of least cost: any loop of several tiles that the result
 * knows, so that no two cores work at one part of it.
 * @param build makes the nest with other loops of the same names
 */
export function bestDeal<T extends { readonly loops: readonly LoopDim[]; readonly output: Stream }>(
  plain: T,
  build: (loop: LoopMaker) => T,
  cost: (nest: T) => number,
  machine: Machine,
): T {
  const cores = coresFor(machine);
  if (available(cores, 'core') === 1) return plain;
  let best = { nest: plain, cost: cost(plain) };
  for (const deals of dealsOfResult(plain)) {
    const nest = build(dealing(deals, cores));
    const found = cost(nest);
    if (found < best.cost) best = { nest, cost: found };
  }
  return best.nest;
}

/** The ways to deal one loop of a nest to the cores of the chip. */
export function dealsOfResult(nest: { readonly loops: readonly LoopDim[]; readonly output: Stream }): DealtLoop[][] {
  const known = loopsOf(nest.output);
  return nest.loops.filter((l) => known.has(l) && tilesOf(l) > 1).map(({ name }) => [{ loop: name, over: 'core' }]);
}

/** How many cores work in a nest. */
export const workersOf = (loops: readonly LoopDim[]): number => loops.reduce((n, l) => n * partsOf(l), 1);

/** Cores that load a stream together. */
export interface Together {
  readonly scope: (typeof MULTICASTS)[number];
  /** How many of them each transfer serves. */
  readonly cores: number;
}

const ALONE: Together = { scope: 'none', cores: 1 };

/**
 * Which cores load a stream of `level` together: those to which loops are dealt that the stream does not know, if all of a scope
 * have a part and as many turns.
 */
export function togetherOf(loops: readonly LoopDim[], s: Stream, level: number, cores: Cores): Together {
  // Links of their own serve all cores at once.
  if (s.home === 'shared' && !cores.onePort) return ALONE;
  const mine = loopsOf(s);
  const dealt = loops.flatMap((l, i) => (l.deal === undefined ? [] : [{ l, i, deal: l.deal }]));
  const alike = ({ l, i, deal }: (typeof dealt)[number]): boolean =>
    !mine.has(l) && deal.parts === available(cores, deal.over) && (i >= level || tilesOf(l) % deal.parts === 0);
  const of = (over: Deal['over']) => dealt.find(({ deal }) => deal.over === over);
  const [chip, clusters, ranks] = [of('core'), of('cluster'), of('rank')];
  if (chip !== undefined) return alike(chip) ? { scope: 'mc.chip', cores: chip.deal.parts } : ALONE;
  if (ranks === undefined || !alike(ranks)) return ALONE;
  const within = { scope: 'mc', cores: ranks.deal.parts } as const;
  if (clusters === undefined || !alike(clusters)) return within;
  return { scope: 'mc.chip', cores: ranks.deal.parts * clusters.deal.parts };
}

/** What a nest needs to know of its core. */
export interface Dealing {
  /** Index of a core's only tile, or of its first. */
  readonly first: ReadonlyMap<LoopDim, Register>;
  /** How many tiles are its own. */
  readonly count: ReadonlyMap<LoopDim, Operand>;
  readonly end: number;
}

/** Registers that hold a core's numbers, filled when they are first asked for. */
type CoreNumbers = (over: Deal['over']) => Register;

export function coreNumbers(e: Emitter): CoreNumbers {
  const numbers = new Map<Deal['over'], Register>();
  return (over) => {
    const known = numbers.get(over);
    if (known !== undefined) return known;
    const rd = e.register();
    e.op('csr', { rd, number: CORE_NUMBERS.indexOf(over) });
    numbers.set(over, rd);
    return rd;
  };
}

/** Sends cores without a part in a nest to `end`. */
export function leaveIdle(e: Emitter, loops: readonly LoopDim[], end: number, number: CoreNumbers): void {
  const dealt = loops.flatMap((l) => l.deal ?? []);
  const parts = (over: Deal['over']): number => dealt.find((deal) => deal.over === over)?.parts ?? 1;
  const isByCore = dealt.length === 0 || dealt.some(({ over }) => over === 'core');
  for (const over of isByCore ? (['core'] as const) : (['cluster', 'rank'] as const)) {
    if (parts(over) === available(e.cores, over)) continue;
    e.with(parts(over), (rb) => e.jump('bge', end, { ra: number(over), rb }));
  }
}

/** Opens a nest: cores without a part in it leave for its end. */
export function beginDealing(e: Emitter, loops: readonly LoopDim[]): Dealing {
  const number = coreNumbers(e);
  const end = e.newLabel();
  const dealt = loops.flatMap((l) => (l.deal === undefined ? [] : [{ l, deal: l.deal }]));
  leaveIdle(e, loops, end, number);
  const first = new Map<LoopDim, Register>();
  const count = new Map<LoopDim, Operand>();
  for (const { l, deal } of dealt) {
    const ra = number(deal.over);
    first.set(l, ra);
    const left = tilesOf(l) % deal.parts;
    if (left === 0) {
      count.set(l, tilesOf(l) / deal.parts);
    } else if (roundsOf(l) > 1) {
      const rd = e.register();
      e.with(left, (rb) => e.op('slt', { rd, ra, rb }));
      e.addTo(rd, Math.floor(tilesOf(l) / deal.parts));
      count.set(l, { register: rd });
    }
  }
  return { first, count, end };
}

/** Closes a nest. */
export function endDealing(e: Emitter, { end }: Pick<Dealing, 'end'>): void {
  e.place(end);
  const { clusters, ranks } = e.cores;
  e.op('sync', clusters * ranks === 1 ? {} : { scope: SYNC_SCOPES.indexOf('chip') });
}

/** Emits a loop over this core's tiles of `l`, of which it may have several. */
export function emitTiles(
  e: Emitter,
  l: LoopDim,
  { first, count }: Dealing,
  index: Register,
  depth: number,
  body: () => void,
): void {
  const register = first.get(l);
  const from = register === undefined ? 0 : { register };
  e.loop({ index, from, step: partsOf(l), limit: tilesOf(l), count: count.get(l) ?? tilesOf(l) }, depth, body);
}
