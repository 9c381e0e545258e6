/**
 * What follows a contraction and is done before its result is stored: an activation in the drain path of the matrix unit, then
 * element-wise operators on the vector unit, while the matrix unit works on the next tile.
 */
import { type GraphNode, intAttribute, tensorNumbers } from '#ir';
import { vectorLanes } from '#machine';
import type { Activation, ContractionEpilogue, EpilogueOperand } from '../contraction.ts';
import { elementTypeOf } from '../elementTypes.ts';
import type { ElementwiseStep } from '../kernels/elementwise.ts';
import type { Planner } from '../planner.ts';
import { lacksVectorType } from '../reasons.ts';
import { broadcastView, placeOf, typeOfView, type View } from '../views.ts';
import { BINARY, meetingBehind, unarySteps } from './elementwise.ts';
import { clipLimits, fusedActivation } from './fuse.ts';
import type { PoolBehind } from './poolBehind.ts';

/** Operands that come beside a result: each takes buffers, records and transfers of its own. */
const MOST_OPERANDS = 2;

export interface Chain {
  readonly act: Activation;
  /** Element-wise steps behind the activation; operands by number. */
  readonly steps: readonly ElementwiseStep[];
  /** Of the result's shape, repeated elements by strides of 0. */
  readonly operands: readonly View[];
  /** What pools the result behind all that. */
  readonly pool?: PoolBehind;
  /** The nodes of the chain. */
  readonly nodes: readonly GraphNode[];
  /** Name of what the last of them gives. */
  readonly output: string;
}

/** No chain: what a contraction leaves as it is. */
export const noChain = (output: string): Chain => ({
  act: { kind: 'none' },
  steps: [],
  operands: [],
  nodes: [],
  output,
});

/** Scale and zero point of a quantiser of a whole tensor, known numbers. */
function wholeScale(p: Planner, node: GraphNode): { readonly scale: number; readonly zero: number } | undefined {
  const [scale, zero] = [1, 2].map((i) => {
    const name = node.inputs[i] ?? '';
    const constant = p.constant(name);
    if (constant === undefined) return name === '' ? 0 : undefined;
    return constant.dims.every((d) => d === 1) ? tensorNumbers(constant)[0] : undefined;
  });
  const isPlain = intAttribute(node, 'block_size', 0) === 0 && intAttribute(node, 'precision', 0) <= 1;
  return scale === undefined || zero === undefined || !isPlain ? undefined : { scale, zero };
}

/**
 * Chains behind a result of integers: its codes are clipped, and it is dequantised, computed with in floats and quantised again, all beside
 * its tile; or nothing. What it meets may be quantised, too, and is dequantised as it is added.
 * @param zero its zero point
 */
export function quantisedChains(p: Planner, output: string, zero: number): readonly Chain[] {
  const drained = clippedChain(p, output, zero);
  const clipped = drained ?? stepsOfClip(p, output);
  const chain = quantisedChain(p, clipped ?? noChain(output));
  const last = drained ?? noChain(output);
  return [chain, ...(clipped === drained ? [] : [clipped]), last].filter((c) => c !== undefined);
}

/** The greatest sum in 32 bits. */
const GREATEST = 2 ** 31 - 1;

/** The Clip of codes behind a result: its limits; undefined where its only reader is none. */
function clipOf(p: Planner, output: string): { node: GraphNode; low: number; high: number } | undefined {
  const node = p.onlyConsumer(output);
  const limits = node?.op === 'Clip' && node.domain === '' && !p.isDone(node) ? clipLimits(node, p) : undefined;
  return node && limits && { node, ...limits };
}

/** A Clip at the zero point, as of a Relu before the codes: sums below 0 are 0, which the drain path does to them. */
function clippedChain(p: Planner, output: string, zero: number): Chain | undefined {
  const clip = clipOf(p, output);
  if (clip === undefined || clip.low !== zero || clip.high < (p.dtype(output) === 'int8' ? 127 : 255)) return undefined;
  const act = { kind: 'clamp', low: 0, high: GREATEST } as const;
  return { ...noChain(clip.node.outputs[0]!), act, nodes: [clip.node] };
}

/** Any other Clip of codes, beside the tile. */
function stepsOfClip(p: Planner, output: string): Chain | undefined {
  const clip = clipOf(p, output);
  if (clip === undefined || lacksVectorType(p.machine, [p.dtype(output)]) !== undefined) return undefined;
  const steps = unarySteps(clip.node, p);
  return steps && { ...noChain(clip.node.outputs[0]!), steps, nodes: [clip.node] };
}

function quantisedChain(p: Planner, before: Chain): Chain | undefined {
  const { output } = before;
  const dims = p.dims(output);
  if (lacksVectorType(p.machine, [p.dtype(output), 'float32']) !== undefined) return undefined;
  const first = p.onlyConsumer(output);
  const from = first?.op === 'DequantizeLinear' && first.domain === '' ? wholeScale(p, first) : undefined;
  if (first === undefined || from === undefined || p.dtype(first.outputs[0]!) !== 'float32') return undefined;
  const steps: ElementwiseStep[] = [
    ...before.steps,
    { f: 'dequant', a: 'out', b: { scalar: from.scale }, zero: from.zero, type: 'f32' },
  ];
  const operands: View[] = [];
  const nodes = [...before.nodes, first];
  for (let name = first.outputs[0]!; ; ) {
    const reader = p.onlyConsumer(name);
    if (reader === undefined) {
      const meeting = meetingBehind(p, name);
      if (meeting === undefined) return undefined;
      steps.push(...meeting.steps);
      nodes.push(...meeting.nodes);
      name = nodes.at(-1)!.outputs[0]!;
      continue;
    }
    if (reader.domain !== '' || p.isDone(reader)) return undefined;
    const next = reader.outputs[0]!;
    if (p.dims(next).join() !== dims.join()) return undefined;
    nodes.push(reader);
    if (reader.op === 'QuantizeLinear') {
      const to = wholeScale(p, reader);
      const type = elementTypeOf(p.dtype(next));
      // The result's tile takes what is of the result's type.
      if (to === undefined || reader.inputs[0] !== name || p.dtype(next) !== p.dtype(output)) return undefined;
      steps.push({
        f: 'quant',
        a: 'out',
        b: { scalar: to.scale },
        zero: to.zero,
        ...(type === undefined ? {} : { type }),
      });
      return { act: before.act, steps, operands, nodes, output: next };
    }
    const met = meetingSteps(p, reader, name, dims, operands) ?? stepsOf(p, reader, name, dims, operands);
    if (met === undefined) return undefined;
    steps.push(...met);
    name = next;
  }
}

/** The step of a sum or product with a value that DequantizeLinear makes of integers that are there. */
function meetingSteps(
  p: Planner,
  node: GraphNode,
  value: string,
  dims: readonly number[],
  operands: View[],
): ElementwiseStep[] | undefined {
  const accumulate = ({ Add: 'add', Mul: 'mul' } as const)[node.op];
  if (accumulate === undefined || node.inputs.length !== 2 || operands.length === MOST_OPERANDS) return undefined;
  const other = node.inputs[0] === value ? node.inputs[1]! : node.inputs[0]!;
  const maker = p.producerOf(other);
  const scale = maker?.op === 'DequantizeLinear' && maker.domain === '' ? wholeScale(p, maker) : undefined;
  const codes = maker?.inputs[0] ?? '';
  if (maker === undefined || scale === undefined || !p.isMade(codes) || p.dtype(other) !== 'float32') return undefined;
  if (lacksVectorType(p.machine, [p.dtype(codes)]) !== undefined) return undefined;
  const i = operands.push(broadcastView(p.view(codes), dims)) - 1;
  return [{ f: 'dequant', a: i, b: { scalar: scale.scale }, zero: scale.zero, accumulate }];
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
  const dtype = p.dtype(output);
  const steps: ElementwiseStep[] = [];
  const operands: View[] = [];
  const nodes = [...drained];
  let name = output;
  // Steps work in the type of the result.
  while (vectorLanes(p.machine.vector, elementTypeOf(dtype) ?? '') !== undefined) {
    const reader = p.onlyConsumer(name);
    if (reader === undefined) {
      const meeting = meetingBehind(p, name);
      if (meeting === undefined) break;
      steps.push(...meeting.steps);
      nodes.push(...meeting.nodes);
    } else {
      const added = reader.domain !== '' || p.isDone(reader) ? undefined : stepsOf(p, reader, name, dims, operands);
      if (added === undefined) break;
      steps.push(...added);
      nodes.push(reader);
    }
    name = nodes.at(-1)!.outputs[0]!;
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
  const dtype = p.dtype(result);
  if (p.dims(node.outputs[0]!).join() !== dims.join() || p.dtype(node.outputs[0]!) !== dtype) return undefined;
  const unary = node.inputs[0] === result ? unarySteps(node, p) : undefined;
  if (unary !== undefined) return unary;
  const f = BINARY[node.op];
  const [first, second, ...more] = node.inputs;
  if (f === undefined || first === undefined || second === undefined || more.length > 0) return undefined;
  const other = first === result ? second : first;
  if (p.dtype(other) !== dtype) return undefined;
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
  along: (v: View, i: number) => Omit<EpilogueOperand, 'place' | 'type'>,
): { readonly epilogue?: ContractionEpilogue } {
  if (steps.length === 0) return {};
  return {
    epilogue: { steps, operands: operands.map((v, i) => ({ place: placeOf(v), type: typeOfView(v), ...along(v, i) })) },
  };
}
