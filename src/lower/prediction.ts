/**
 * Prediction: what a tile nest costs, before it runs. Busy cycles of every unit and all traffic are exact: the same functions of
 * `timing` that the simulator executes, summed over the classes of tiles that a loop has (inner tiles, those at a padded edge,
 * the ragged last one), those of all cores together. Only the time to which the units' work overlaps is an estimate.
 */
import type { LayerPrediction, UnitName } from '#isa';
import { coresOf, type Machine } from '#machine';
import {
  controlCost,
  type DmaCost,
  dmaCost,
  dramConfig,
  estimatedStall,
  linkCost,
  loadSparseCost,
  recordOf,
  type TransferShape,
  waysOf,
} from '#timing';
import { workersOf } from './cores.ts';
import { nestTime } from './nestTime.ts';
import { RELAYED } from './relay.ts';
import {
  bufferBytes,
  buffersOf,
  elementBytes,
  holdingOf,
  isKept,
  type LoopDim,
  loopsOf,
  partsOf,
  recordOrder,
  roundsOf,
  type SizeOf,
  type Stream,
  type StreamDim,
  tileStrides,
  tilesOf,
} from './stream.ts';

/** Tiles of a loop that are alike. */
interface TileClass {
  /** The first of them. */
  readonly index: number;
  readonly size: number;
  readonly times: number;
}

const sizeAt = (l: LoopDim, index: number): number => Math.min(l.tile, l.total - index * l.tile);

/** Elements of a stream's dimension in tile `index` of its loop, and how many of them lie inside the tensor. */
function tileOf(d: StreamDim, index: number): { readonly elements: number; readonly inside: number } {
  if (d.loop === undefined) return { elements: d.limit, inside: d.limit };
  const scale = d.scale ?? 1;
  const size = d.whole === true ? d.loop.tile : sizeAt(d.loop, index);
  const elements = (size - 1) * scale + (d.window ?? 1);
  const start = index * d.loop.tile * scale - (d.pad ?? 0);
  return { elements, inside: Math.max(0, Math.min(elements, d.limit - start) - Math.max(0, -start)) };
}

/** The classes of a loop's tiles by size and by `kind`; with a `step`, of every so-manieth tile. O(tiles). */
function classesOf(l: LoopDim, kind: (index: number) => string, step = 1, count = tilesOf(l)): TileClass[] {
  const classes = new Map<string, { index: number; size: number; times: number }>();
  for (let index = 0; index < count; index += step) {
    const size = sizeAt(l, index);
    const key = `${size} ${kind(index)}`;
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { index, size, times: 1 });
    else known.times++;
  }
  return [...classes.values()];
}

/** Calls `visit` for every combination of classes with the number of tiles it stands for. */
function forCombinations(
  loops: readonly (readonly [LoopDim, readonly TileClass[]])[],
  visit: (at: ReadonlyMap<LoopDim, TileClass>, times: number) => void,
): void {
  const at = new Map<LoopDim, TileClass>();
  const step = (i: number, times: number): void => {
    const entry = loops[i];
    if (entry === undefined) return visit(at, times);
    const [l, classes] = entry;
    for (const c of classes) {
      at.set(l, c);
      step(i + 1, times * c.times);
    }
  };
  step(0, 1);
}

/** What a tile costs. */
export type TileCost = (size: SizeOf, isFirst: (l: LoopDim) => boolean, isLast: (l: LoopDim) => boolean) => number;

/** Cycles of all cores, and of the first, which none has more of; and those of a tile. */
export interface TileSum {
  readonly all: number;
  readonly first: number;
  readonly at: TileCost;
}

/**
 * Sum over all tiles, and over those of the first core, which none has more of, of a cost that depends on the sizes of tiles, and for
 * `ends` on whether a tile is a loop's first or last.
 */
export function sumOverTiles(loops: readonly LoopDim[], ends: ReadonlySet<LoopDim>, cost: TileCost): TileSum {
  const all = sumOfTiles(loops, ends, cost, () => 1);
  return { all, first: workersOf(loops) === 1 ? all : sumOfTiles(loops, ends, cost, partsOf), at: cost };
}

function sumOfTiles(
  loops: readonly LoopDim[],
  ends: ReadonlySet<LoopDim>,
  cost: TileCost,
  step: (l: LoopDim) => number,
): number {
  let sum = 0;
  const kindOf = (l: LoopDim, index: number): string =>
    ends.has(l) ? `${index === 0} ${index === tilesOf(l) - 1}` : '';
  forCombinations(
    loops.map((l) => [l, classesOf(l, (index) => kindOf(l, index), step(l))] as const),
    (at, times) => {
      sum +=
        times *
        cost(
          (l) => at.get(l)!.size,
          (l) => at.get(l)!.index === 0,
          (l) => at.get(l)!.index === tilesOf(l) - 1,
        );
    },
  );
  return sum;
}

/** Of all cores; what they load together counts for the unit of each, and on the channel once. */
interface Traffic {
  readonly busy: number;
  readonly channel: number;
  /** Of the link, and of the port that cores may have in common; how often a core moves it. */
  readonly link: number;
  readonly port: number;
  readonly moves: number;
  readonly payload: number;
  readonly burst: number;
  /** Cycles that banks of DRAM will add, roughly: part of the estimate only. */
  readonly stalled: number;
  /** Cycles of the first and of the last transfers, one of each core, stalls included. */
  readonly first: number;
  readonly last: number;
}

const NONE: Traffic = {
  busy: 0,
  channel: 0,
  link: 0,
  port: 0,
  moves: 0,
  payload: 0,
  burst: 0,
  stalled: 0,
  first: 0,
  last: 0,
};

const addTraffic = (p: Traffic, q: Traffic): Traffic => ({
  busy: p.busy + q.busy,
  channel: p.channel + q.channel,
  link: p.link + q.link,
  port: p.port + q.port,
  moves: p.moves + q.moves,
  payload: p.payload + q.payload,
  burst: p.burst + q.burst,
  stalled: p.stalled + q.stalled,
  first: p.first + q.first,
  last: p.last + q.last,
});

/** What moves at a tile. The scratchpad side is said where it may matter: on a machine whose scratchpads have ways. */
export function shapeAt(s: Stream, machine: Machine, index: (l: LoopDim) => number): TransferShape {
  const bytes = elementBytes(s);
  const strides = tileStrides(s);
  const dimensions =
    s.linear === undefined
      ? recordOrder(s).map((i) => {
          const d = s.dims[i]!;
          const { elements, inside } = tileOf(d, d.loop === undefined ? 0 : index(d.loop));
          return { size: elements, stride: d.stride, hi: inside, inPad: strides[i]! };
        })
      : [{ size: s.linear.elements((l) => sizeAt(l, index(l))), stride: bytes, inPad: bytes }];
  const record = recordOf(dimensions);
  const { space } = s;
  const shape = { sizes: record, dram: record, elementBytes: bytes };
  if (space === 'shared') return { ...shape, isShared: true };
  if (waysOf(machine, space) === undefined) return shape;
  const pad = recordOf(dimensions.map(({ size, inPad }) => ({ size, stride: inPad })));
  return { ...shape, pad: { record: pad, space } };
}

/** What moving a tile from or to DRAM costs. */
export function transferCost(s: Stream, machine: Machine, index: (l: LoopDim) => number): DmaCost {
  const shape = shapeAt(s, machine, index);
  if (s.linear?.stream === undefined) return dmaCost(machine, shape);
  const size: SizeOf = (l) => sizeAt(l, index(l));
  return loadSparseCost(machine, s.linear.stream.bytes(size), s.linear.elements(size), shape.elementBytes, shape.pad);
}

/** Cycles of the transfer that fills a buffer whose words are loaded in parts; 0 of any other stream. */
export function emptyWordCycles(s: Stream, machine: Machine): number {
  if (s.emptyWord === undefined) return 0;
  const words = recordOf([{ size: bufferBytes(s) / 4, stride: 4, hi: 0 }]);
  const pad = recordOf([{ size: bufferBytes(s) / 4, stride: 4 }]);
  return dmaCost(machine, { sizes: words, dram: words, elementBytes: 4, pad: { record: pad, space: 'nram' } }).cycles;
}

/** The cost of the current tile, remembered by which loops are at their first or last tile. */
export function costAt(loops: readonly LoopDim[], cost: TileCost, index: (l: LoopDim) => number): () => number {
  const known = new Map<number, number>();
  const isFirst = (l: LoopDim): boolean => index(l) === 0;
  const isLast = (l: LoopDim): boolean => index(l) === tilesOf(l) - 1;
  return () => {
    const kind = loops.reduce((n, l) => 4 * n + (isFirst(l) ? 1 : 0) + (isLast(l) ? 2 : 0), 0);
    const before = known.get(kind);
    if (before !== undefined) return before;
    const cycles = cost((l) => sizeAt(l, index(l)), isFirst, isLast);
    known.set(kind, cycles);
    return cycles;
  };
}

/** The tiles of a loop by what the transfers of the stream cost at them. */
export function tileKinds(s: Stream, l: LoopDim): { readonly of: readonly number[]; readonly count: number } {
  const dims = (s.parts ?? [s]).flatMap((part) => part.dims).filter((d) => d.loop === l);
  const kinds = new Map<string, number>();
  const of = Array.from({ length: tilesOf(l) }, (_, index) => {
    const key = `${sizeAt(l, index)} ${dims.map((d) => tileOf(d, index).inside).join()}`;
    if (!kinds.has(key)) kinds.set(key, kinds.size);
    return kinds.get(key)!;
  });
  return { of, count: kinds.size };
}

/**
 * All transfers of a stream that is moved once for every turn of the outer loops that it is loaded in.
 * @param which only those of the cores' first turns
 */
function trafficOf(
  { stream: s, level: said, sharedBy }: Moved,
  loops: readonly LoopDim[],
  machine: Machine,
  which: 'all' | 'first' = 'all',
): Traffic {
  if (isKept(s)) return NONE;
  if (s.parts !== undefined) {
    const all = s.parts.map((stream) => trafficOf({ stream, level: said, sharedBy }, loops, machine, which));
    return all.reduce((sum, t) => addTraffic(sum, t), NONE);
  }
  const mine = loopsOf(s);
  // What is held is loaded in fewer turns than it is used in; a nest of another shape may load in more.
  const level = holdingOf(loops, s)?.from ?? said;
  const turns = which === 'all' ? tilesOf : partsOf;
  let repeats = 1;
  loops.forEach((l, i) => {
    if (!mine.has(l)) repeats *= i < level ? turns(l) : partsOf(l);
  });
  const transfers = repeats / sharedBy;
  const own = [...mine].map((l) => {
    const dims = s.dims.filter((d) => d.loop === l);
    const inside = (index: number): string => dims.map((d) => tileOf(d, index).inside).join();
    return [l, classesOf(l, inside, 1, turns(l))] as const;
  });
  const ends = [() => 0, (l: LoopDim) => tilesOf(l) - 1];
  const others = workersOf(loops) / sharedBy - 1;
  const sum = { ...NONE };
  if (s.home === 'shared') {
    forCombinations(own, (at, times) => {
      const cost = linkCost(
        machine,
        shapeAt(s, machine, (l) => at.get(l)!.index),
      );
      sum.moves += repeats * times;
      sum.link += repeats * times * cost.cycles;
      if (cost.takesPort) sum.port += transfers * times * cost.channelCycles;
    });
    const [first, last] = ends.map((at) => {
      const { cycles, channelCycles, takesPort } = linkCost(machine, shapeAt(s, machine, at));
      return cycles + (takesPort ? others * channelCycles : 0);
    });
    return { ...sum, first: first!, last: last! };
  }
  const banks = dramConfig(machine);
  const stall = (cost: DmaCost): number =>
    banks === undefined ? 0 : estimatedStall(banks, cost, machine.dram.latencyCycles);
  forCombinations(own, (at, times) => {
    const cost = transferCost(s, machine, (l) => at.get(l)!.index);
    sum.moves += repeats * times;
    sum.busy += repeats * times * cost.cycles;
    sum.channel += transfers * times * cost.channelCycles;
    sum.payload += transfers * times * cost.payloadBytes;
    sum.burst += transfers * times * cost.dramBytes;
    sum.stalled += transfers * times * stall(cost);
  });
  const [first, last] = ends.map((at) => {
    const cost = transferCost(s, machine, at);
    return cost.cycles + stall(cost) + others * (cost.channelCycles + stall(cost));
  });
  return { ...sum, first: first!, last: last! };
}

/** A stream, how many outer loops it is moved in, and how many cores have it by one transfer. */
export interface Moved {
  readonly stream: Stream;
  readonly level: number;
  readonly sharedBy: number;
}

/** A tile costs control about this many instructions. */
export const INSTRUCTIONS_PER_TILE = 90;
/** And each further transfer that brings a part of a tile about this many. */
export const INSTRUCTIONS_PER_PART = 14;

/** The work of one unit in a nest. */
export interface Stage extends TileSum {
  readonly role: 'ahead' | 'main' | 'behind';
  readonly unit: 'matrix' | 'vector' | 'winograd';
  /** How many outer loops it is done in. */
  readonly level: number;
  /** `wait` and `signal` entries of its queue, of all cores. */
  readonly semaphores: number;
  /** How many of the nest's inputs are its own. Those of stages stand one behind the other. */
  readonly operands: number;
}

export interface NestShape {
  readonly loops: readonly LoopDim[];
  readonly inputs: readonly Moved[];
  /** Of which of them the first tile is there before. */
  readonly early?: Stream;
  /** Which of them has more than two buffers. */
  readonly ring?: { readonly stream: Stream; readonly buffers: number };
  /** What is loaded behind them for the nest that follows, which has these loops. */
  readonly next?: Moved & { readonly loops: readonly LoopDim[] };
  readonly output: Moved;
  /** Whether the epilogue gives the tiles back of which it makes a result that stays. */
  readonly handsBack?: boolean;
  /** What the units do; empty where only the DMA works. */
  readonly stages: readonly Stage[];
  /** `wait` and `signal` entries of the transfer queues, of all cores. */
  readonly semaphores: Readonly<Record<'load' | 'store', number>>;
}

/** What a nest moves for the one behind it. */
export const trafficAhead = (next: NonNullable<NestShape['next']>, machine: Machine): Readonly<Traffic> =>
  trafficOf(next, next.loops, machine, 'first');

/** How often the body of the `level` outermost loops runs in the core that has most to do. */
export const turnsOf = (loops: readonly LoopDim[], level: number): number =>
  loops.slice(0, level).reduce((n, l) => n * roundsOf(l), 1);

/** How often it runs in all cores together. */
export const turnsOfAll = (loops: readonly LoopDim[], level: number): number =>
  loops.reduce((n, l, i) => n * (i < level ? tilesOf(l) : partsOf(l)), 1);

/** @param time of the nest, where it is not of the shape that `nestTime` plays */
export function predictNest(nest: NestShape, machine: Machine, time?: number): LayerPrediction {
  const { loops, stages, semaphores } = nest;
  const { semaphore } = controlCost(machine);
  const inputs = nest.inputs.map((s) => ({ ...s, traffic: trafficOf(s, loops, machine) }));
  const output = { ...nest.output, traffic: trafficOf(nest.output, loops, machine) };
  const early = inputs.filter((s) => s.stream === nest.early).map((s) => trafficOf(s, loops, machine, 'first'));
  const ahead = nest.next === undefined ? [] : [trafficOf(nest.next, nest.next.loops, machine, 'first')];
  const sum = (of: (t: Traffic) => number): number =>
    [...inputs.map((s) => s.traffic), ...ahead].reduce((n, t) => n + of(t), 0) - early.reduce((n, t) => n + of(t), 0);
  const gets = inputs.reduce((n, s) => n + (s.stream.home === 'shared' ? s.traffic.moves : 0), 0);
  const puts = nest.output.stream.home === 'shared' ? output.traffic.moves : 0;
  const relayed = (queue: 'load' | 'store' | 'link'): number => gets * RELAYED.get[queue] + puts * RELAYED.put[queue];
  const empty = inputs.reduce((n, { stream: s }) => n + buffersOf(loops, s) * emptyWordCycles(s, machine), 0);
  const load = sum((t) => t.busy) + empty * workersOf(loops) + (semaphores.load + relayed('load')) * semaphore;
  const store = output.traffic.busy + (semaphores.store + relayed('store')) * semaphore;
  const busy: Partial<Record<UnitName, number>> = machine.dma.queues === 1 ? { dma: load + store } : { load, store };
  for (const s of stages) busy[s.unit] = (busy[s.unit] ?? 0) + s.all + s.semaphores * semaphore;
  if (gets + puts > 0) busy.link = sum((t) => t.link) + output.traffic.link + relayed('link') * semaphore;
  return {
    cycles: Math.round(
      time ?? (stages.length === 0 ? overlapped(nest, machine, inputs, output) : nestTime(nest, machine)),
    ),
    busy,
    channelCycles: sum((t) => t.channel) + output.traffic.channel,
    readBytes: sum((t) => t.payload),
    writeBytes: output.traffic.payload,
    readBurstBytes: sum((t) => t.burst),
    writeBurstBytes: output.traffic.burst,
  };
}

type Costed = Moved & { readonly traffic: Traffic };

/**
 * The estimate. Before the first turn its operands must arrive, and behind the last one its result leaves. In between
 * two buffers let a turn compute while the next one's operands come and the result before goes, so that its busiest unit
 * decides; turns that enter an outer level anew move more than those that do not. Tiles count as all alike, and cores do their turns
 * side by side, before one channel.
 */
function overlapped(
  { loops, stages, semaphores }: NestShape,
  machine: Machine,
  inputs: readonly Costed[],
  output: Costed,
): number {
  const { semaphore, instruction, signalLatency, barrierLatency } = controlCost(machine);
  const turns = turnsOf(loops, loops.length);
  const workers = workersOf(loops);
  /** Mean of what a stream costs in the turns that move it: the unit of a core, and the channel. */
  const busy = ({ level, traffic }: Costed): number =>
    traffic.busy / turnsOfAll(loops, level) + traffic.stalled / turnsOf(loops, level);
  const taken = ({ level, traffic }: Costed): number => (traffic.channel + traffic.stalled) / turnsOf(loops, level);
  /** Of the link, while load waits for it, and of the port. */
  const linked = ({ stream, level, traffic }: Costed): number =>
    stream.home === 'shared' ? traffic.link / turnsOfAll(loops, level) + 4 * (semaphore + signalLatency) : 0;
  const ported = ({ level, traffic }: Costed): number => traffic.port / turnsOf(loops, level);
  const first = inputs.reduce((n, s) => n + s.traffic.first, 0);
  /** Mean of what a stage takes, in the core that has most to do, in the turns that reach it. */
  const worked = (s: Stage): number => (s.first + (s.semaphores * semaphore) / workers) / turnsOf(loops, s.level);
  let cycles = first + stages.reduce((n, s) => n + worked(s), 0) + output.traffic.last;
  for (let entered = 1; entered <= loops.length; entered++) {
    const times = turnsOf(loops, entered) - turnsOf(loops, entered - 1);
    if (times === 0) continue;
    const loaded = inputs.filter((s) => s.level >= entered);
    const stored = output.level >= entered ? [output] : [];
    const loads = loaded.reduce((n, s) => n + busy(s), (semaphores.load * semaphore) / (workers * turns));
    const stores = stored.reduce((n, s) => n + busy(s), (semaphores.store * semaphore) / (workers * turns));
    const moved = [...loaded, ...stored];
    const links = moved.reduce((n, s) => n + linked(s), 0);
    const transfers = Math.max(
      moved.reduce((n, s) => n + taken(s), 0),
      moved.reduce((n, s) => n + ported(s), 0),
      machine.dma.queues === 1 ? loads + stores + links : Math.max(loads + links, stores),
    );
    const busiest = stages.reduce((n, s) => (s.level >= entered ? Math.max(n, worked(s)) : n), 0);
    cycles += times * Math.max(busiest, transfers, INSTRUCTIONS_PER_TILE * instruction);
  }
  return coresOf(machine) === 1 ? cycles : cycles + barrierLatency;
}
