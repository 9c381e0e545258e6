/**
 * Tile search for contractions. All tilings that fit are screened by the costs of a mean tile (`screening.ts`); the best few are
 * predicted turn by turn (`predictContraction`), and of them the least time wins, then the fewest tiles and the least traffic.
 */
import type { LayerPrediction } from '#isa';
import type { Machine } from '#machine';
import {
  type BuiltContraction,
  buildContraction,
  type Contraction,
  fitsContraction,
  predictContraction,
  type Tiling,
} from './contraction.ts';
import { keyOf, unseenBy } from './contractionKey.ts';
import { CoreSplit, dealsOf } from './coreSplit.ts';
import { coresFor } from './cores.ts';
import { decided, type Effort, effortFor } from './decisions.ts';
import { tilingsOfUnfold } from './im2col/vectorUnfold.ts';
import { movedAhead } from './nest.ts';
import { trafficAhead, turnsOf } from './prediction.ts';
import { MOST_BUFFERS, withRing } from './ring.ts';
import { Screening } from './screening.ts';
import { Shortlist } from './shortlist.ts';
import { sparseOf } from './sparse/forms.ts';
import { isKept } from './stream.ts';
import { cyclesWorthATile } from './tiles.ts';
import { tilingsAhead } from './tilingsAhead.ts';

interface Extent {
  /** How many of the screened tilings are predicted. */
  readonly predicted: number;
  /** How many of these are predicted with more buffers of weights, too: the first, as far as they are so near to the best. */
  readonly deepened: number;
}
const EXTENTS: Readonly<Record<Effort, Extent>> = {
  full: { predicted: 64, deepened: 8 },
  quick: { predicted: 3, deepened: 1 },
};
const NEARLY_BEST = 1.03;

/** The best tiling, or undefined where not even the smallest tile fits. @param weightBuffers the most that there may be */
export const searchTiling = (k: Contraction, machine: Machine, weightBuffers = MOST_BUFFERS): Tiling | undefined =>
  // The digest of sparse weights does not tell how they lie within its cells.
  decided(
    machine,
    `contraction ${weightBuffers} ${keyOf(k)}`,
    () => rankTilings(k, machine, weightBuffers)[0]?.tiling,
    { isSaid: sparseOf(k) === undefined, unseen: unseenBy(k) },
  );

/** The predicted time of a tiling, alone in the processor; predicted once for layers that are alike. */
export function cyclesOf(k: Contraction, tiling: Tiling, machine: Machine): number {
  const predict = (): number => predictContraction(buildContraction(k, tiling, machine, 0), k, tiling, machine).cycles;
  return sparseOf(k) === undefined
    ? decided(machine, `cycles ${keyOf(k)} ${JSON.stringify(tiling)}`, predict, { unseen: unseenBy(k) })
    : predict();
}

/** The prediction of a layer among its neighbours: with what it loads for the one behind it, and what the one before loads for it. */
export function predictionOf(
  k: Contraction,
  tiling: Tiling,
  built: BuiltContraction,
  machine: Machine,
): LayerPrediction {
  const predict = (): LayerPrediction => predictContraction(built, k, tiling, machine);
  if (sparseOf(k) !== undefined) return predict();
  const { early, next, ring } = built.nest;
  const ahead = next && trafficAhead(movedAhead(next, coresFor(machine)), machine);
  const around = JSON.stringify([early !== undefined, ring?.buffers, ahead]);
  return decided(machine, `layer ${keyOf(k)} ${JSON.stringify(tiling)} ${around}`, predict, { unseen: unseenBy(k) });
}

/** A tiling that was predicted; of less score is better. */
export interface Ranked {
  readonly tiling: Tiling;
  readonly score: number;
}

/** The tilings that a screening found worth a prediction, the best first; none where not even the smallest tile fits. */
export function rankTilings(k: Contraction, machine: Machine, weightBuffers = MOST_BUFFERS): readonly Ranked[] {
  const extent = EXTENTS[effortFor(machine)];
  const rankOf = (tilings: readonly Tiling[]): readonly Ranked[] => rank(k, machine, tilings, weightBuffers, extent);
  if (k.prologue !== undefined) return rankOf(tilingsAhead(k, k.prologue, machine));
  if (k.unfold?.by === 'vector') return rankOf(tilingsOfUnfold(k, k.unfold, machine));
  // Whole rows of lanes and filters first; where not even one of each fits, single channels and filters: lanes idle, but it runs.
  const whole = rankOf(screened(k, machine, false, extent));
  return whole.length > 0 ? whole : rankOf(screened(k, machine, true, extent));
}

function screened(k: Contraction, machine: Machine, fine: boolean, { predicted }: Extent): readonly Tiling[] {
  const best = new Shortlist(predicted);
  for (const [i, deals] of dealsOf(k, machine).entries()) {
    new Screening(k, machine, new CoreSplit(deals, machine), i === 0, best).run(fine);
  }
  return best.tilings;
}

/** Whether operands or results stay in NRAM: not every tiling can work on them there. */
const keepsAny = ({ a, out, weights, prologue, epilogue, unfold }: Contraction): boolean =>
  [
    ...[a, out, ...(unfold === undefined ? [] : [unfold.of.a]), ...(weights.kind === 'dynamic' ? [weights.place] : [])],
    ...(epilogue?.operands ?? []).map((o) => o.place),
  ].some(isKept) || prologue?.input.buffer.home === 'nram';

/**
 * A few tilings by what is predicted of them; of equal ones the order stays. The best are predicted with more buffers of weights, too.
 */
function rank(
  k: Contraction,
  machine: Machine,
  tilings: readonly Tiling[],
  weightBuffers: number,
  { deepened }: Extent,
): readonly Ranked[] {
  const scored = (tiling: Tiling, built: BuiltContraction): Ranked => {
    const { cycles, channelCycles } = predictContraction(built, k, tiling, machine);
    const bodies = turnsOf(built.nest.loops, built.nest.loops.length);
    return { tiling, score: cycles + bodies * cyclesWorthATile(machine) + channelCycles * 1e-9 };
  };
  const byScore = (a: Ranked, b: Ranked): number => a.score - b.score;
  const ranked = tilings
    .filter((tiling) => (!keepsAny(k) && k.pool === undefined) || fitsContraction(k, tiling, machine))
    .map((tiling) => scored(tiling, buildContraction(k, tiling, machine, 0)))
    .sort(byScore);
  const limit = (ranked[0]?.score ?? 0) * NEARLY_BEST;
  return ranked
    .map((r, i) => {
      if (i >= deepened || r.score > limit) return r;
      const built = buildContraction(k, r.tiling, machine, 0);
      const deeper = withRing(built, k, r.tiling, machine, weightBuffers);
      return deeper === built ? r : scored(r.tiling, deeper);
    })
    .sort(byScore);
}
