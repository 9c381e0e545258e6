/**
 * Cost of one `vec`: the lanes take ⌈d0 ÷ lanes⌉ groups for each index of the outer dimensions; where d0 itself is reduced,
 * the lanes then meet in a tree. A group that meets what the last one gave does not wait: ⊕ takes a cycle and feeds itself by a
 * forwarding path. Where NRAM has ways, a group takes as long as the stream with the most conflicts (`ways.ts`). Conversion is part of
 * the lanes' way in and out and takes no time of its own. O(dimensions).
 */
import { internalError } from '#base';
import type { ElementType, VectorFunction } from '#isa';
import { type Machine, vectorLanes } from '#machine';
import { wayCycles, waysOf } from './ways.ts';

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

const F32_TYPES: VectorTypes = { type: 'f32', result: 'f32' };

/** Lanes for an instruction: those of its operands' type or of its results', whichever are fewer. */
export function lanesFor({ name, vector }: Machine, { type, result }: VectorTypes): number {
  const [a, c] = [vectorLanes(vector, type), vectorLanes(vector, result)];
  if (a === undefined || c === undefined) throw internalError({ what: `lanes of '${name}' for ${type} to ${result}` });
  return Math.min(a, c);
}

/** How its streams lie in NRAM, and of what they are; f32 where it is not said. */
export interface VectorStreams extends Partial<VectorTypes> {
  /** Bytes from one element of d0 to the next, of A, C, and B where it is one. */
  readonly strides: readonly number[];
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
  streams: VectorStreams,
): number {
  const { pipelineCycles, cycles } = machine.vector;
  const lanes = lanesFor(machine, { ...F32_TYPES, ...streams });
  const outer = sizes.slice(1).reduce((n, size) => n * Math.max(0, size), 1);
  const inner = Math.max(0, sizes[0] ?? 1);
  const busy = cycles[VECTOR_CLASSES[name]];
  const ways = waysOf(machine, 'nram');
  const run = ways === undefined ? Math.ceil(inner / lanes) * busy : runCycles(inner, lanes, busy, ways, streams);
  return pipelineCycles + outer * (run + (reducesInner && inner > 0 ? Math.log2(lanes) : 0));
}

/** Of one run of d0: groups of all lanes, and the rest. */
function runCycles(inner: number, lanes: number, busy: number, ways: number, { strides }: VectorStreams): number {
  const group = (n: number): number => Math.max(busy, ...strides.map((stride) => wayCycles(ways, n, stride)));
  const rest = inner % lanes;
  return Math.floor(inner / lanes) * group(lanes) + (rest > 0 ? group(rest) : 0);
}
