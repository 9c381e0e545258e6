/** Sizes that tile searches try, and what a tile counts. */

import type { Machine } from '#machine';
import { effortFor } from './decisions.ts';

/** Between tilings of equal time the one with fewer tiles wins: a tile must save this much. Its instructions are in the time already. */
export const CYCLES_WORTH_A_TILE = 0.25;

const WORTH_QUICKLY = 64;

/** The same by how long schedules are looked for: where thousands of machines are compared, a simulation of fewer tiles is worth some cycles. */
export const cyclesWorthATile = (machine: Machine): number =>
  effortFor(machine) === 'full' ? CYCLES_WORTH_A_TILE : WORTH_QUICKLY;

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
