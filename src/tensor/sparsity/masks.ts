/** Which weights stay: masks of 1 (kept) and 0, with an exact number of zeros. Of equal weights the first ones go. */

/** Any weights of a tensor, or two of each four along the reduction, which `mma.sparse` and GPUs multiply at half the work. */
export type MaskPattern = 'magnitude' | '2:4';

const QUAD = 4;

/**
 * Keeps all but the `zeros` weights of the smallest magnitude.
 * @param before an earlier mask, whose zeros are the first to go
 */
export const magnitudeMask = (weights: ArrayLike<number>, zeros: number, before?: Uint8Array): Uint8Array =>
  keepAllBut(magnitudesOf(weights, before), zeros);

const magnitudesOf = (weights: ArrayLike<number>, before?: Uint8Array): Float64Array =>
  Float64Array.from(weights, (w, i) => (before?.[i] === 0 ? -1 : Math.abs(w)));

/** Keeps all but the `zeros` smallest; NaN counts as the largest. */
function keepAllBut(magnitudes: Float64Array, zeros: number): Uint8Array {
  const mask = new Uint8Array(magnitudes.length).fill(1);
  if (zeros === 0) return mask;
  const limit = magnitudes.slice().sort()[zeros - 1]!;
  let left = zeros;
  for (let i = 0; i < mask.length; i++) {
    if (magnitudes[i]! >= limit) continue;
    mask[i] = 0;
    left--;
  }
  for (let i = 0; left > 0; i++) {
    if (magnitudes[i] !== limit) continue;
    mask[i] = 0;
    left--;
  }
  return mask;
}

/**
 * The same with zeros only where two of four become zero: each four weights along axis 1, the inputs of Linear and Conv, at one place of
 * the kernel. With half of all as `zeros` (the default) every four keeps exactly its two largest: N:M sparsity of Mishra et al. 2021,
 * "Accelerating Sparse Deep Neural Networks".
 * @param dims [outputs, inputs (a multiple of four), kernel…]
 */
export function twoOfFourMask(
  weights: ArrayLike<number>,
  dims: readonly number[],
  zeros: number = weights.length / 2,
  before?: Uint8Array,
): Uint8Array {
  const inputs = dims[1]!;
  const kernel = dims.slice(2).reduce((a, b) => a * b, 1);
  const all = magnitudesOf(weights, before);
  // What is among the two larger of its four is kept whatever happens.
  const magnitudes = new Float64Array(all.length).fill(Number.POSITIVE_INFINITY);
  for (let output = 0; output < dims[0]!; output++) {
    for (let first = 0; first < inputs; first += QUAD) {
      for (let place = 0; place < kernel; place++) {
        const at = [0, 1, 2, 3].map((i) => (output * inputs + first + i) * kernel + place);
        const order = at.sort((i, j) => all[i]! - all[j]! || i - j);
        for (const i of order.slice(0, QUAD / 2)) magnitudes[i] = all[i]!;
      }
    }
  }
  return keepAllBut(magnitudes, zeros);
}
