/**
 * Streams: operands and results of a tile nest. A loop is cut into tiles; a stream says which part of a tensor in DRAM belongs to
 * a tile and how that part lies in a scratchpad. Sizes are elements, strides and addresses bytes.
 */
import { internalError } from '#base';
import { ELEMENT_BYTES, type ElementType, type LayerPlan, type Space, type StreamFormat } from '#isa';
import type { Emitter, Operand, Register } from './emitter.ts';
import type { Home } from './views.ts';

/** How the tiles of a loop go to cores: to `parts` of them, by their number in the chip, that of their cluster, or that in their cluster. */
export interface Deal {
  readonly over: 'core' | 'cluster' | 'rank';
  /** At least 2, at most as many as there are tiles. */
  readonly parts: number;
}

/** One tiled loop. `tile · count ≥ total`; the last tile may be ragged. Where it is dealt, core r does tiles r, r + parts, r + 2·parts, … */
export interface LoopDim {
  readonly name: string;
  readonly total: number;
  readonly tile: number;
  readonly deal?: Deal;
}

/** Makes the loops of a nest; one that deals gives some of them to several cores (`cores.ts`). */
export type LoopMaker = (name: string, total: number, tile: number) => LoopDim;

/** Tiles of a loop, those of all cores. */
export const tilesOf = (l: LoopDim): number => Math.ceil(l.total / l.tile);
/** How many cores a loop is dealt to. */
export const partsOf = (l: LoopDim): number => l.deal?.parts ?? 1;
/** Tiles of a loop that one core does, the core that has most. */
export const roundsOf = (l: LoopDim): number => Math.ceil(tilesOf(l) / partsOf(l));
export const isRagged = (l: LoopDim): boolean => l.total % l.tile !== 0;

/**
 * One dimension of an operand. With a loop: tile t covers elements start … start + extent, where start = t·tile·scale − pad
 * and extent = (size − 1)·scale + window; elements outside [0, limit) read as the stream's fill. Without: `limit` elements.
 */
export interface StreamDim {
  readonly loop?: LoopDim;
  readonly scale?: number;
  readonly window?: number;
  readonly pad?: number;
  readonly limit: number;
  /** Bytes between neighbours in DRAM. */
  readonly stride: number;
  /** The tile is always whole: what lies beyond `limit` is filled rather than left out. */
  readonly whole?: boolean;
  /** In a part of a stream: whether some part has elements outside the tensor here. */
  readonly isBounded?: boolean;
}

/** Address part of a loop that does not appear as a dimension of the tile (groups, batches of a matmul). */
export interface OuterStride {
  readonly loop: LoopDim;
  /** Bytes a tile step moves in DRAM. */
  readonly stride: number;
}

/** Size of a loop's tile at hand. */
export type SizeOf = (l: LoopDim) => number;

export interface LinearRun {
  readonly elements: (size: SizeOf) => number;
  /** Emits the same for the current tile. Registers in the answer pass to the caller, who releases them. */
  readonly emit: (e: Emitter, at: TileContext) => RunAt;
  /** How it is compressed in DRAM, and the bytes that it has there; absent: it is not. */
  readonly stream?: { readonly format: StreamFormat; readonly bytes: (size: SizeOf) => number };
}

/** Where the current run lies, and its elements; of a compressed one the bytes that it has in DRAM. */
export interface RunAt {
  readonly address: Register;
  readonly elements: Operand;
  readonly bytes?: Operand;
}

export interface Stream {
  readonly name: string;
  readonly space: Space;
  readonly type: ElementType;
  /** Address of element 0, in DRAM or where `home` says. */
  readonly address: number;
  /** `nram`: the whole tensor stays there, so that units work on its tiles where they lie and nothing is moved. */
  readonly home?: Home;
  /** Outermost first; the tile lies dense in the scratchpad in this order, unless the tensor stays there. At most five. */
  readonly dims: readonly StreamDim[];
  readonly outer?: readonly OuterStride[];
  /** Bits written for elements outside the tensor. */
  readonly fill?: number;
  /** Bits of each word of its buffers before anything is loaded: elements are loaded into parts of words. */
  readonly emptyWord?: number;
  /** Overrides the dense tile strides (bytes), outermost first; of a tile with a buffer of its own. */
  readonly padStrides?: readonly number[];
  /** Another way to say where a tile lies and how long it is: one linear run (packed weights). */
  readonly linear?: LinearRun;
  /** Bytes of a buffer, where it is not the dense tile. */
  readonly bufferBytes?: number;
  /** Loops whose tiles matter beyond those in dims/outer (for `linear`). */
  readonly loops?: readonly LoopDim[];
  /** Its tile is brought by several transfers, one behind the other, each of a part of the buffer; `dims` says what they make of it. */
  readonly parts?: readonly Stream[];
  /** Of a part: bytes from the buffer's start to its first element. */
  readonly into?: number;
  /** Its tiles have a buffer each and stay through turns of outer loops that it does not know: loaded in the first of them only. */
  readonly holds?: boolean;
}

/** Largest extent of a dimension in a tile. */
export const extentOf = (d: StreamDim): number =>
  d.loop === undefined
    ? d.limit
    : ((d.whole === true ? d.loop.tile : Math.min(d.loop.tile, d.loop.total)) - 1) * (d.scale ?? 1) + (d.window ?? 1);

/** Bytes of an element. */
export const elementBytes = (s: Stream): number => ELEMENT_BYTES[s.type];

/** Whether units find a stream's tensor in NRAM. */
export const isKept = (s: Pick<Stream, 'home'>): boolean => s.home === 'nram';

/** Whether all tiles lie within the tensor: without padding, which a tensor in NRAM does not have. */
export const isInside = (s: Stream): boolean =>
  s.linear === undefined &&
  s.dims.every(({ loop, scale = 1, window = 1, pad = 0, limit, whole }) => {
    if (loop === undefined) return true;
    const covered = whole === true ? tilesOf(loop) * loop.tile : loop.total;
    return pad === 0 && (covered - 1) * scale + window <= limit;
  });

/** Byte strides of a tile as units see it, outermost first. */
export const tileStrides = (s: Stream): number[] => (isKept(s) ? s.dims.map((d) => d.stride) : bufferStrides(s));

/** Byte strides of a tile that has a buffer of its own, outermost first. */
export function bufferStrides(s: Stream): number[] {
  if (s.padStrides !== undefined) return [...s.padStrides];
  const out: number[] = [];
  let step = elementBytes(s);
  for (let i = s.dims.length - 1; i >= 0; i--) {
    out[i] = step;
    step *= extentOf(s.dims[i]!);
  }
  return out;
}

/**
 * Positions of a stream's dimensions in its records, d0 first: as they follow each other in DRAM, whatever their order in the
 * tile, so that contiguous elements share a segment and its bursts. Repeated ones (stride 0) come last.
 */
export function recordOrder(s: Stream): number[] {
  const reach = (i: number): number => Math.abs(s.dims[i]!.stride) || Number.POSITIVE_INFINITY;
  const innermostFirst = s.dims.map((_, i) => s.dims.length - 1 - i);
  return innermostFirst.sort((p, q) => (reach(p) === reach(q) ? 0 : reach(p) - reach(q)));
}

/** Bytes of one buffer; none for a tensor that stays in NRAM. */
export function bufferBytes(s: Stream): number {
  if (isKept(s)) return 0;
  if (s.bufferBytes !== undefined) return align(s.bufferBytes);
  return align(s.dims.reduce((n, d) => n * extentOf(d), elementBytes(s)));
}

/** Buffers start at 64-byte lines. */
export const align = (n: number): number => Math.ceil(n / 64) * 64;

export function loopsOf(s: Stream): Set<LoopDim> {
  const out = new Set<LoopDim>(s.loops ?? []);
  for (const d of s.dims) if (d.loop !== undefined) out.add(d.loop);
  for (const o of s.outer ?? []) out.add(o.loop);
  return out;
}

/** The deepest loop level (1 = inside the first loop) on which a stream depends; 0: loaded once. Loops of one tile for each core do not count. */
export function levelOf(loops: readonly LoopDim[], s: Stream): number {
  const mine = loopsOf(s);
  let level = 0;
  loops.forEach((l, i) => {
    if (roundsOf(l) > 1 && mine.has(l)) level = i + 1;
  });
  return level;
}

/** What a body sees of the tile it works on. */
export class TileContext {
  readonly #index: ReadonlyMap<LoopDim, Register>;
  readonly #size: ReadonlyMap<LoopDim, Register>;
  readonly #buffers: ReadonlyMap<Stream, Operand>;
  constructor(
    index: ReadonlyMap<LoopDim, Register>,
    size: ReadonlyMap<LoopDim, Register>,
    buffers: ReadonlyMap<Stream, Operand>,
  ) {
    this.#index = index;
    this.#size = size;
    this.#buffers = buffers;
  }
  /** Tile number of a loop. */
  index(l: LoopDim): Operand {
    const r = this.#index.get(l);
    return tilesOf(l) === 1 || r === undefined ? 0 : { register: r };
  }
  /** Elements of the loop's tile: known, or in a register where the last tile is ragged. */
  size(l: LoopDim): Operand {
    if (tilesOf(l) === 1) return l.total;
    const r = this.#size.get(l);
    return r === undefined ? l.tile : { register: r };
  }
  /** The most elements that an operand from `size` can stand for. */
  largest(size: Operand): number {
    if (typeof size === 'number') return size;
    for (const [l, r] of this.#size) if (r === size.register) return l.tile;
    throw internalError({ what: 'a size that belongs to no loop' });
  }
  /** Scratchpad address of a stream's current buffer. */
  buffer(s: Stream): Operand {
    const r = this.#buffers.get(s);
    if (r === undefined) throw internalError({ what: `stream ${s.name} has no buffer` });
    return r;
  }
}

/** How a stream holds its tiles. */
export interface Holding {
  /** Outer loops in whose every turn the tiles are loaded anew. */
  readonly from: number;
  /** Loops between in whose first turn they are loaded, and in the others found; at least one. */
  readonly over: readonly LoopDim[];
  /** Outer loops in whose every turn they are gone through from the first to the last. */
  readonly through: number;
  readonly tiles: number;
}

/**
 * How a stream that is to hold its tiles does: through the loops that it does not know, if it knows loops within. A tile is loaded at
 * most two turns ahead of its use, so that where all are loaded anew, a core that has at least two of them is through with the one
 * that is replaced. Undefined where nothing is held.
 */
export function holdingOf(loops: readonly LoopDim[], s: Stream): Holding | undefined {
  if (s.holds !== true || isKept(s)) return undefined;
  const mine = loopsOf(s);
  const level = levelOf(loops, s);
  const isOver = (l: LoopDim, i: number): boolean => i < level && roundsOf(l) > 1 && !mine.has(l);
  const from = loops.findIndex(isOver);
  if (from < 0) return undefined;
  const through = loops.findLastIndex(isOver) + 1;
  const within = loops.slice(through, level);
  const fewest = within.reduce((n, l) => n * Math.floor(tilesOf(l) / partsOf(l)), 1);
  const isOnce = loops.slice(0, from).every((l) => roundsOf(l) === 1);
  if (loops.slice(from, through).some((l) => roundsOf(l) > 1 && mine.has(l)) || (fewest < 2 && !isOnce))
    return undefined;
  const over = loops.slice(from, through).filter((l) => roundsOf(l) > 1);
  return { from, over, through, tiles: within.reduce((n, l) => n * roundsOf(l), 1) };
}

/** Outer loops in whose every turn a stream's tiles are loaded. */
export const loadedIn = (loops: readonly LoopDim[], s: Stream): number =>
  holdingOf(loops, s)?.from ?? levelOf(loops, s);

/** How many buffers a stream needs: two where it is loaded again and again, so that the next load overlaps the use; or one for each tile that it holds. */
export const buffersOf = (loops: readonly LoopDim[], s: Stream): number =>
  isKept(s) || levelOf(loops, s) === 0 ? 1 : (holdingOf(loops, s)?.tiles ?? 2);

/** Loops as a layer's plan lists them. */
export const planLoops = (loops: readonly LoopDim[]): LayerPlan['loops'] =>
  loops.map((l) => ({
    dim: l.name,
    tiles: tilesOf(l),
    size: Math.min(l.tile, l.total),
    ...(l.deal === undefined ? {} : { cores: l.deal.parts }),
  }));
