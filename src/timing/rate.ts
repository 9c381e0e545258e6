/** Whole cycles of a transfer at a rational rate. */

/** ⌈bytes ÷ (rate.bytes ÷ rate.cycles)⌉. */
export const cyclesAtRate = (bytes: number, rate: { readonly bytes: number; readonly cycles: number }): number =>
  Math.ceil((bytes * rate.cycles) / rate.bytes);
