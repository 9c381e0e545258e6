/** What a Winograd nest costs before it runs: busy cycles and traffic exactly, its time by playing its queues through. */
import type { LayerPrediction, Queue, WinogradTile } from '#isa';
import type { Machine } from '#machine';
import { controlCost, mmaCycles, winogradCycles } from '#timing';
import type { Contraction } from '../contraction.ts';
import { vectorSemaphores } from '../nest.ts';
import { Channel, costOf } from '../nestTime.ts';
import {
  costAt,
  INSTRUCTIONS_PER_TILE,
  type Moved,
  predictNest,
  type Stage,
  sumOverTiles,
  type TileSum,
  turnsOf,
} from '../prediction.ts';
import { type LoopDim, roundsOf, type Stream, tilesOf } from '../stream.ts';
import { stepCycles } from '../vectorSteps.ts';
import { bodyBehind } from './behind.ts';
import { type BuiltWinograd, buildWinograd, type WinogradTiling } from './build.ts';
import { sayWinograd, type WinogradWork } from './order.ts';
import { positionsOf } from './weights.ts';

/** A position costs control about this many instructions, beside those of a tile. */
const INSTRUCTIONS_PER_POSITION = 5;
/** Innermost turns that are played. */
const MOST_TURNS = 2048;

interface Work extends TileSum {
  /** How many outer loops it is done in. */
  readonly level: number;
}

/** What each unit does in all turns, and in one. */
function worksOf(
  k: Contraction,
  t: WinogradTiling,
  built: BuiltWinograd,
  machine: Machine,
): Record<WinogradWork, Work> {
  const { loops, loop, levels, orders } = built;
  const sum = (level: number, cost: (size: (l: LoopDim) => number) => number): Work => ({
    ...sumOverTiles(loops.slice(0, level), new Set(), (size) => cost((l) => (tilesOf(l) === 1 ? l.total : size(l)))),
    level,
  });
  const transform = (which: 'input' | 'output', level: number, channels: LoopDim): Work =>
    sum(level, (size) => {
      const all = [size(channels), size(loop.x), size(loop.y)];
      const sizes = orders[which].map((i) => all[i]!);
      return loop.b.tile * winogradCycles(machine, { transform: which, tile: t.tile, sizes });
    });
  return {
    input: transform('input', levels.a, loop.c),
    output: transform('output', levels.out, loop.n),
    kernels: sum(levels.w, (size) =>
      t.weights === 'ahead'
        ? 0
        : winogradCycles(machine, { transform: 'weight', tile: t.tile, sizes: [size(loop.c) * size(loop.n), 1, 1] }),
    ),
    products: sum(
      loops.length,
      (size) =>
        positionsOf(t.tile) *
        mmaCycles(machine, [size(loop.x), size(loop.y), loop.b.tile], size(loop.n), [size(loop.c)]),
    ),
    vector: {
      ...stepCycles(loops.slice(0, levels.out), bodyBehind(k, built, t.tile), machine),
      level: levels.out,
    },
  };
}

/** Entries of `wait` and `signal` of each queue. */
function semaphoresOf(built: BuiltWinograd, k: Contraction): Readonly<Record<Queue, number>> {
  const count: Record<string, number> = { load: 0, store: 0, matrix: 0, vector: 0, winograd: 0, link: 0 };
  let times = 1;
  const add = (queue: Queue): void => {
    count[queue]! += times;
  };
  sayWinograd(built, k, vectorSemaphores, {
    ...{ wait: add, signal: add },
    ...{ load: () => {}, store: () => {}, work: () => {}, next: () => {} },
    // In as many turns as drain.
    products: (begin) => {
      const before = times;
      times /= built.blocks;
      begin();
      times = before;
    },
    loop: (l, body) => {
      const before = times;
      times *= roundsOf(l);
      body();
      times = before;
    },
    // One turn late, so for all but the last here, which follows.
    late: (body) => body(),
    last: () => {},
  });
  return count as Record<Queue, number>;
}

/** Busy cycles, traffic and time of a nest. */
export function predictWinograd(
  k: Contraction,
  t: WinogradTiling,
  machine: Machine,
  built: BuiltWinograd = buildWinograd(k, t, machine, 0),
): LayerPrediction {
  const { loops, levels, a, w, out, operands } = built;
  const moved = (stream: Stream, level: number): Moved => ({ stream, level, sharedBy: 1 });
  const works = worksOf(k, t, built, machine);
  const semaphores = semaphoresOf(built, k);
  const stage = (unit: Stage['unit'], ...parts: readonly Work[]): Stage => {
    const all = parts.reduce((n, p) => n + p.all, 0);
    return { role: 'main', unit, all, first: all, at: () => 0, level: 0, semaphores: semaphores[unit], operands: 0 };
  };
  const streams = { a: moved(a, levels.a), w: moved(w, levels.w), operands: operands.map((s) => moved(s, levels.out)) };
  return predictNest(
    {
      loops,
      inputs: [streams.a, streams.w, ...streams.operands],
      output: moved(out, levels.out),
      stages: [
        stage('matrix', works.products),
        stage('winograd', works.input, works.kernels, works.output),
        ...(semaphores.vector > 0 ? [stage('vector', works.vector)] : []),
      ],
      semaphores,
    },
    machine,
    timeOf(k, t.tile, built, works, machine),
  );
}

/** The time of a nest by itself: each queue in order, entries beginning when what they wait for has been signalled. */
function timeOf(
  k: Contraction,
  tile: WinogradTile,
  built: BuiltWinograd,
  works: Readonly<Record<WinogradWork, Work>>,
  machine: Machine,
): number {
  const { semaphore, instruction, signalLatency } = controlCost(machine);
  const { loops, a, w, out, operands, levels, blocks, loop } = built;
  const at = new Map<LoopDim, number>();
  const before = new Map<LoopDim, number>();
  const now = (l: LoopDim): number => at.get(l) ?? 0;
  const earlier = (l: LoopDim): number => before.get(l) ?? 0;
  const channel = new Channel(machine);
  const free = new Map<Queue, number>();
  const queueOf = (queue: Queue): Queue => (machine.dma.queues === 1 && queue === 'store' ? 'load' : queue);
  let control = 0;
  const enter = (queue: Queue, cycles: number, since = 0): number => {
    const q = queueOf(queue);
    const end = Math.max(free.get(q) ?? 0, since, control) + cycles;
    free.set(q, end);
    return end;
  };
  const signals = new Map<number, { readonly times: number[]; taken: number }>();
  const signalsOf = (s: number): { readonly times: number[]; taken: number } => {
    const known = signals.get(s);
    if (known !== undefined) return known;
    const fresh = { times: [], taken: 0 };
    signals.set(s, fresh);
    return fresh;
  };
  const move = (queue: Queue, transfer: ReturnType<ReturnType<typeof costOf>>): void => {
    const q = queueOf(queue);
    free.set(q, channel.move(Math.max(free.get(q) ?? 0, control), transfer));
  };
  const moved = (stream: Stream, level: number, index: (l: LoopDim) => number) =>
    costOf({ stream, level, sharedBy: 1 }, loops, machine, index);
  const costs = {
    a: [moved(a, levels.a, now)],
    w: [moved(w, levels.w, now)],
    operands: operands.map((s) => moved(s, levels.out, now)),
  };
  const result = moved(out, levels.out, earlier);
  const work = (of: Work, index: (l: LoopDim) => number): (() => number) =>
    costAt(loops.slice(0, of.level), of.at, index);
  const cycles: Record<WinogradWork, () => number> = {
    input: work(works.input, now),
    kernels: work(works.kernels, now),
    products: work(works.products, now),
    output: work(works.output, earlier),
    vector: work(works.vector, earlier),
  };
  let turns = 0;
  let half = 0;
  let pending = false;
  const latest = (): number => Math.max(...free.values());
  sayWinograd(built, k, vectorSemaphores, {
    wait: (queue, s) => {
      const of = signalsOf(s);
      enter(queue, semaphore, of.times[of.taken++]);
    },
    signal: (queue, s) => {
      signalsOf(s).times.push(enter(queue, semaphore) + signalLatency);
    },
    load: (what) => {
      for (const cost of costs[what]) move('load', cost());
    },
    store: () => move('store', result()),
    work: (what) => {
      enter(what === 'vector' ? 'vector' : 'winograd', cycles[what]());
    },
    products: (begin) => {
      if (now(loop.c) === blocks - 1) begin();
      enter('matrix', cycles.products());
      control += (INSTRUCTIONS_PER_TILE + INSTRUCTIONS_PER_POSITION * positionsOf(tile)) * instruction;
      turns++;
      if (turns === MOST_TURNS / 2) half = latest();
    },
    loop: (l, body) => {
      for (let i = 0; i < roundsOf(l) && turns < MOST_TURNS; i++) {
        at.set(l, i);
        body();
      }
      at.set(l, 0);
    },
    next: () => {},
    late: (body) => {
      if (pending) body();
      pending = true;
      for (const l of loops) before.set(l, now(l));
    },
    last: (body) => body(),
  });
  const left = turnsOf(loops, loops.length) - turns;
  return latest() + (left > 0 ? ((latest() - half) / (turns - MOST_TURNS / 2)) * left : 0);
}
