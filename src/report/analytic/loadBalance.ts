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

/** How many instructions have each load. */
export type LoadCounts = ReadonlyMap<number, number>;

export function countLoads(loads: Iterable<number>): LoadCounts {
  const counts = new Map<number, number>();
  for (const load of loads) counts.set(load, (counts.get(load) ?? 0) + 1);
  return counts;
}

/** @param loads cycles of each instruction, or how many have each */
export function loadBalance(loads: readonly number[] | LoadCounts): LoadBalance {
  const counts = Array.isArray(loads) ? countLoads(loads) : (loads as LoadCounts);
  let [count, sum, max, min] = [0, 0, 0, Number.POSITIVE_INFINITY];
  for (const [load, times] of counts) {
    count += times;
    sum += load * times;
    max = Math.max(max, load);
    min = Math.min(min, load);
  }
  const mean = count === 0 ? 0 : sum / count;
  return {
    count,
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

/** All of them split so. */
export function splitLoads(loads: LoadCounts, limit: number): LoadCounts {
  const tiles = new Map<number, number>();
  const add = (load: number, times: number): void => {
    if (times > 0) tiles.set(load, (tiles.get(load) ?? 0) + times);
  };
  for (const [load, times] of loads) {
    add(limit, Math.floor(load / limit) * times);
    if (load % limit !== 0) add(load % limit, times);
  }
  return tiles;
}
