/**
 * Contraction: convolution, matrix product and fully connected layer as one loop nest for the matrix unit,
 *
 *   out[o, b, y, x, n] = act(bias[o, n] + Σ_{ky,kx,c} a[o, b, y·sy + ky·dy − py, x·sx + kx·dx − px, c] · w[o, n, c, ky, kx])
 *
 * (o: groups or batches of a product). A matrix product has x = rows, c = inner dimension, a 1×1 window.
 * Behind it the vector unit may do an element-wise chain with a tile of results, and pool it (`pooled.ts`): y and x then count what is
 * left by the pooling. All strides are bytes of tensors in DRAM, in any order: the DMA brings a tile into [b, y, x, c] order. Of integers, a and w count less
 * their zero points, padding is that of a, and sums are requantised on the way out.
 */
import { ELEMENT_BYTES, type ElementType, type LayerPrediction } from '#isa';
import { accumulatorEntries, filtersOf, type Machine, type MatrixType, unitFor } from '#machine';
import { keepsSums, mmaCycles } from '#timing';
import { placeBuffers } from './bankPlacement.ts';
import { behindContraction, epilogueOfNest } from './behindContraction.ts';
import { reductionBlocks, weightStream } from './contractionWeights.ts';
import { coresFor, type DealtLoop, dealing } from './cores.ts';
import { type Elements, elementBits } from './elementTypes.ts';
import type { Unfold } from './im2col/unfold.ts';
import { unfoldedStream } from './im2col/unfoldedStream.ts';
import { unfoldOver } from './im2col/vectorUnfold.ts';
import type { ElementwiseStep } from './kernels/elementwise.ts';
import { type WindowKernel, windowOver } from './kernels/window.ts';
import { loadLevels, MOST_HANDED_ON, type Nest, type Placement, shapeOfNest, tilesAhead } from './nest.ts';
import {
  hasEdgesAtEnds,
  madeAlong,
  mayCarry,
  overlapAlong,
  type PooledAxis,
  type Pooling,
  readAlong,
} from './pooled.ts';
import { predictNest, sumOverTiles, turnsOf } from './prediction.ts';
import { fitsForm, keptReduction, type SparseWeights } from './sparse/forms.ts';
import {
  align,
  bufferBytes,
  buffersOf,
  elementBytes,
  holdingOf,
  isInside,
  isKept,
  type LoopDim,
  levelOf,
  roundsOf,
  type Stream,
  tilesOf,
} from './stream.ts';
import { emitSteps, stepCycles } from './vectorSteps.ts';
import type { Place } from './views.ts';

export interface Spatial {
  /** Of what is stored: results, or what pooling them leaves. */
  readonly total: number;
  readonly scale: number;
  /** Kernel size and dilation. */
  readonly kernel: number;
  readonly dilation: number;
  readonly pad: number;
  /** Size of the input. */
  readonly limit: number;
  readonly aStride: number;
  readonly outStride: number;
  /** How results along it are pooled before they are stored. */
  readonly pool?: PooledAxis;
}

export interface OuterDim {
  readonly total: number;
  readonly aStride: number;
  readonly wStride: number;
  readonly outStride: number;
}

export type Activation =
  | { readonly kind: 'none' }
  | { readonly kind: 'clamp'; readonly low: number; readonly high: number }
  | { readonly kind: 'leaky'; readonly alpha: number };

/** Element types of activations, of weights (another only among i8 and u8) and of what is stored. */
export interface ContractionTypes {
  readonly a: MatrixType;
  readonly w: MatrixType;
  readonly result: 'f32' | 'f16' | 'bf16' | 'i8' | 'u8' | 'i32';
}

/** Zero points of integers, and what sums of filter n are multiplied with on the way to results of 8 bits. */
export interface Quantisation {
  readonly zero: { readonly a: number; readonly w: number; readonly result: number };
  readonly scale?: (o: number, n: number) => number;
}

export interface Contraction {
  readonly name: string;
  /** f32 where they are not said. */
  readonly types?: ContractionTypes;
  /** Of integers only. */
  readonly quantisation?: Quantisation;
  readonly outer: readonly OuterDim[];
  readonly b: { readonly total: number; readonly aStride: number; readonly outStride: number };
  readonly y: Spatial;
  readonly x: Spatial;
  readonly c: { readonly total: number; readonly aStride: number };
  readonly n: { readonly total: number; readonly outStride: number };
  /** Of merged groups: how many are one, and channels of each. Weights between them are zero. */
  readonly merged?: { readonly groups: number; readonly channels: number };
  readonly a: Place;
  readonly out: Place;
  readonly weights:
    | {
        /** Constant: packed into the order of use at `address`. Element strides of the tensor; `offset` by outer index. */
        readonly kind: 'constant';
        /** Which constants weights and bias are, by name, and what is done to them: alike ones are packed once. Absent: nobody shares them. */
        readonly of?: string;
        readonly data: () => Elements;
        readonly stride: {
          readonly o: number;
          readonly n: number;
          readonly c: number;
          readonly ky: number;
          readonly kx: number;
        };
        /** Elements from the weights of the first channel to those of another; absent: `stride.c` times its number. */
        readonly channel?: (c: number) => number;
        /** Values outer index o, filter n; absent without bias. */
        readonly bias: ((o: number, n: number) => number) | undefined;
        /** How they are compressed; absent: not at all. */
        readonly sparse?: SparseWeights;
        /** Whether they lie in WRAM whole and before the first turn, left there by a layer with the same (`heldWeights.ts`). */
        readonly isHeld?: boolean;
      }
    | {
        /** Another activation (1×1 window): byte strides in DRAM. */
        readonly kind: 'dynamic';
        readonly place: Place;
        readonly cStride: number;
        readonly nStride: number;
      };
  readonly act: Activation;
  /** Of a convolution by im2col: what it is. Its channels are those of some taps, and come in one block. */
  readonly unfold?: Unfold;
  /** The window kernel whose result the activations are: a depthwise convolution before one of 1×1, made tile by tile. */
  readonly prologue?: WindowKernel;
  /** What the vector unit does with a result, bias and activation included, before it is stored. */
  readonly epilogue?: ContractionEpilogue;
  /** What it makes of the results behind that, by windows along y and x; then one image is in a tile. */
  readonly pool?: Pooling;
}

export interface ContractionEpilogue {
  readonly steps: readonly ElementwiseStep[];
  readonly operands: readonly EpilogueOperand[];
}

/** An operand of the epilogue: byte strides along the dimensions of the result, 0 where it is repeated. */
export interface EpilogueOperand {
  readonly place: Place;
  /** That of the result where it is not said. */
  readonly type?: ElementType;
  readonly outer: readonly number[];
  readonly b: number;
  readonly y: number;
  readonly x: number;
  readonly n: number;
}

const F32_TYPES: ContractionTypes = { a: 'f32', w: 'f32', result: 'f32' };

export const typesOfContraction = (k: Pick<Contraction, 'types'>): ContractionTypes => k.types ?? F32_TYPES;

/** Bytes of an element of the activations, of the weights and of the result. */
export function widthsOf(k: Pick<Contraction, 'types'>): Readonly<Record<keyof ContractionTypes, number>> {
  const { a, w, result } = typesOfContraction(k);
  return { a: ELEMENT_BYTES[a], w: ELEMENT_BYTES[w], result: ELEMENT_BYTES[result] };
}

/** Tile sizes and loop order of a contraction. */
export interface Tiling {
  readonly b: number;
  readonly y: number;
  readonly x: number;
  readonly n: number;
  readonly c: number;
  /** Whether filters are the outer loop (weights stay, activations stream) or the inner one. */
  readonly filtersOuter: boolean;
  /** Whether a tile of activations holds all channels while weights come block by block. */
  readonly wholeDepth: boolean;
  /** Whether blocks of activations stay for all filters, and blocks of weights for all pixels, where the loops bring them again. */
  readonly holdsActivations?: boolean;
  readonly holdsWeights?: boolean;
  /**
   * Rows of the kernel in a block of weights: the whole height, or fewer where whole blocks would be too large. Of a convolution by im2col
   * columns, where its rows are unfolded.
   */
  readonly ky: number;
  /** Of pooled results: whether rows that windows of two tiles reach are computed once, tile below tile. */
  readonly carriesRows?: boolean;
  /** Loops that are dealt to several cores; absent: none. */
  readonly deals?: readonly DealtLoop[];
}

export interface BuiltContraction {
  readonly nest: Omit<Nest, 'body'>;
  readonly a: Stream;
  readonly w: Stream;
  readonly out: Stream;
  /** What the matrix unit writes: the result, or the tile that is pooled. */
  readonly made: Stream;
  readonly loops: { b: LoopDim; y: LoopDim; x: LoopDim; n: LoopDim; c: LoopDim; ky: LoopDim };
  readonly nramBytes: number;
  readonly wramBytes: number;
}

/** Whether the tiles of a contraction fit the memories and accumulators of a machine. */
export function fitsContraction(k: Contraction, t: Tiling, machine: Machine): boolean {
  const built = buildContraction(k, t, machine, 0);
  const { nest, nramBytes, wramBytes } = built;
  const beside = [...(nest.prologue?.inputs ?? []), ...(nest.epilogue?.inputs ?? [])];
  const levels = new Set(beside.map((s) => levelOf(nest.loops, s)));
  const { a: type } = typesOfContraction(k);
  const reduction = keptReduction(k, t, t, k.unfold === undefined ? [t.c, k.x.kernel, t.ky] : reductionSizes(k, t, t));
  const kept = reductionBlocks(k, t) > 1 || keepsSums(unitFor(machine.matrix, type), reduction);
  const sums = sumsOf(k, t, machine);
  return (
    fitsForm(k, t.c) &&
    (k.unfold === undefined || t.c === k.c.total) &&
    (k.unfold?.by !== 'vector' || t.b === 1) &&
    (!holdsWeights(k) || levelOf(nest.loops, built.w) === 0) &&
    levels.size <= loadLevels('vector') &&
    poolsTiles(built, k, t) &&
    worksInPlace(built, k, t, machine) &&
    nramBytes <= machine.nram.bytes &&
    wramBytes <= machine.wram.bytes &&
    (!kept || sums <= accumulatorEntries(machine.matrix, type))
  );
}

/** Whether the weights are in WRAM whole. */
export const holdsWeights = ({ weights }: Pick<Contraction, 'weights'>): boolean =>
  weights.kind === 'constant' && weights.isHeld === true;

/** Sums of a tile, in entries of the accumulators. */
export const sumsOf = (k: Contraction, t: Tiling, machine: Machine): number =>
  Math.ceil(t.n / filtersOf(machine.matrix, typesOfContraction(k).a)) * t.b * madeAlong(k.y, t.y) * madeAlong(k.x, t.x);

/** Whether tiles can be pooled, where that is wanted, and hand rows on, where they are to. */
function poolsTiles({ loops: { y, n } }: BuiltContraction, k: Contraction, t: Tiling): boolean {
  if (k.pool === undefined) return t.carriesRows !== true;
  return (
    t.b === 1 &&
    t.y <= k.y.total &&
    t.x <= k.x.total &&
    hasEdgesAtEnds(k.y, t.y) &&
    hasEdgesAtEnds(k.x, t.x) &&
    (t.carriesRows !== true || mayCarry(k.y, y, t.filtersOuter || roundsOf(n) === 1))
  );
}

/** Whether the units can work on those operands and results where they lie that stay in NRAM. */
function worksInPlace({ nest, a, w, out }: BuiltContraction, k: Contraction, t: Tiling, machine: Machine): boolean {
  const { loops, prologue, epilogue } = nest;
  const beside = [...(prologue?.inputs ?? []), ...(epilogue?.inputs ?? [])];
  // The second operand comes from WRAM; blocks of channels are found by the loop over them.
  if (isKept(w) || (isKept(a) && t.wholeDepth) || ![a, ...beside].every((s) => !isKept(s) || isInside(s))) return false;
  if (!isKept(out)) return true;
  // Its tiles are handed back by a semaphore that the link of a cluster has, or a prologue.
  if (k.pool !== undefined) return machine.cluster === undefined && prologue === undefined;
  // The filters of a pixel lie side by side; computed ones come in whole groups, so that there may be more than there are.
  const isSideBySide = k.n.total === 1 || k.n.outStride === elementBytes(out);
  const isWhole = k.weights.kind === 'constant' || k.n.total % t.n === 0;
  return isSideBySide && isWhole && (epilogue === undefined || turnsOf(loops, levelOf(loops, out)) <= MOST_HANDED_ON);
}

/** Loops of a convolution whose rows are unfolded. */
const SWAPPED = { y: 'x', x: 'y', ky: 'kx' } as const;

/** Loops, streams and buffers of a tiling. */
export function buildContraction(k: Contraction, t: Tiling, machine: Machine, packedAddress: number): BuiltContraction {
  const loop = dealing(t.deals ?? [], coresFor(machine));
  const outer = k.outer.map((o, i) => loop(`o${i}`, o.total, 1));
  // They are dealt by the names of the contraction, and called by those of the convolution.
  const called = (name: 'y' | 'x' | 'ky', total: number, tile: number): LoopDim => ({
    ...loop(name, total, tile),
    name: k.unfold?.taps === 'rows' ? SWAPPED[name] : name,
  });
  const b = loop('b', k.b.total, t.b);
  const y = called('y', k.y.total, t.y);
  const x = called('x', k.x.total, t.x);
  const n = loop('n', k.n.total, t.n);
  const c = loop('c', k.c.total, t.c);
  const ky = called('ky', k.y.kernel, t.ky);
  const reductionLoops = tilesOf(ky) > 1 ? [c, ky] : [c];
  const pixels = t.carriesRows === true ? [b, x, y] : [b, y, x];
  const loops = t.filtersOuter
    ? [...outer, n, ...pixels, ...reductionLoops]
    : [...outer, ...pixels, n, ...reductionLoops];

  const types = typesOfContraction(k);
  const width = widthsOf(k);
  const activations: Omit<Stream, 'dims'> = {
    name: 'activations',
    space: 'nram',
    type: types.a,
    ...k.a,
    holds: t.holdsActivations === true,
    ...(k.quantisation === undefined ? {} : { fill: elementBits(types.a, k.quantisation.zero.a) }),
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.aStride })),
  };
  const a: Stream =
    k.unfold !== undefined
      ? unfoldedStream(k, k.unfold, activations, { b, y, x })
      : {
          ...activations,
          dims: [
            { loop: b, limit: k.b.total, stride: k.b.aStride },
            { loop: y, ...readAlong(k.y), limit: k.y.limit, stride: k.y.aStride },
            { loop: x, ...readAlong(k.x), limit: k.x.limit, stride: k.x.aStride },
            t.wholeDepth
              ? { limit: k.c.total, stride: k.c.aStride }
              : { loop: c, limit: k.c.total, stride: k.c.aStride },
          ],
        };

  const w: Stream = {
    ...weightStream(k, t, machine, { outer, n, c, ky }, packedAddress),
    holds: t.holdsWeights === true,
  };

  const out: Stream = {
    name: 'result',
    space: 'nram',
    type: types.result,
    ...k.out,
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.outStride })),
    dims: [
      { loop: b, limit: k.b.total, stride: k.b.outStride },
      { loop: y, limit: k.y.total, stride: k.y.outStride },
      { loop: x, limit: k.x.total, stride: k.x.outStride },
      { loop: n, limit: k.n.total, stride: k.n.outStride },
    ],
    padStrides: [t.y * t.x * t.n, t.x * t.n, t.n, 1].map((elements) => width.result * elements),
    bufferBytes: width.result * t.b * t.y * t.x * t.n,
  };

  const behind = behindContraction(k, t, { b, y, x, n }, outer, out);
  const { pooled, inputs: beside } = behind;

  // Those in whose turns a result is made; of others a core has one tile at most.
  const resultLoops = loops.filter((l, i) => i < levelOf(loops, out) || l.deal !== undefined);

  const ahead =
    k.prologue === undefined
      ? k.unfold?.by === 'vector'
        ? unfoldOver(k.unfold, a, activations, { b, y, x })
        : undefined
      : windowOver(k.prologue, [t.y, t.x, t.c], (name) => ({ b, y, x, c })[name as 'b' | 'y' | 'x' | 'c'], machine);

  const placements = new Map<Stream, Placement>();
  const streams = [a, out, ...beside, ...(ahead?.inputs ?? [])].filter((s) => !isKept(s));
  const pooledTiles = pooled === undefined ? [] : [pooled.made];
  const between = [...(ahead?.temporaries ?? []), ...behind.temporaries];
  const placed = placeBuffers(
    [
      ...streams.map((s) => {
        const count = s === a && ahead !== undefined ? tilesAhead(loops) : buffersOf(loops, s);
        return { bytes: bufferBytes(s), count, inTurn: count === 2 && holdingOf(loops, s) === undefined };
      }),
      ...pooledTiles.map((s) => {
        const count = turnsOf(loops, levelOf(loops, out)) > 1 ? 2 : 1;
        return { bytes: bufferBytes(s), count, inTurn: count === 2 };
      }),
      ...between.map((t) => ({ bytes: align(t.bytes), count: 1, inTurn: false })),
    ],
    machine.nram,
  );
  const nram = placed.end;
  let wram = 0;
  for (const [i, s] of [...streams, ...pooledTiles].entries())
    placements.set(s, { address: placed.addresses[i]!, second: placed.seconds[i]! });
  if (pooled !== undefined) {
    const { address, second } = placements.get(pooled.made)!;
    placements.set(pooled.next, { address: address + second, second: -second });
  }
  const apart = streams.length + pooledTiles.length;
  const temporaries = new Map(between.map((t, i) => [t, placed.addresses[apart + i]!]));
  placements.set(w, { address: 0, second: buffersOf(loops, w) > 1 ? bufferBytes(w) : 0 });
  wram += bufferBytes(w) * buffersOf(loops, w);

  return {
    nest: {
      ...{ loops, inputs: ahead === undefined ? [a, w] : [w], output: out, placements, unit: 'matrix' },
      ...(holdsWeights(k) ? { early: w } : {}),
      ...(ahead === undefined
        ? {}
        : {
            prologue: {
              inputs: ahead.inputs,
              tiles: [a, ahead.output],
              cycles: stepCycles(loops, ahead.body, machine),
              body: (e, at) => emitSteps(e, ahead.body, at, machine, (made) => temporaries.get(made)!),
            },
          }),
      ...epilogueOfNest(behind, resultLoops, machine, temporaries),
    },
    a,
    w,
    out,
    made: pooled?.made ?? out,
    loops: { b, y, x, n, c, ky },
    nramBytes: nram,
    wramBytes: wram,
  };
}

/**
 * Whether one run of the reduction takes in kx and c: the tile's pixels must then follow each other without a gap.
 */
export function isMerged(k: Contraction, t: Pick<Tiling, 'c' | 'wholeDepth'>): boolean {
  if (k.unfold !== undefined) return true;
  if (k.x.dilation !== 1 || k.c.total % t.c !== 0) return false;
  if (!isKept(k.a)) return !t.wholeDepth || t.c >= k.c.total;
  return k.x.kernel === 1 || (t.c === k.c.total && k.x.aStride === k.c.total * k.c.aStride);
}

/** The reduction of a block of so many channels and kernel rows, innermost first. */
export function reductionSizes(
  k: Contraction,
  t: Pick<Tiling, 'c' | 'wholeDepth'>,
  { c, ky }: { readonly c: number; readonly ky: number },
): readonly number[] {
  if (k.unfold !== undefined) return [ky * k.x.kernel * c];
  return isMerged(k, t) ? [k.x.kernel * c, ky] : [c, k.x.kernel, ky];
}

/** Busy cycles and traffic of the kernel. */
export function predictContraction(
  built: BuiltContraction,
  k: Contraction,
  t: Tiling,
  machine: Machine,
): LayerPrediction {
  const { b, y, x, n, c, ky } = built.loops;
  const carried = t.carriesRows === true ? overlapAlong(k.y) : 0;
  const ends = new Set(carried > 0 ? [y] : []);
  const cycles = sumOverTiles(built.nest.loops, ends, (size, isFirst) => {
    const rowsOfKernel = tilesOf(ky) > 1 ? size(ky) : k.y.kernel;
    const filters = k.weights.kind === 'dynamic' ? t.n : size(n);
    const block = { n: size(n), c: size(c), ky: rowsOfKernel };
    const kept = keptReduction(k, t, block, reductionSizes(k, t, block));
    const rows = madeAlong(k.y, size(y)) - (carried > 0 && !isFirst(y) ? carried : 0);
    return mmaCycles(machine, [madeAlong(k.x, size(x)), rows, size(b)], filters, kept, typesOfContraction(k).a);
  });
  return predictNest(shapeOfNest(built.nest, cycles, coresFor(machine)), machine);
}
