/** Which convolutions the Winograd unit can do, and why not the others. */
import type { WinogradTile } from '#isa';
import { coresOf, type Machine, semaphoresOf } from '#machine';
import { type Contraction, typesOfContraction } from '../contraction.ts';
import { SEMAPHORES_NEEDED } from './order.ts';

/** What a compilation does with the Winograd unit: what is predicted to be fastest, nothing, or one tile wherever it can. */
export const WINOGRAD_CHOICES = ['auto', 'off', 'f2', 'f4'] as const;
export type WinogradChoice = (typeof WINOGRAD_CHOICES)[number];

/** A reason, in both languages. */
export interface Reason {
  readonly en: string;
  readonly zh: string;
}

/** Whether a contraction is a convolution that Winograd's algorithms are for, whatever the machine. */
export function isWinogradShape(k: Contraction): boolean {
  const types = typesOfContraction(k);
  return (
    k.weights.kind === 'constant' &&
    types.a === 'f32' &&
    types.w === 'f32' &&
    types.result === 'f32' &&
    k.quantisation === undefined &&
    k.prologue === undefined &&
    [k.y, k.x].every((s) => s.kernel === 3 && s.scale === 1 && s.dilation === 1) &&
    (k.epilogue?.steps ?? []).every((s) => s.type === undefined) &&
    (k.epilogue?.operands ?? []).every((o) => o.type === undefined || o.type === 'f32')
  );
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
