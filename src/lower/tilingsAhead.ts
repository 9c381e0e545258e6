/**
 * Tilings of a contraction whose activations a window kernel makes on the vector unit: filters whole, so that each window is computed
 * once, and pixels and channels cut. Screened by the busiest of vector unit, matrix unit and DRAM, and what comes before the first product.
 */
import { ELEMENT_BYTES } from '#isa';
import { filtersOf, lanesOf, type Machine, vectorLanes } from '#machine';
import { cyclesAtRate } from '#timing';
import { type Contraction, fitsContraction, type Tiling, typesOfContraction } from './contraction.ts';
import type { WindowDim, WindowKernel } from './kernels/window.ts';
import { CYCLES_WORTH_A_TILE, evenTiles } from './tiles.ts';

/** How many are predicted. */
const PREDICTED = 24;

/** The tilings that fit and are worth a prediction. */
export function tilingsAhead(k: Contraction, window: WindowKernel, machine: Machine): readonly Tiling[] {
  const found: { readonly tiling: Tiling; readonly score: number }[] = [];
  const score = scoreOf(k, window, machine);
  for (const c of evenTiles(k.c.total, lanesOf(machine.matrix, typesOfContraction(k).a), 12)) {
    for (const y of evenTiles(k.y.total, 1, 12)) {
      for (const x of evenTiles(k.x.total, 1, 8)) {
        const tiling = { b: 1, y, x, n: k.n.total, c, ky: 1, filtersOuter: false, wholeDepth: false };
        found.push({ tiling, score: score(tiling) });
      }
    }
  }
  const fitting: Tiling[] = [];
  for (const { tiling } of found.sort((a, b) => a.score - b.score)) {
    if (fitsContraction(k, tiling, machine)) fitting.push(tiling);
    if (fitting.length === PREDICTED) break;
  }
  return fitting;
}

function scoreOf(k: Contraction, window: WindowKernel, machine: Machine): (t: Tiling) => number {
  const { a: type, result } = typesOfContraction(k);
  const [tn, ti] = [filtersOf(machine.matrix, type), lanesOf(machine.matrix, type)];
  const lanes = vectorLanes(machine.vector, type) ?? machine.vector.lanes;
  const wide = ELEMENT_BYTES[type];
  const taps = window.y.kernel * window.x.kernel;
  const steps = taps + window.after.length;
  const extent = (size: number, w: WindowDim): number => (size - 1) * w.scale + (w.kernel - 1) * w.dilation + 1;
  const groups = Math.ceil(k.n.total / tn);
  return ({ y, x, c }) => {
    const tiles = k.b.total * Math.ceil(k.y.total / y) * Math.ceil(k.x.total / x);
    const blocks = Math.ceil(k.c.total / c);
    const loaded = extent(y, window.y) * extent(x, window.x) * k.c.total * wide;
    const weights = (taps + k.n.total) * k.c.total * wide;
    const stored = y * x * k.n.total * ELEMENT_BYTES[result];
    const moved = tiles * (loaded + stored) + (blocks > 1 ? tiles : 1) * weights;
    const isRow = c >= k.c.total && window.x.scale === 1 && k.x.total % x === 0;
    const walked = Math.min(
      x * y * Math.ceil(c / lanes),
      c * y * Math.ceil(x / lanes),
      c * x * Math.ceil(y / lanes),
      isRow ? y * Math.ceil((x * c) / lanes) : Number.POSITIVE_INFINITY,
    );
    const busiest = Math.max(
      cyclesAtRate(moved, machine.dram.bandwidth),
      tiles * blocks * walked * steps,
      tiles * blocks * y * x * Math.ceil(c / ti) * groups,
    );
    const fill = cyclesAtRate(loaded / blocks, machine.dram.bandwidth) + walked * steps;
    return busiest + fill + tiles * blocks * CYCLES_WORTH_A_TILE;
  };
}
