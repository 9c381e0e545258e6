/**
 * foldPads: a Pad with a constant of the spatial axes becomes pads of the Conv, AveragePool or MaxPool behind it: zeros before a Conv, or
 * before an AveragePool that then counts them; before a MaxPool what is below every number.
 */
import {
  type GraphNode,
  int,
  intAttribute,
  ints,
  intsAttribute,
  type Model,
  stringAttribute,
  type Tensor,
  tensorIntegers,
  tensorNumbers,
  typeOf,
} from '#ir';
import { absorb, pass } from './pass.ts';
import { indexOf, isPrivate, withNodes } from './rewrite.ts';

export const foldPads = pass({
  name: 'foldPads',
  summary: 'takes padding into the convolution or pooling behind it',
  run(model, context) {
    const { graph } = model;
    const index = indexOf(graph);
    const folded = new Map<GraphNode, GraphNode>();
    for (const node of graph.nodes) {
      const before = index.producer.get(node.inputs[0] ?? '');
      if (before?.op !== 'Pad' || before.domain !== '' || !isPrivate(index, node.inputs[0]!)) continue;
      const pads = spatialPads(model, before);
      const made = pads === undefined ? undefined : paddedBy(node, pads, fillOf(graph.constants, before));
      if (made === undefined) continue;
      folded.set(node, { ...made, inputs: [before.inputs[0]!, ...node.inputs.slice(1)] });
      absorb(context, node.name, before.name);
    }
    return folded.size === 0
      ? model
      : withNodes(
          model,
          graph.nodes.map((node) => folded.get(node) ?? node),
        );
  },
});

/** Begins and ends of the spatial axes; undefined where other axes are padded, something is cut off, or the amounts are computed. */
function spatialPads(model: Model, node: GraphNode): readonly number[] | undefined {
  if (stringAttribute(node, 'mode', 'constant') !== 'constant') return undefined;
  const type = typeOf(model.graph, node.inputs[0]!);
  const rank = type?.kind === 'tensor' ? type.shape?.length : undefined;
  const given = model.graph.constants.get(node.inputs[1] ?? '');
  const amounts = intsAttribute(node, 'pads') ?? (given === undefined ? undefined : tensorIntegers(given).map(Number));
  if (rank === undefined || rank < 3 || amounts === undefined) return undefined;
  const named = node.inputs[3] ?? '';
  const chosen = model.graph.constants.get(named);
  if (named !== '' && chosen === undefined) return undefined;
  const axes = chosen === undefined ? Array.from({ length: rank }, (_, i) => i) : tensorIntegers(chosen).map(Number);
  const all = new Array<number>(2 * rank).fill(0);
  for (const [i, axis] of axes.entries()) {
    const at = axis < 0 ? axis + rank : axis;
    all[at] = amounts[i]!;
    all[at + rank] = amounts[i + axes.length]!;
  }
  const isSpatial = all.every((n, i) => n >= 0 && (n === 0 || i % rank >= 2));
  return isSpatial ? [...all.slice(2, rank), ...all.slice(rank + 2)] : undefined;
}

/** The number that is padded with; NaN where it is computed. */
function fillOf(constants: ReadonlyMap<string, Tensor>, node: GraphNode): number {
  const name = node.inputs[2] ?? '';
  const attribute = node.attributes.get('value');
  if (name === '') return attribute?.kind === 'float' ? attribute.value : 0;
  const value = constants.get(name);
  return value === undefined ? Number.NaN : tensorNumbers(value)[0]!;
}

/** The least finite number of float32: below it is nothing that a maximum would not take instead. */
const LEAST = -3.4028234663852886e38;

function paddedBy(node: GraphNode, pads: readonly number[], fill: number): GraphNode | undefined {
  if (node.domain !== '' || !['NOTSET', 'VALID'].includes(stringAttribute(node, 'auto_pad', 'NOTSET')))
    return undefined;
  const own = stringAttribute(node, 'auto_pad', 'NOTSET') === 'VALID' ? undefined : intsAttribute(node, 'pads');
  const total = pads.map((n, i) => n + (own?.[i] ?? 0));
  const attributes = new Map(node.attributes).set('pads', ints(total));
  attributes.delete('auto_pad');
  if (node.op === 'Conv') return fill === 0 ? { ...node, attributes } : undefined;
  // Kernels of pooling refuse windows that lie in the padding alone.
  const kernel = intsAttribute(node, 'kernel_shape');
  if (kernel === undefined || total.some((n, i) => n >= kernel[i % kernel.length]!)) return undefined;
  if (node.op === 'MaxPool') return fill <= LEAST && node.outputs.length === 1 ? { ...node, attributes } : undefined;
  if (node.op !== 'AveragePool' || fill !== 0 || intAttribute(node, 'ceil_mode', 0) !== 0) return undefined;
  const counted = intAttribute(node, 'count_include_pad', 0) !== 0 || (own ?? []).every((n) => n === 0);
  return counted ? { ...node, attributes: attributes.set('count_include_pad', int(1)) } : undefined;
}
