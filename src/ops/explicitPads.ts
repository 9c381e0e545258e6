/**
 * Windows that say `auto_pad` get the pads that it means. ONNX Runtime refuses some valid ones (SAME with dilations), and its
 * kernels disagree on others (a stride that skips the last elements); pads that are written out mean one thing everywhere.
 */
import { elementCount, type GraphNode, intsAttribute, type Model, staticShape, stringAttribute, typeOf } from '#ir';
import { isOnnxDomain, operatorIn } from './registry.ts';
import { accepted } from './shapes.ts';
import { windowOf, windowPads } from './window.ts';

const WINDOWED = new Set(['Conv', 'MaxPool', 'AveragePool']);

/**
 * The model with `pads` for `auto_pad` in each Conv, MaxPool and AveragePool of the main graph whose shapes are known; it computes
 * the same.
 * @param model with its types inferred
 */
export function explicitPads(model: Model): Model {
  const nodes = model.graph.nodes.map((node) => padded(model, node));
  if (nodes.every((node, i) => node === model.graph.nodes[i])) return model;
  return { ...model, graph: { ...model.graph, nodes } };
}

function padded(model: Model, node: GraphNode): GraphNode {
  if (!isOnnxDomain(node.domain) || !WINDOWED.has(node.op) || operatorIn(model, node) === undefined) return node;
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (autoPad === 'NOTSET') return node;
  const shape = (name: string | undefined): readonly number[] | undefined =>
    name === undefined ? undefined : staticShape(typeOf(model.graph, name));
  const input = shape(node.inputs[0])?.slice(2);
  const kernel = intsAttribute(node, 'kernel_shape') ?? shape(node.inputs[1])?.slice(2);
  if (input === undefined || kernel === undefined || elementCount(input) === 0) return node;
  const attributes = new Map(node.attributes);
  attributes.delete('auto_pad');
  attributes.set('pads', { kind: 'ints', value: windowPads(windowOf(accepted, node, kernel), input).map(BigInt) });
  // SAME alone says how many outputs there are; with its pads, rounding down gives as many.
  if (autoPad !== 'VALID') attributes.delete('ceil_mode');
  return { ...node, attributes };
}
