/**
 * Helpers that build a Cost. Every helper adds the bytes of each present input and output once; an operator states the
 * arithmetic. Conventions: `Cost` in define.ts.
 */
import { internalError } from '#base';
import { byteLength, elementCount, staticShape, type TensorType, typeText } from '#ir';
import type { Cost, CostContext } from './define.ts';

export type Work = Partial<Omit<Cost, 'bytesRead' | 'bytesWritten' | 'transcendentals'>>;

/** The static dimensions of a type; cost functions are only called with static types. */
export function staticDims(type: TensorType | undefined): readonly number[] {
  const dims = staticShape(type);
  if (dims === undefined) throw internalError({ what: `a cost was asked for the type ${typeText(type)}` });
  return dims;
}

/** Elements of a type, 0 where absent. */
export const elements = (type: TensorType | undefined): number =>
  type === undefined ? 0 : elementCount(staticDims(type));

/** Bytes of a type, 0 where absent and for strings, whose size is not in the type. */
export const bytes = (type: TensorType | undefined): number =>
  type === undefined ? 0 : byteLength(type.dtype, elements(type));

/** The cost of a node that does `work`, and reads and writes each operand once. No work: it only moves data. */
export function costOf(c: CostContext, work: Work = {}): Cost {
  const sum = (types: readonly (TensorType | undefined)[]) => types.reduce((total, t) => total + bytes(t), 0);
  const { exponentials = 0, divisions = 0, powers = 0, otherFunctions = 0 } = work;
  return {
    macs: 0,
    multiplications: 0,
    additions: 0,
    comparisons: 0,
    ...work,
    ...{ exponentials, divisions, powers, otherFunctions },
    transcendentals: exponentials + divisions + powers + otherFunctions,
    bytesRead: sum(c.inputs),
    bytesWritten: sum(c.outputs),
  };
}

/** The cost of a node that does `perOutput` for each element of its first output. */
export function elementwiseCost(c: CostContext, perOutput: Work): Cost {
  return costOf(c, scaledWork(perOutput, elements(c.outputs[0])));
}

/** `work`, n times. */
export const scaledWork = (work: Work, n: number): Work =>
  Object.fromEntries(Object.entries(work).map(([key, value]) => [key, value * n]));

/** Several works together. */
export function totalWork(...parts: readonly Work[]): Work {
  const total: { -readonly [K in keyof Work]: number } = {};
  for (const part of parts) {
    for (const [key, value] of Object.entries(part) as [keyof Work, number][]) total[key] = (total[key] ?? 0) + value;
  }
  return total;
}
