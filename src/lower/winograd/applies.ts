/** Which convolutions the Winograd unit can do, and why not the others. */
import type { WinogradTile } from '#isa';
import { coresOf, type Machine, semaphoresOf } from '#machine';
import { type Contraction, typesOfContraction } from '../contraction.ts';
import { needsBeside } from '../kernels/elementwise.ts';
import { SEMAPHORES_NEEDED } from './order.ts';

/** What a compilation does with the Winograd unit: what is predicted to be fastest, nothing, or one tile wherever it can. */
export const WINOGRAD_CHOICES = ['auto', 'off', 'f2', 'f4'] as const;
export type WinogradChoice = (typeof WINOGRAD_CHOICES)[number];

/** A reason, in both languages. */
export interface Reason {
  readonly en: string;
  readonly zh: string;
}

/** Why a contraction is no convolution that Winograd's algorithms are for here, whatever the machine; undefined where it is one. */
export function otherShape(k: Contraction): Reason | undefined {
  const { y, x } = k;
  if ([y, x].some((s) => s.kernel !== 3))
    return {
      en: `its kernel is ${y.kernel} × ${x.kernel}, not 3 × 3`,
      zh: `卷积核为 ${y.kernel} × ${x.kernel}，而非 3 × 3`,
    };
  if ([y, x].some((s) => s.scale !== 1))
    return { en: `its stride is ${y.scale} × ${x.scale}, not 1`, zh: `步长为 ${y.scale} × ${x.scale}，而非 1` };
  if ([y, x].some((s) => s.dilation !== 1))
    return {
      en: `its dilation is ${y.dilation} × ${x.dilation}, not 1`,
      zh: `膨胀为 ${y.dilation} × ${x.dilation}，而非 1`,
    };
  if (k.pool !== undefined)
    return { en: 'its results are pooled before they are stored', zh: '其结果在写出前先做池化' };
  if (k.weights.kind !== 'constant') return { en: 'its weights are computed', zh: '其权重由计算得出' };
  const types = typesOfContraction(k);
  const [other] = [types.a, types.w, types.result].filter((type) => type !== 'f32');
  if (other !== undefined || k.quantisation !== undefined)
    return { en: `the unit computes f32, not ${other ?? types.a}`, zh: `该单元只计算 f32，不支持 ${other ?? types.a}` };
  const steps = (k.epilogue?.steps ?? []).some((s) => s.type !== undefined);
  const operands = (k.epilogue?.operands ?? []).some((o) => o.type !== undefined && o.type !== 'f32');
  if (k.prologue !== undefined || steps || operands)
    return { en: 'what is done before or behind it is not of its type', zh: '其前后的运算类型与之不同' };
  if (needsBeside(k.epilogue?.steps ?? []))
    return { en: 'what is done behind it needs a tile beside the results', zh: '其后的运算需要结果之外的一块暂存' };
  return undefined;
}

/** Why a convolution of such a shape cannot use the unit of this machine; undefined where it can. */
export function lacksWinograd(machine: Machine): Reason | undefined {
  if (machine.winograd === undefined)
    return { en: `machine '${machine.name}' has no Winograd unit`, zh: `机器“${machine.name}”没有 Winograd 单元` };
  const semaphores = semaphoresOf(machine);
  if (semaphores < SEMAPHORES_NEEDED)
    return {
      en: `its nests need ${SEMAPHORES_NEEDED} semaphores, and machine '${machine.name}' has ${semaphores} (control.semaphores)`,
      zh: `其循环需要 ${SEMAPHORES_NEEDED} 个信号量，而机器“${machine.name}”只有 ${semaphores} 个（control.semaphores）`,
    };
  if (coresOf(machine) > 1)
    return {
      en: `its nests are for one core, and ${coresOf(machine)} work here; --cores 1 compiles for one`,
      zh: `其循环只用于单核，而此处有 ${coresOf(machine)} 个核；--cores 1 可为单核编译`,
    };
  return undefined;
}

/** Why the unit of a machine that has one does not have a tile. */
export function lacksTile({ name, winograd }: Machine, tile: WinogradTile): Reason | undefined {
  if (winograd?.tileCycles[tile] !== undefined) return undefined;
  return {
    en: `the Winograd unit of machine '${name}' has no ${tile} (winograd.tileCycles.${tile})`,
    zh: `机器“${name}”的 Winograd 单元不支持 ${tile}（winograd.tileCycles.${tile}）`,
  };
}
