/**
 * How far a Winograd convolution can be from the exact one. Every number on the way is a sum of products over its operands, so with n
 * roundings on the longest way an output's error is at most n·u/(1 − n·u), u = 2⁻²⁴, of the same sums over absolute values,
 * |Aᵀ|[Σ_c (|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)]|A| (Higham, Accuracy and Stability of Numerical Algorithms, 2002, lemma 3.1). With |d| ≤ 1 these are
 * known from the weights: the sums over channels are linear in |g|, so that the kernels of a filter count as one.
 */
import type { WinogradPlan, WinogradTile } from '#isa';
import { lanesOf, type Machine, unitFor } from '#machine';
import type { Contraction } from '../contraction.ts';
import { hasBias } from '../contractionWeights.ts';
import type { WinogradTiling } from './build.ts';

type Matrix = readonly (readonly number[])[];

interface Magnitudes {
  /** Absolute values of Bᵀ, G, Aᵀ (Lavin and Gray, section 4), and roundings on the longest way through a line. */
  readonly b: Matrix;
  readonly g: Matrix;
  readonly a: Matrix;
  readonly roundings: number;
}

const [SIXTH, TWELFTH, TWENTY_FOURTH] = [1 / 6, 1 / 12, 1 / 24];

const MAGNITUDES: Readonly<Record<WinogradTile, Magnitudes>> = {
  f2: {
    b: [
      [1, 0, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 0, 1],
    ],
    g: [
      [1, 0, 0],
      [0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5],
      [0, 0, 1],
    ],
    a: [
      [1, 1, 1, 0],
      [0, 1, 1, 1],
    ],
    roundings: 1 + 2 + 2,
  },
  f4: {
    b: [
      [4, 0, 5, 0, 1, 0],
      [0, 4, 4, 1, 1, 0],
      [0, 4, 4, 1, 1, 0],
      [0, 2, 1, 2, 1, 0],
      [0, 2, 1, 2, 1, 0],
      [0, 4, 0, 5, 0, 1],
    ],
    g: [
      [0.25, 0, 0],
      [SIXTH, SIXTH, SIXTH],
      [SIXTH, SIXTH, SIXTH],
      [TWENTY_FOURTH, TWELFTH, SIXTH],
      [TWENTY_FOURTH, TWELFTH, SIXTH],
      [0, 0, 1],
    ],
    a: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, 1, 2, 2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, 1, 8, 8, 1],
    ],
    roundings: 3 + 4 + 3,
  },
};

const times = (p: Matrix, q: Matrix): number[][] =>
  p.map((row) => q[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * q[k]![j]!, 0)));
const turned = (p: Matrix): number[][] => p[0]!.map((_, j) => p.map((row) => row[j]!));
/** t p tᵀ. */
const around = (t: Matrix, p: Matrix): number[][] => times(times(t, p), turned(t));

/** Roundings of the sum over channels, its products and bias included: a tree and an addition for each chunk, or a chain. */
function roundingsOfSum(k: Contraction, t: WinogradTiling, machine: Machine): number {
  const unit = unitFor(machine.matrix, 'f32');
  const ti = lanesOf(unit);
  const chunks = Math.floor(k.c.total / t.c) * Math.ceil(t.c / ti) + Math.ceil((k.c.total % t.c) / ti);
  const sum = unit.kind === 'dot' ? Math.ceil(Math.log2(ti)) + chunks : k.c.total + chunks;
  return 1 + sum + (hasBias(k) ? 1 : 0);
}

/** What a layer's plan says of its algorithm. Reads the weights once. */
export function winogradPlan(k: Contraction, t: WinogradTiling, machine: Machine): WinogradPlan {
  const weights = k.weights;
  if (weights.kind !== 'constant') throw new TypeError('only constant weights are transformed');
  const { a, b, g, roundings: ofLine } = MAGNITUDES[t.tile];
  const roundings = 2 * ofLine + roundingsOfSum(k, t, machine);
  const n = roundings * 2 ** -24;
  const w = weights.data();
  const { stride: s } = weights;
  const three = [0, 1, 2];
  const input = around(
    b,
    b.map(() => b.map(() => 1)),
  );
  let [most, reach] = [0, 0];
  const outer = k.outer.reduce((product, o) => product * o.total, 1);
  for (let o = 0; o < outer; o++) {
    for (let filter = 0; filter < k.n.total; filter++) {
      const sums = three.map(() => [0, 0, 0]);
      for (let c = 0; c < k.c.total; c++) {
        const base = o * s.o + filter * s.n + c * s.c;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) sums[i]![j]! += Math.abs(Number(w[base + i * s.ky + j * s.kx]!));
      }
      reach = Math.max(
        reach,
        sums.flat().reduce((x, y) => x + y, 0),
      );
      const products = around(g, sums).map((row, i) => row.map((v, j) => v * input[i]![j]!));
      if (hasBias(k)) products[1]![1]! += Math.abs(weights.bias!(o, filter));
      most = Math.max(most, ...around(a, products).flat());
    }
  }
  return { tile: t.tile, weights: t.weights, roundings, error: (n / (1 - n)) * most, reach };
}
