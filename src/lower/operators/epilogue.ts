/**
 * What follows a contraction and is done before its result is stored: an activation in the drain path of the matrix unit, then
 * element-wise operators on the vector unit, while the matrix unit works on the next tile.
 */
import { type GraphNode, tensorNumbers } from '#ir';
import type { Activation, ContractionEpilogue, EpilogueOperand } from '../contraction.ts';
import type { ElementwiseStep } from '../kernels/elementwise.ts';
import type { Planner } from '../planner.ts';
import { broadcastView, placeOf, type View } from '../views.ts';
import { BINARY, unarySteps } from './elementwise.ts';
import { fusedActivation } from './fuse.ts';

/** Operands that come beside a result: each takes buffers, records and transfers of its own. */
const MOST_OPERANDS = 2;

export interface Chain {
  readonly act: Activation;
  /** Element-wise steps behind the activation; operands by number. */
  readonly steps: readonly ElementwiseStep[];
  /** Of the result's shape, repeated elements by strides of 0. */
  readonly operands: readonly View[];
  /** The nodes of the chain. */
  readonly nodes: readonly GraphNode[];
  /** Name of what the last of them gives. */
  readonly output: string;
}

/** Chains behind `output`, the longest first; the last is what the drain path does alone. */
export function chainsBehind(p: Planner, output: string): readonly Chain[] {
  const fused = fusedActivation(p, output);
  const nodes: GraphNode[] = fused.node === undefined ? [] : [fused.node];
  const drained: Chain = { act: fused.act, steps: [], operands: [], nodes, output: fused.output };
  const behind = extend(p, drained);
  return behind.steps.length === 0 ? [drained] : [behind, drained];
}

function extend(p: Planner, { act, nodes: drained, output }: Chain): Chain {
  const dims = p.dims(output);
  const steps: ElementwiseStep[] = [];
  const operands: View[] = [];
  const nodes = [...drained];
  let name = output;
  for (;;) {
    const reader = p.onlyConsumer(name);
    if (reader === undefined || reader.domain !== '' || p.isDone(reader)) break;
    const added = stepsOf(p, reader, name, dims, operands);
    if (added === undefined) break;
    steps.push(...added);
    nodes.push(reader);
    name = reader.outputs[0]!;
  }
  return { act, steps, operands, nodes, output: name };
}

/** The steps of a node of which one operand is the result; undefined where it is nothing for an epilogue. Adds operands. */
function stepsOf(
  p: Planner,
  node: GraphNode,
  result: string,
  dims: readonly number[],
  operands: View[],
): ElementwiseStep[] | undefined {
  if (p.dims(node.outputs[0]!).join() !== dims.join()) return undefined;
  const unary = node.inputs[0] === result ? unarySteps(node, p) : undefined;
  if (unary !== undefined) return unary;
  const f = BINARY[node.op];
  const [first, second, ...more] = node.inputs;
  if (f === undefined || first === undefined || second === undefined || more.length > 0) return undefined;
  const other = first === result ? second : first;
  if (!p.isFloat(other)) return undefined;
  const constant = p.constant(other);
  if (constant?.dims.every((d) => d === 1) && first === result)
    return [{ f, a: 'out', b: { scalar: tensorNumbers(constant)[0]! } }];
  // Only what is there already: another result may be made later than this one.
  if (!p.isMade(other)) return undefined;
  if (operands.length === MOST_OPERANDS) return undefined;
  const i = operands.push(broadcastView(p.view(other), dims)) - 1;
  return [first === result ? { f, a: 'out', b: i } : { f, a: i, b: 'out' }];
}

/**
 * A chain as the epilogue of a contraction.
 * @param along strides of an operand along the dimensions of the contraction; its place is added
 */
export function epilogueOf(
  { steps, operands }: Chain,
  along: (v: View, i: number) => Omit<EpilogueOperand, 'place'>,
): { readonly epilogue?: ContractionEpilogue } {
  if (steps.length === 0) return {};
  return { epilogue: { steps, operands: operands.map((v, i) => ({ place: placeOf(v), ...along(v, i) })) } };
}
