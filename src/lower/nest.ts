/**
 * Tile nests: the shape that every kernel of this layer has. Loops over tiles; operand streams that are loaded at the
 * level of the innermost loop they depend on; a body for the innermost level; one result stream that is stored at its own
 * level, one tile late, so that on machines with a single transfer queue the next load stands before the store in it.
 *
 * Synchronisation: each load level has a `ready` and a `free` semaphore and as many buffers as credits; the result has
 * the same towards `store`. Credits are given at the layer's start and taken back at its end, so that every
 * layer leaves all semaphores at 0. A final `sync`, of several cores `sync chip`, separates layers.
 */
import { internalError } from '#base';
import type { Queue } from '#isa';
import { beginDealing, type Cores, emitTiles, endDealing, togetherOf, workersOf } from './cores.ts';
import type { Emitter, Operand, RecordId, Register } from './emitter.ts';
import { type NestShape, turnsOfAll } from './prediction.ts';
import {
  buffersOf,
  isRagged,
  type LoopDim,
  levelOf,
  loopsOf,
  roundsOf,
  type Stream,
  TileContext,
  tilesOf,
} from './stream.ts';
import { emitRaggedSize, emitTransfer } from './transfer.ts';

/** Where a stream's buffers lie. */
export interface Placement {
  readonly address: number;
  /** Distance of the second buffer, 0 with one buffer. */
  readonly second: number;
}

export interface Nest {
  readonly loops: readonly LoopDim[];
  readonly inputs: readonly Stream[];
  readonly output: Stream;
  readonly placements: ReadonlyMap<Stream, Placement>;
  /** Queue that computes. */
  readonly unit: 'matrix' | 'vector';
  /** Emits the computation of the innermost level. */
  readonly body: (at: TileContext) => void;
}

/** Semaphores by role, fixed so that each has one signaller and one waiter in the whole program. */
const SEMAPHORES = {
  matrix: { ready: [0, 1], free: [2, 3], outReady: 4, outFree: 5 },
  vector: { ready: [6, 7, 12], free: [8, 9, 13], outReady: 10, outFree: 11 },
} as const;

/** How many distinct load levels a unit's kernels may use. */
export const loadLevels = (unit: 'matrix' | 'vector'): number => SEMAPHORES[unit].ready.length;

interface LoadLevel {
  readonly level: number;
  readonly streams: readonly Stream[];
  readonly ready: number;
  readonly free: number;
  readonly buffers: number;
}

/** The levels on which a nest loads, outermost first. */
function loadLevelsOf({ loops, inputs, unit }: Pick<Nest, 'loops' | 'inputs' | 'unit'>): LoadLevel[] {
  const sem = SEMAPHORES[unit];
  const byLevel = new Map<number, Stream[]>();
  for (const s of inputs) {
    const level = levelOf(loops, s);
    byLevel.set(level, [...(byLevel.get(level) ?? []), s]);
  }
  return [...byLevel.entries()]
    .sort(([a], [b]) => a - b)
    .map(([level, streams], i) => {
      const ready = sem.ready[i];
      const free = sem.free[i];
      if (ready === undefined || free === undefined) throw internalError({ what: 'a kernel loads at too many levels' });
      return { level, streams, ready, free, buffers: level === 0 ? 1 : 2 };
    });
}

/**
 * What `emitNest` will make of a nest: what is moved how often, and all waits and signals.
 * @param cycles that its bodies take, those of all cores and those of the first
 */
export function shapeOfNest(
  nest: Pick<Nest, 'loops' | 'inputs' | 'output' | 'unit'>,
  cycles: { readonly all: number; readonly first: number },
  cores: Cores,
): NestShape {
  const { loops, inputs, unit } = nest;
  const output = { stream: nest.output, level: levelOf(loops, nest.output), sharedBy: 1 };
  const levels = loadLevelsOf(nest);
  const workers = workersOf(loops);
  // One wait and one signal a turn on either side, and a credit given and taken back for every buffer.
  const load = levels.reduce((n, l) => n + 2 * turnsOfAll(loops, l.level) + workers * l.buffers, 0);
  const results = 2 * turnsOfAll(loops, output.level);
  const outBuffers = workers * (output.level === 0 ? 1 : 2);
  return {
    loops,
    inputs: inputs.map((stream) => {
      const level = levelOf(loops, stream);
      return { stream, level, sharedBy: togetherOf(loops, stream, level, cores).cores };
    }),
    output,
    compute: { unit, ...cycles },
    semaphores: { load, store: results + outBuffers, compute: load + results + outBuffers },
  };
}

/** Emits the whole kernel, final `sync` included. */
export function emitNest(e: Emitter, nest: Nest): void {
  const { loops, inputs, output, unit } = nest;
  const sem = SEMAPHORES[unit];
  const queue: Queue = unit;

  const levels = loadLevelsOf(nest);
  const outLevel = levelOf(loops, output);
  const outBuffers = outLevel === 0 ? 1 : 2;

  const dealing = beginDealing(e, loops);
  const index = new Map<LoopDim, Register>();
  const size = new Map<LoopDim, Register>();
  for (const l of loops) {
    if (tilesOf(l) === 1) continue;
    index.set(l, roundsOf(l) === 1 ? dealing.first.get(l)! : e.register());
    if (isRagged(l)) size.set(l, e.register());
    // A core's only tile: what it is sized by may be loaded outside of where its loop would stand.
    if (roundsOf(l) === 1) emitRaggedSize(e, l, index, size);
  }

  // One register per buffered stream holds its current buffer; it flips between the two at the end of its level.
  const buffers = new Map<Stream, Operand>();
  const flips: { readonly stream: Stream; readonly register: Register; readonly mask: number }[] = [];
  for (const s of [...inputs, output]) {
    const at = nest.placements.get(s);
    if (at === undefined) throw internalError({ what: `stream ${s.name} was not placed` });
    const several = s === output ? outBuffers === 2 : buffersOf(loops, s) === 2;
    if (!several) {
      buffers.set(s, at.address);
      continue;
    }
    const register = e.register();
    e.op('li', { rd: register, imm: at.address });
    buffers.set(s, { register });
    flips.push({ stream: s, register, mask: (at.address ^ (at.address + at.second)) >>> 0 });
  }
  const context = new TileContext(index, size, buffers);

  const records = new Map<Stream, { readonly dram: RecordId; readonly pad: RecordId }>();
  for (const s of [...inputs, output]) records.set(s, { dram: e.record(), pad: e.record() });

  // Credits.
  for (const l of levels) for (let i = 0; i < l.buffers; i++) e.signal(queue, l.free);
  for (let i = 0; i < outBuffers; i++) e.signal('store', sem.outFree);

  // The store lags one tile behind: it works on saved copies of what it needs.
  const lag = outLevel > 0;
  const outLoops = loops.filter((l) => index.has(l) && loopsOf(output).has(l));
  const saved = new Map<LoopDim, Register>();
  const savedSize = new Map<LoopDim, Register>();
  let savedBuffer: Operand = buffers.get(output)!;
  let pending: Register = 0;
  if (lag) {
    for (const l of outLoops) {
      saved.set(l, e.register());
      if (size.has(l)) savedSize.set(l, e.register());
    }
    savedBuffer = { register: e.register() };
    pending = e.register();
    e.op('li', { rd: pending, imm: 0 });
  }
  const storeContext = lag ? new TileContext(saved, savedSize, new Map([[output, savedBuffer]])) : context;
  const emitStore = (): void => {
    e.wait('store', sem.outReady);
    emitTransfer(e, 'store', output, storeContext, records.get(output)!);
    e.signal('store', sem.outFree);
  };

  const enter = (level: number): void => {
    for (const l of levels) {
      if (l.level !== level) continue;
      e.wait('load', l.free);
      for (const s of l.streams) {
        const { scope } = togetherOf(loops, s, level, e.cores);
        emitTransfer(e, 'load', s, context, records.get(s)!, scope);
      }
      e.signal('load', l.ready);
      e.wait(queue, l.ready);
    }
    if (level === outLevel) e.wait(queue, sem.outFree);
    if (level === loops.length) nest.body(context);
    else emitLoop(level);
    if (level === outLevel) {
      e.signal(queue, sem.outReady);
      if (lag) {
        const skip = e.newLabel();
        e.jump('beq', skip, { ra: pending, rb: 0 });
        emitStore();
        e.place(skip);
        e.op('addi', { rd: pending, ra: 0, imm: 1 });
        for (const [l, r] of saved) e.op('add', { rd: r, ra: index.get(l)!, rb: 0 });
        for (const [l, r] of savedSize) e.op('add', { rd: r, ra: size.get(l)!, rb: 0 });
        if (typeof savedBuffer !== 'number') e.set(savedBuffer.register, buffers.get(output)!);
      } else {
        emitStore();
      }
      flip(output);
    }
    for (const l of [...levels].reverse()) {
      if (l.level !== level) continue;
      e.signal(queue, l.free);
      for (const s of l.streams) flip(s);
    }
  };

  const flip = (s: Stream): void => {
    const f = flips.find((x) => x.stream === s);
    if (f !== undefined) e.with(f.mask, (rb) => e.op('xor', { rd: f.register, ra: f.register, rb }));
  };

  let depth = 0;
  const emitLoop = (level: number): void => {
    const l = loops[level]!;
    if (roundsOf(l) === 1) return enter(level + 1);
    depth++;
    emitTiles(e, l, dealing, index.get(l)!, depth - 1, () => {
      emitRaggedSize(e, l, index, size);
      enter(level + 1);
    });
    depth--;
  };

  enter(0);
  if (lag) emitStore();
  for (const l of levels) for (let i = 0; i < l.buffers; i++) e.wait('load', l.free);
  for (let i = 0; i < outBuffers; i++) e.wait(queue, sem.outFree);
  endDealing(e, dealing);
}
