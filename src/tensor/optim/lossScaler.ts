/**
 * Loss scaling: the loss is multiplied before gradients are taken, so that small ones stay above f16's smallest number, and gradients
 * are divided again before the update. An update whose gradients overflowed is skipped. Dynamic scaling halves the scale then, and
 * doubles it after many good updates (Micikevicius et al., ICLR 2018; defaults of PyTorch's GradScaler). All of it is tensors: it
 * needs no look at the data, so it runs within `compile` as part of the graph.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, tensorOf } from '#ir';
import { castTo } from '../apply.ts';
import { add, and, eq, ge, maximum, minimum, mul, reciprocal, sub, where } from '../functions/elementwise.ts';
import { sum } from '../functions/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { Variable } from '../variable.ts';

const wrongScale = diagnostic<{ option: string; found: number; expected: string }>('SYS-TEN-092', 'usage', {
  en: (p) => `LossScaler: ${p.option} is ${p.found}; expected ${p.expected}.`,
  zh: (p) => `LossScaler：${p.option} 为 ${p.found}；应为 ${p.expected}。`,
});

export interface LossScalerOptions {
  /** The scale at the start: 2¹⁶ by default. Powers of two scale exactly. */
  readonly scale?: number;
  /** Whether the scale follows the gradients; otherwise it stays (static scaling). True by default. */
  readonly dynamic?: boolean;
  /** By what the scale grows after `interval` good updates in a row: 2 and 2000 by default. */
  readonly growth?: number;
  readonly interval?: number;
  /** By what it falls after an overflow: ½ by default. */
  readonly backoff?: number;
  /** The scale does not grow beyond this: 2²⁴ by default. It never falls below 1. */
  readonly most?: number;
}

const count = (): Data => tensorOf('int64', [], [0n]);

export class LossScaler {
  /** The factor of the loss: f32. */
  readonly scale: Variable;
  /** Good updates since the scale changed; updates that counted; updates that were skipped: i64. */
  readonly good = new Variable(count(), { name: 'scaler.good', trainable: false });
  readonly updates = new Variable(count(), { name: 'scaler.updates', trainable: false });
  readonly skipped = new Variable(count(), { name: 'scaler.skipped', trainable: false });
  readonly #dynamic: boolean;
  readonly #growth: number;
  readonly #interval: number;
  readonly #backoff: number;
  readonly #most: number;

  /** @throws SYS-TEN-092 a factor out of its range */
  constructor(options: LossScalerOptions = {}) {
    const { scale = 2 ** 16, dynamic = true, growth = 2, interval = 2000, backoff = 0.5, most = 2 ** 24 } = options;
    const check = (option: string, found: number, holds: boolean, expected: string): void => {
      if (!holds) throw wrongScale({ option, found, expected });
    };
    check('scale', scale, scale >= 1 && scale <= most, `from 1 to ${most}`);
    check('growth', growth, growth >= 1 && Number.isFinite(growth), 'at least 1');
    check('interval', interval, Number.isInteger(interval) && interval > 0, 'a positive whole number');
    check('backoff', backoff, backoff > 0 && backoff <= 1, 'above 0 and at most 1');
    this.scale = new Variable(tensorOf('float32', [], [scale]), { name: 'scaler.scale', trainable: false });
    this.#dynamic = dynamic;
    this.#growth = growth;
    this.#interval = interval;
    this.#backoff = backoff;
    this.#most = most;
  }

  /** The loss to take gradients of. */
  scaled(loss: Tensor): Tensor {
    return mul(castTo(loss, 'float32'), this.scale);
  }

  /** The gradients of the loss itself, and whether all of them are finite (a bool). */
  unscaled(gradients: readonly Tensor[]): { readonly gradients: readonly Tensor[]; readonly finite: Tensor } {
    const factor = reciprocal(this.scale);
    // 0·g is 0 for numbers and NaN for infinities and NaN, which sums keep: one pass, and no operator of few kernels.
    const traces = gradients.map((g) => sum(mul(castTo(g, 'float32'), 0)));
    return {
      gradients: gradients.map((g) => mul(castTo(g, 'float32'), factor)),
      finite: traces.map((t) => eq(t, 0)).reduce((a, b) => and(a, b)),
    };
  }

  /** Moves the scale and the counts after an update that was made (or, where gradients were not finite, skipped). */
  move(finite: Tensor): void {
    const made = castTo(finite, 'int64');
    this.updates.assign(add(this.updates, made));
    this.skipped.assign(add(this.skipped, sub(1, made)));
    if (!this.#dynamic) return;
    const good = mul(add(this.good, 1), made);
    const due = ge(good, this.#interval);
    this.good.assign(where(due, 0, good));
    const grown = where(due, minimum(mul(this.scale, this.#growth), this.#most), this.scale);
    this.scale.assign(where(finite, grown, maximum(mul(this.scale, this.#backoff), 1)));
  }

  /** What a checkpoint holds of it. */
  get variables(): readonly Variable[] {
    return [this.scale, this.good, this.updates, this.skipped];
  }
}
