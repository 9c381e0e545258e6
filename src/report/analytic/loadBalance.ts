/** How evenly work is spread over instructions, before and after splitting them (exercise 6.7 of *AI Computing Systems*). */

export interface LoadBalance {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  /** 1: all alike. null where there is no work. */
  readonly maxOverMean: number | null;
  /** null where an instruction has no work. */
  readonly maxOverMin: number | null;
}

/** @param loads cycles of each instruction */
export function loadBalance(loads: readonly number[]): LoadBalance {
  const sum = loads.reduce((n, load) => n + load, 0);
  const [max, min] = loads.reduce(
    ([most, least], load) => [Math.max(most, load), Math.min(least, load)],
    [0, Infinity],
  ) as [number, number];
  const mean = loads.length === 0 ? 0 : sum / loads.length;
  return {
    count: loads.length,
    mean,
    max,
    maxOverMean: sum === 0 ? null : max / mean,
    maxOverMin: sum === 0 || min === 0 ? null : max / min,
  };
}

/** An instruction as a sequence of tiles of `limit` cycles, of which the last is what remains. */
export function splitLoad(load: number, limit: number): number[] {
  const tiles = new Array<number>(Math.floor(load / limit)).fill(limit);
  return load % limit === 0 ? tiles : [...tiles, load % limit];
}
