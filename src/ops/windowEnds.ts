/**
 * Poolings that round the number of their windows up (`ceil_mode`) get the padding at the end that their last windows reach, and then round
 * down. ONNX Runtime infers a window too many where one would begin behind the input, and with that a wrong size of buffers that it uses
 * again; where ends are written out nothing is left to round.
 */
import { elementCount, type GraphNode, intAttribute, ints, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { isOnnxDomain } from './registry.ts';
import { accepted } from './shapes.ts';
import { effectiveKernel, windowOf, windowOutput } from './window.ts';

/**
 * The model with `pads` in the place of `ceil_mode` in each MaxPool and AveragePool of the main graph of which that can be said; it computes
 * the same.
 * @param model with its types inferred, without `auto_pad`
 */
export function explicitEnds(model: Model): Model {
  const nodes = model.graph.nodes.map((node) => ended(model, node));
  if (nodes.every((node, i) => node === model.graph.nodes[i])) return model;
  return { ...model, graph: { ...model.graph, nodes } };
}

function ended(model: Model, node: GraphNode): GraphNode {
  if (!isOnnxDomain(node.domain) || (node.op !== 'MaxPool' && node.op !== 'AveragePool')) return node;
  const input = staticShape(typeOf(model.graph, node.inputs[0] ?? ''))?.slice(2);
  const kernel = intsAttribute(node, 'kernel_shape');
  if (input === undefined || kernel === undefined || elementCount(input) === 0) return node;
  const window = windowOf(accepted, node, kernel);
  if (!window.ceil || window.autoPad !== 'NOTSET') return node;
  const outputs = windowOutput(accepted, window, input) as readonly number[];
  const rank = input.length;
  const begins = window.pads.slice(0, rank);
  const ends = outputs.map((out, axis) => {
    const reached = (out - 1) * window.strides[axis]! + effectiveKernel(window, axis);
    return Math.max(0, reached - input[axis]! - begins[axis]!);
  });
  const down = windowOutput(accepted, { ...window, ceil: false, pads: [...begins, ...ends] }, input);
  // A mean that counts its padding does not count what lies behind it; ONNX Runtime takes no padding of a kernel's size.
  const counts = node.op === 'AveragePool' && intAttribute(node, 'count_include_pad', 0) !== 0;
  const isSame = ends.every(
    (end, axis) => down[axis] === outputs[axis] && end < kernel[axis]! && (!counts || end <= window.pads[axis + rank]!),
  );
  if (!isSame) return node;
  const attributes = new Map(node.attributes);
  attributes.delete('ceil_mode');
  attributes.set('pads', ints([...begins, ...ends]));
  return { ...node, attributes };
}
