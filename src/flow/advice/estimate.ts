/**
 * Estimates by Amdahl's law, layer by layer: what a layer does on each resource is scaled, and of its time only the difference of the longest
 * of them goes; what was exposed beside stays. It decides what is worth a run and is told nowhere.
 */
import type { Facts, LayerFacts, Limit } from './rule.ts';

type Factors = Readonly<Partial<Record<Limit, number>>>;

const longest = ({ time }: LayerFacts, factors: Factors): number =>
  Math.max(...(Object.keys(time) as Limit[]).map((by) => time[by] * (factors[by] ?? 1)));

/** Cycles that layers would save. @param factors of the time on each resource */
export const wouldSave = (layers: readonly LayerFacts[], factors: Factors): number =>
  layers.reduce((sum, layer) => sum + Math.max(0, longest(layer, {}) - longest(layer, factors)), 0);

/** Layers that a resource limits, those that take most cycles first. */
export const limitedBy = ({ layers }: Facts, by: Limit): readonly LayerFacts[] =>
  layers.filter((l) => l.limit === by && l.time[by] > 0).sort((a, b) => b.run.cycles - a.run.cycles);

export const cyclesOf = (layers: readonly LayerFacts[]): number => layers.reduce((n, l) => n + l.run.cycles, 0);

export const indicesOf = (layers: readonly LayerFacts[]): readonly number[] => layers.map((l) => l.plan.index);
