/**
 * Rosenblatt's perceptron on Boolean functions, with a proof either way: weights where a line parts the table, and where none does the sum
 * of examples that says so. The rule is deterministic and its weights stay bounded (the perceptron cycling theorem: H. Block and S. Levin,
 * 1970), so on a table that cannot be parted they come back to where they were; what was added between two such moments adds up to zero.
 */

/** Labels of all inputs, 0 and 1; row i has the inputs' bits, most significant first. */
export type TruthTable = readonly number[];

export const inputsOf = (table: TruthTable): readonly (readonly number[])[] => {
  const count = Math.log2(table.length);
  return table.map((_, row) => Array.from({ length: count }, (_, i) => (row >> (count - 1 - i)) & 1));
};

export interface Perceptron {
  readonly w: readonly number[];
  readonly b: number;
}

/** 1 where w·x + b ≥ 0. */
export const answer = ({ w, b }: Perceptron, x: readonly number[]): number =>
  w.reduce((sum, v, i) => sum + v * x[i]!, b) >= 0 ? 1 : 0;

export type Judged =
  | { readonly separable: true; readonly perceptron: Perceptron; readonly epoch: number }
  | {
      readonly separable: false;
      /** How often each row counts in a sum Σ λ·t·(x, 1) = 0, t being −1 or 1: no line has all of them on their sides. */
      readonly certificate: readonly number[];
      readonly epoch: number;
    };

/** The rule from zero, rows in order, each mistake corrected at once; `epoch` is the first without errors, or the one that came back. */
export function judge(table: TruthTable): Judged {
  const inputs = inputsOf(table);
  let weights: number[] = inputs[0]!.map(() => 0);
  let bias = 0;
  const counts = table.map(() => 0);
  const seen = new Map<string, readonly number[]>();
  for (let epoch = 1; ; epoch++) {
    const before = seen.get(`${weights},${bias}`);
    if (before !== undefined) {
      return { separable: false, certificate: counts.map((n, row) => n - before[row]!), epoch };
    }
    seen.set(`${weights},${bias}`, [...counts]);
    let errors = 0;
    for (const [row, x] of inputs.entries()) {
      const wrong = table[row]! - answer({ w: weights, b: bias }, x);
      if (wrong === 0) continue;
      errors++;
      counts[row]!++;
      weights = weights.map((w, i) => w + wrong * x[i]!);
      bias += wrong;
    }
    if (errors === 0) return { separable: true, perceptron: { w: weights, b: bias }, epoch };
  }
}

/** Whether what was found proves what it says. */
export function proves(table: TruthTable, found: Judged): boolean {
  const inputs = inputsOf(table);
  if (found.separable) return inputs.every((x, row) => answer(found.perceptron, x) === table[row]);
  const { certificate } = found;
  const sums = [...inputs[0]!.map((_, i) => (x: readonly number[]) => x[i]!), () => 1].map((at) =>
    inputs.reduce((sum, x, row) => sum + certificate[row]! * (table[row] === 1 ? 1 : -1) * at(x), 0),
  );
  // A row with label 0 must be strictly on its side, so that at least one of them has to count.
  return (
    certificate.every((n) => n >= 0) &&
    sums.every((sum) => sum === 0) &&
    certificate.some((n, row) => n > 0 && table[row] === 0)
  );
}

export const tables = (inputs: number): readonly TruthTable[] =>
  Array.from({ length: 2 ** (2 ** inputs) }, (_, f) => Array.from({ length: 2 ** inputs }, (_, row) => (f >> row) & 1));

/** The most rows that any perceptron has right: the table of all that are separable that differs least. */
export function bestScore(table: TruthTable): number {
  const separable = tables(Math.log2(table.length)).filter((other) => judge(other).separable);
  return Math.max(...separable.map((other) => other.filter((label, row) => label === table[row]).length));
}
