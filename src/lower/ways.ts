/** The ways to do a contraction on the matrix unit: in the forms that its weights may have, and by im2col. */
import type { Machine } from '#machine';
import type { Contraction } from './contraction.ts';
import { leastOfUnfolded, mayGain } from './im2col/leastTime.ts';
import { byIm2col, UNFOLDERS, type Unfold } from './im2col/unfold.ts';
import type { Planner } from './planner.ts';
import { inForm, type SparseWeights } from './sparse/forms.ts';

/** A way: the form of the weights, or what unfolds the windows. */
export type Way = { readonly form: SparseWeights | undefined } | { readonly by: Unfold['by'] };

/** The contraction that is lowered in the place of the given one; undefined where it cannot be had so. */
export const inWay = (k: Contraction, way: Way, machine: Machine): Contraction | undefined =>
  'by' in way ? byIm2col(k, way.by, machine) : inForm(k, way.form);

/**
 * Of the first of these lists in which one fits the fastest is to be taken.
 * @param isSettled whether it is settled that the weights are dense
 */
export function waysOf(p: Planner, k: Contraction, isSettled: boolean): readonly (readonly Way[])[] {
  const forms = (isSettled ? [undefined] : p.weightForms(k)).map((form): Way => ({ form }));
  const unfolding = UNFOLDERS.map((by): Way => ({ by }));
  switch (p.convolution) {
    case 'direct':
      return [forms];
    case 'im2col':
      return [unfolding, forms];
    case 'auto':
      return [[...forms, ...unfolding]];
  }
}

/** Whether im2col may be faster than what takes so many cycles, so that it must be predicted. @param k in one of its ways */
export const isWorthPredicting = (k: Contraction, cycles: number, machine: Machine): boolean =>
  k.unfold === undefined || cycles === Number.POSITIVE_INFINITY || mayGain(leastOfUnfolded(k, machine), cycles);

/** What is predicted of im2col counts for so much more: it must save more than the few per cent to which time with banks of DRAM is known. */
export const doubtOf = ({ unfold }: Contraction, { dram }: Machine): number =>
  unfold !== undefined && dram.banked !== undefined ? 1.05 : 1;
