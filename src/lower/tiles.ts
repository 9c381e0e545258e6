/** Sizes that tile searches try, and what a tile counts. */

/** Between tilings of equal time the one with fewer tiles wins: a tile must save this much. Its instructions are in the time already. */
export const CYCLES_WORTH_A_TILE = 0.25;

/** Sizes ⌈total ÷ i⌉, each once, ascending. */
export function evenTiles(total: number, step = 1, most = Number.POSITIVE_INFINITY): number[] {
  const units = Math.ceil(total / step);
  const out = new Set<number>();
  for (let parts = 1; parts <= units; parts = parts < 64 ? parts + 1 : Math.ceil(parts * 1.3)) {
    out.add(Math.min(total, Math.ceil(units / parts) * step));
  }
  out.add(Math.min(total, step));
  const all = [...out].sort((a, b) => a - b);
  if (all.length <= most) return all;
  // Thin out the middle, keep the ends.
  const kept = new Set<number>();
  for (let i = 0; i < most; i++) kept.add(all[Math.round((i * (all.length - 1)) / (most - 1))]!);
  return [...kept];
}
