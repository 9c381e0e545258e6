/**
 * Pruner: gradual pruning by magnitude. Every so many updates the smallest weights of each layer become zero, as many as the schedule
 * says, and the optimiser holds them there; in between the others adapt. A weight that has become zero stays zero. The host makes the
 * masks between steps; the step reads them as variables, so that it is compiled once.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, elementCount, tensorBytes, tensorNumbers, tensorOf } from '#ir';
import type { Module } from '../nn/module.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { Variable } from '../variable.ts';
import { type MaskPattern, magnitudeMask, twoOfFourMask } from './masks.ts';
import type { SparsitySchedule } from './schedule.ts';

const nothingToPrune = diagnostic<{ pattern: MaskPattern }>('SYS-TEN-094', 'usage', {
  en: (p) =>
    `none of the optimiser's parameters can be pruned${p.pattern === '2:4' ? ' to 2:4: products must sum over a multiple of four inputs' : ': weights have two or more axes'}.`,
  zh: (p) =>
    `优化器的参数均无法剪枝${p.pattern === '2:4' ? '为 2:4：乘积所归约的输入数须为 4 的倍数' : '：权重须有两个或更多轴'}。`,
});

const unfit = diagnostic<{ name: string; found: string; axis: number }>('SYS-TEN-095', 'usage', {
  en: (p) =>
    `'${p.name}' [${p.found}] cannot be pruned to 2:4: products sum over its axis ${p.axis}; expected a multiple of four there. Leave it out.`,
  zh: (p) => `“${p.name}” [${p.found}] 无法剪枝为 2:4：乘积沿第 ${p.axis} 轴归约，其大小应为 4 的倍数。请将其排除。`,
});

const tooSparse = diagnostic<{ final: number }>('SYS-TEN-096', 'usage', {
  en: (p) => `2:4 makes half of the weights zero; the schedule ends at ${p.final}. Let it end at 0.5.`,
  zh: (p) => `2:4 使一半权重为零，而计划的终值为 ${p.final}。请设为 0.5。`,
});

export interface PrunerOptions {
  readonly schedule: SparsitySchedule;
  readonly pattern?: MaskPattern;
  /** By default the optimiser's weights that the pattern fits: of two or more axes, for 2:4 with multiples of four along the reduction. */
  readonly parameters?: readonly Variable[];
}

export interface ZeroCount {
  readonly name: string;
  readonly zeros: number;
  readonly size: number;
}

const fits = (v: Variable, pattern: MaskPattern): boolean =>
  v.rank >= 2 && (pattern === 'magnitude' || v.shape[v.reductionAxis]! % 4 === 0);

export class Pruner {
  readonly schedule: SparsitySchedule;
  readonly parameters: readonly Variable[];
  readonly #optimizer: Optimizer;
  readonly #pattern: MaskPattern;
  #settled = false;

  /**
   * Masks that keep everything, which the optimiser holds from here on.
   * @throws SYS-TEN-094 nothing to prune; SYS-TEN-095 a parameter that 2:4 does not fit; SYS-TEN-096 2:4 to other than a half
   */
  constructor(optimizer: Optimizer, { schedule, pattern = 'magnitude', parameters }: PrunerOptions) {
    if (pattern === '2:4' && schedule.final !== 0.5) throw tooSparse({ final: schedule.final });
    const misfit = parameters?.find((v) => !fits(v, pattern));
    if (misfit !== undefined && pattern === '2:4') {
      throw unfit({ name: misfit.name, found: misfit.dims.join(', '), axis: misfit.reductionAxis });
    }
    this.parameters = parameters ?? optimizer.parameters.filter((v) => fits(v, pattern));
    if (this.parameters.length === 0) throw nothingToPrune({ pattern });
    this.schedule = schedule;
    this.#optimizer = optimizer;
    this.#pattern = pattern;
    for (const v of this.parameters) {
      const all = maskData(v, new Uint8Array(v.size).fill(1));
      optimizer.hold(v, new Variable(all, { name: `${v.name}.mask`, trainable: false }));
    }
  }

  /** To be awaited after every update: renews the masks where the schedule says so. Whether it did. */
  async update(): Promise<boolean> {
    const step = this.#optimizer.iterations;
    const { schedule } = this;
    // Training that was resumed behind the end gets its last masks all the same.
    const late = step > schedule.end && !this.#settled;
    if (!schedule.due(step) && !late) return false;
    this.#settled = step >= schedule.end;
    const share = schedule.share(step);
    for (const parameter of this.parameters) {
      const mask = this.#optimizer.masks.get(parameter)!;
      const [weights, before] = await Promise.all([parameter.value(), mask.value()]);
      const kept = this.#mask(tensorNumbers(weights), parameter, share, Uint8Array.from(tensorNumbers(before)));
      mask.set(maskData(parameter, kept));
      parameter.set(cleared(weights, kept));
      for (const state of this.#optimizer.stateOf(parameter)) state.set(cleared(await state.value(), kept));
    }
    return true;
  }

  #mask(weights: ArrayLike<number>, parameter: Variable, share: number, before: Uint8Array): Uint8Array {
    // Never fewer zeros than there were: training that is prolonged has another ramp.
    const zeros = Math.max(count(before), Math.round(share * weights.length));
    return this.#pattern === '2:4'
      ? twoOfFourMask(weights, parameter.shape, { zeros, axis: parameter.reductionAxis, before })
      : magnitudeMask(weights, zeros, before);
  }
}

/** How many weights are exactly zero, for each weight tensor of a network. */
export async function zeroCounts(network: Module): Promise<readonly ZeroCount[]> {
  const weights = network.variables().filter(([, v]) => v.trainable && v.rank >= 2);
  return Promise.all(
    weights.map(async ([name, v]) => ({
      name,
      zeros: count(tensorNumbers(await v.value())),
      size: elementCount(v.shape),
    })),
  );
}

function count(values: ArrayLike<number>): number {
  let zeros = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  return zeros;
}

const maskData = (like: Variable, kept: Uint8Array): Data => tensorOf(like.dataType, like.shape, kept);

/** The value with +0 where the mask is 0. */
function cleared(value: Data, kept: Uint8Array): Data {
  const bytes = tensorBytes(value).slice();
  const width = bytes.length / kept.length;
  // A copy begins where its buffer does.
  const words = width === 2 ? new Uint16Array(bytes.buffer) : width === 4 ? new Uint32Array(bytes.buffer) : undefined;
  for (let i = 0; i < kept.length; i++) {
    if (kept[i] !== 0) continue;
    if (words === undefined) bytes.fill(0, i * width, (i + 1) * width);
    else words[i] = 0;
  }
  return { dtype: value.dtype, dims: value.dims, bytes } as Data;
}
