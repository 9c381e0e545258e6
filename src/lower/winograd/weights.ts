/**
 * Weights of a Winograd convolution, packed into blocks in the order of use. Block (outer, n tile, c block) holds a matrix for each position,
 * of transformed weights or of the kernels' own nine, [position][group of filters][c][filters of the group], and the biases behind them.
 *
 * A bias is added to the products of position (1, 1) alone: the second column of Aᵀ holds ones (its point is 1), so that
 * Aᵀ (b·e₁ e₁ᵀ) A is b at every output.
 */

import type { ConstantSegment } from '#isa';
import { transformTile, WINOGRAD_KERNEL, WINOGRAD_OUTPUTS, type WinogradTile } from '#isa';
import { filtersOf, type Machine } from '#machine';
import type { Contraction } from '../contraction.ts';
import { hasBias } from '../contractionWeights.ts';
import type { Emitter, Operand } from '../emitter.ts';
import type { LoopDim, Stream } from '../stream.ts';
import type { WinogradTiling } from './build.ts';

const TAPS = WINOGRAD_KERNEL ** 2;

/** Positions on a side of a transformed tile. */
export const sideOf = (tile: WinogradTile): number => WINOGRAD_OUTPUTS[tile] + WINOGRAD_KERNEL - 1;
export const positionsOf = (tile: WinogradTile): number => sideOf(tile) ** 2;
/** The position whose products take the bias. */
export const biasPosition = (tile: WinogradTile): number => sideOf(tile) + 1;

/** Bytes of a matrix of one position, or of one weight of the kernels. */
export const kernelsBytes = (channels: number, filters: number): number => 4 * channels * filters;

type Shape = Pick<WinogradTiling, 'tile' | 'weights'>;

/** Matrices of a block. */
export const matricesOf = ({ tile, weights }: Shape): number => (weights === 'ahead' ? positionsOf(tile) : TAPS);

const biases = (k: Contraction): 0 | 1 => (hasBias(k) ? 1 : 0);

const wordsOf = (k: Contraction, t: Shape, channels: number, filters: number): number =>
  filters * (matricesOf(t) * channels + biases(k));

const blocksOf = (k: Contraction, t: WinogradTiling): number => Math.ceil(k.c.total / t.c);

/** Words of all blocks of so many filters. */
const wordsOfFilters = (k: Contraction, t: WinogradTiling, filters: number): number =>
  filters * (matricesOf(t) * k.c.total + blocksOf(k, t) * biases(k));

/** Of one outer index. */
const wordsOfOuter = (k: Contraction, t: WinogradTiling): number => wordsOfFilters(k, t, k.n.total);

/** DRAM bytes of the packed weights. */
export const winogradBytes = (k: Contraction, t: WinogradTiling): number =>
  4 * k.outer.reduce((n, o) => n * o.total, 1) * wordsOfOuter(k, t);

/** Words of a block of the current tile, biases included, times a factor. A register in the answer belongs to the caller. */
function blockWords(e: Emitter, k: Contraction, t: Shape, channels: Operand, filters: Operand): Operand {
  if (typeof channels === 'number' && typeof filters === 'number') return wordsOf(k, t, channels, filters);
  const r = e.register();
  e.set(r, biases(k));
  e.addScaled(r, channels, matricesOf(t));
  e.with(filters, (rb) => e.op('mul', { rd: r, ra: r, rb }));
  return { register: r };
}

/** The weights as a stream of blocks. */
export function winogradWeights(
  k: Contraction,
  t: WinogradTiling,
  { outer, n, c }: { readonly outer: readonly LoopDim[]; readonly n: LoopDim; readonly c: LoopDim },
  packedAddress: number,
): Stream {
  return {
    name: 'weights',
    space: 'wram',
    type: 'f32',
    address: packedAddress,
    dims: [],
    loops: [...outer, n, c],
    bufferBytes: 4 * wordsOf(k, t, t.c, t.n),
    linear: {
      elements: (size) => wordsOf(k, t, size(c), size(n)),
      emit: (e, at) => {
        const address = e.register();
        e.op('li', { rd: address, imm: packedAddress >>> 0 });
        outer.forEach((o, i) => {
          const inner = k.outer.slice(i + 1).reduce((product, d) => product * d.total, 1);
          e.addScaled(address, at.index(o), 4 * inner * wordsOfOuter(k, t));
        });
        e.addScaled(address, at.index(n), 4 * wordsOfFilters(k, t, t.n));
        const block = at.index(c);
        if (typeof block !== 'number') {
          const before = blockWords(e, k, t, t.c, at.size(n));
          if (typeof before === 'number') e.addScaled(address, block, 4 * before);
          else {
            e.op('muli', { rd: before.register, ra: before.register, imm: 4 });
            e.op('mad', { rd: address, ra: before.register, rb: block.register, rc: address });
            e.release(before.register);
          }
        }
        return { address, elements: blockWords(e, k, t, at.size(c), at.size(n)) };
      },
    },
  };
}

/** The packed weights. */
export function packedWinograd(k: Contraction, t: WinogradTiling, machine: Machine, address: number): ConstantSegment {
  const weights = k.weights;
  if (weights.kind !== 'constant') throw new TypeError('only constant weights are packed');
  const tn = filtersOf(machine.matrix);
  const bytes = winogradBytes(k, t);
  const { stride: s, bias } = weights;
  const three = [0, 1, 2];
  return {
    name: `${k.name}.weights`,
    address,
    bytes,
    data: () => {
      const w = weights.data();
      const out = new Float32Array(bytes / 4);
      /** The numbers of a kernel, position after position. */
      const numbersAt = (base: number): readonly number[] => {
        const lines = three.map((i) => three.map((j) => Number(w[base + i * s.ky + j * s.kx]!)));
        return (t.weights === 'ahead' ? transformTile('weight', t.tile, lines) : lines).flat();
      };
      const outer = k.outer.reduce((product, o) => product * o.total, 1);
      let at = 0;
      for (let o = 0; o < outer; o++) {
        for (let n0 = 0; n0 < k.n.total; n0 += t.n) {
          const filters = Math.min(t.n, k.n.total - n0);
          for (let c0 = 0; c0 < k.c.total; c0 += t.c) {
            const channels = Math.min(t.c, k.c.total - c0);
            for (let g = 0; g < filters; g += tn) {
              const ofGroup = Math.min(tn, filters - g);
              for (let c = 0; c < channels; c++) {
                for (let n = 0; n < ofGroup; n++) {
                  const place = at + g * channels + c * ofGroup + n;
                  const numbers = numbersAt(o * s.o + (n0 + g + n) * s.n + (c0 + c) * s.c);
                  numbers.forEach((v, p) => {
                    out[place + p * channels * filters] = v;
                  });
                }
              }
            }
            at += matricesOf(t) * channels * filters;
            if (bias !== undefined) for (let n = 0; n < filters; n++) out[at++] = bias(o, n0 + n);
          }
        }
      }
      return new Uint8Array(out.buffer);
    },
  };
}
