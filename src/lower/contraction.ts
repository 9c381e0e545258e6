/**
 * Contraction: convolution, matrix product and fully connected layer as one loop nest for the matrix unit,
 *
 *   out[o, b, y, x, n] = act(bias[o, n] + Σ_{ky,kx,c} a[o, b, y·sy + ky·dy − py, x·sx + kx·dx − px, c] · w[o, n, c, ky, kx])
 *
 * (o: groups or batches of a product). A matrix product has x = rows, c = inner dimension, a 1×1 window.
 * All strides are bytes of f32 tensors in DRAM, in any order: the DMA brings a tile into [b, y, x, c] order.
 */
import { float32Bits } from '#base';
import { ACTIVATIONS, type ConstantSegment, ELEMENT_TYPES, type LayerPrediction } from '#isa';
import { accumulatorEntries, filtersOf, type Machine } from '#machine';
import { keepsSums, mmaCycles } from '#timing';
import { coresFor, type DealtLoop, dealing } from './cores.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import { emitNest, type Nest, type Placement, shapeOfNest } from './nest.ts';
import { predictNest, sumOverTiles } from './prediction.ts';
import {
  align,
  bufferBytes,
  buffersOf,
  type LoopDim,
  type Stream,
  type TileContext,
  tileStrides,
  tilesOf,
} from './stream.ts';

export interface Spatial {
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

export interface Contraction {
  readonly name: string;
  readonly outer: readonly OuterDim[];
  readonly b: { readonly total: number; readonly aStride: number; readonly outStride: number };
  readonly y: Spatial;
  readonly x: Spatial;
  readonly c: { readonly total: number; readonly aStride: number };
  readonly n: { readonly total: number; readonly outStride: number };
  readonly a: { readonly address: number };
  readonly out: { readonly address: number };
  readonly weights:
    | {
        /** Constant: packed into the order of use at `address`. Element strides of the tensor; `offset` by outer index. */
        readonly kind: 'constant';
        readonly data: () => Float32Array;
        readonly stride: {
          readonly o: number;
          readonly n: number;
          readonly c: number;
          readonly ky: number;
          readonly kx: number;
        };
        /** Values outer index o, filter n; absent without bias. */
        readonly bias: ((o: number, n: number) => number) | undefined;
      }
    | {
        /** Another activation (1×1 window): byte strides in DRAM. */
        readonly kind: 'dynamic';
        readonly address: number;
        readonly cStride: number;
        readonly nStride: number;
      };
  readonly act: Activation;
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
  /** Rows of the kernel in a block of weights: the whole height, or fewer where whole blocks would be too large. */
  readonly ky: number;
  /** Loops that are dealt to several cores; absent: none. */
  readonly deals?: readonly DealtLoop[];
}

const hasBias = (k: Contraction): boolean => k.weights.kind === 'constant' && k.weights.bias !== undefined;

/** Blocks that the reduction is cut into: of channels and of kernel rows. */
const reductionBlocks = (k: Contraction, t: Tiling): number =>
  Math.ceil(k.c.total / t.c) * Math.ceil(k.y.kernel / t.ky);

/** DRAM bytes of the packed weights (bias included, once per reduction block). */
export function packedBytes(k: Contraction, t: Tiling): number {
  const taps = k.y.kernel * k.x.kernel;
  const blocks = reductionBlocks(k, t);
  const rows = taps * k.c.total + (hasBias(k) ? blocks : 0);
  return 4 * k.outer.reduce((n, o) => n * o.total, 1) * k.n.total * rows;
}

/** The packed weights: [outer][n tile][c block][ky block]{ [group][ky, kx, c][filters of the group], bias }. */
export function packedWeights(k: Contraction, t: Tiling, machine: Machine, address: number): ConstantSegment {
  const weights = k.weights;
  if (weights.kind !== 'constant') throw new TypeError('only constant weights are packed');
  const tn = filtersOf(machine.matrix);
  const bytes = packedBytes(k, t);
  return {
    name: `${k.name}.weights`,
    address,
    bytes,
    data: () => {
      const out = new Float32Array(bytes / 4);
      const w = weights.data();
      const s = weights.stride;
      const outer = k.outer.reduce((n, o) => n * o.total, 1);
      let at = 0;
      for (let o = 0; o < outer; o++) {
        for (let n0 = 0; n0 < k.n.total; n0 += t.n) {
          const n1 = Math.min(k.n.total, n0 + t.n);
          for (let c0 = 0; c0 < k.c.total; c0 += t.c) {
            const c1 = Math.min(k.c.total, c0 + t.c);
            for (let ky0 = 0; ky0 < k.y.kernel; ky0 += t.ky) {
              const ky1 = Math.min(k.y.kernel, ky0 + t.ky);
              for (let g0 = n0; g0 < n1; g0 += tn) {
                const g1 = Math.min(n1, g0 + tn);
                for (let ky = ky0; ky < ky1; ky++) {
                  for (let kx = 0; kx < k.x.kernel; kx++) {
                    for (let c = c0; c < c1; c++) {
                      const base = o * s.o + c * s.c + ky * s.ky + kx * s.kx;
                      for (let n = g0; n < g1; n++) out[at++] = w[base + n * s.n]!;
                    }
                  }
                }
              }
              if (weights.bias !== undefined) for (let n = n0; n < n1; n++) out[at++] = weights.bias(o, n);
            }
          }
        }
      }
      return new Uint8Array(out.buffer);
    },
  };
}

interface Built {
  readonly nest: Omit<Nest, 'body'>;
  readonly a: Stream;
  readonly w: Stream;
  readonly out: Stream;
  readonly loops: { b: LoopDim; y: LoopDim; x: LoopDim; n: LoopDim; c: LoopDim; ky: LoopDim };
  readonly nramBytes: number;
  readonly wramBytes: number;
}

/** Whether the tiles of a contraction fit the memories and accumulators of a machine. */
export function fitsContraction(k: Contraction, t: Tiling, machine: Machine): boolean {
  const { nramBytes, wramBytes } = buildContraction(k, t, machine, 0);
  const tn = filtersOf(machine.matrix);
  const reduction = [t.c, k.x.kernel, t.ky];
  const kept = reductionBlocks(k, t) > 1 || keepsSums(machine.matrix, reduction);
  const sums = Math.ceil(t.n / tn) * t.b * t.y * t.x;
  return (
    nramBytes <= machine.nram.bytes &&
    wramBytes <= machine.wram.bytes &&
    (!kept || sums <= accumulatorEntries(machine.matrix))
  );
}

/** Loops, streams and buffers of a tiling. */
export function buildContraction(k: Contraction, t: Tiling, machine: Machine, packedAddress: number): Built {
  const tn = filtersOf(machine.matrix);
  const taps = k.y.kernel * k.x.kernel;
  const loop = dealing(t.deals ?? [], coresFor(machine));
  const outer = k.outer.map((o, i) => loop(`o${i}`, o.total, 1));
  const b = loop('b', k.b.total, t.b);
  const y = loop('y', k.y.total, t.y);
  const x = loop('x', k.x.total, t.x);
  const n = loop('n', k.n.total, t.n);
  const c = loop('c', k.c.total, t.c);
  const ky = loop('ky', k.y.kernel, t.ky);
  const reductionLoops = tilesOf(ky) > 1 ? [c, ky] : [c];
  const loops = t.filtersOuter ? [...outer, n, b, y, x, ...reductionLoops] : [...outer, b, y, x, n, ...reductionLoops];

  const window = (s: Spatial): number => (s.kernel - 1) * s.dilation + 1;
  const a: Stream = {
    name: 'activations',
    space: 'nram',
    type: 'f32',
    address: k.a.address,
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.aStride })),
    dims: [
      { loop: b, limit: k.b.total, stride: k.b.aStride },
      { loop: y, scale: k.y.scale, window: window(k.y), pad: k.y.pad, limit: k.y.limit, stride: k.y.aStride },
      { loop: x, scale: k.x.scale, window: window(k.x), pad: k.x.pad, limit: k.x.limit, stride: k.x.aStride },
      t.wholeDepth ? { limit: k.c.total, stride: k.c.aStride } : { loop: c, limit: k.c.total, stride: k.c.aStride },
    ],
  };

  const bias = hasBias(k) ? 1 : 0;
  const rowsOfBlock = taps * t.c + bias * tilesOf(ky);
  const rowsAll = taps * k.c.total + bias * reductionBlocks(k, t);
  const w: Stream =
    k.weights.kind === 'constant'
      ? {
          name: 'weights',
          space: 'wram',
          type: 'f32',
          address: packedAddress,
          dims: [],
          loops: [...outer, n, c, ky],
          bufferBytes: 4 * (t.ky * k.x.kernel * t.c + bias) * t.n,
          linear: {
            elements: (size) => (size(ky) * k.x.kernel * size(c) + bias) * size(n),
            emit: (e, at) => {
              const address = e.register();
              e.op('li', { rd: address, imm: packedAddress >>> 0 });
              outer.forEach((o, i) => {
                const inner = k.outer.slice(i + 1).reduce((m, d) => m * d.total, 1);
                e.addScaled(address, at.index(o), 4 * inner * k.n.total * rowsAll);
              });
              e.addScaled(address, at.index(n), 4 * t.n * rowsAll);
              const nt = at.size(n);
              const ct = at.size(c);
              addBlocks(e, address, at.index(c), rowsOfBlock, nt);
              if (tilesOf(ky) > 1) {
                const whole = rows(e, ct, t.ky * k.x.kernel, bias);
                addBlocks(e, address, at.index(ky), whole, nt);
                if (typeof whole !== 'number') e.release(whole.register);
              }
              const perChannel = tapsOf(e, at.size(ky), k.x.kernel);
              const elements = product(e, rows(e, ct, perChannel, bias), nt);
              if (typeof perChannel !== 'number') e.release(perChannel.register);
              return { address, elements };
            },
          },
        }
      : {
          name: 'weights',
          space: 'wram',
          type: 'f32',
          address: k.weights.address,
          outer: [
            ...k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.wStride })),
            ...(t.n > tn ? [{ loop: n, stride: t.n * k.weights.nStride }] : []),
          ],
          dims:
            t.n > tn
              ? [
                  { limit: t.n / tn, stride: tn * k.weights.nStride },
                  { loop: c, limit: k.c.total, stride: k.weights.cStride },
                  { limit: tn, stride: k.weights.nStride },
                ]
              : [
                  { loop: c, limit: k.c.total, stride: k.weights.cStride },
                  { loop: n, limit: k.n.total, stride: k.weights.nStride, whole: true },
                ],
        };

  const out: Stream = {
    name: 'result',
    space: 'nram',
    type: 'f32',
    address: k.out.address,
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.outStride })),
    dims: [
      { loop: b, limit: k.b.total, stride: k.b.outStride },
      { loop: y, limit: k.y.total, stride: k.y.outStride },
      { loop: x, limit: k.x.total, stride: k.x.outStride },
      { loop: n, limit: k.n.total, stride: k.n.outStride },
    ],
    padStrides: [4 * t.y * t.x * t.n, 4 * t.x * t.n, 4 * t.n, 4],
    bufferBytes: 4 * t.b * t.y * t.x * t.n,
  };

  const placements = new Map<Stream, Placement>();
  let nram = 0;
  let wram = 0;
  for (const s of [a, out]) {
    const several = buffersOf(loops, s) === 2;
    placements.set(s, { address: nram, second: several ? bufferBytes(s) : 0 });
    nram += bufferBytes(s) * (several ? 2 : 1);
  }
  const several = buffersOf(loops, w) === 2;
  placements.set(w, { address: 0, second: several ? align(bufferBytes(w)) : 0 });
  wram += bufferBytes(w) * (several ? 2 : 1);

  return {
    nest: { loops, inputs: [a, w], output: out, placements, unit: 'matrix' },
    a,
    w,
    out,
    loops: { b, y, x, n, c, ky },
    nramBytes: nram,
    wramBytes: wram,
  };
}

/**
 * Whether one run of the reduction takes in kx and c: the tile's pixels must then follow each other without a gap.
 */
const isMerged = (k: Contraction, t: Tiling): boolean =>
  k.x.dilation === 1 && k.c.total % t.c === 0 && (!t.wholeDepth || t.c >= k.c.total);

/** Busy cycles and traffic of the kernel. */
export function predictContraction(built: Built, k: Contraction, t: Tiling, machine: Machine): LayerPrediction {
  const { b, y, x, n, c, ky } = built.loops;
  const cycles = sumOverTiles(built.nest.loops, new Set(), (size) => {
    const rowsOfKernel = tilesOf(ky) > 1 ? size(ky) : k.y.kernel;
    const reduction = isMerged(k, t) ? [k.x.kernel * t.c, rowsOfKernel] : [size(c), k.x.kernel, rowsOfKernel];
    const filters = k.weights.kind === 'dynamic' ? t.n : size(n);
    return mmaCycles(machine, [size(x), size(y), size(b)], filters, reduction);
  });
  return predictNest(shapeOfNest(built.nest, cycles, coresFor(machine)), machine);
}

/** Emits the kernel. */
export function emitContraction(e: Emitter, k: Contraction, t: Tiling, machine: Machine, packedAddress: number): Built {
  const built = buildContraction(k, t, machine, packedAddress);
  const { a, w, out, loops } = built;
  const tn = filtersOf(machine.matrix);
  const pixels = e.record();
  const reduction = e.record();
  const output = e.record();
  const aStrides = tileStrides(a);
  const outStrides = tileStrides(out);
  const blocks = tilesOf(loops.c) * tilesOf(loops.ky);

  // A run over (kx, c) is contiguous in the tile when the tile holds just the block's channels and kx steps by one pixel.
  const merged = isMerged(k, t);
  const kxStride = k.x.dilation * aStrides[2]!;
  const kyStride = k.y.dilation * aStrides[1]!;
  const dynamicWeights = k.weights.kind === 'dynamic';

  const act = ACTIVATIONS.indexOf(k.act.kind);
  if (k.act.kind !== 'none') {
    const [p0, p1] = k.act.kind === 'clamp' ? [k.act.low, k.act.high] : [k.act.alpha, 0];
    e.with(float32Bits(p0), (ra) => e.with(float32Bits(p1), (rb) => e.op('cfg.act', { ra, rb })));
  }

  const body = (at: TileContext): void => {
    e.dimension(pixels, 0, at.size(loops.x), k.x.scale * aStrides[2]!);
    e.dimension(pixels, 1, at.size(loops.y), k.y.scale * aStrides[1]!);
    e.dimension(pixels, 2, at.size(loops.b), aStrides[0]!);
    e.dimension(output, 0, at.size(loops.x), outStrides[2]!);
    e.dimension(output, 1, at.size(loops.y), outStrides[1]!);
    e.dimension(output, 2, at.size(loops.b), outStrides[0]!);
    // With activations as weights every group is whole: columns beyond N are zeros that are never stored.
    const filters: Operand = dynamicWeights ? t.n : at.size(loops.n);
    e.dimension(output, 4, filters, 4 * tn);
    if (merged) {
      e.dimension(reduction, 0, k.x.kernel * t.c, 4);
      e.dimension(reduction, 1, at.size(loops.ky), kyStride);
    } else {
      e.dimension(reduction, 0, at.size(loops.c), 4);
      e.dimension(reduction, 1, k.x.kernel, kxStride);
      e.dimension(reduction, 2, at.size(loops.ky), kyStride);
    }

    const temporaries: Register[] = [];
    let aAddress: Operand = at.buffer(a);
    const channelBlock = at.index(loops.c);
    const rowBlock = at.index(loops.ky);
    const moves = [
      ...(t.wholeDepth && typeof channelBlock !== 'number' ? [[channelBlock, 4 * t.c] as const] : []),
      ...(typeof rowBlock !== 'number' ? [[rowBlock, t.ky * kyStride] as const] : []),
    ];
    if (moves.length > 0) {
      const r = e.register();
      temporaries.push(r);
      e.set(r, aAddress);
      for (const [index, step] of moves) e.addScaled(r, index, step);
      aAddress = { register: r };
    }
    let bias: Operand = 0;
    if (hasBias(k)) {
      const r = e.register();
      temporaries.push(r);
      const perChannel = tapsOf(e, at.size(loops.ky), k.x.kernel);
      const elements = product(e, rows(e, at.size(loops.c), perChannel, 0), filters);
      if (typeof perChannel !== 'number') e.release(perChannel.register);
      e.set(r, at.buffer(w));
      e.addScaled(r, elements, 4);
      if (typeof elements !== 'number') e.release(elements.register);
      bias = { register: r };
    }
    e.with(aAddress, (ra) =>
      e.with(at.buffer(w), (rb) =>
        e.with(at.buffer(out), (rd) =>
          e.with(bias, (biasRegister) => {
            const mma = (clear: number, drain: number): void =>
              e.op('mma', {
                rd,
                ra,
                rb,
                pixels,
                reduction,
                output,
                acc: 0,
                bias: biasRegister,
                type: ELEMENT_TYPES.indexOf('f32'),
                clear,
                drain,
                useBias: drain && hasBias(k) ? 1 : 0,
                result: 0,
                act: drain ? act : 0,
              });
            if (blocks === 1) return mma(1, 1);
            const block = blockNumber(e, channelBlock, rowBlock, tilesOf(loops.ky));
            const first = e.newLabel();
            const last = e.newLabel();
            const end = e.newLabel();
            e.jump('beq', first, { ra: block, rb: 0 });
            e.with(blocks - 1, (r) => e.jump('beq', last, { ra: block, rb: r }));
            if (blocks > 2) mma(0, 0);
            e.jump('jmp', end);
            e.place(first);
            mma(1, 0);
            e.jump('jmp', end);
            e.place(last);
            mma(0, 1);
            e.place(end);
            if (typeof channelBlock !== 'number' && typeof rowBlock !== 'number') e.release(block);
          }),
        ),
      ),
    );
    for (const r of temporaries) e.release(r);
  };

  emitNest(e, { ...built.nest, body });
  return built;
}

/** Number of the reduction block: channelBlock · rowBlocks + rowBlock. A register of its own where both are in registers. */
function blockNumber(e: Emitter, channelBlock: Operand, rowBlock: Operand, rowBlocks: number): Register {
  if (typeof rowBlock === 'number') return (channelBlock as { register: Register }).register;
  if (typeof channelBlock === 'number') return rowBlock.register;
  const r = e.register();
  e.op('muli', { rd: r, ra: channelBlock.register, imm: rowBlocks });
  e.op('add', { rd: r, ra: r, rb: rowBlock.register });
  return r;
}

/** Taps of a block's kernel rows. A register in the answer belongs to the caller. */
function tapsOf(e: Emitter, kernelRows: Operand, kernelColumns: number): Operand {
  if (typeof kernelRows === 'number') return kernelRows * kernelColumns;
  const r = e.register();
  e.op('muli', { rd: r, ra: kernelRows.register, imm: kernelColumns });
  return { register: r };
}

/** address += index · 4 · rows · filters: over so many blocks of packed weights. */
function addBlocks(e: Emitter, address: Register, index: Operand, rowsOfBlock: Operand, filters: Operand): void {
  if (typeof index === 'number') return;
  if (typeof rowsOfBlock === 'number' && typeof filters === 'number') {
    return e.addScaled(address, index, 4 * rowsOfBlock * filters);
  }
  const step = e.register();
  e.op('muli', { rd: step, ra: index.register, imm: 4 });
  e.binary('mul', step, { register: step }, rowsOfBlock);
  e.with(filters, (rb) => e.op('mad', { rd: address, ra: step, rb, rc: address }));
  e.release(step);
}

/** Rows of a weight block: taps · channels (+ 1 for the bias). A register in the answer belongs to the caller. */
function rows(e: Emitter, c: Operand, taps: Operand, bias: number): Operand {
  if (typeof c === 'number' && typeof taps === 'number') return taps * c + bias;
  const r = e.register();
  e.binary('mul', r, c, taps);
  e.addTo(r, bias);
  return { register: r };
}

/** a · b. Consumes the register of `a`; a register in the answer belongs to the caller. */
function product(e: Emitter, a: Operand, b: Operand): Operand {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const r = typeof a === 'number' ? e.register() : a.register;
  e.binary('mul', r, a, b);
  return { register: r };
}
