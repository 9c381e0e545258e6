/**
 * How a learner is trained beyond what its task says: in which precision its products are computed, and pruned to which share of zeros.
 * Applies to every task, since it wraps the learner's functions and its optimisers.
 */
import { diagnostic } from '#base';
import { autocast, type NarrowFloat, optim, sparsity } from '#tensor';
import type { Hyperparameters, Learner } from './task.ts';

const notSparsity = diagnostic<{ found: string }>('SYS-FLOW-070', 'usage', {
  en: (p) => `sparsity is '${p.found}'; expected the share of weights that become zero, above 0 and below 1, or 2:4.`,
  zh: (p) => `稀疏度为“${p.found}”；应为变为零的权重比例（大于 0 且小于 1），或 2:4。`,
});

/** In which type products are computed in training. */
export type Precision = NarrowFloat | 'f32';
export const PRECISIONS = ['f32', 'f16', 'bf16'] as const satisfies readonly Precision[];

/** The share of weights that become zero; '2:4': two of each four along the reduction. */
export type Sparsity = number | '2:4';

/**
 * Sparsity as people write it.
 * @throws SYS-FLOW-070 anything else
 */
export function sparsityOf(text: string): Sparsity {
  if (text === '2:4') return text;
  const share = text.trim() === '' ? Number.NaN : Number(text);
  if (!(share > 0 && share < 1)) throw notSparsity({ found: text });
  return share;
}

/** Pruning takes place within these shares of all updates, so that the network first learns and at last recovers. */
const RAMP = { begin: 0.1, end: 0.7 } as const;

export interface Method {
  /** Runs a part of the learner as the method wants it. */
  within<T>(f: () => T): T;
  /** To be awaited after every update. */
  afterUpdate(): Promise<void>;
  /** Whether weights are pruned. */
  readonly prunes: boolean;
  /** Whether after so many updates all zeros are there that were asked for. */
  isSettled(updates: number): boolean;
}

/**
 * Puts loss scalers and masks to the learner's optimisers, before a checkpoint is restored to them.
 * @param updates of the whole training, over which the ramp of sparsity goes
 */
export function prepareMethod(
  learner: Learner,
  { precision = 'f32', sparsity: wanted }: Pick<Hyperparameters, 'precision' | 'sparsity'>,
  updates: number,
): Method {
  const optimizers = Object.values(learner.optimizers);
  // f16 alone has so small a range that gradients vanish in it.
  if (precision === 'f16') for (const optimizer of optimizers) optimizer.scaler ??= new optim.LossScaler();
  const end = Math.max(1, Math.round(RAMP.end * updates));
  const schedule = sparsity.cubicSparsity({
    final: wanted === '2:4' ? 0.5 : (wanted ?? 0),
    begin: Math.min(end, Math.round(RAMP.begin * updates)),
    end,
  });
  const pattern = wanted === '2:4' ? '2:4' : 'magnitude';
  const pruners =
    wanted === undefined ? [] : optimizers.map((optimizer) => new sparsity.Pruner(optimizer, { schedule, pattern }));
  return {
    within: (f) => autocast(precision, f),
    async afterUpdate() {
      for (const pruner of pruners) await pruner.update();
    },
    prunes: pruners.length > 0,
    isSettled: (done) => pruners.length === 0 || done >= end,
  };
}
