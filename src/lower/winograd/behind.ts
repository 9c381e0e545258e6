/** What the vector unit does with a result of the transform unit before it is stored: the activation, then the chain behind it. */

import { WINOGRAD_OUTPUTS, type WinogradTile } from '#isa';
import type { Activation, Contraction } from '../contraction.ts';
import type { Operand } from '../emitter.ts';
import type { ElementwiseStep, StepOperand } from '../kernels/elementwise.ts';
import { tileStrides } from '../stream.ts';
import type { Access, StepBody } from '../vectorSteps.ts';
import type { BuiltWinograd } from './build.ts';

/** An activation of the drain path as steps of the vector unit. */
export function activationSteps(act: Activation): ElementwiseStep[] {
  switch (act.kind) {
    case 'none':
      return [];
    case 'leaky':
      return [{ f: 'leaky', a: 'out', b: { scalar: act.alpha } }];
    case 'clamp':
      return [
        ...(act.low === Number.NEGATIVE_INFINITY ? [] : [{ f: 'max', a: 'out', b: { scalar: act.low } } as const]),
        ...(act.high === Number.POSITIVE_INFINITY ? [] : [{ f: 'min', a: 'out', b: { scalar: act.high } } as const]),
      ];
  }
}

/** All of them, in order. */
export const stepsBehind = ({ act, epilogue }: Pick<Contraction, 'act' | 'epilogue'>): readonly ElementwiseStep[] => [
  ...activationSteps(act),
  ...(epilogue?.steps ?? []),
];

interface Dimension {
  readonly size: Operand;
  /** Of the result, then of the operands. */
  readonly strides: readonly number[];
}

/** Joins dimensions that all tiles walk as one. */
function joined(dims: readonly Dimension[]): Dimension[] {
  const out: Dimension[] = [];
  for (const d of dims) {
    const before = out.at(-1);
    const { size } = before ?? {};
    const isRun =
      typeof size === 'number' &&
      typeof d.size === 'number' &&
      before!.strides.every((s, i) => d.strides[i] === s * size);
    if (isRun) out[out.length - 1] = { ...before!, size: size * (d.size as number) };
    else out.push(d);
  }
  return out;
}

/** The steps over the tile of a result, whole Winograd tiles. */
export function bodyBehind(k: Contraction, built: BuiltWinograd, tile: WinogradTile): StepBody {
  const m = WINOGRAD_OUTPUTS[tile];
  const { out, operands, loop } = built;
  // Of b, y, x, n; 0 along what an operand repeats.
  const strides = [
    tileStrides(out),
    ...(k.epilogue?.operands ?? []).map((o, i) => {
      const own = tileStrides(operands[i]!);
      let at = 0;
      return [o.b, o.y, o.x, o.n].map((s) => (s === 0 ? 0 : own[at++]!));
    }),
  ];
  const along = (d: number, times = 1): number[] => strides.map((s) => times * s[d]!);
  const steps = stepsBehind(k);
  return (at, emit) => {
    const dims = joined([
      { size: at.size(loop.n), strides: along(3) },
      { size: m, strides: along(2) },
      { size: at.size(loop.x), strides: along(2, m) },
      { size: m, strides: along(1) },
      { size: at.size(loop.y), strides: along(1, m) },
    ]);
    const sizes = dims.map((d) => d.size);
    // Tiles of several images are whole.
    for (const s of steps) {
      for (let image = 0; image < loop.b.tile; image++) {
        const access = (operand: StepOperand): Access => {
          const i = typeof operand === 'string' ? 0 : operand + 1;
          const offset = image * strides[i]![0]!;
          return {
            tile: i === 0 ? out : operands[i - 1]!,
            ...(offset === 0 ? {} : { offset }),
            strides: dims.map((d) => d.strides[i]!),
          };
        };
        emit.step({
          ...{ f: s.f, sizes, a: access(s.a), c: access('out') },
          ...(s.b === undefined ? {} : { b: typeof s.b === 'object' ? s.b : access(s.b) }),
          ...(s.accumulate === undefined ? {} : { accumulate: s.accumulate }),
        });
      }
    }
  };
}
