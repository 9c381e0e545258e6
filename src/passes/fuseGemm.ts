/** fuseGemm: MatMul of matrices and Add of a constant row become one Gemm with bias. */
import { elementCount, type GraphNode, type Model, typeOf } from '#ir';
import { onnxOpset } from '#ops';
import { isRow } from './channelAffine.ts';
import { absorb, pass } from './pass.ts';
import { indexOf, isPrivate, withNodes } from './rewrite.ts';

export const fuseGemm = pass({
  name: 'fuseGemm',
  summary: 'makes one Gemm of a MatMul of matrices and the constant row added to it',
  run(model, context) {
    // Before opset 7 Gemm broadcasts by an attribute.
    if (onnxOpset(model) < 7) return model;
    const { graph } = model;
    const index = indexOf(graph);
    const nodes: GraphNode[] = [];
    const places = new Map<string, number>();
    let changed = false;
    for (const node of graph.nodes) {
      const found = addedRow(model, node);
      const place = found === undefined ? undefined : places.get(found.from);
      const matmul = place === undefined ? undefined : nodes[place]!;
      const fits = matmul?.op === 'MatMul' && matmul.inputs.every((name) => rankOf(model, name) === 2);
      if (found === undefined || place === undefined || !fits || !isPrivate(index, found.from)) {
        for (const name of node.outputs) places.set(name, nodes.length);
        nodes.push(node);
        continue;
      }
      changed = true;
      nodes[place] = { ...matmul, op: 'Gemm', inputs: [...matmul.inputs, found.row], outputs: node.outputs };
      places.set(node.outputs[0]!, place);
      absorb(context, matmul.name, node.name);
    }
    return changed ? withNodes(model, nodes) : model;
  },
});

/** A vector times a stack of matrices gives a matrix, too, but is no Gemm. */
function rankOf(model: Model, name: string): number | undefined {
  const type = typeOf(model.graph, name);
  return type?.kind === 'tensor' ? type.shape?.length : undefined;
}

/** Add of a constant row to a product of two matrices. */
function addedRow(model: Model, node: GraphNode): { from: string; row: string } | undefined {
  if (node.op !== 'Add' || node.domain !== '') return undefined;
  const { constants } = model.graph;
  const at = constants.has(node.inputs[1]!) ? 1 : constants.has(node.inputs[0]!) ? 0 : undefined;
  if (at === undefined) return undefined;
  const from = node.inputs[1 - at]!;
  const type = typeOf(model.graph, from);
  const row = constants.get(node.inputs[at]!)!;
  if (type?.kind !== 'tensor' || type.shape?.length !== 2 || !['float32', 'float64', 'float16'].includes(type.dtype)) {
    return undefined;
  }
  const columns = type.shape[1];
  const fits = elementCount(row.dims) === 1 || (typeof columns === 'number' && isRow(row.dims, columns));
  return fits && row.dims.length <= 2 ? { from, row: node.inputs[at]! } : undefined;
}
