/**
 * Weights of a contraction: constant ones, packed into the order of use with the biases behind each block, and computed ones, which
 * are loaded by strides.
 */
import type { ConstantSegment } from '#isa';
import { filtersOf, type Machine } from '#machine';
import type { Contraction, Tiling } from './contraction.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import { type LoopDim, type Stream, tilesOf } from './stream.ts';

export const hasBias = (k: Contraction): boolean => k.weights.kind === 'constant' && k.weights.bias !== undefined;

/** Blocks that the reduction is cut into: of channels and of kernel rows. */
export const reductionBlocks = (k: Contraction, t: Tiling): number =>
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

/** The weights as a stream of blocks. @param packedAddress of constant ones */
export function weightStream(
  k: Contraction,
  t: Tiling,
  machine: Machine,
  { outer, n, c, ky }: { readonly outer: readonly LoopDim[] } & Readonly<Record<'n' | 'c' | 'ky', LoopDim>>,
  packedAddress: number,
): Stream {
  const tn = filtersOf(machine.matrix);
  const taps = k.y.kernel * k.x.kernel;
  const bias = hasBias(k) ? 1 : 0;
  const rowsOfBlock = taps * t.c + bias * tilesOf(ky);
  const rowsAll = taps * k.c.total + bias * reductionBlocks(k, t);
  return k.weights.kind === 'constant'
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
        ...k.weights.place,
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
}

/** Taps of a block's kernel rows. A register in the answer belongs to the caller. */
export function tapsOf(e: Emitter, kernelRows: Operand, kernelColumns: number): Operand {
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
export function rows(e: Emitter, c: Operand, taps: Operand, bias: number): Operand {
  if (typeof c === 'number' && typeof taps === 'number') return taps * c + bias;
  const r = e.register();
  e.binary('mul', r, c, taps);
  e.addTo(r, bias);
  return { register: r };
}

/** a · b. Consumes the register of `a`; a register in the answer belongs to the caller. */
export function product(e: Emitter, a: Operand, b: Operand): Operand {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const r = typeof a === 'number' ? e.register() : a.register;
  e.binary('mul', r, a, b);
  return { register: r };
}
