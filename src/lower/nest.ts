/**
 * Tile nests: the shape that every kernel of this layer has. Loops over tiles; operand streams that are loaded at the
 * level of the innermost loop they depend on; a body for the innermost level; one result stream that is stored at its own
 * level, one tile late, so that on machines with a single transfer queue the next load stands before the store in it.
 *
 * Synchronisation: `ready` tells a unit that its operands are there, in the order in which they are loaded, whatever their level;
 * each load level has a `free` semaphore and as many buffers as credits, two or what its `Ring` has; the result has both towards `store`. Credits are given at
 * the layer's start and taken back at its end, so that every layer leaves all semaphores at 0. A final `sync`, of several cores
 * `sync chip`, separates layers.
 *
 * Ahead of the matrix unit the vector unit may make its operand, tile by tile, of what is loaded for that (`Prologue`). Behind it, it may work on a result in place before it is stored (`Epilogue`): the matrix unit then hands the
 * buffer to the vector unit, that one to the store, and the store back to the matrix unit. What an epilogue makes a result of, rather than in
 * its place, has tiles of its own that go the same way (`Epilogue.tiles`).
 */
import { internalError } from '#base';
import { SEMAPHORE_MAX } from '#isa';
import {
  beginDealing,
  type Cores,
  coreNumbers,
  emitTiles,
  endDealing,
  leaveIdle,
  togetherOf,
  workersOf,
} from './cores.ts';
import type { Emitter, Operand, RecordId, Register } from './emitter.ts';
import { emitFirstBlock, type FirstBlock } from './firstBlock.ts';
import { type NestShape, type Stage, type TileSum, turnsOf, turnsOfAll } from './prediction.ts';
import {
  buffersOf,
  type Holding,
  holdingOf,
  isKept,
  isRagged,
  type LoopDim,
  levelOf,
  loadedIn,
  loopsOf,
  roundsOf,
  type Stream,
  TileContext,
  tilesOf,
} from './stream.ts';
import { emitEmptyWords, emitKeptAddress, emitRaggedSize, emitTransfer } from './transfer.ts';

/** Where a stream's buffers lie. */
export interface Placement {
  readonly address: number;
  /** Distance of the second buffer, and of each further one, before or behind the first; 0 with one buffer. */
  readonly second: number;
}

/** A stream alone on its load level that has more than two buffers, one behind the other at the distance of the second (`ring.ts`). */
export interface Ring {
  readonly stream: Stream;
  readonly buffers: number;
}

/** What a nest has of the nests around it (`prefetch.ts`). */
export interface Around {
  /** The stream whose first tile is there when the nest begins: it is not loaded again. */
  readonly early?: Stream;
  /** What the nest loads for the one behind it. */
  readonly next?: FirstBlock;
}

export interface Nest extends Around {
  readonly loops: readonly LoopDim[];
  readonly inputs: readonly Stream[];
  readonly output: Stream;
  readonly placements: ReadonlyMap<Stream, Placement>;
  readonly ring?: Ring;
  /** Queue that computes. */
  readonly unit: 'matrix' | 'vector';
  /** Emits the computation of the innermost level. */
  readonly body: (at: TileContext) => void;
  /** Only ahead of the matrix unit, on machines without a link. */
  readonly prologue?: Prologue;
  /** Only behind the matrix unit. */
  readonly epilogue?: Epilogue;
}

/** What the vector unit makes in every innermost turn for the matrix unit to read. */
export interface Prologue extends Epilogue {
  /** Names of the tile that it makes: they share their buffers. */
  readonly tiles: readonly Stream[];
}

/** What the vector unit does with each result before it is stored, and what it reads for that. */
export interface Epilogue {
  readonly inputs: readonly Stream[];
  readonly cycles: TileSum;
  readonly body: (e: Emitter, at: TileContext) => void;
  /** Tiles beside the result that go from buffer to buffer with it: the matrix unit writes one of them, and the result is made of it. */
  readonly tiles?: readonly Stream[];
}

/** Semaphores by role, fixed so that each has one signaller and one waiter in the whole program. */
const SEMAPHORES = {
  matrix: { ready: 0, free: [1, 2], outReady: 3, outFree: 4 },
  vector: { ready: 5, free: [6, 7, 8], outReady: 9, outFree: 10 },
  /** From the matrix unit to the vector unit: a result of which the epilogue may begin. */
  behind: 13,
  /** From the vector unit to the matrix unit and back: an operand that the prologue has made. These are the link's where there is one. */
  ahead: { ready: 14, free: 15 },
  /**
   * From the vector unit to the matrix unit: tiles that the epilogue is through with, where the result that it makes of them is not stored,
   * so that no store gives them back. Not beside a prologue.
   */
  back: 14,
} as const;

/** load → vector, vector → load and vector → store, for what the vector unit does in nests that are not of this shape. */
export const vectorSemaphores = {
  ready: SEMAPHORES.vector.ready,
  free: SEMAPHORES.vector.free[0],
  outReady: SEMAPHORES.vector.outReady,
} as const;

/** Whether a unit that waits for this semaphore waits for operands. */
export const isNestOperand = (semaphore: number): boolean =>
  semaphore === SEMAPHORES.matrix.ready ||
  semaphore === SEMAPHORES.vector.ready ||
  semaphore === SEMAPHORES.ahead.ready;

/** How many distinct load levels a unit's kernels may use. */
export const loadLevels = (unit: 'matrix' | 'vector'): number => SEMAPHORES[unit].free.length;

interface LoadLevel {
  readonly unit: 'matrix' | 'vector';
  readonly level: number;
  readonly streams: readonly Stream[];
  readonly free: number;
  readonly buffers: number;
}

/** The levels on which a unit's operands are loaded, outermost first. */
function loadLevelsOf(
  loops: readonly LoopDim[],
  inputs: readonly Stream[],
  unit: 'matrix' | 'vector',
  ring: Ring | undefined,
): LoadLevel[] {
  const sem = SEMAPHORES[unit];
  const byLevel = new Map<number, Stream[]>();
  for (const s of inputs) {
    const level = levelOf(loops, s);
    byLevel.set(level, [...(byLevel.get(level) ?? []), s]);
  }
  return [...byLevel.entries()]
    .sort(([a], [b]) => a - b)
    .map(([level, streams], i) => {
      const free = sem.free[i];
      if (free === undefined) throw internalError({ what: 'a kernel loads at too many levels' });
      const own = ring !== undefined && streams.includes(ring.stream) ? ring.buffers : 2;
      return { unit, level, streams, free, buffers: level === 0 ? 1 : own };
    });
}

/** What a nest moves for the one behind it. */
export const movedAhead = ({ stream, loops }: FirstBlock, cores: Cores): NonNullable<NestShape['next']> => ({
  ...{ stream, level: 0, loops },
  sharedBy: togetherOf(loops, stream, 0, cores).cores,
});

/**
 * What `emitNest` will make of a nest: what is moved how often, and all waits and signals.
 * @param cycles that its bodies take, those of all cores and those of the first
 */
export function shapeOfNest(
  nest: Pick<Nest, 'loops' | 'inputs' | 'output' | 'unit' | 'early' | 'next' | 'ring'> & {
    readonly prologue?: Pick<Epilogue, 'inputs' | 'cycles'>;
    readonly epilogue?: Pick<Epilogue, 'inputs' | 'cycles' | 'tiles'>;
  },
  cycles: TileSum,
  cores: Cores,
): NestShape {
  const { loops, unit, early, next, ring } = nest;
  const [inputs, prologue, epilogue] = movedOf(nest);
  const output = { stream: nest.output, level: levelOf(loops, nest.output), sharedBy: 1 };
  const kept = isKept(nest.output);
  const workers = workersOf(loops);
  // One wait and one signal a turn on either side, and a credit given and taken back for every buffer.
  const operands = (streams: readonly Stream[], of: 'matrix' | 'vector'): number =>
    loadLevelsOf(loops, streams, of, ring).reduce(
      (n, l) => n + 2 * turnsOfAll(loops, l.level) + workers * l.buffers,
      0,
    );
  const results = 2 * turnsOfAll(loops, output.level);
  const outBuffers = kept ? 0 : workers * (output.level === 0 ? 1 : 2);
  // A result that stays has its place: nobody waits for a buffer, and it is handed to the epilogue alone.
  const handedOn = kept ? (epilogue === undefined ? 0 : results / 2) : results;
  const handsBack = kept && epilogue?.tiles !== undefined;
  const back = handsBack ? turnsOfAll(loops, output.level) + workers * handedBack(loops, nest.output) : 0;
  const own = operands(inputs, unit);
  // Vector operands of one level come together, whichever side of the matrix unit they are for.
  const beside = [...(prologue?.inputs ?? []), ...(epilogue?.inputs ?? [])];
  const vector = beside.length === 0 ? 0 : operands(beside, 'vector');
  const handed = prologue === undefined ? 0 : 2 * turnsOfAll(loops, loops.length) + workers * tilesAhead(loops);
  const stage = (role: Stage['role'], of: Pick<Epilogue, 'inputs' | 'cycles'>, semaphores: number): Stage => ({
    ...{ role, unit: role === 'main' ? unit : 'vector', ...of.cycles, semaphores, operands: of.inputs.length },
    level: role === 'behind' ? output.level : loops.length,
  });
  return {
    loops,
    inputs: [...(prologue?.inputs ?? []), ...inputs, ...(epilogue?.inputs ?? [])].map((stream) => {
      const level = levelOf(loops, stream);
      return { stream, level, sharedBy: togetherOf(loops, stream, loadedIn(loops, stream), cores).cores };
    }),
    ...(early === undefined ? {} : { early }),
    ...(ring === undefined ? {} : { ring }),
    ...(next === undefined ? {} : { next: movedAhead(next, cores) }),
    ...(handsBack ? { handsBack } : {}),
    output,
    stages: [
      ...(prologue === undefined ? [] : [stage('ahead', prologue, vector + handed)]),
      stage('main', { inputs, cycles }, own + handedOn + outBuffers + handed + back),
      ...(epilogue === undefined
        ? []
        : [stage('behind', epilogue, (prologue === undefined ? vector : 0) + handedOn + back)]),
    ],
    semaphores: { load: own + vector, store: kept ? 0 : results + outBuffers },
  };
}

/** The operands of a nest that are moved, those of its prologue and those of its epilogue: all but what stays in NRAM. */
function movedOf<P extends Reader, E extends Reader>(
  nest: Reader & { readonly prologue?: P; readonly epilogue?: E },
): [inputs: readonly Stream[], prologue: P | undefined, epilogue: E | undefined] {
  const moved = <R extends Reader>(of: R): R => ({ ...of, inputs: of.inputs.filter((s) => !isKept(s)) });
  return [moved(nest).inputs, nest.prologue && moved(nest.prologue), nest.epilogue && moved(nest.epilogue)];
}

interface Reader {
  readonly inputs: readonly Stream[];
}

/** Results that may wait for an epilogue where nothing holds the matrix unit back: what a semaphore counts to. */
export const MOST_HANDED_ON = SEMAPHORE_MAX;

/** Buffers of what a prologue makes. */
export const tilesAhead = (loops: readonly LoopDim[]): 1 | 2 => (turnsOf(loops, loops.length) > 1 ? 2 : 1);

/** Buffers of tiles that an epilogue hands back. */
const handedBack = (loops: readonly LoopDim[], output: Stream): 1 | 2 =>
  turnsOf(loops, levelOf(loops, output)) > 1 ? 2 : 1;

/** Emits the whole kernel, final `sync` included. */
export function emitNest(e: Emitter, nest: Nest): void {
  const { loops, output, unit } = nest;
  const [own0, prologue, epilogue] = movedOf(nest);
  const kept = [nest.inputs, nest.prologue?.inputs ?? [], nest.epilogue?.inputs ?? [], [output]].flat().filter(isKept);
  const stays = isKept(output);
  const beside = [...(prologue?.inputs ?? []), ...(epilogue?.inputs ?? [])];
  const inputs = [...own0, ...beside];
  const sem = SEMAPHORES[unit];
  /** The unit that makes the stored result. */
  const last = epilogue === undefined ? unit : 'vector';
  const { outReady } = SEMAPHORES[last];

  const own = loadLevelsOf(loops, own0, unit, nest.ring);
  const vectors = beside.length === 0 ? [] : loadLevelsOf(loops, beside, 'vector', nest.ring);
  // In the order in which the units want them: what the prologue reads before what the matrix unit waits with.
  const levels = prologue === undefined ? [...own, ...vectors] : [...vectors, ...own];
  const outLevel = levelOf(loops, output);
  const outBuffers = stays ? 0 : outLevel === 0 ? 1 : 2;

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
  const held: {
    readonly stream: Stream;
    readonly register: Register;
    readonly placed: Placement;
    readonly how: Holding;
  }[] = [];
  for (const s of stays ? inputs : [...inputs, output]) {
    const at = nest.placements.get(s);
    if (at === undefined) throw internalError({ what: `stream ${s.name} was not placed` });
    const how = holdingOf(loops, s);
    if (how !== undefined) {
      const register = e.register();
      buffers.set(s, { register });
      held.push({ stream: s, register, placed: at, how });
      continue;
    }
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
  const [made] = prologue?.tiles ?? [];
  const madeBuffers = tilesAhead(loops);
  if (prologue !== undefined && made !== undefined) {
    const { address, second } = nest.placements.get(made)!;
    let where: Operand = address;
    if (madeBuffers > 1) {
      const register = e.register();
      e.op('li', { rd: register, imm: address });
      where = { register };
      flips.push({ stream: made, register, mask: (address ^ (address + second)) >>> 0 });
    }
    for (const tile of prologue.tiles) buffers.set(tile, where);
  }
  for (const tile of epilogue?.tiles ?? []) {
    const { address, second } = nest.placements.get(tile)!;
    if (second === 0) {
      buffers.set(tile, address);
      continue;
    }
    const register = e.register();
    e.op('li', { rd: register, imm: address });
    buffers.set(tile, { register });
    flips.push({ stream: tile, register, mask: (address ^ (address + second)) >>> 0 });
  }
  const handsBack = stays && epilogue?.tiles !== undefined ? handedBack(loops, output) : 0;
  // What stays in NRAM is found by address: in a register where that depends on loops.
  for (const s of kept) buffers.set(s, levelOf(loops, s) === 0 ? s.address : { register: e.register() });
  const context = new TileContext(index, size, buffers);

  const records = new Map<Stream, { readonly dram: RecordId; readonly pad: RecordId }>();
  for (const s of stays ? inputs : [...inputs, output]) records.set(s, { dram: e.record(), pad: e.record() });

  const empty = inputs.filter((s) => s.emptyWord !== undefined);
  if (empty.length > 0) {
    const filled = { dram: e.record(), pad: e.record() };
    for (const s of empty) emitEmptyWords(e, s, nest.placements.get(s)!, buffersOf(loops, s), filled);
  }

  // Credits.
  for (const l of levels) for (let i = 0; i < l.buffers; i++) e.signal(l.unit, l.free);
  for (let i = 0; i < outBuffers; i++) e.signal('store', sem.outFree);
  if (made !== undefined) for (let i = 0; i < madeBuffers; i++) e.signal(unit, SEMAPHORES.ahead.free);
  for (let i = 0; i < handsBack; i++) e.signal('vector', SEMAPHORES.back);

  // The store lags one tile behind: it works on saved copies of what it needs.
  const lag = outLevel > 0 && !stays;
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
    e.wait('store', outReady);
    emitTransfer(e, 'store', output, storeContext, records.get(output)!);
    e.signal('store', sem.outFree);
  };

  // Whether the tile at hand is there already: that of the first turn is.
  const isThere: Register = nest.early === undefined || levelOf(loops, nest.early) === 0 ? 0 : e.register();
  if (isThere !== 0) e.op('li', { rd: isThere, imm: 1 });
  const emitLoad = (s: Stream): void => {
    if (s === nest.early && isThere === 0) return;
    // What a stream holds is loaded in the first turn of the loops that it is held over.
    const found = e.newLabel();
    for (const l of held.find(({ stream }) => stream === s)?.how.over ?? [])
      e.jump('bne', found, { ra: index.get(l)!, rb: dealing.first.get(l) ?? 0 });
    const skip = e.newLabel();
    if (s === nest.early) e.jump('bne', skip, { ra: isThere, rb: 0 });
    const { scope } = togetherOf(loops, s, loadedIn(loops, s), e.cores);
    emitTransfer(e, 'load', s, context, records.get(s)!, scope);
    e.place(skip);
    if (s === nest.early) e.op('li', { rd: isThere, imm: 0 });
    e.place(found);
  };

  const enter = (level: number): void => {
    for (const { register, placed, how } of held)
      if (how.through === level) e.op('li', { rd: register, imm: placed.address });
    for (const l of levels) {
      if (l.level !== level) continue;
      e.wait('load', l.free);
      for (const s of l.streams) emitLoad(s);
      e.signal('load', SEMAPHORES[l.unit].ready);
      e.wait(l.unit, SEMAPHORES[l.unit].ready);
    }
    for (const s of kept) if (levelOf(loops, s) === level) emitKeptAddress(e, s, context);
    if (level === outLevel && !stays) e.wait(unit, sem.outFree);
    if (level === outLevel && handsBack > 0) e.wait(unit, SEMAPHORES.back);
    if (level === loops.length) innermost();
    else emitLoop(level);
    if (level === outLevel) {
      if (epilogue !== undefined) {
        e.signal(unit, SEMAPHORES.behind);
        e.wait('vector', SEMAPHORES.behind);
        epilogue.body(e, context);
        if (handsBack > 0) e.signal('vector', SEMAPHORES.back);
      }
      if (!stays) e.signal(last, outReady);
      if (lag) {
        const skip = e.newLabel();
        e.jump('beq', skip, { ra: pending, rb: 0 });
        emitStore();
        e.place(skip);
        e.op('addi', { rd: pending, ra: 0, imm: 1 });
        for (const [l, r] of saved) e.op('add', { rd: r, ra: index.get(l)!, rb: 0 });
        for (const [l, r] of savedSize) e.op('add', { rd: r, ra: size.get(l)!, rb: 0 });
        if (typeof savedBuffer !== 'number') e.set(savedBuffer.register, buffers.get(output)!);
      }
      flip(output);
      for (const tile of epilogue?.tiles ?? []) flip(tile);
    }
    for (const l of [...levels].reverse()) {
      if (l.level !== level) continue;
      e.signal(l.unit, l.free);
      for (const s of l.streams) flip(s);
    }
  };

  const innermost = (): void => {
    if (prologue === undefined || made === undefined) return nest.body(context);
    const { ready, free } = SEMAPHORES.ahead;
    e.wait('vector', free);
    prologue.body(e, context);
    e.signal('vector', ready);
    e.wait(unit, ready);
    nest.body(context);
    e.signal(unit, free);
    flip(made);
  };

  const flip = (s: Stream): void => {
    const k = held.find(({ stream }) => stream === s);
    if (k !== undefined) e.addTo(k.register, k.placed.second);
    const f = flips.find((x) => x.stream === s);
    if (f === undefined) return;
    if (s === nest.ring?.stream) {
      const { address, second } = nest.placements.get(s)!;
      const skip = e.newLabel();
      e.addTo(f.register, second);
      e.with(address + second * nest.ring.buffers, (rb) => e.jump('bne', skip, { ra: f.register, rb }));
      e.op('li', { rd: f.register, imm: address });
      e.place(skip);
    } else e.with(f.mask, (rb) => e.op('xor', { rd: f.register, ra: f.register, rb }));
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
  let { end } = dealing;
  if (nest.next !== undefined) {
    // Those without a part in this nest may have one in the next.
    e.place(end);
    end = e.newLabel();
    for (const [l, r] of index) if (roundsOf(l) > 1) e.release(r);
    for (const [l, r] of size) if (roundsOf(l) > 1) e.release(r);
    for (const f of flips) if (f.stream !== output) e.release(f.register);
    for (const { register } of held) e.release(register);
    // A nest that loads nothing itself has no records for it.
    const [loaded] = inputs;
    emitFirstBlock(e, nest.next, loaded === undefined ? { dram: e.record(), pad: e.record() } : records.get(loaded)!);
    leaveIdle(e, loops, end, coreNumbers(e));
  }
  if (!stays) emitStore();
  for (const l of levels) for (let i = 0; i < l.buffers; i++) e.wait('load', l.free);
  for (let i = 0; i < outBuffers; i++) e.wait(unit, sem.outFree);
  if (made !== undefined) for (let i = 0; i < madeBuffers; i++) e.wait('vector', SEMAPHORES.ahead.free);
  for (let i = 0; i < handsBack; i++) e.wait(unit, SEMAPHORES.back);
  endDealing(e, { end });
}
