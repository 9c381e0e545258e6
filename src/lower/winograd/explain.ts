/** The ways to do a convolution, with what is predicted of each, and a Winograd nest in words. Identifiers only, but for reasons. */
import { type LayerPlan, type LayerPrediction, WINOGRAD_TILES, type WinogradPlan } from '#isa';
import { accumulatorEntries, type Machine } from '#machine';
import { buildContraction, type Contraction, predictContraction, type Tiling } from '../contraction.ts';
import {
  affineForm,
  type ContractionText,
  loopText,
  type ScheduleText,
  type StreamBuffer,
  stepText,
} from '../explain.ts';
import { leastOfUnfolded, mayGain } from '../im2col/leastTime.ts';
import { byIm2col, UNFOLDERS, whyNotUnfolded } from '../im2col/unfold.ts';
import { turnsOf } from '../prediction.ts';
import { bufferBytes, buffersOf, levelOf, planLoops, type Stream, tilesOf } from '../stream.ts';
import { searchTiling } from '../tileSearch.ts';
import { lacksTile, lacksWinograd, otherShape, type Reason } from './applies.ts';
import { stepsBehind } from './behind.ts';
import { type BuiltWinograd, buildWinograd, type WinogradTiling } from './build.ts';
import { winogradPlan } from './error.ts';
import { predictWinograd } from './predict.ts';
import { rankWinograd } from './search.ts';
import { matricesOf, positionsOf } from './weights.ts';

/** One way to do a convolution: `direct` reads windows by records where they lie, `gemm` is the same for 1×1 windows, `im2col` unfolds them: transfers on the way in, or the vector unit. */
export interface AlgorithmText {
  readonly name: 'direct' | 'gemm' | 'im2col by dma' | 'im2col by vector' | 'f2' | 'f4';
  readonly chosen: boolean;
  readonly predicted?: LayerPrediction;
  /** Why it cannot be had, where nothing is predicted. */
  readonly reason?: Reason;
  /** Of Winograd's algorithms: how exact. */
  readonly exactness?: WinogradPlan;
}

const NO_TILE: Reason = { en: 'not even its smallest tile fits the scratchpads', zh: '最小的块也放不进暂存存储器' };

/** Why a way that could be had is not predicted. */
function nothingToGain(least: number): Reason {
  const cycles = Math.round(least).toLocaleString('en');
  return { en: `takes ${cycles} cycles at least: nothing to gain`, zh: `至少需 ${cycles} 周期：无可得益` };
}

const reasonOf = (reason: Reason | undefined): Pick<AlgorithmText, 'reason'> =>
  reason === undefined ? {} : { reason };

/** All ways to do a convolution, and which was chosen. */
export function algorithmsOf(
  given: Contraction,
  tiling: Tiling | undefined,
  chosen: WinogradPlan['tile'] | undefined,
  machine: Machine,
): readonly AlgorithmText[] {
  const k = given.unfold?.of ?? given;
  const isPoint = k.y.kernel === 1 && k.x.kernel === 1;
  const asTiled = (way: Contraction): Pick<AlgorithmText, 'predicted' | 'reason'> => {
    const t = way === given ? tiling : searchTiling(way, machine);
    if (t === undefined) return { reason: NO_TILE };
    return { predicted: predictContraction(buildContraction(way, t, machine, 0), way, t, machine) };
  };
  const direct: AlgorithmText = {
    ...{ name: isPoint ? 'gemm' : 'direct', chosen: chosen === undefined && given.unfold === undefined },
    ...asTiled(k),
  };
  const unfolding = UNFOLDERS.map((by): AlgorithmText => {
    const isGiven = given.unfold?.by === by;
    const named = { name: `im2col by ${by}`, chosen: chosen === undefined && isGiven } as const;
    const way = isGiven ? given : byIm2col(k, by, machine);
    if (way === undefined) return { ...named, ...reasonOf(whyNotUnfolded(k, by, machine)) };
    const least = leastOfUnfolded(way, machine);
    const worth = isGiven || direct.predicted === undefined || mayGain(least, direct.predicted.cycles);
    return { ...named, ...(worth ? asTiled(way) : { reason: nothingToGain(least) }) };
  });
  const fast = WINOGRAD_TILES.map((name): AlgorithmText => {
    const refused = otherShape(k) ?? lacksWinograd(machine) ?? lacksTile(machine, name);
    if (refused !== undefined) return { name, chosen: false, reason: refused };
    const [best] = rankWinograd(k, name, machine);
    if (best === undefined) return { name, chosen: false, reason: NO_TILE };
    return {
      ...{ name, chosen: chosen === name },
      predicted: predictWinograd(k, best.tiling, machine),
      exactness: winogradPlan(k, best.tiling, machine),
    };
  });
  return [direct, ...unfolding, ...fast];
}

const schedule = (built: BuiltWinograd, t: WinogradTiling, predicted: LayerPrediction): ScheduleText => ({
  loops: [...built.loops.filter((l) => tilesOf(l) > 1).map(loopText), `${t.tile} w ${matricesOf(t)}`],
  predicted,
});

/** The nest of a layer that the Winograd unit does, if it is that of this convolution. */
export function describeWinograd(
  k: Contraction,
  plan: LayerPlan,
  machine: Machine,
  most: number,
): Omit<ContractionText, 'algorithms'> | undefined {
  const { winograd } = plan;
  if (winograd === undefined || otherShape(k) !== undefined) return undefined;
  const ranked = rankWinograd(k, winograd.tile, machine);
  const tiling = ranked[0]?.tiling;
  if (tiling === undefined) return undefined;
  const built = buildWinograd(k, tiling, machine, 0);
  const predicted = predictWinograd(k, tiling, machine, built);
  if (JSON.stringify(planLoops(built.loops)) !== JSON.stringify(plan.loops)) return undefined;
  if (JSON.stringify(predicted.busy) !== JSON.stringify(plan.predicted?.busy)) return undefined;
  const { loops, a, w, out, operands, inputs, products, kernels, levels } = built;
  const stream = (s: Stream, buffers: number = buffersOf(loops, s)): StreamBuffer => ({
    ...{ name: s.name, space: s.space, buffers, bytes: bufferBytes(s) },
    transfers: turnsOf(loops, levelOf(loops, s)),
  });
  const positions = positionsOf(tiling.tile);
  return {
    form: {
      ...affineForm(k, machine),
      intrinsic: `wino.input, ${positions} mma(tiles, channels, filters), wino.output: ${tiling.tile}`,
    },
    nest: nestText(k, tiling, built),
    streams: [
      stream(a),
      stream(w),
      ...operands.map((o) => ({ ...stream(o, levels.out === 0 ? 1 : 2), transfers: turnsOf(loops, levels.out) })),
      stream(out, 1),
      ...[
        { name: 'transformed', space: 'nram' as const, of: inputs },
        { name: 'products', space: 'nram' as const, of: products },
        ...(kernels === undefined ? [] : [{ name: 'kernels', space: 'wram' as const, of: kernels }]),
      ].map(({ name, space, of }) => ({
        ...{ name, space, buffers: of.count, bytes: positions * of.position, transfers: 0 },
      })),
    ],
    memories: [
      { name: 'nram', used: built.nramBytes, of: machine.nram.bytes },
      { name: 'wram', used: built.wramBytes, of: machine.wram.bytes },
      { name: 'accumulators', used: built.entries, of: accumulatorEntries(machine.matrix, 'f32') },
    ],
    chosen: schedule(built, tiling, predicted),
    // Transformed weights have no zeros to leave out.
    forms: [],
    considered: ranked.slice(0, most).map((r) => {
      const other = buildWinograd(k, r.tiling, machine, 0);
      return schedule(other, r.tiling, predictWinograd(k, r.tiling, machine, other));
    }),
  };
}

function nestText(k: Contraction, t: WinogradTiling, built: BuiltWinograd): string[] {
  const { loops, levels, operands } = built;
  const lines: string[] = [];
  let depth = 0;
  const line = (text: string): number => lines.push(`${'  '.repeat(depth)}${text}`);
  const enter = (level: number): void => {
    if (level === levels.a) {
      line('load activations [b × y+halo × x+halo × c] → nram');
      line(`wino.input ${t.tile} → transformed`);
    }
    if (level === levels.w) {
      line('load weights [n × c, packed] → wram');
      if (t.weights === 'onChip') line(`wino.weight ${t.tile} → kernels`);
    }
    if (level === levels.out) for (const o of operands) line(`load ${o.name} → nram`);
    const l = loops[level];
    if (l === undefined) line(`mma for each of ${positionsOf(t.tile)} positions → products`);
    else if (tilesOf(l) === 1) enter(level + 1);
    else {
      line(`for ${loopText(l)}:`);
      depth++;
      enter(level + 1);
      depth--;
    }
    if (level !== levels.out) return;
    line(`wino.output ${t.tile} → result${levels.out === 0 ? '' : ', one turn late'}`);
    for (const s of stepsBehind(k)) line(`vec ${stepText(s, 'result')}`);
    line('store result [b × y × x × n]');
  };
  enter(0);
  return lines;
}
