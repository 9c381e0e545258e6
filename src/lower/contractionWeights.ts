/**
 * Weights of a contraction: constant ones, packed into the order of use with the parameters of the drain path (biases, then scales)
 * behind each block, and computed ones, which are loaded by strides. A block is a whole number of words, in which it is loaded, and
 * its parameters begin with a word.
 */
import { internalError } from '#base';
import type { ConstantSegment } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { type Contraction, type Tiling, typesOfContraction, widthsOf } from './contraction.ts';
import type { Elements } from './elementTypes.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import type { LoopDim, Stream } from './stream.ts';

export const hasBias = (k: Contraction): boolean => k.weights.kind === 'constant' && k.weights.bias !== undefined;

/** Words behind a block for each filter: its bias and its scale. */
export const parametersOf = (k: Contraction): number =>
  (hasBias(k) ? 1 : 0) + (k.quantisation?.scale === undefined ? 0 : 1);

/** Blocks that the reduction is cut into: of channels and of kernel rows. */
export const reductionBlocks = (k: Contraction, t: Tiling): number =>
  Math.ceil(k.c.total / t.c) * Math.ceil(k.y.kernel / t.ky);

/** Words of a block of weights, without parameters. */
export const wordsOf = (k: Pick<Contraction, 'types'>, reduction: number, filters: number): number =>
  Math.ceil((widthsOf(k).w * reduction * filters) / 4);

/** Sizes of the tiles of a loop. */
const sizesOf = (total: number, tile: number): number[] =>
  Array.from({ length: Math.ceil(total / tile) }, (_, i) => Math.min(tile, total - i * tile));

/** Words of all blocks of some filters that have channels of these sizes, parameters included. */
function wordsOfBlocks(k: Contraction, t: Tiling, channels: readonly number[], filters: number): number {
  let words = 0;
  for (const c of channels)
    for (const ky of sizesOf(k.y.kernel, t.ky))
      words += wordsOf(k, ky * k.x.kernel * c, filters) + parametersOf(k) * filters;
  return words;
}

/** Words of the packed weights of one outer index. */
const wordsOfOuter = (k: Contraction, t: Tiling): number =>
  sizesOf(k.n.total, t.n).reduce((sum, n) => sum + wordsOfBlocks(k, t, sizesOf(k.c.total, t.c), n), 0);

/** DRAM bytes of the packed weights (parameters included, once per reduction block). */
export const packedBytes = (k: Contraction, t: Tiling): number =>
  4 * k.outer.reduce((n, o) => n * o.total, 1) * wordsOfOuter(k, t);

/** The packed weights: [outer][n tile][c block][ky block]{ [group][ky, kx, c][filters of the group], biases, scales }. */
export function packedWeights(k: Contraction, t: Tiling, machine: Machine, address: number): ConstantSegment {
  const weights = k.weights;
  if (weights.kind !== 'constant') throw new TypeError('only constant weights are packed');
  const { a: type, w: weightType } = typesOfContraction(k);
  const tn = filtersOf(machine.matrix, type);
  const bytes = packedBytes(k, t);
  return {
    name: `${k.name}.weights`,
    address,
    bytes,
    data: () => {
      const room = new ArrayBuffer(bytes);
      const w = weights.data();
      const out = new (w.constructor as new (buffer: ArrayBuffer) => Elements)(room);
      const words = new DataView(room);
      const width = out.BYTES_PER_ELEMENT;
      const s = weights.stride;
      const outer = k.outer.reduce((n, o) => n * o.total, 1);
      let at = 0;
      /** Ends the block's elements at a word. */
      const toWord = (): number => {
        const word = Math.ceil((at * width) / 4);
        at = (4 * word) / width;
        return word;
      };
      const isFloat = weightType === 'f32' || weightType === 'f16' || weightType === 'bf16';
      const parameter = (n0: number, n1: number, float: boolean, of: (n: number) => number): void => {
        const word = toWord();
        for (let n = n0; n < n1; n++) {
          const place = 4 * (word + n - n0);
          if (float) words.setFloat32(place, of(n), true);
          else words.setInt32(place, of(n), true);
        }
        at += ((n1 - n0) * 4) / width;
      };
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
              toWord();
              const { bias } = weights;
              if (bias !== undefined) parameter(n0, n1, isFloat, (n) => bias(o, n));
              const scale = k.quantisation?.scale;
              if (scale !== undefined) parameter(n0, n1, true, (n) => scale(o, n));
            }
          }
        }
      }
      return new Uint8Array(room);
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
  const types = typesOfContraction(k);
  const tn = filtersOf(machine.matrix, types.a);
  const parameters = parametersOf(k);
  return k.weights.kind === 'constant'
    ? {
        name: 'weights',
        space: 'wram',
        // Whole words, whatever they hold.
        type: 'f32',
        address: packedAddress,
        dims: [],
        loops: [...outer, n, c, ky],
        bufferBytes: 4 * (wordsOf(k, t.ky * k.x.kernel * t.c, t.n) + parameters * t.n),
        linear: {
          elements: (size) => wordsOf(k, size(ky) * k.x.kernel * size(c), size(n)) + parameters * size(n),
          emit: (e, at) => {
            const address = e.register();
            e.op('li', { rd: address, imm: packedAddress >>> 0 });
            outer.forEach((o, i) => {
              const inner = k.outer.slice(i + 1).reduce((m, d) => m * d.total, 1);
              e.addScaled(address, at.index(o), 4 * inner * wordsOfOuter(k, t));
            });
            const filters = sizesOf(k.n.total, t.n)[0]!;
            e.addScaled(address, at.index(n), 4 * wordsOfBlocks(k, t, sizesOf(k.c.total, t.c), filters));
            const nt = at.size(n);
            const rowsOf = sizesOf(k.y.kernel, t.ky);
            // All rows of a channel block, then those rows of kernels that come before within the block.
            addBlocks(e, address, at.index(c), () =>
              sumOf(
                e,
                [...new Set(rowsOf)].map((size): [number, () => Operand] => [
                  rowsOf.filter((s) => s === size).length,
                  () => blockWords(e, k, [size * k.x.kernel, t.c, nt], parameters),
                ]),
              ),
            );
            addBlocks(e, address, at.index(ky), () =>
              blockWords(e, k, [t.ky * k.x.kernel, at.size(c), nt], parameters),
            );
            const taps = tapsOf(e, at.size(ky), k.x.kernel);
            const elements = blockWords(e, k, [taps, at.size(c), nt], parameters);
            if (typeof taps !== 'number') e.release(taps.register);
            return { address, elements };
          },
        },
      }
    : {
        name: 'weights',
        space: 'wram',
        type: types.w,
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

/** Words of a block of taps × channels × filters. A register in the answer belongs to the caller. */
export function weightWords(e: Emitter, k: Contraction, sizes: readonly [Operand, Operand, Operand]): Operand {
  const [taps, channels, filters] = sizes;
  const known = sizes.filter((s) => typeof s === 'number').reduce((n, s) => n * s, 1);
  const open = [taps, channels, filters].filter((s) => typeof s !== 'number');
  if (open.length === 0) return wordsOf(k, known, 1);
  const r = e.register();
  e.set(r, open[0]!);
  for (const factor of open.slice(1)) e.op('mul', { rd: r, ra: r, rb: factor.register });
  const width = widthsOf(k).w;
  if (width === 4 || (width * known) % 4 === 0) {
    const words = (width * known) / 4;
    if (words !== 1) e.op('muli', { rd: r, ra: r, imm: words });
    return { register: r };
  }
  // ⌈bytes ÷ 4⌉
  if (width * known !== 1) e.op('muli', { rd: r, ra: r, imm: width * known });
  e.addTo(r, 3);
  e.with(2, (rb) => e.op('sra', { rd: r, ra: r, rb }));
  return { register: r };
}

/** Words of a block, parameters included. A register in the answer belongs to the caller. */
function blockWords(
  e: Emitter,
  k: Contraction,
  sizes: readonly [Operand, Operand, Operand],
  parameters: number,
): Operand {
  const words = weightWords(e, k, sizes);
  const [, , filters] = sizes;
  if (parameters === 0) return words;
  if (typeof words === 'number') {
    if (typeof filters === 'number') return words + parameters * filters;
    throw internalError({ what: 'words of a block are known, and its filters are not' });
  }
  e.addScaled(words.register, filters, parameters);
  return words;
}

/** Σ times · words. A register in the answer belongs to the caller. */
function sumOf(e: Emitter, terms: readonly (readonly [times: number, words: () => Operand])[]): Operand {
  let known = 0;
  let sum: Register | undefined;
  for (const [times, words] of terms) {
    const w = words();
    if (typeof w === 'number') known += times * w;
    else if (sum === undefined) {
      if (times !== 1) e.op('muli', { rd: w.register, ra: w.register, imm: times });
      sum = w.register;
    } else {
      e.addScaled(sum, w, times);
      e.release(w.register);
    }
  }
  if (sum === undefined) return known;
  e.addTo(sum, known);
  return { register: sum };
}

/** address += index · 4 · words: over so many blocks of packed weights. */
function addBlocks(e: Emitter, address: Register, index: Operand, wordsOfBlock: () => Operand): void {
  if (typeof index === 'number') return;
  const words = wordsOfBlock();
  if (typeof words === 'number') return e.addScaled(address, index, 4 * words);
  const step = words.register;
  e.op('muli', { rd: step, ra: step, imm: 4 });
  e.op('mad', { rd: address, ra: step, rb: index.register, rc: address });
  e.release(step);
}
