/**
 * Depthwise convolution with several filters a channel: groups of the matrix unit, which multiplies a channel's few taps with its few filters
 * (of integers of several channels at a time, `mergedGroups.ts`), or, every channel repeated for each of its filters, a depthwise convolution of the vector unit. Here is estimated which takes less time.
 */
import { elementCount, type GraphNode, intAttribute, type Model, staticShape, typeOf } from '#ir';
import { SLOT_BYTES } from '#isa';
import { coresOf, type Machine, vectorLanes } from '#machine';
import { onnxOpset } from '#ops';
import { elementTypeOf, matrixTypeOf } from '../elementTypes.ts';
import { mergesOf } from './mergedGroups.ts';

/** Convolutions, and which of their inputs are the weights. */
const WEIGHTS: Readonly<Record<string, number>> = { Conv: 1, QLinearConv: 3 };

/** Expand came with it. */
const LEAST_OPSET = 8;

/** Whether such a convolution is to be done by the vector unit. */
export function repeatsChannels(model: Model, node: GraphNode, machine: Machine): boolean {
  const { graph } = model;
  const at = WEIGHTS[node.op];
  const weights = at === undefined ? undefined : graph.constants.get(node.inputs[at]!);
  const [x, y] = [typeOf(graph, node.inputs[0]!), typeOf(graph, node.outputs[0]!)];
  const [from, to] = [staticShape(x), staticShape(y)];
  if (weights === undefined || x?.kind !== 'tensor' || from === undefined || to === undefined) return false;
  const [filters, perGroup, ...kernel] = weights.dims as [number, number, ...number[]];
  const channels = from[1]!;
  const isRepeated =
    intAttribute(node, 'group', 1) === channels && perGroup === 1 && filters > channels && channels > 1;
  if (!isRepeated || kernel.length > 2 || onnxOpset(model) < LEAST_OPSET) return false;
  const slot = SLOT_BYTES[x.dtype as keyof typeof SLOT_BYTES];
  const lanes = vectorLanes(machine.vector, elementTypeOf(x.dtype) ?? '');
  // Integers are summed and scaled in wider types.
  const wide = node.op === 'Conv' ? ['f32'] : ['i32', 'f32'];
  if (slot === undefined || lanes === undefined || wide.some((t) => vectorLanes(machine.vector, t) === undefined))
    return false;
  const type = matrixTypeOf(machine, x.dtype);
  if (type === undefined) return true;
  const [height, width] = [to.length > 3 ? to[2]! : 1, to.at(-1)!];
  const { bandwidth } = machine.dram;
  const moved = (bytes: number): number => (bytes * bandwidth.cycles) / bandwidth.bytes;
  const bursts = (segment: number): number => Math.ceil(segment / machine.dma.burstBytes) * machine.dma.burstBytes;
  const [into, out, times] = [slot * elementCount(from), slot * elementCount(to), filters / channels];
  const cores = coresOf(machine);
  const [merge] = mergesOf(
    {
      ...{
        groups: channels,
        filters: times,
        channels: 1,
        kernel: [kernel.length > 1 ? kernel[0]! : 1, kernel.at(-1)!],
      },
      ...{ pixels: [width, height, from[0]!], types: { a: type, w: type } },
    },
    machine,
  );
  const products = merge!.least;
  // Results of groups lie pixel by pixel between those of the others; so do their operands, where a layer made them.
  const isInput = graph.inputs.some((v) => v.name === node.inputs[0]);
  const { merged } = merge!;
  const groups =
    (isInput ? into : (elementCount(from) / merged) * bursts(merged * slot)) +
    (elementCount(to) / times / merged) * bursts(merged * times * slot);
  const sums = (elementCount(to) * elementCount(kernel) * machine.vector.cycles.simple) / lanes / cores;
  const copy = moved(into) + moved(times * into);
  return copy + Math.max(sums, moved(times * into) + moved(out)) < Math.max(products, moved(groups));
}
