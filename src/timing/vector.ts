/**
 * Cost of one `vec`: the lanes take ⌈d0 ÷ lanes⌉ groups for each index of the outer dimensions; where d0 itself is reduced,
 * the lanes then meet in a tree. A group that meets what the last one gave does not wait: ⊕ takes a cycle and feeds itself by a
 * forwarding path. Conversion is part of the lanes' way in and out and takes no time of its own. O(dimensions).
 */
import { internalError } from '#base';
import type { ElementType, VectorFunction } from '#isa';
import { type Machine, vectorLanes } from '#machine';

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
  ne: 'simple',
  select: 'simple',
  unless: 'simple',
  round: 'simple',
  floor: 'simple',
  ceil: 'simple',
  trunc: 'simple',
  rsqrt: 'divide',
  erf: 'transcendental',
  softplus: 'transcendental',
  quant: 'divide',
  dequant: 'simple',
  and: 'simple',
  or: 'simple',
  xor: 'simple',
  not: 'simple',
  shl: 'simple',
  shr: 'simple',
};

/** Types of operand A and of the result. */
export interface VectorTypes {
  readonly type: ElementType;
  readonly result: ElementType;
}

export const F32_TYPES: VectorTypes = { type: 'f32', result: 'f32' };

/** Lanes for an instruction: those of its operands' type or of its results', whichever are fewer. */
export function lanesFor({ name, vector }: Machine, { type, result }: VectorTypes): number {
  const [a, c] = [vectorLanes(vector, type), vectorLanes(vector, result)];
  if (a === undefined || c === undefined) throw internalError({ what: `lanes of '${name}' for ${type} to ${result}` });
  return Math.min(a, c);
}

/**
 * @param sizes of the index space, innermost first
 * @param reducesInner whether d0 is reduced: accumulating, C's d0 stride 0, more than one element
 */
export function vecCycles(
  machine: Machine,
  name: VectorFunction,
  sizes: readonly number[],
  reducesInner: boolean,
  types: VectorTypes = F32_TYPES,
): number {
  const { pipelineCycles, cycles } = machine.vector;
  const lanes = lanesFor(machine, types);
  const outer = sizes.slice(1).reduce((n, size) => n * Math.max(0, size), 1);
  const inner = Math.max(0, sizes[0] ?? 1);
  const groups = Math.ceil(inner / lanes) * cycles[VECTOR_CLASSES[name]];
  return pipelineCycles + outer * (groups + (reducesInner && inner > 0 ? Math.log2(lanes) : 0));
}
