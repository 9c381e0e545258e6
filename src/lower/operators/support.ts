/** What the registries say of an operator on the processor: for the reference page. */
import type { DataType } from '#ir';
import { expansions, functionExpansions, type Operator } from '#ops';
import { elementTypeOf } from '../elementTypes.ts';
import { lowerIdentity, lowerReshape } from './movement.ts';
import { lowerings } from './table.ts';

export interface ProcessorSupport {
  /** A kernel of its own; other operators that compute it; another name for the same memory; the host alone. */
  readonly by: 'kernel' | 'expansion' | 'view' | 'host';
  /** Of tensors: what the operator allows of its first operand of several types, and some unit computes. */
  readonly types: readonly DataType[];
}

export function processorSupport(op: Operator): ProcessorSupport {
  const lowering = lowerings.get(op.name);
  const sets = op.inputs.map(({ type }) => op.types[type] ?? [type as DataType]);
  const types = (sets.find((set) => set.length > 1) ?? sets[0] ?? []).filter((t) => elementTypeOf(t) !== undefined);
  if (lowering === lowerReshape || lowering === lowerIdentity) return { by: 'view', types };
  if (lowering !== undefined) return { by: 'kernel', types };
  return expansions.has(op.name) || functionExpansions.has(op.name)
    ? { by: 'expansion', types }
    : { by: 'host', types: [] };
}
