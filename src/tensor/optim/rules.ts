/** The usual rules. Names and defaults are PyTorch's; a source stands at each. */
import { numberWithin, optionsWithin } from '../arguments.ts';
import { add, div, mul, reciprocal, rsqrt, sqrt, square, sub } from '../functions/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import type { Variable } from '../variable.ts';
import { type Group, Optimizer, type OptimizerOptions } from './optimizer.ts';

type Parameters = readonly Variable[] | readonly Group[];
type StateOf = (name: string) => Variable;

const decayed = (g: Tensor, w: Tensor, lambda: number): Tensor => (lambda === 0 ? g : add(g, mul(w, lambda)));

export interface SGDOptions extends OptimizerOptions {
  /** a of v ← a·v + g, w ← w − rate·v; may be negative (exercise 2.9). 0: plain gradient descent. */
  readonly momentum?: number;
  /** Nesterov's: w ← w − rate·(g + a·v) (Sutskever et al. 2013). */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent, with momentum (Polyak 1964) where asked. */
export class SGD extends Optimizer {
  readonly #momentum: number;
  readonly #nesterov: boolean;

  constructor(parameters: Parameters, options: SGDOptions = {}) {
    super(parameters, options, 0.01);
    optionsWithin('SGD', options, { momentum: {} });
    this.#momentum = options.momentum ?? 0;
    this.#nesterov = options.nesterov ?? false;
  }

  protected override stateNames(): readonly string[] {
    return this.#momentum === 0 ? [] : ['momentum'];
  }

  protected override update(w: Variable, gradient: Tensor, rate: Tensor, decay: number, state: StateOf): void {
    const g = decayed(gradient, w, decay);
    if (this.#momentum === 0) {
      w.assign(sub(w, mul(g, rate)));
      return;
    }
    const v = state('momentum');
    const moved = add(mul(v, this.#momentum), g);
    v.assign(moved);
    w.assign(sub(w, mul(this.#nesterov ? add(g, mul(moved, this.#momentum)) : moved, rate)));
  }
}

export interface RMSPropOptions extends OptimizerOptions {
  readonly alpha?: number;
  readonly epsilon?: number;
}

/** Gradients divided by the root of their running mean square (Tieleman and Hinton 2012). */
export class RMSProp extends Optimizer {
  readonly #alpha: number;
  readonly #epsilon: number;

  constructor(parameters: Parameters, options: RMSPropOptions = {}) {
    super(parameters, options, 0.01);
    optionsWithin('RMSProp', options, { alpha: { min: 0, below: 1 }, epsilon: { min: 0 } });
    this.#alpha = options.alpha ?? 0.99;
    this.#epsilon = options.epsilon ?? 1e-8;
  }

  protected override stateNames(): readonly string[] {
    return ['square'];
  }

  protected override update(w: Variable, gradient: Tensor, rate: Tensor, decay: number, state: StateOf): void {
    const g = decayed(gradient, w, decay);
    const mean = state('square');
    const moved = add(mul(mean, this.#alpha), mul(square(g), 1 - this.#alpha));
    mean.assign(moved);
    w.assign(sub(w, mul(div(g, add(sqrt(moved), this.#epsilon)), rate)));
  }
}

export interface AdamOptions extends OptimizerOptions {
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
}

/** Running first and second moments, corrected for their start at zero (Kingma and Ba 2015). */
export class Adam extends Optimizer {
  readonly #betas: readonly [number, number];
  readonly #epsilon: number;
  /** Whether the decay acts on the weights themselves (AdamW). */
  protected readonly decoupled: boolean = false;

  constructor(parameters: Parameters, options: AdamOptions = {}) {
    super(parameters, options, 1e-3);
    this.#betas = options.betas ?? [0.9, 0.999];
    for (const i of [0, 1])
      numberWithin(`${this.constructor.name}: betas[${i}]`, this.#betas[i]!, { min: 0, below: 1 });
    optionsWithin(this.constructor.name, options, { epsilon: { min: 0 } });
    this.#epsilon = options.epsilon ?? 1e-8;
  }

  protected override stateNames(): readonly string[] {
    return ['mean', 'square'];
  }

  protected override countsUpdates(): boolean {
    return true;
  }

  protected override update(w: Variable, gradient: Tensor, rate: Tensor, decay: number, state: StateOf): void {
    const [b1, b2] = this.#betas;
    const g = this.decoupled ? gradient : decayed(gradient, w, decay);
    const [mean, second] = [state('mean'), state('square')];
    const m = add(mul(mean, b1), mul(g, 1 - b1));
    const v = add(mul(second, b2), mul(square(g), 1 - b2));
    mean.assign(m);
    second.assign(v);
    // m̂ ÷ (√v̂ + ε), with the corrections as scalars: 1 − βᵗ at step t.
    const first = this.corrected('first_correction', () => reciprocal(this.shortfall('first_shortfall', b1)));
    const root = this.corrected('second_correction', () => rsqrt(this.shortfall('second_shortfall', b2)));
    const step = mul(div(m, add(mul(sqrt(v), root), this.#epsilon)), mul(rate, first));
    const kept = this.decoupled && decay !== 0 ? sub(w, mul(w, mul(rate, decay))) : w;
    w.assign(sub(kept, step));
  }
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  constructor(parameters: Parameters, options: AdamOptions = {}) {
    super(parameters, { weightDecay: 0.01, ...options });
  }
}
