/** What follows an operator and is done by the unit that produces its result. */
import { floatAttribute, type GraphNode, tensorNumbers } from '#ir';
import type { Activation } from '../contraction.ts';
import type { Planner } from '../planner.ts';

/** The activation behind a node, if it is its only reader and the drain path can do it. */
export function fusedActivation(p: Planner, output: string): { act: Activation; node?: GraphNode; output: string } {
  const reader = p.onlyConsumer(output);
  const none = { act: { kind: 'none' }, output } as const;
  if (reader === undefined || reader.domain !== '') return none;
  const act = activationOf(reader, p);
  return act === undefined ? none : { act, node: reader, output: reader.outputs[0]! };
}

function activationOf(node: GraphNode, p: Planner): Activation | undefined {
  switch (node.op) {
    case 'Relu':
      return { kind: 'clamp', low: 0, high: Number.POSITIVE_INFINITY };
    case 'LeakyRelu':
      return { kind: 'leaky', alpha: floatAttribute(node, 'alpha', 0.01) };
    case 'Clip': {
      const limits = clipLimits(node, p);
      return limits && { kind: 'clamp', ...limits };
    }
    default:
      return undefined;
  }
}

/** The limits of a Clip, where they are constants. */
export function clipLimits(node: GraphNode, p: Planner): { low: number; high: number } | undefined {
  const limit = (i: number, attribute: string, otherwise: number): number | undefined => {
    const fixed = floatAttribute(node, attribute);
    if (fixed !== undefined) return fixed;
    const name = node.inputs[i];
    if (name === undefined || name === '') return otherwise;
    const constant = p.constant(name);
    return constant && tensorNumbers(constant)[0];
  };
  const low = limit(1, 'min', Number.NEGATIVE_INFINITY);
  const high = limit(2, 'max', Number.POSITIVE_INFINITY);
  // With crossing limits ONNX gives `max` everywhere; the unit's clamp would give `min` below it.
  return low === undefined || high === undefined || low > high ? undefined : { low, high };
}
