/**
 * Tile search for contractions: all tile sizes that divide the work evenly enough and fit the scratchpads, both loop orders,
 * with activations whole or blocked in depth. All are screened with the unit costs of a mean tile; the best few are predicted
 * tile class by tile class (`predictContraction`), and of them the least time wins, then the fewest tiles and the least traffic.
 */
import { ELEMENT_BYTES, type VectorFunction } from '#isa';
import { accumulatorEntries, filtersOf, lanesOf, type Machine, unitFor, vectorLanes } from '#machine';
import { cyclesAtRate, type DmaCost, keepsSums, segmentsCost, VECTOR_CLASSES, workCycles, workOf } from '#timing';
import {
  buildContraction,
  type Contraction,
  type EpilogueOperand,
  predictContraction,
  type Spatial,
  type Tiling,
  typesOfContraction,
  wideBytes,
  widthsOf,
} from './contraction.ts';
import { meanBlockBytes, mostWordsInWram, parametersOf, wordsOf } from './contractionWeights.ts';
import { CoreSplit, copiesOf, dealsOf, type Share } from './coreSplit.ts';
import { decided } from './decisions.ts';
import { windowKey } from './kernels/window.ts';
import { INSTRUCTIONS_PER_TILE, turnsOf } from './prediction.ts';
import { fitsForm, keptReduction, sparseKey, sparseOf } from './sparse/forms.ts';
import { align } from './stream.ts';
import { CYCLES_WORTH_A_TILE, evenTiles } from './tiles.ts';
import { tilingsAhead } from './tilingsAhead.ts';
import type { Place } from './views.ts';

/** How many of the screened tilings are predicted exactly. */
const PREDICTED = 64;

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

/** All that the search looks at. */
export const keyOf = (k: Contraction): string => {
  const { outer, b, y, x, c, n, weights, a, out, prologue, epilogue } = k;
  return JSON.stringify([
    typesOfContraction(k),
    parametersOf(k),
    sparseKey(k),
    outer.map((o) => o.total),
    b,
    y,
    x,
    c,
    n,
    weights.kind === 'constant' ? undefined : [weights.cStride, weights.nStride, weights.place.home],
    a.home,
    out.home,
    prologue && windowKey(prologue),
    epilogue?.steps.map((s) => [s.f, s.a, typeof s.b, s.type, s.accumulate]),
    epilogue?.operands.map((o) => [o.type, o.outer, o.b, o.y, o.x, o.n, o.place.home]),
  ]);
};

/** The best tiling, or undefined where not even the smallest tile fits. */
export const searchTiling = (k: Contraction, machine: Machine): Tiling | undefined =>
  // The digest of sparse weights does not tell how they lie within its cells.
  decided(machine, `contraction ${keyOf(k)}`, () => rankTilings(k, machine)[0]?.tiling, sparseOf(k) === undefined);

/** The predicted time of a tiling, alone in the processor; predicted once for layers that are alike. */
export function cyclesOf(k: Contraction, tiling: Tiling, machine: Machine): number {
  const predict = (): number => predictContraction(buildContraction(k, tiling, machine, 0), k, tiling, machine).cycles;
  return sparseOf(k) === undefined
    ? decided(machine, `cycles ${keyOf(k)} ${JSON.stringify(tiling)}`, predict)
    : predict();
}

/** A tiling that was predicted; of less score is better. */
export interface Ranked {
  readonly tiling: Tiling;
  readonly score: number;
}

/** The tilings that a screening found worth a prediction, the best first; none where not even the smallest tile fits. */
export function rankTilings(k: Contraction, machine: Machine): readonly Ranked[] {
  if (k.prologue !== undefined) return rank(k, machine, tilingsAhead(k, k.prologue, machine));
  // Whole rows of lanes and filters first; where not even one of each fits, single channels and filters: lanes idle, but it runs.
  const whole = rankAmong(k, machine, false);
  return whole.length > 0 ? whole : rankAmong(k, machine, true);
}

/** 1, 2, 4, … below `limit` and up to `total`. */
function powersBelow(limit: number, total: number): number[] {
  const out: number[] = [];
  for (let n = 1; n < limit && n <= total; n *= 2) out.push(n);
  return out;
}

function rankAmong(k: Contraction, machine: Machine, fine: boolean): readonly Ranked[] {
  const best = new Shortlist();
  for (const [i, deals] of dealsOf(k, machine).entries()) {
    screen(k, machine, fine, new CoreSplit(deals, machine), i === 0, best);
  }
  return rank(k, machine, best.tilings);
}

/** The tilings that are worth a prediction. */
class Shortlist {
  readonly #best: { readonly tiling: Tiling; readonly score: number }[] = [];

  /** A score from which on nothing is taken any more. */
  get enough(): number {
    return this.#best.length === PREDICTED ? this.#best.at(-1)!.score : Number.POSITIVE_INFINITY;
  }

  offer(tiling: () => Tiling, score: number): void {
    const best = this.#best;
    if (score >= this.enough) return;
    best.splice(best.findLastIndex((found) => found.score <= score) + 1, 0, { tiling: tiling(), score });
    if (best.length > PREDICTED) best.pop();
  }

  get tilings(): readonly Tiling[] {
    return this.#best.map((found) => found.tiling);
  }
}

/**
 * Screens all tilings under one way to deal loops to cores: with the unit costs of a mean tile, those of the core that has most to do.
 * @param mayIdle whether loops of one tile count as dealt
 */
function screen(
  k: Contraction,
  machine: Machine,
  fine: boolean,
  split: CoreSplit,
  mayIdle: boolean,
  best: Shortlist,
): void {
  const types = typesOfContraction(k);
  const width = widthsOf(k);
  const unit = unitFor(machine.matrix, types.a);
  const tn = filtersOf(unit);
  const ti = lanesOf(unit);
  const entries = accumulatorEntries(unit);
  const parameters = parametersOf(k);
  // Epilogues are chosen only where the vector unit computes the type.
  const lanes = vectorLanes(machine.vector, types.result) ?? 1;
  const dynamic = k.weights.kind === 'dynamic';
  const outer = k.outer.map((o, i) => split.of(`o${i}`, o.total, 1));
  const outerCount = outer.reduce((n, o) => n * o.rounds, 1);
  const outerParts = outer.reduce((n, o) => n * o.parts, 1);
  const operands = k.epilogue?.operands ?? [];
  const widthOf = (o: EpilogueOperand): number => ELEMENT_BYTES[o.type ?? types.result];
  const busy = (f: VectorFunction): number => machine.vector.cycles[VECTOR_CLASSES[f]];
  const steps = (k.epilogue?.steps ?? []).reduce((sum, s) => sum + busy(s.f), 0);

  const wholeN = dynamic && k.n.total % tn !== 0 ? [tn] : evenTiles(k.n.total, tn, 16);
  const nTiles = fine && !dynamic ? [...new Set([...powersBelow(tn, k.n.total), ...wholeN])] : wholeN;
  const wholeC = evenTiles(k.c.total, ti, 16);
  const cTiles = fine ? [...new Set([...powersBelow(ti, k.c.total), ...wholeC])] : wholeC;
  const yTiles = evenTiles(k.y.total, 1, 24).map((t) => spatialTiles(k.y, t));
  const xTiles = evenTiles(k.x.total, 1, 16).map((t) => spatialTiles(k.x, t));
  const bTiles = evenTiles(k.b.total, 1, 12);

  const places = bTiles.flatMap((b) =>
    xTiles.flatMap((x) =>
      yTiles.flatMap((y) => {
        // Several images only where a tile holds them whole.
        if (b > 1 && (x.count > 1 || y.count > 1)) return [];
        const [bs, ys, xs] = [
          split.of('b', k.b.total, b),
          split.of('y', k.y.total, y.tile),
          split.of('x', k.x.total, x.tile),
        ];
        if (!mayIdle && (split.wastes('b', bs) || split.wastes('y', ys) || split.wastes('x', xs))) return [];
        const shares = [bs, ys, xs];
        const [turns, parts] = [bs.rounds * ys.rounds * xs.rounds, bs.parts * ys.parts * xs.parts];
        return {
          b,
          x,
          y,
          shares,
          turns,
          parts,
          count: bs.tiles * ys.tiles * xs.tiles,
          classes: pixelClasses(bs, ys, xs),
        };
      }),
    ),
  );
  const controlPerTile = INSTRUCTIONS_PER_TILE * machine.control.cyclesPerInstruction;

  for (const c of cTiles) {
    if (!fitsForm(k, c)) continue;
    const depthBlocks = Math.ceil(k.c.total / c);
    const merged = k.x.dilation === 1 && k.c.total % c === 0;
    const lastC = k.c.total - (depthBlocks - 1) * c;
    for (const wholeDepth of depthBlocks === 1 ? [false] : [false, true]) {
      /** By place: what a transfer of neurons takes does not depend on the filters. */
      const aCosts: RunsCost[] = [];
      const reduction = (size: number, rows: number): number[] =>
        merged && !wholeDepth ? [k.x.kernel * size, rows] : [size, k.x.kernel, rows];
      for (const n of nTiles) {
        // Activations as weights lie in groups of whole blocks, so several groups must come out even.
        if (dynamic && n > tn && (k.n.total % n !== 0 || k.c.total % c !== 0)) continue;
        const ofN = split.of('n', k.n.total, n);
        if (!mayIdle && split.wastes('n', ofN)) continue;
        const nCount = ofN.rounds;
        const nTile = dynamic ? Math.max(n, tn) : n;
        const groups = Math.ceil(nTile / tn);
        const wBufferOf = (ky: number): number =>
          align(
            4 *
              (dynamic
                ? wordsOf(k, ky * k.x.kernel * c, nTile) + parameters * nTile
                : mostWordsInWram(k, { n, c, ky })),
          );
        // Kernel rows apart only where whole blocks would take too much of the memory for weights.
        const tight = k.y.kernel > 1 && !dynamic && wBufferOf(k.y.kernel) * 4 > machine.wram.bytes;
        for (const ky of tight ? [k.y.kernel, 1] : [k.y.kernel]) {
          const rowBlocks = Math.ceil(k.y.kernel / ky);
          const blocks = depthBlocks * rowBlocks;
          const tile = { n, c, ky };
          const stored = blocks > 1 || keepsSums(unit, keptReduction(k, tile, tile, reduction(c, ky)));
          const wBuffer = wBufferOf(ky);
          const wTimes = nCount * blocks > 1 || outerCount > 1 ? 2 : 1;
          if (wBuffer * wTimes > machine.wram.bytes) continue;
          const works = ofN.classes.flatMap((filters) =>
            [
              [depthBlocks - 1, c],
              [1, lastC],
            ].flatMap(([cs, depth]) =>
              cs === 0
                ? []
                : {
                    times: filters.times * cs! * rowBlocks,
                    work: workOf(
                      unit,
                      dynamic ? n : filters.size,
                      keptReduction(k, tile, { n: filters.size, c: depth!, ky }, reduction(depth!, ky)),
                    ),
                  },
            ),
          );
          // Mean transfers of each stream; here and below.
          const wBytes = meanBlockBytes(k, tile, ofN.tiles * blocks);
          const wDims: Extents =
            k.weights.kind === 'constant'
              ? [[4, wBytes / 4]]
              : [
                  [k.weights.nStride, Math.min(nTile, tn)],
                  [k.weights.cStride, c],
                ];
          const [wWidth, wHome] = k.weights.kind === 'constant' ? [4] : [width.w, k.weights.place.home];
          const w = runsCost(machine, wBytes, wDims, wBuffer, wWidth!, wHome);
          for (let place = 0; place < places.length; place++) {
            const { b, x, y, shares, turns: spatial, parts, count: allPlaces, classes } = places[place]!;
            const pixels = b * y.tile * x.tile;
            if (stored && groups * pixels > entries) continue;
            const depth = wholeDepth ? k.c.total : c;
            const aBuffer = align(width.a * b * y.extent * x.extent * depth);
            const outBuffer = align(width.result * pixels * nTile);
            const aTimes = outerCount * spatial * (wholeDepth ? 1 : depthBlocks) > 1 ? 2 : 1;
            const outTimes = outerCount * spatial * nCount > 1 ? 2 : 1;
            const along = (o: EpilogueOperand): Extents => [
              [o.n, o.n === 0 ? 1 : Math.min(n, k.n.total)],
              [o.x, o.x === 0 ? 1 : x.tile],
              [o.y, o.y === 0 ? 1 : y.tile],
              [o.b, o.b === 0 ? 1 : b],
            ];
            const elementsOf = (o: EpilogueOperand): number => along(o).reduce((m, [, size]) => m * size, 1);
            const operandBytes = operands.reduce((m, o) => m + align(widthOf(o) * elementsOf(o)), 0);
            const results = (outBuffer + operandBytes) * outTimes + align(wideBytes(k, pixels * nTile));
            if (aBuffer * aTimes + results > machine.nram.bytes) continue;
            const aBlocked = depthBlocks > 1 && !wholeDepth;
            let matrixCycles = 0;
            for (const p of works) {
              for (const at of classes)
                matrixCycles += outerCount * p.times * at.times * workCycles(machine, at.sizes, p.work, types.a);
            }
            const bodies = outerCount * spatial * nCount * blocks;
            // What follows only adds to that.
            if (matrixCycles + bodies * CYCLES_WORTH_A_TILE >= best.enough) continue;
            const a =
              aCosts[place] ??
              runsCost(
                machine,
                (width.a * k.b.total * y.inside * x.inside * k.c.total) / (allPlaces * (aBlocked ? depthBlocks : 1)),
                [
                  [k.c.aStride, depth],
                  [k.x.aStride, x.extent],
                  [k.y.aStride, y.extent],
                  [k.b.aStride, b],
                ],
                aBuffer,
                width.a,
                k.a.home,
              );
            aCosts[place] = a;
            const out = runsCost(
              machine,
              (width.result * k.b.total * k.y.total * k.x.total * k.n.total) / (allPlaces * ofN.tiles),
              [
                [k.n.outStride, Math.min(n, k.n.total)],
                [k.x.outStride, x.tile],
                [k.y.outStride, y.tile],
                [k.b.outStride, b],
              ],
              outBuffer,
              width.result,
              k.out.home,
            );
            const behind = operands.reduce(
              (sum, o) => {
                const bytes = widthOf(o) * elementsOf(o);
                const cost = runsCost(machine, bytes, along(o), align(bytes), widthOf(o), o.place.home);
                return { cycles: sum.cycles + cost.cycles, channelCycles: sum.channelCycles + cost.channelCycles };
              },
              { cycles: 0, channelCycles: 0 },
            );
            const vectorCycles = steps * pixels * Math.ceil(Math.min(n, k.n.total) / lanes);
            for (const filtersOuter of nCount > 1 && spatial > 1 ? [false, true] : [false]) {
              const aLoads = aBlocked
                ? spatial * nCount * depthBlocks
                : filtersOuter && spatial > 1
                  ? spatial * nCount
                  : spatial;
              if (aLoads * outerCount > 1 && aBuffer * 2 + results > machine.nram.bytes) continue;
              const wLoads =
                blocks > 1 ? spatial * nCount * blocks : filtersOuter ? nCount : nCount > 1 ? spatial * nCount : 1;
              // Transfers by which all cores have their operands.
              const aCopies = outerParts * parts * copiesOf([ofN], !aBlocked && (!filtersOuter || spatial === 1));
              const wCopies = outerParts * ofN.parts * copiesOf(shares, blocks === 1 && (filtersOuter || nCount === 1));
              const workers = outerParts * parts * ofN.parts;
              const load = outerCount * (aLoads * a.cycles + wLoads * w.cycles + spatial * nCount * behind.cycles);
              const store = outerCount * spatial * nCount * out.cycles;
              const channel =
                outerCount *
                (aLoads * a.channelCycles * aCopies +
                  wLoads * w.channelCycles * wCopies +
                  spatial * nCount * (out.channelCycles + behind.channelCycles) * workers);
              // Before the first product its operands must be there; after the last its result must leave.
              const cycles =
                Math.max(
                  matrixCycles,
                  outerCount * spatial * nCount * vectorCycles,
                  machine.dma.queues === 1 ? load + store : Math.max(load, store),
                  channel,
                  bodies * controlPerTile,
                ) +
                a.cycles +
                (aCopies - 1) * a.channelCycles +
                w.cycles +
                (wCopies - 1) * w.channelCycles +
                out.cycles +
                (workers - 1) * out.channelCycles +
                vectorCycles;
              best.offer(
                () => ({ b, y: y.tile, x: x.tile, n, c, ky, filtersOuter, wholeDepth, deals: split.deals }),
                cycles + bodies * CYCLES_WORTH_A_TILE + channel * 1e-9,
              );
            }
          }
        }
      }
    }
  }
}

type Extents = readonly (readonly [stride: number, elements: number])[];

type RunsCost = Pick<DmaCost, 'cycles' | 'channelCycles'>;

/** Cost of a transfer of `bytes` to or from a buffer, of a tile of elements of a width with such strides in DRAM; or over a link, which the channel does not see. */
function runsCost(
  machine: Machine,
  bytes: number,
  tile: Extents,
  buffer: number,
  width: number,
  home?: Place['home'],
): RunsCost {
  if (home === 'shared') {
    const { link } = machine.cluster!.sharedRam;
    const moved = Math.max(cyclesAtRate(bytes, link), Math.ceil(buffer / machine.dma.scratchpadBytesPerCycle));
    return { cycles: machine.dma.setupCycles + moved, channelCycles: 0 };
  }
  let run = width;
  for (let grew = true; grew; ) {
    grew = false;
    for (const [stride, elements] of tile) {
      if (elements <= 1 || stride !== run) continue;
      run *= elements;
      grew = true;
    }
  }
  return segmentsCost(machine, Math.max(1, bytes / run), Math.min(run, bytes), buffer);
}

/** A core's tiles that are alike in the sizes of their pixels. */
const pixelClasses = (b: Share, y: Share, x: Share): { sizes: readonly number[]; times: number }[] =>
  b.classes.flatMap((bs) =>
    y.classes.flatMap((ys) =>
      x.classes.map((xs) => ({ sizes: [xs.size, ys.size, bs.size], times: bs.times * ys.times * xs.times })),
    ),
  );

/** A few tilings by what is predicted of them; of equal ones the order stays. */
function rank(k: Contraction, machine: Machine, tilings: readonly Tiling[]): readonly Ranked[] {
  return tilings
    .map((tiling) => {
      const built = buildContraction(k, tiling, machine, 0);
      const { cycles, channelCycles } = predictContraction(built, k, tiling, machine);
      const bodies = turnsOf(built.nest.loops, built.nest.loops.length);
      return { tiling, score: cycles + bodies * CYCLES_WORTH_A_TILE + channelCycles * 1e-9 };
    })
    .sort((a, b) => a.score - b.score);
}
