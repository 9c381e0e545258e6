/** The 4-bit full adder of exercises 2.11 and 2.12 as data: a3 … a0, b3 … b0 and the carry in, s4 … s0 out, most significant bit first. */
import { Random } from 'systole/base';

export const INPUTS = 9;
export const OUTPUTS = 5;
export const ROWS = 512;
/** 70 % of the rows. */
export const TRAINED = 358;

export interface Rows {
  readonly count: number;
  /** [count, 9] of 0 and 1. */
  readonly inputs: Float64Array<ArrayBuffer>;
  /** [count, 5]. */
  readonly sums: Float64Array<ArrayBuffer>;
}

const bits = (value: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (value >> (count - 1 - i)) & 1);

/** Rows by their numbers, which are the input's bits read as one. */
export function rowsOf(numbers: readonly number[]): Rows {
  return {
    count: numbers.length,
    inputs: Float64Array.from(numbers.flatMap((row) => bits(row, INPUTS))),
    sums: Float64Array.from(numbers.flatMap((row) => bits((row >> 5) + ((row >> 1) & 15) + (row & 1), OUTPUTS))),
  };
}

export const all = (): Rows => rowsOf(Array.from({ length: ROWS }, (_, i) => i));

/** The table in two parts, by a seed. */
export function split(seed: number): { readonly train: Rows; readonly test: Rows } {
  const order = shuffled(ROWS, new Random(seed));
  return { train: rowsOf(order.slice(0, TRAINED)), test: rowsOf(order.slice(TRAINED)) };
}

/** 0 … count − 1 in random order (Fisher and Yates). */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** How many rows have all five bits right, a bit being 1 where its output is above `threshold`. */
export function exactRows(outputs: ArrayLike<number>, { count, sums }: Rows, threshold: number): number {
  let exact = 0;
  for (let row = 0; row < count; row++) {
    let right = true;
    for (let i = row * OUTPUTS; i < (row + 1) * OUTPUTS; i++) right &&= (outputs[i]! > threshold ? 1 : 0) === sums[i];
    if (right) exact++;
  }
  return exact;
}
