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
 * Operands are pushed in from above row after row, the last one first: before the stream, or, where `shadow` registers have
 * taken them in already, not at all; then those of `next` go into the shadow registers meanwhile.
 */
function streamThrough(held: Matrix, streamed: Matrix, shadow: Matrix | undefined, next: Matrix | undefined) {
  const rows = held.length;
  const columns = held[0]!.length;
  let cycles = 0;
  let weights = shadow ?? grid(rows, columns);
  if (shadow === undefined) {
    for (let i = rows - 1; i >= 0; i--) {
      weights = pushed(weights, held[i]!);
      cycles++;
    }
  }
  let filling = grid(rows, columns);
  let filled = 0;
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
    if (next !== undefined && filled < rows) filling = pushed(filling, next[rows - 1 - filled++]!);
    for (let c = 0; c < columns; c++) {
      const element = t - (rows - 1) - c;
      if (element < 0 || element >= streamed.length) continue;
      sums[element]![c] = down[rows - 1]![c]!;
      left--;
    }
  }
  // Where the stream was too short, the rest of the next operands goes in now.
  for (; next !== undefined && filled < rows; filled++) {
    filling = pushed(filling, next[rows - 1 - filled]!);
    cycles++;
  }
  return { sums, cycles, shadow: next === undefined ? undefined : filling };
}

const pushed = (registers: Matrix, row: readonly number[]): number[][] => [
  [...row],
  ...registers.slice(0, -1).map((r) => [...r]),
];

/** Output-stationary: `a` rows × K enters from the left, `b` K × columns from above; every element keeps its sum. */
function accumulateInPlace(
  a: Matrix,
  b: Matrix,
  rows: number,
  columns: number,
  shiftOut: boolean,
): { sums: Matrix; cycles: number } {
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
  if (!shiftOut) return { sums, cycles };
  // The lowest row falls out, all others move down, until the array is empty.
  const out: number[][] = [];
  for (let inside: number[][] = sums; inside.length > 0; inside = inside.slice(0, -1)) {
    out.unshift(inside.at(-1)!);
    cycles++;
  }
  return { sums: out, cycles };
}

const cut = (extent: number, by: number): { from: number; to: number }[] =>
  Array.from({ length: Math.ceil(extent / by) }, (_, i) => ({ from: i * by, to: Math.min(extent, (i + 1) * by) }));

/** a (P × K) times w (K × N) on an array of rows × columns, fold after fold. */
export function multiplyOnArray(
  dataflow: 'weight-stationary' | 'output-stationary' | 'input-stationary',
  preload: 'exposed' | 'hidden',
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
          preload === 'exposed',
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
  const folds = cut(weights ? filters : a.length, columns).flatMap((column) =>
    cut(depth, rows).map((k) => {
      const inside = (at: number, { to }: { to: number }): boolean => at < to;
      return {
        column,
        stationary: grid(rows, columns).map((row, r) =>
          row.map((_, c) =>
            inside(k.from + r, k) && inside(column.from + c, column) ? held(k.from + r, column.from + c) : 0,
          ),
        ),
        vectors: streamed.map((vector) =>
          Array.from({ length: rows }, (_, r) => (inside(k.from + r, k) ? vector[k.from + r]! : 0)),
        ),
      };
    }),
  );
  let shadow: Matrix | undefined;
  folds.forEach(({ column, stationary, vectors }, i) => {
    const next = preload === 'hidden' ? folds[i + 1]?.stationary : undefined;
    const fold = streamThrough(stationary, vectors, shadow, next);
    shadow = fold.shadow;
    cycles += fold.cycles;
    fold.sums.forEach((sums, element) => {
      for (let c = 0; column.from + c < column.to; c++) {
        const [p, n] = weights ? [element, column.from + c] : [column.from + c, element];
        results[p]![n] = f(results[p]![n]! + sums[c]!);
      }
    });
  });
  return { results, cycles };
}
