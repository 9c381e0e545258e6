/**
 * Tile search for contractions: all tile sizes that divide the work evenly enough and fit the scratchpads, both loop orders,
 * with activations whole or blocked in depth; the least predicted time wins, then the least traffic. The prediction sums the unit
 * costs of `timing` over the tiles in closed form: units overlap within a layer, so the slower of matrix unit and DRAM
 * channel counts, plus what stands before the first and after the last product.
 */
import { accumulatorEntries, filtersOf, lanesOf, type Machine } from '#machine';
import { chunksOf } from '#timing';
import type { Contraction, Spatial, Tiling } from './contraction.ts';
import { align } from './stream.ts';

export interface Prediction {
  readonly cycles: number;
  readonly matrixCycles: number;
  readonly dramCycles: number;
  readonly dramBytes: number;
}

/** Between tilings of nearly equal time the one with fewer tiles wins: a tile must save this much. */
const CYCLES_WORTH_A_TILE = 8;

/** Sizes ⌈total ÷ i⌉, each once, ascending. */
function evenTiles(total: number, step = 1, most = Number.POSITIVE_INFINITY): number[] {
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

interface SpatialTiles {
  readonly tile: number;
  readonly count: number;
  /** Largest input extent of a tile, padding included. */
  readonly extent: number;
  /** Input elements inside the tensor, summed over the tiles. */
  readonly inside: number;
}

function spatialTiles(s: Spatial, tile: number): SpatialTiles {
  const window = (s.kernel - 1) * s.dilation + 1;
  const count = Math.ceil(s.total / tile);
  let inside = 0;
  for (let t = 0; t < count; t++) {
    const first = t * tile;
    const size = Math.min(tile, s.total - first);
    const start = first * s.scale - s.pad;
    const end = start + (size - 1) * s.scale + window;
    inside += Math.max(0, Math.min(end, s.limit) - Math.max(start, 0));
  }
  return { tile, count, extent: (Math.min(tile, s.total) - 1) * s.scale + window, inside };
}

export interface Found {
  readonly tiling: Tiling;
  readonly prediction: Prediction;
}

/** Networks repeat their shapes: what was found for a shape on a machine is kept as long as the machine is. */
const known = new WeakMap<Machine, Map<string, Found | undefined>>();

/** All that the search looks at. */
const keyOf = ({ outer, b, y, x, c, n, weights }: Contraction): string =>
  JSON.stringify([
    outer.map((o) => o.total),
    b.total,
    y,
    x,
    c,
    n,
    weights.kind === 'constant' ? weights.bias !== undefined : weights.nStride,
  ]);

/** The best tiling, or undefined where not even the smallest tile fits. */
export function searchTiling(k: Contraction, machine: Machine): Found | undefined {
  const ofMachine = known.get(machine) ?? new Map<string, Found | undefined>();
  known.set(machine, ofMachine);
  const key = keyOf(k);
  if (!ofMachine.has(key)) ofMachine.set(key, search(k, machine));
  return ofMachine.get(key);
}

function search(k: Contraction, machine: Machine): Found | undefined {
  // Whole rows of lanes and filters first; where not even one of each fits, single channels and filters: lanes idle, but it runs.
  return searchAmong(k, machine, false) ?? searchAmong(k, machine, true);
}

/** 1, 2, 4, … below `limit` and up to `total`. */
function powersBelow(limit: number, total: number): number[] {
  const out: number[] = [];
  for (let n = 1; n < limit && n <= total; n *= 2) out.push(n);
  return out;
}

function searchAmong(k: Contraction, machine: Machine, fine: boolean): Found | undefined {
  const unit = machine.matrix;
  const tn = filtersOf(unit);
  const ti = lanesOf(unit);
  const entries = accumulatorEntries(unit);
  const taps = k.y.kernel * k.x.kernel;
  const bias = k.weights.kind === 'constant' && k.weights.bias !== undefined ? 1 : 0;
  const dynamic = k.weights.kind === 'dynamic';
  const outerCount = k.outer.reduce((n, o) => n * o.total, 1);

  const wholeN = dynamic && k.n.total % tn !== 0 ? [tn] : evenTiles(k.n.total, tn, 16);
  const nTiles = fine && !dynamic ? [...new Set([...powersBelow(tn, k.n.total), ...wholeN])] : wholeN;
  const wholeC = evenTiles(k.c.total, ti, 16);
  const cTiles = fine ? [...new Set([...powersBelow(ti, k.c.total), ...wholeC])] : wholeC;
  const yTiles = evenTiles(k.y.total, 1, 24).map((t) => spatialTiles(k.y, t));
  const xTiles = evenTiles(k.x.total, 1, 16).map((t) => spatialTiles(k.x, t));
  const bTiles = evenTiles(k.b.total, 1, 12);

  const { dma, dram, control } = machine;
  const perByte = dram.bandwidth.cycles / dram.bandwidth.bytes;
  /** DRAM bytes of `bytes` that come in contiguous runs of `run`. */
  const burst = (bytes: number, run: number): number =>
    dma.burstBytes === 1 ? bytes : (bytes / run) * Math.ceil(run / dma.burstBytes) * dma.burstBytes;
  const overhead = dma.setupCycles + dram.latencyCycles;
  /** A tile costs the control unit about this many instructions. */
  const controlPerTile = 90 * control.cyclesPerInstruction;

  let best: { tiling: Tiling; prediction: Prediction; score: number } | undefined;
  for (const c of cTiles) {
    const blocks = Math.ceil(k.c.total / c);
    const merged = k.x.dilation === 1 && k.c.total % c === 0;
    const lastC = k.c.total - (blocks - 1) * c;
    for (const wholeDepth of blocks === 1 ? [false] : [false, true]) {
      const run = merged && !wholeDepth;
      const reduction = (size: number): number =>
        run ? chunksOf(unit, [k.x.kernel * size, k.y.kernel]) : chunksOf(unit, [size, k.x.kernel, k.y.kernel]);
      // A systolic array streams all pixels through one chunk of weights before the next: their sums need storage in between.
      const stored = blocks > 1 || (unit.kind === 'systolic' && reduction(c) > 1);
      const chunkSum = (blocks - 1) * reduction(c) + reduction(lastC);
      for (const n of nTiles) {
        // Activations as weights lie in groups of whole blocks, so several groups must come out even.
        if (dynamic && n > tn && (k.n.total % n !== 0 || k.c.total % c !== 0)) continue;
        const nCount = Math.ceil(k.n.total / n);
        const nTile = dynamic ? Math.max(n, tn) : n;
        const groups = Math.ceil(nTile / tn);
        const lastN = k.n.total - (nCount - 1) * n;
        const groupSum = (nCount - 1) * groups + Math.ceil(lastN / tn);
        const wBuffer = align(4 * (taps * c + bias) * nTile);
        const wTimes = nCount * blocks > 1 || outerCount > 1 ? 2 : 1;
        if (wBuffer * wTimes > machine.wram.bytes) continue;
        for (const x of xTiles) {
          for (const y of yTiles) {
            const whole = x.count === 1 && y.count === 1;
            for (const b of whole ? bTiles : [1]) {
              const bCount = Math.ceil(k.b.total / b);
              const spatial = bCount * y.count * x.count;
              const pixels = b * y.tile * x.tile;
              if (stored && groups * pixels > entries) continue;
              const depth = wholeDepth ? k.c.total : c;
              const aBuffer = align(4 * b * y.extent * x.extent * depth);
              const outBuffer = align(4 * pixels * nTile);
              const aTimes = outerCount * spatial * (wholeDepth ? 1 : blocks) > 1 ? 2 : 1;
              const outTimes = outerCount * spatial * nCount > 1 ? 2 : 1;
              if (aBuffer * aTimes + outBuffer * outTimes > machine.nram.bytes) continue;
              for (const filtersOuter of nCount > 1 && spatial > 1 ? [false, true] : [false]) {
                const aBlocked = blocks > 1 && !wholeDepth;
                const aLoads = aBlocked
                  ? spatial * nCount * blocks
                  : filtersOuter && spatial > 1
                    ? spatial * nCount
                    : spatial;
                if (aLoads * outerCount > 1 && aBuffer * 2 + outBuffer * outTimes > machine.nram.bytes) continue;
                const wLoads =
                  blocks > 1 ? spatial * nCount * blocks : filtersOuter ? nCount : nCount > 1 ? spatial * nCount : 1;
                const aOnce = 4 * k.b.total * y.inside * x.inside * k.c.total;
                const wOnce = 4 * k.n.total * (taps * k.c.total + bias * blocks);
                const aRun =
                  k.c.aStride === 4
                    ? 4 * (depth === k.c.total && k.x.aStride === 4 * depth ? depth * x.extent : depth)
                    : 4;
                const outRun = k.n.outStride === 4 ? 4 * Math.min(n, k.n.total) : 4;
                const aBytes = burst(aOnce * (aLoads / (spatial * (aBlocked ? blocks : 1))), aRun);
                const wBytes =
                  (dynamic
                    ? burst(wOnce, k.weights.kind === 'dynamic' && k.weights.nStride === 4 ? 4 * nTile : 4)
                    : wOnce) *
                  (wLoads / (nCount * blocks));
                const outBytes = burst(4 * k.b.total * k.y.total * k.x.total * k.n.total, outRun);
                const dramBytes = outerCount * (aBytes + wBytes + outBytes);
                const transfers = outerCount * (aLoads + wLoads + spatial * nCount);
                const dramCycles = dramBytes * perByte + transfers * overhead;
                const mmas = outerCount * spatial * nCount * blocks;
                const matrixCycles =
                  unit.kind === 'dot'
                    ? outerCount * groupSum * chunkSum * k.b.total * k.y.total * k.x.total + mmas * unit.pipelineCycles
                    : outerCount *
                        groupSum *
                        chunkSum *
                        (k.b.total * k.y.total * k.x.total +
                          spatial * (unit.rows + unit.columns - 2 + (unit.preload === 'exposed' ? unit.rows : 0))) +
                      mmas * unit.pipelineCycles;
                // Before the first product its operands must be there; after the last its result must leave.
                const ends =
                  (aOnce / (spatial * (aBlocked ? blocks : 1)) + wOnce / (nCount * blocks) + 4 * pixels * nTile) *
                    perByte +
                  3 * overhead;
                const cycles = Math.max(matrixCycles, dramCycles, mmas * controlPerTile) + ends;
                const score = cycles + mmas * CYCLES_WORTH_A_TILE + dramBytes * 1e-9;
                if (best === undefined || score < best.score) {
                  best = {
                    tiling: { b, y: y.tile, x: x.tile, n: nTile, c, filtersOuter, wholeDepth },
                    prediction: { cycles, matrixCycles, dramCycles, dramBytes },
                    score,
                  };
                }
              }
            }
          }
        }
      }
    }
  }
  return best && { tiling: best.tiling, prediction: best.prediction };
}
