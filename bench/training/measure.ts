/**
 * What the parts of the training benchmark measure with: rounds of ours and a peer's by turns, so that a load on the machine falls on
 * both. A ratio is taken within each round; the median of the rounds is shown. Bars are held by the clock; processor time stands beside
 * it, since on a busy machine it is what remains comparable (a contender of two threads waits for both cores).
 */

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** A contender runs so many steps and waits for the last result. */
export interface Contender {
  readonly steps: number;
  run(steps: number): Promise<void>;
}

interface Cost {
  /** Milliseconds a step by the clock, and of all threads' processor time. */
  readonly wall: number;
  readonly cpu: number;
}

export async function timed({ run, steps }: Contender): Promise<Cost> {
  const before = process.cpuUsage();
  const start = performance.now();
  await run(steps);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { wall: wall / steps, cpu: (user + system) / 1e3 / steps };
}

export interface Comparison {
  /** Medians, in milliseconds a step. */
  readonly ours: Cost;
  readonly theirs: Cost;
  /** Medians over the rounds of theirs ÷ ours: how many times faster we are. */
  readonly speedup: Cost;
  /** The least and the most of the rounds, by the clock. */
  readonly range: readonly [number, number];
}

/** Rounds by turns, the order reversed in every other one; a round before them is not counted. */
export async function compare(ours: Contender, theirs: Contender, rounds: number): Promise<Comparison> {
  const pairs: { readonly ours: Cost; readonly theirs: Cost }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const oursFirst = round % 2 === 0;
    const a = await timed(oursFirst ? ours : theirs);
    const b = await timed(oursFirst ? theirs : ours);
    if (round > 0) pairs.push(oursFirst ? { ours: a, theirs: b } : { ours: b, theirs: a });
  }
  const medians = (of: (pair: (typeof pairs)[number], clock: keyof Cost) => number): Cost => ({
    wall: median(pairs.map((p) => of(p, 'wall'))),
    cpu: median(pairs.map((p) => of(p, 'cpu'))),
  });
  const ratios = pairs.map((p) => p.theirs.wall / p.ours.wall);
  return {
    ours: medians((p, clock) => p.ours[clock]),
    theirs: medians((p, clock) => p.theirs[clock]),
    speedup: medians((p, clock) => p.theirs[clock] / p.ours[clock]),
    range: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** A bar, or none: then the figure is only shown. */
export interface Bar {
  readonly most?: number;
  readonly least?: number;
  readonly unit: string;
}

/** One line: what, its value, and the bar it is held to. */
export function judge(what: string, value: number, { most, least, unit }: Bar): void {
  const limit = most !== undefined ? ` (bar ≤ ${most})` : least !== undefined ? ` (bar ≥ ${least})` : '';
  const holds = (most === undefined || value <= most) && (least === undefined || value >= least);
  const mark = limit === '' ? '' : holds ? 'ok' : 'MISSED';
  console.log(`${mark.padEnd(6)} ${what.padEnd(60)} ${value.toFixed(2).padStart(9)} ${unit}${limit}`);
}
