/**
 * Optimisers: what moves parameters against their gradients. The update is ordinary tensor operations, so that within `compile` it is
 * part of the graph; the learning rate and what else changes with the step comes in from the host at every run.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, tensorOf } from '#ir';
import { noGrad } from '../apply.ts';
import { numberWithin, optionsWithin } from '../arguments.ts';
import { reachedGradients } from '../autograd.ts';
import { longName, shortName } from '../dtypes.ts';
import { add, minimum, mul, pow, sub, where } from '../functions/elementwise.ts';
import { castTo, scalarBeside } from '../functions/operands.ts';
import { norm } from '../functions/reduce.ts';
import { fromHost } from '../random.ts';
import { type SavedState, type StateValue, savedAs, savedData, stateValue } from '../state.ts';
import type { Tensor } from '../tensor.ts';
import { currentTrace } from '../trace.ts';
import { Variable } from '../variable.ts';
import type { LossScaler } from './lossScaler.ts';
import type { Schedule } from './schedules.ts';

const noParameters = diagnostic<Record<string, never>>('SYS-TEN-040', 'usage', {
  en: () => 'an optimiser without parameters: give it those of a module (model.parameters()), or groups of them.',
  zh: () => '优化器没有参数：请给出模块的参数（model.parameters()）或参数组。',
});

const givenTwice = diagnostic<{ name: string }>('SYS-TEN-042', 'usage', {
  en: (p) => `parameter '${p.name}' is given to the optimiser twice and would be updated twice. Leave one out.`,
  zh: (p) => `参数“${p.name}”被两次交给优化器，会被更新两次。请去掉其一。`,
});

const gradientCount = diagnostic<{ found: number; expected: number }>('SYS-TEN-043', 'usage', {
  en: (p) => `${p.found} gradients for ${p.expected} parameters: step takes one for each, in their order.`,
  zh: (p) => `给出了 ${p.found} 个梯度，而参数有 ${p.expected} 个：step 需要按顺序为每个参数给出一个。`,
});

const nothingReached = diagnostic<{ parameters: number; first: string }>('SYS-TEN-160', 'usage', {
  en: (p) =>
    `none of the optimiser's ${p.parameters} parameters ('${p.first}', …) has a gradient: as far as gradients flow, the loss depends on none of ` +
    'them (noGrad, detach, integer results and comparisons end the flow; a parameter must be trainable). Compute the loss from them, or give ' +
    'the optimiser those that it is computed from.',
  zh: (p) =>
    `优化器的 ${p.parameters} 个参数（“${p.first}”等）均无梯度：在梯度可传播的范围内，损失不依赖于其中任何一个` +
    '（noGrad、detach、整数结果和比较会中断传播；参数须可训练）。请由这些参数计算损失，或把损失所依赖的参数交给优化器。',
});

const missingOptimizerState = diagnostic<{ name: string }>('SYS-TEN-041', 'invalid', {
  en: (p) => `the state of the optimiser lacks '${p.name}': it was saved by another optimiser, or for another network.`,
  zh: (p) => `优化器状态中缺少“${p.name}”：它由另一种优化器或为另一个网络保存。`,
});

export interface GroupOptions {
  /** The learning rate: a number, or by step. */
  readonly rate?: number | Schedule;
  /** λ: what is added of the weights to their gradients (or, decoupled, taken of the weights). */
  readonly weightDecay?: number;
}

/** Parameters with options of their own. */
export interface Group extends GroupOptions {
  readonly parameters: readonly Variable[];
}

export interface OptimizerOptions extends GroupOptions {
  /** Gradients are scaled down together where their norm is above this. */
  readonly clipNorm?: number;
  /** Scales losses for gradients in f16, and skips updates whose gradients overflowed. */
  readonly scaler?: LossScaler;
}

interface Slot {
  readonly variable: Variable;
  readonly group: number;
  /** State by name: momentum, second moments. */
  readonly state: Map<string, Variable>;
  /** How many updates that counted passed it by, since the loss did not reach it (0-D i64); absent while none has. */
  missed?: Variable;
}

export abstract class Optimizer {
  /** Updates so far, with those that a loss scaler skipped: what schedules follow. */
  iterations = 0;
  #scaler: LossScaler | undefined;
  readonly #masks = new Map<Variable, Variable>();
  readonly #slots: readonly Slot[];
  readonly #groups: readonly GroupOptions[];
  readonly #clipNorm: number | undefined;
  /** How many updates a trace holds, and how many of them come before this one. */
  readonly #recorded = new WeakMap<object, number>();
  #ahead = 0;
  /** Of the parameter that is being updated. */
  #missed: Variable | undefined;
  /** What this step has made for all parameters so far. */
  #fed = new Map<string, Tensor>();

  /** @throws SYS-TEN-040 no parameters; -042 one is given twice; -123 a rate or another option that is none */
  constructor(parameters: readonly Variable[] | readonly Group[], options: OptimizerOptions, rate: number) {
    const groups: readonly Group[] =
      parameters[0] instanceof Variable
        ? [{ parameters: parameters as readonly Variable[] }]
        : (parameters as readonly Group[]);
    this.#groups = groups.map((g) => ({ rate, ...options, ...g }));
    for (const { rate: own, weightDecay } of this.#groups) {
      const rates = typeof own === 'function' ? {} : { rate: own };
      optionsWithin(this.constructor.name, { ...rates, weightDecay }, { rate: { min: 0 }, weightDecay: { min: 0 } });
    }
    optionsWithin(this.constructor.name, options, { clipNorm: { above: 0 } });
    this.#slots = groups.flatMap((g, group) =>
      g.parameters.map((variable) => ({ variable, group, state: new Map<string, Variable>() })),
    );
    if (this.#slots.length === 0) throw noParameters({});
    const twice = this.#slots.find((slot, i) => this.#slots.findIndex((s) => s.variable === slot.variable) < i);
    if (twice !== undefined) throw givenTwice({ name: twice.variable.name });
    this.#clipNorm = options.clipNorm;
    this.#scaler = options.scaler;
  }

  get parameters(): readonly Variable[] {
    return this.#slots.map((s) => s.variable);
  }

  /**
   * The learning rate of a step, of the first group by default.
   * @throws SYS-TEN-123 a schedule that gives something else than a finite number ≥ 0
   */
  rate(step: number = this.iterations, group = 0): number {
    const rate = this.#groups[group]!.rate!;
    return typeof rate === 'number'
      ? rate
      : numberWithin(`${this.constructor.name}: the rate at step ${step}`, rate(step), { min: 0 });
  }

  /** What scales the losses from here on. */
  get scaler(): LossScaler | undefined {
    const value = this.#scaler;
    currentTrace()?.guards.push(() => this.#scaler === value);
    return value;
  }

  set scaler(value: LossScaler | undefined) {
    this.#scaler = value;
  }

  /**
   * Holds elements of a parameter at 0 from here on: those where `mask`, of its shape and type, is 0 and not 1. Their gradients count as
   * 0, so that neither momentum nor moments gather for them. Whoever changes the mask also clears the elements it takes away
   * (`sparsity.Pruner` does).
   */
  hold(parameter: Variable, mask: Variable): void {
    this.#masks.set(parameter, mask);
  }

  /** The masks, by parameter. */
  get masks(): ReadonlyMap<Variable, Variable> {
    return this.#masks;
  }

  #maskOf(parameter: Variable): Variable | undefined {
    const mask = this.#masks.get(parameter);
    currentTrace()?.guards.push(() => this.#masks.get(parameter) === mask);
    return mask;
  }

  /** The parameter's state: momentum, moments; empty before the first update. */
  stateOf(parameter: Variable): readonly Variable[] {
    return [...(this.#slots.find((s) => s.variable === parameter)?.state.values() ?? [])];
  }

  /**
   * One update towards a smaller loss. Parameters that the loss does not depend on stay as they are, and so does their state: neither
   * momentum nor decay moves them.
   * @throws SYS-TEN-160 the loss depends on no parameter
   */
  minimize(loss: Tensor): void {
    const { scaler } = this;
    this.step(reachedGradients(scaler === undefined ? loss : scaler.scaled(loss), this.parameters));
  }

  /**
   * One update by gradients, in the order of the parameters; with a loss scaler by those of the scaled loss. Where one is undefined, the
   * parameter is left alone.
   * @throws SYS-TEN-043 not as many as parameters; SYS-TEN-160 not one gradient
   */
  step(scaledGradients: readonly (Tensor | undefined)[]): void {
    if (scaledGradients.length !== this.#slots.length) {
      throw gradientCount({ found: scaledGradients.length, expected: this.#slots.length });
    }
    this.#fed = new Map();
    const recorded = currentTrace();
    // Of several updates in one graph each has a step of its own.
    this.#ahead = recorded === undefined ? 0 : (this.#recorded.get(recorded) ?? 0);
    if (recorded !== undefined) this.#recorded.set(recorded, this.#ahead + 1);
    const reached = this.#slots.flatMap((slot, i) => (scaledGradients[i] === undefined ? [] : [slot]));
    if (reached.length === 0) {
      throw nothingReached({ parameters: this.#slots.length, first: this.#slots[0]!.variable.name });
    }
    noGrad(() => {
      const { scaler } = this;
      const scaled = scaledGradients.filter((g) => g !== undefined);
      const { gradients, finite } = scaler?.unscaled(scaled) ?? { gradients: scaled };
      const masks = reached.map(({ variable }) => this.#maskOf(variable));
      const masked = gradients.map((g, i) => (masks[i] === undefined ? g : mul(g, masks[i])));
      const given = this.#clipNorm === undefined ? masked : clipByNorm(masked, this.#clipNorm);
      const perGroup = this.#groups.map((_, i) => this.fromStep(`rate_${i}`, (step) => this.rate(step, i)));
      reached.forEach((slot, i) => {
        const { variable, group, state } = slot;
        const options = this.#groups[group]!;
        const slotOf = (name: string): Variable => {
          let held = state.get(name);
          if (held === undefined) {
            held = new Variable(zerosOf(variable), { name: `${variable.name}.${name}`, trainable: false });
            state.set(name, held);
          }
          return held;
        };
        const before = finite && new Map([variable, ...this.stateNames().map(slotOf)].map((v) => [v, v.read()]));
        this.#missed = this.#missedOf(slot);
        this.update(variable, given[i]!, perGroup[group]!, options.weightDecay ?? 0, slotOf);
        const mask = masks[i];
        if (mask !== undefined) variable.assign(mul(variable, mask));
        before?.forEach((old, v) => {
          v.assign(where(finite!, v, old));
        });
      });
      if (this.countsUpdates()) {
        for (const slot of this.#slots) if (!reached.includes(slot)) this.#passBy(slot, finite);
      }
      if (finite !== undefined) scaler!.move(finite);
      const done = (): void => {
        this.iterations++;
      };
      const trace = currentTrace();
      if (trace === undefined) done();
      else trace.afterRun.push(done);
    });
  }

  /** Assigns the parameter's new value, and those of its state. */
  protected abstract update(
    parameter: Variable,
    gradient: Tensor,
    rate: Tensor,
    weightDecay: number,
    state: (name: string) => Variable,
  ): void;

  /** A number that depends on the step, as a 0-D f32 tensor that is fed anew at every run. */
  protected fromStep(name: string, f: (step: number) => number): Tensor {
    const ahead = this.#ahead;
    return this.shared(name, () =>
      fromHost(name, [], 'f32', () => tensorOf('float32', [], [f(this.iterations + ahead)])),
    );
  }

  /** What several parameters share in one update: made once. */
  protected shared(name: string, make: () => Tensor): Tensor {
    let made = this.#fed.get(name);
    if (made === undefined) {
      made = make();
      this.#fed.set(name, made);
    }
    return made;
  }

  /**
   * 1 − βᵗ at the parameter's t-th update that counts (0-D f32): by which running means that start at 0 fall short. Parameters that every
   * update has reached share it.
   */
  protected shortfall(name: string, beta: number): Tensor {
    const { scaler } = this;
    const missed = this.#missed;
    if (scaler === undefined && missed === undefined) return this.fromStep(name, (step) => 1 - beta ** (step + 1));
    // Only the graph knows which updates were skipped. In f64, since β is close to 1.
    const of = (): Tensor => {
      const ahead = this.#ahead;
      const all =
        scaler?.updates ??
        this.shared('updates', () =>
          fromHost('updates', [], 'i64', () => tensorOf('int64', [], [BigInt(this.iterations + ahead)])),
        );
      const t = castTo(add(missed === undefined ? all : sub(all, missed), 1), 'float64');
      return castTo(sub(1, pow(scalarBeside(beta, 'float64'), t)), 'float32');
    };
    return missed === undefined ? this.shared(name, of) : of();
  }

  /** What follows from `shortfall`: shared as it is. */
  protected corrected(name: string, make: () => Tensor): Tensor {
    return this.#missed === undefined ? this.shared(name, make) : make();
  }

  /** Whether an update depends on how many the parameter has had (`shortfall`). */
  protected countsUpdates(): boolean {
    return false;
  }

  #missedOf(slot: Slot): Variable | undefined {
    const { missed } = slot;
    currentTrace()?.guards.push(() => slot.missed === missed);
    return missed;
  }

  /** Counts an update that leaves a parameter out. */
  #passBy(slot: Slot, finite: Tensor | undefined): void {
    slot.missed ??= missedCount(slot, tensorOf('int64', [], [0n]));
    const { missed } = slot;
    missed.assign(add(missed, finite === undefined ? 1 : castTo(finite, 'int64')));
  }

  /** State by the parameter's place among all and its own name: what a checkpoint holds beside the network's. */
  async state(): Promise<Map<string, StateValue>> {
    const iterations = tensorOf('int64', [], [BigInt(this.iterations)]) as StateValue;
    const out = new Map<string, StateValue>([['iterations', iterations]]);
    for (const [i, { state, missed }] of this.#slots.entries()) {
      for (const [name, v] of state) out.set(`${i}.${name}`, await stateValue(v));
      if (missed !== undefined) out.set(`${i}.missed`, await stateValue(missed));
    }
    for (const [name, v] of this.#extra()) out.set(name, await stateValue(v));
    return out;
  }

  /**
   * Takes over a saved state.
   * @throws SYS-TEN-041 it is another optimiser's
   */
  load(state: SavedState): this {
    const iterations = state.get('iterations');
    if (iterations === undefined || !('bytes' in iterations)) throw missingOptimizerState({ name: 'iterations' });
    this.iterations = Number(new DataView(iterations.bytes.buffer, iterations.bytes.byteOffset).getBigInt64(0, true));
    const names = this.stateNames();
    const placed = (i: number): boolean => names.some((name) => state.has(`${i}.${name}`));
    // A parameter that no update has reached has no state yet; where not one has, the state is of another optimiser.
    const whole = this.iterations > 0 && !this.#slots.some((_, i) => placed(i));
    for (const [i, slot] of this.#slots.entries()) {
      const { variable, state: own } = slot;
      for (const name of names) {
        const saved = state.get(`${i}.${name}`);
        const held = own.get(name);
        if (saved === undefined && (whole || placed(i))) throw missingOptimizerState({ name: `${i}.${name}` });
        const value = saved === undefined ? zerosOf(variable) : savedAs(saved, (held ?? variable).dataType);
        if (held !== undefined) held.set(value);
        else if (saved !== undefined) {
          own.set(name, new Variable(value, { name: `${variable.name}.${name}`, trainable: false }));
        }
      }
      const missed = state.get(`${i}.missed`);
      const count = missed === undefined ? tensorOf('int64', [], [0n]) : savedData(missed);
      if (slot.missed !== undefined) slot.missed.set(count);
      else if (missed !== undefined) slot.missed = missedCount(slot, count);
    }
    for (const [name, v] of this.#extra()) {
      const saved = state.get(name);
      if (saved === undefined) throw missingOptimizerState({ name });
      v.set(savedData(saved));
    }
    return this;
  }

  /** State that is not a parameter's own: the loss scaler's, and masks. */
  #extra(): readonly (readonly [string, Variable])[] {
    return [
      ...(this.#scaler?.variables ?? []).map((v) => [v.name, v] as const),
      ...[...this.#masks].map(([parameter, mask]) => [`${this.parameters.indexOf(parameter)}.mask`, mask] as const),
    ];
  }

  /** The names that `update` asks state by. */
  protected abstract stateNames(): readonly string[];
}

const missedCount = ({ variable }: Slot, count: Data): Variable =>
  new Variable(count, { name: `${variable.name}.missed`, trainable: false });

const zerosOf = (v: Variable): Data => ({
  dtype: longName(shortName(v.dataType)) as 'float32',
  dims: v.shape,
  splat: new Uint8Array(v.dataType === 'float64' ? 8 : v.dataType === 'float32' ? 4 : 2),
});

/** Gradients scaled together so that the norm of all of them is at most `limit` (Pascanu, Mikolov and Bengio 2013). */
export function clipByNorm(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  const total = gradients
    .map((g) => norm(g).square())
    .reduce((a, b) => add(a, b))
    .sqrt();
  const factor = minimum(1, add(total, 1e-6).reciprocal().mul(limit));
  return gradients.map((g) => mul(g, factor));
}
