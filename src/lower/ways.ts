/** The ways to do a contraction on the matrix unit: in the forms that its weights may have, and by im2col. */
import type { Machine } from '#machine';
import type { Contraction } from './contraction.ts';
import { byIm2col, UNFOLDERS } from './im2col/unfold.ts';
import type { Planner } from './planner.ts';
import { inForm } from './sparse/forms.ts';

/** Makes of a contraction the one that is lowered. */
export type Way = (k: Contraction) => Contraction;

/** Of the first of these lists in which one fits the fastest is to be taken. */
export function waysOf(p: Planner, k: Contraction): readonly (readonly Way[])[] {
  const forms = p.weightForms(k).map(
    (form): Way =>
      (k) =>
        inForm(k, form),
  );
  const isAsked = p.convolution === 'im2col';
  if (p.convolution === 'direct') return [forms];
  // Asked for again when it is known where the activations lie: they may have stayed in NRAM.
  const unfolding = UNFOLDERS.filter((by) => byIm2col(k, by, p.machine, isAsked) !== undefined).map(
    (by): Way =>
      (k) =>
        byIm2col(k, by, p.machine, isAsked) ?? k,
  );
  return isAsked ? [unfolding, forms] : [[...forms, ...unfolding]];
}

/** What is predicted of im2col counts for so much more: it must save more than the few per cent to which time with banks of DRAM is known. */
export const doubtOf = ({ unfold }: Contraction, { dram }: Machine): number =>
  unfold !== undefined && dram.banked !== undefined ? 1.05 : 1;
