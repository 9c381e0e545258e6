/**
 * A systolic array register by register: every processing element multiplies, adds and hands on what it holds, once a cycle.
 * Written from the wiring alone, it shares nothing with the costs of `timing` and the kernels of `sim`, which must agree with it.
 */
const f = Math.fround;

export interface ArrayRun {
  /** Result of each row and column of the product. */
  readonly results: readonly (readonly number[])[];
  readonly cycles: number;
}

type Matrix = readonly (readonly number[])[];

const grid = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => new Array<number>(columns).fill(0));

/**
 * Stationary operand `held` (rows × columns, zeros where there is nothing); each element of `streamed` is a vector of `rows`
 * values that enters at the left, one row a cycle later than the row above. Sums run down; returned is what falls out below.
 */
function streamThrough(held: Matrix, streamed: Matrix): { readonly sums: Matrix; readonly cycles: number } {
  const rows = held.length;
  const columns = held[0]!.length;
  let cycles = 0;
  // Row after row is pushed in from above, the last one first.
  let weights = grid(rows, columns);
  for (let i = rows - 1; i >= 0; i--) {
    weights = [[...held[i]!], ...weights.slice(0, -1)];
    cycles++;
  }
  let right = grid(rows, columns);
  let down = grid(rows, columns);
  const sums = streamed.map(() => new Array<number>(columns).fill(Number.NaN));
  let left = streamed.length * columns;
  for (let t = 0; left > 0; t++) {
    const nextRight = grid(rows, columns);
    const nextDown = grid(rows, columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        nextRight[r]![c] = c > 0 ? right[r]![c - 1]! : (streamed[t - r]?.[r] ?? 0);
        const above = r > 0 ? down[r - 1]![c]! : 0;
        nextDown[r]![c] = f(above + f(nextRight[r]![c]! * weights[r]![c]!));
      }
    }
    right = nextRight;
    down = nextDown;
    cycles++;
    for (let c = 0; c < columns; c++) {
      const element = t - (rows - 1) - c;
      if (element < 0 || element >= streamed.length) continue;
      sums[element]![c] = down[rows - 1]![c]!;
      left--;
    }
  }
  return { sums, cycles };
}

/** Output-stationary: `a` rows × K enters from the left, `b` K × columns from above; every element keeps its sum. */
function accumulateInPlace(a: Matrix, b: Matrix, rows: number, columns: number): { sums: Matrix; cycles: number } {
  const depth = b.length;
  const sums = grid(rows, columns);
  let right = grid(rows, columns);
  let down = grid(rows, columns);
  let cycles = 0;
  let left = rows * columns * depth;
  for (let t = 0; left > 0; t++) {
    const nextRight = grid(rows, columns);
    const nextDown = grid(rows, columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        nextRight[r]![c] = c > 0 ? right[r]![c - 1]! : (a[r]?.[t - r] ?? 0);
        nextDown[r]![c] = r > 0 ? down[r - 1]![c]! : (b[t - c]?.[c] ?? 0);
        const k = t - r - c;
        if (k < 0 || k >= depth) continue;
        sums[r]![c] = f(sums[r]![c]! + f(nextRight[r]![c]! * nextDown[r]![c]!));
        left--;
      }
    }
    right = nextRight;
    down = nextDown;
    cycles++;
  }
  return { sums, cycles };
}

const cut = (extent: number, by: number): { from: number; to: number }[] =>
  Array.from({ length: Math.ceil(extent / by) }, (_, i) => ({ from: i * by, to: Math.min(extent, (i + 1) * by) }));

/** a (P × K) times w (K × N) on an array of rows × columns; fold after fold, nothing hidden. */
export function multiplyOnArray(
  dataflow: 'weight-stationary' | 'output-stationary' | 'input-stationary',
  rows: number,
  columns: number,
  a: Matrix,
  w: Matrix,
): ArrayRun {
  const depth = w.length;
  const filters = w[0]!.length;
  const results = grid(a.length, filters);
  let cycles = 0;
  if (dataflow === 'output-stationary') {
    for (const p of cut(a.length, rows)) {
      for (const n of cut(filters, columns)) {
        const fold = accumulateInPlace(
          a.slice(p.from, p.to),
          w.map((row) => row.slice(n.from, n.to)),
          rows,
          columns,
        );
        cycles += fold.cycles;
        for (let i = p.from; i < p.to; i++) {
          for (let j = n.from; j < n.to; j++) results[i]![j] = fold.sums[i - p.from]![j - n.from]!;
        }
      }
    }
    return { results, cycles };
  }
  const weights = dataflow === 'weight-stationary';
  // Held is K × columns, streamed one vector of K for each pixel or filter.
  const held = (k: number, column: number): number => (weights ? w[k]?.[column] : a[column]?.[k]) ?? 0;
  const streamed = weights ? a : w[0]!.map((_, n) => w.map((row) => row[n]!));
  for (const column of cut(weights ? filters : a.length, columns)) {
    for (const k of cut(depth, rows)) {
      const inside = (i: number, { from, to }: { from: number; to: number }): boolean => from + i < to;
      const stationary = grid(rows, columns).map((row, r) =>
        row.map((_, c) => (inside(r, k) && inside(c, column) ? held(k.from + r, column.from + c) : 0)),
      );
      const vectors = streamed.map((vector) =>
        Array.from({ length: rows }, (_, r) => (inside(r, k) ? vector[k.from + r]! : 0)),
      );
      const fold = streamThrough(stationary, vectors);
      cycles += fold.cycles;
      fold.sums.forEach((sums, i) => {
        for (let c = 0; column.from + c < column.to; c++) {
          const [p, n] = weights ? [i, column.from + c] : [column.from + c, i];
          results[p]![n] = f(results[p]![n]! + sums[c]!);
        }
      });
    }
  }
  return { results, cycles };
}
