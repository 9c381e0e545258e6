/** The rewriting that foldBatchNorm and foldBias share: a per-channel affine node behind a Conv or Gemm goes into it. */
import { type GraphNode, type Model, type Tensor, typeOf } from '#ir';
import { onnxOpset } from '#ops';
import { applyAffine, linearOf, type PerChannel } from './channelAffine.ts';
import { absorb, type PassContext } from './pass.ts';
import { freshNames, indexOf, isPrivate, withNodes } from './rewrite.ts';

/** y = from · s + t, channel by channel. */
export interface Affine {
  readonly from: string;
  readonly s: PerChannel;
  readonly t: PerChannel;
}

/** Takes every node that `affineOf` recognises into the Conv or Gemm that alone feeds it. Chains are taken whole. */
export function foldBehindLinear(
  model: Model,
  context: PassContext,
  affineOf: (node: GraphNode) => Affine | undefined,
): Model {
  const { graph } = model;
  const index = indexOf(graph);
  const fresh = freshNames(graph);
  const constants = new Map(graph.constants);
  const addConstant = (wish: string, value: Tensor): string => {
    const name = fresh(wish);
    constants.set(name, value);
    return name;
  };
  const nodes: GraphNode[] = [];
  /** Where the node that gives a value stands in `nodes`. */
  const places = new Map<string, number>();
  let changed = false;
  for (const node of graph.nodes) {
    const affine = affineOf(node);
    const place = affine === undefined ? undefined : places.get(affine.from);
    const alone = affine !== undefined && isPrivate(index, affine.from);
    const before = alone && place !== undefined ? nodes[place]! : undefined;
    const linear = before === undefined || !isMatrixCase(model, before) ? undefined : linearOf(constants, before);
    const folded = linear === undefined ? undefined : applyAffine(linear, affine!.s, affine!.t, addConstant);
    if (place === undefined || folded === undefined) {
      for (const name of node.outputs) places.set(name, nodes.length);
      nodes.push(node);
      continue;
    }
    changed = true;
    nodes[place] = { ...folded, outputs: [node.outputs[0]!] };
    places.set(node.outputs[0]!, place);
    absorb(context, folded.name, node.name);
  }
  return changed ? withNodes(model, nodes, constants) : model;
}

/** A MatMul can become a Gemm where both operands are matrices and Gemm broadcasts its bias by itself (opset 7). */
function isMatrixCase(model: Model, node: GraphNode): boolean {
  if (node.op !== 'MatMul') return true;
  const type = typeOf(model.graph, node.inputs[0]!);
  return onnxOpset(model) >= 7 && type?.kind === 'tensor' && type.shape?.length === 2;
}
