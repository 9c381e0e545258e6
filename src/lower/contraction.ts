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
import { filtersOf, type Machine } from '#machine';
import { mmaCycles } from '#timing';
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
}

const hasBias = (k: Contraction): boolean => k.weights.kind === 'constant' && k.weights.bias !== undefined;

/** DRAM bytes of the packed weights (bias included, once per reduction block). */
export function packedBytes(k: Contraction, t: Tiling): number {
  const taps = k.y.kernel * k.x.kernel;
  const blocks = Math.ceil(k.c.total / t.c);
  const rows = taps * k.c.total + (hasBias(k) ? blocks : 0);
  return 4 * k.outer.reduce((n, o) => n * o.total, 1) * k.n.total * rows;
}

/** The packed weights: [outer][n tile][c block]{ [group][ky, kx, c][filters of the group], bias }. */
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
            for (let g0 = n0; g0 < n1; g0 += tn) {
              const g1 = Math.min(n1, g0 + tn);
              for (let ky = 0; ky < k.y.kernel; ky++) {
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
      return new Uint8Array(out.buffer);
    },
  };
}

interface Built {
  readonly nest: Omit<Nest, 'body'>;
  readonly a: Stream;
  readonly w: Stream;
  readonly out: Stream;
  readonly loops: { b: LoopDim; y: LoopDim; x: LoopDim; n: LoopDim; c: LoopDim };
  readonly nramBytes: number;
  readonly wramBytes: number;
}

/** Loops, streams and buffers of a tiling. */
export function buildContraction(k: Contraction, t: Tiling, machine: Machine, packedAddress: number): Built {
  const tn = filtersOf(machine.matrix);
  const taps = k.y.kernel * k.x.kernel;
  const outer = k.outer.map((o, i): LoopDim => ({ name: `o${i}`, total: o.total, tile: 1 }));
  const b: LoopDim = { name: 'b', total: k.b.total, tile: t.b };
  const y: LoopDim = { name: 'y', total: k.y.total, tile: t.y };
  const x: LoopDim = { name: 'x', total: k.x.total, tile: t.x };
  const n: LoopDim = { name: 'n', total: k.n.total, tile: t.n };
  const c: LoopDim = { name: 'c', total: k.c.total, tile: t.c };
  const loops = t.filtersOuter ? [...outer, n, b, y, x, c] : [...outer, b, y, x, n, c];

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
  const blocks = tilesOf(c);
  const rowsOfBlock = taps * t.c + bias;
  const rowsAll = taps * k.c.total + bias * blocks;
  const w: Stream =
    k.weights.kind === 'constant'
      ? {
          name: 'weights',
          space: 'wram',
          type: 'f32',
          address: packedAddress,
          dims: [],
          loops: [...outer, n, c],
          bufferBytes: 4 * rowsOfBlock * t.n,
          linear: {
            elements: (size) => (taps * size(c) + bias) * size(n),
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
              if (typeof nt === 'number') e.addScaled(address, at.index(c), 4 * rowsOfBlock * nt);
              else {
                const ci = at.index(c);
                if (typeof ci !== 'number') {
                  const step = e.register();
                  e.op('muli', { rd: step, ra: ci.register, imm: 4 * rowsOfBlock });
                  e.op('mad', { rd: address, ra: step, rb: nt.register, rc: address });
                  e.release(step);
                }
              }
              return { address, elements: product(e, rows(e, ct, taps, bias), nt) };
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
    loops: { b, y, x, n, c },
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
  const { b, y, x, n, c } = built.loops;
  const cycles = sumOverTiles(built.nest.loops, new Set(), (size) => {
    const reduction = isMerged(k, t) ? [k.x.kernel * t.c, k.y.kernel] : [size(c), k.x.kernel, k.y.kernel];
    const filters = k.weights.kind === 'dynamic' ? t.n : size(n);
    return mmaCycles(machine, [size(x), size(y), size(b)], filters, reduction);
  });
  return predictNest(shapeOfNest(built.nest, cycles), machine);
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
  const taps = k.y.kernel * k.x.kernel;
  const blocks = tilesOf(loops.c);

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
      e.dimension(reduction, 1, k.y.kernel, kyStride);
    } else {
      e.dimension(reduction, 0, at.size(loops.c), 4);
      e.dimension(reduction, 1, k.x.kernel, kxStride);
      e.dimension(reduction, 2, k.y.kernel, kyStride);
    }

    const temporaries: Register[] = [];
    let aAddress: Operand = at.buffer(a);
    const block = at.index(loops.c);
    if (t.wholeDepth && typeof block !== 'number') {
      const r = e.register();
      temporaries.push(r);
      e.set(r, aAddress);
      e.addScaled(r, block, 4 * t.c);
      aAddress = { register: r };
    }
    let bias: Operand = 0;
    if (hasBias(k)) {
      const r = e.register();
      temporaries.push(r);
      const elements = product(e, rows(e, at.size(loops.c), taps, 0), filters);
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
            if (typeof block === 'number') return mma(1, 1);
            const first = e.newLabel();
            const last = e.newLabel();
            const end = e.newLabel();
            e.jump('beq', first, { ra: block.register, rb: 0 });
            e.with(blocks - 1, (r) => e.jump('beq', last, { ra: block.register, rb: r }));
            if (blocks > 2) mma(0, 0);
            e.jump('jmp', end);
            e.place(first);
            mma(1, 0);
            e.jump('jmp', end);
            e.place(last);
            mma(0, 1);
            e.place(end);
          }),
        ),
      ),
    );
    for (const r of temporaries) e.release(r);
  };

  emitNest(e, { ...built.nest, body });
  return built;
}

/** Rows of a weight block: taps · channels (+ 1 for the bias). A register in the answer belongs to the caller. */
function rows(e: Emitter, c: Operand, taps: number, bias: number): Operand {
  if (typeof c === 'number') return taps * c + bias;
  const r = e.register();
  e.op('muli', { rd: r, ra: c.register, imm: taps });
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
