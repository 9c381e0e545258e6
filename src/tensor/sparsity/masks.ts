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

function magnitudesOf(weights: ArrayLike<number>, before?: Uint8Array): Float64Array {
  const out = new Float64Array(weights.length);
  // NaN is the largest: it must stay to be seen.
  for (let i = 0; i < out.length; i++) {
    const magnitude = Math.abs(weights[i]!);
    out[i] = before?.[i] === 0 ? -1 : Number.isNaN(magnitude) ? Number.POSITIVE_INFINITY : magnitude;
  }
  return out;
}

/** Keeps all but the `zeros` smallest. */
function keepAllBut(magnitudes: Float64Array, zeros: number): Uint8Array {
  const mask = new Uint8Array(magnitudes.length).fill(1);
  if (zeros === 0) return mask;
  const limit = nthSmallest(magnitudes.slice(), zeros - 1);
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

/** The n-th smallest, by Hoare's quickselect (1961): sorting would take as long as dozens of training steps. Reorders `values`. */
function nthSmallest(values: Float64Array, n: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >>> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const moved = values[i]!;
      values[i++] = values[j]!;
      values[j--] = moved;
    }
    if (n <= j) high = j;
    else if (n >= i) low = i;
    else break;
  }
  return values[n]!;
}

export interface TwoOfFourOptions {
  /** Half of all by default: then every four keeps exactly its two largest. */
  readonly zeros?: number;
  /** The axis that products sum over, of a multiple of four: 1 by default, the inputs of Linear and Conv. */
  readonly axis?: number;
  /** An earlier mask, whose zeros are the first to go. */
  readonly before?: Uint8Array;
}

/**
 * The same with zeros only where two of four become zero: each four weights along the reduction, at one place of all other axes. N:M
 * sparsity of Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks".
 */
export function twoOfFourMask(
  weights: ArrayLike<number>,
  dims: readonly number[],
  { zeros = weights.length / 2, axis = 1, before }: TwoOfFourOptions = {},
): Uint8Array {
  const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const all = magnitudesOf(weights, before);
  // What is among the two larger of its four is kept whatever happens.
  const magnitudes = new Float64Array(all.length).fill(Number.POSITIVE_INFINITY);
  for (let first = 0; first < all.length; first += QUAD * stride) {
    for (let start = first; start < first + stride; start++) {
      for (let i = 0; i < QUAD; i++) {
        const own = all[start + i * stride]!;
        let smaller = 0;
        for (let j = 0; j < QUAD; j++) {
          const other = all[start + j * stride]!;
          if (other < own || (other === own && j < i)) smaller++;
        }
        if (smaller < QUAD / 2) magnitudes[start + i * stride] = own;
      }
    }
  }
  return keepAllBut(magnitudes, zeros);
}
