/**
 * Optimisers: what moves parameters against their gradients. The update is ordinary tensor operations, so that within `compile` it is
 * part of the graph; the learning rate and what else changes with the step comes in from the host at every run.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, tensorOf } from '#ir';
import { noGrad } from '../apply.ts';
import { grad } from '../autograd.ts';
import { longName, shortName } from '../dtypes.ts';
import { add, minimum, mul } from '../functions/elementwise.ts';
import { norm } from '../functions/reduce.ts';
import { fromHost } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { currentTrace } from '../trace.ts';
import { Variable } from '../variable.ts';
import type { Schedule } from './schedules.ts';

const noParameters = diagnostic<Record<string, never>>('SYS-TEN-040', 'usage', {
  en: () => 'an optimiser without parameters: give it those of a module (model.parameters()), or groups of them.',
  zh: () => '优化器没有参数：请给出模块的参数（model.parameters()）或参数组。',
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
}

interface Slot {
  readonly variable: Variable;
  readonly group: number;
  /** State by name: momentum, second moments. */
  readonly state: Map<string, Variable>;
}

export abstract class Optimizer {
  /** Updates so far. */
  iterations = 0;
  readonly #slots: readonly Slot[];
  readonly #groups: readonly GroupOptions[];
  readonly #clipNorm: number | undefined;
  /** What this step has asked of the host so far. */
  #fed = new Map<string, Tensor>();

  constructor(parameters: readonly Variable[] | readonly Group[], options: OptimizerOptions, rate: number) {
    const groups: readonly Group[] =
      parameters[0] instanceof Variable
        ? [{ parameters: parameters as readonly Variable[] }]
        : (parameters as readonly Group[]);
    this.#groups = groups.map((g) => ({ rate, ...options, ...g }));
    this.#slots = groups.flatMap((g, group) =>
      g.parameters.map((variable) => ({ variable, group, state: new Map<string, Variable>() })),
    );
    if (this.#slots.length === 0) throw noParameters({});
    this.#clipNorm = options.clipNorm;
  }

  get parameters(): readonly Variable[] {
    return this.#slots.map((s) => s.variable);
  }

  /** The learning rate of a step, of the first group by default. */
  rate(step: number = this.iterations, group = 0): number {
    const rate = this.#groups[group]!.rate!;
    return typeof rate === 'number' ? rate : rate(step);
  }

  /** One update towards a smaller loss. */
  minimize(loss: Tensor): void {
    this.step(grad(loss, this.parameters));
  }

  /** One update by gradients, in the order of the parameters. */
  step(gradients: readonly Tensor[]): void {
    this.#fed = new Map();
    noGrad(() => {
      const given = this.#clipNorm === undefined ? gradients : clipByNorm(gradients, this.#clipNorm);
      const perGroup = this.#groups.map((_, i) => this.fromStep(`rate_${i}`, (step) => this.rate(step, i)));
      this.#slots.forEach((slot, i) => {
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
        this.update(variable, given[i]!, perGroup[group]!, options.weightDecay ?? 0, slotOf);
      });
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
    let fed = this.#fed.get(name);
    if (fed === undefined) {
      fed = fromHost(name, [], 'f32', () => tensorOf('float32', [], [f(this.iterations)]));
      this.#fed.set(name, fed);
    }
    return fed;
  }

  /** State by name: what a checkpoint holds beside the network's. */
  async state(): Promise<Map<string, Data>> {
    const out = new Map<string, Data>([['iterations', tensorOf('int64', [], [BigInt(this.iterations)])]]);
    for (const { state } of this.#slots) for (const v of state.values()) out.set(v.name, await v.value());
    return out;
  }

  /**
   * Takes over a saved state.
   * @throws SYS-TEN-041 it is another optimiser's
   */
  load(state: ReadonlyMap<string, Data>): this {
    const iterations = state.get('iterations');
    if (iterations === undefined || !('bytes' in iterations)) throw missingOptimizerState({ name: 'iterations' });
    this.iterations = Number(new DataView(iterations.bytes.buffer, iterations.bytes.byteOffset).getBigInt64(0, true));
    const names = this.stateNames();
    for (const { variable, state: own } of this.#slots) {
      for (const name of this.iterations === 0 ? [] : names) {
        const saved = state.get(`${variable.name}.${name}`);
        if (saved === undefined) throw missingOptimizerState({ name: `${variable.name}.${name}` });
        const held = own.get(name);
        if (held !== undefined) held.set(saved);
        else own.set(name, new Variable(saved, { name: `${variable.name}.${name}`, trainable: false }));
      }
    }
    return this;
  }

  /** The names that `update` asks state by. */
  protected abstract stateNames(): readonly string[];
}

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
