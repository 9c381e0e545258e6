/**
 * Cost of one `vec`: the lanes take ⌈d0 ÷ lanes⌉ groups for each index of the outer dimensions; where d0 itself is reduced,
 * the lanes then meet in a tree. A group that meets what the last one gave does not wait: ⊕ takes a cycle and feeds itself by a
 * forwarding path. O(dimensions).
 */
import type { VectorFunction } from '#isa';
import type { Machine } from '#machine';

/** Class of each function, which names its cycles in the machine. */
export const VECTOR_CLASSES: Readonly<Record<VectorFunction, keyof Machine['vector']['cycles']>> = {
  mov: 'simple',
  add: 'simple',
  sub: 'simple',
  mul: 'simple',
  div: 'divide',
  max: 'simple',
  min: 'simple',
  leaky: 'simple',
  exp: 'transcendental',
  log: 'transcendental',
  sqrt: 'divide',
  recip: 'divide',
  sigmoid: 'transcendental',
  tanh: 'transcendental',
  abs: 'simple',
  neg: 'simple',
  gt: 'simple',
  ge: 'simple',
  lt: 'simple',
  le: 'simple',
  eq: 'simple',
};

/**
 * @param sizes of the index space, innermost first
 * @param reducesInner whether d0 is reduced: accumulating, C's d0 stride 0, more than one element
 */
export function vecCycles(
  machine: Machine,
  name: VectorFunction,
  sizes: readonly number[],
  reducesInner: boolean,
): number {
  const { lanes, pipelineCycles, cycles } = machine.vector;
  const outer = sizes.slice(1).reduce((n, size) => n * Math.max(0, size), 1);
  const inner = Math.max(0, sizes[0] ?? 1);
  const groups = Math.ceil(inner / lanes) * cycles[VECTOR_CLASSES[name]];
  return pipelineCycles + outer * (groups + (reducesInner && inner > 0 ? Math.log2(lanes) : 0));
}
