/**
 * recogniseLayerNorm: (x − mean) ÷ √(variance + ε) over the last axes, with the scale and bias behind it where they are constants of those
 * axes, becomes LayerNormalization (Ba, Kiros and Hinton, arXiv:1607.06450). The square may be Pow or a product with itself, the root Sqrt
 * or Pow by ½.
 */
import {
  elementCount,
  float,
  type GraphNode,
  int,
  intAttribute,
  intsAttribute,
  type Model,
  staticShape,
  type Tensor,
  tensorOf,
  typeOf,
} from '#ir';
import { Backwards } from './pattern.ts';
import { recogniser } from './recognise.ts';

export const recogniseLayerNorm = recogniser(
  'recogniseLayerNorm',
  'makes one LayerNormalization of the nodes that subtract a mean and divide by a deviation',
  17,
  (model) => {
    const back = new Backwards(model);
    const readersOf = new Map<string, GraphNode[]>();
    for (const node of model.graph.nodes) {
      for (const name of node.inputs) readersOf.set(name, [...(readersOf.get(name) ?? []), node]);
    }
    return (last, constant) => {
      const core = normalised(model, back, last) ?? behind(model, back, last);
      if (core === undefined) return undefined;
      // A scale or bias behind it will be found with it, from its own place.
      const next = back.readers(last.outputs[0]!) === 1 ? readersOf.get(last.outputs[0]!)?.[0] : undefined;
      if (next !== undefined && behind(model, back, next) !== undefined) return undefined;
      const scale =
        core.scale ??
        constant(`${last.name}.scale`, tensorOf(core.dtype, core.sizes, new Array(elementCount(core.sizes)).fill(1)));
      const inputs = [core.x, scale, ...(core.bias === undefined ? [] : [core.bias])];
      const attributes = new Map([
        ['axis', int(-core.sizes.length)],
        ['epsilon', float(core.epsilon)],
      ]);
      return {
        nodes: core.nodes,
        node: { ...last, op: 'LayerNormalization', inputs, outputs: [last.outputs[0]!], attributes },
      };
    };
  },
);

interface Core {
  readonly nodes: readonly GraphNode[];
  readonly x: string;
  readonly epsilon: number;
  /** Of the axes that are normalised. */
  readonly sizes: readonly number[];
  readonly dtype: Tensor['dtype'];
  readonly scale?: string;
  readonly bias?: string;
}

/** A scale (Mul) or a bias (Add) behind what is normalised. */
function behind(model: Model, back: Backwards, node: GraphNode): Core | undefined {
  if (node.op !== 'Mul' && node.op !== 'Add') return undefined;
  for (const [value, factor] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const tensor = back.constants.get(factor);
    const before = back.index.producer.get(value);
    if (tensor === undefined || before === undefined || back.readers(value) !== 1) continue;
    const core = normalised(model, back, before) ?? (node.op === 'Add' ? behind(model, back, before) : undefined);
    if (core === undefined || core.bias !== undefined || `${tensor.dims}` !== `${core.sizes}`) continue;
    const own = node.op === 'Mul' ? { scale: factor } : { bias: factor };
    return { ...core, ...own, nodes: [...core.nodes, node] };
  }
  return undefined;
}

function normalised(model: Model, back: Backwards, node: GraphNode): Core | undefined {
  if (node.op !== 'Div') return undefined;
  const [difference = '', deviation = ''] = node.inputs;
  const centre = back.node(difference, 'Sub');
  const root = back.alone(deviation, 'Sqrt') ?? back.alone(deviation, 'Pow');
  const isRoot = root?.op === 'Sqrt' || (root !== undefined && back.number(root.inputs[1]!) === 0.5);
  const sum = root === undefined || !isRoot ? undefined : back.alone(root.inputs[0]!, 'Add');
  if (centre === undefined || sum === undefined) return undefined;
  const variance = back.besides(sum, (v) => v > 0 && v < 1);
  const epsilon = variance === undefined ? undefined : back.number(sum.inputs.find((name) => name !== variance)!);
  const spread = variance === undefined ? undefined : back.alone(variance, 'ReduceMean');
  const square = spread && (back.alone(spread.inputs[0]!, 'Pow') ?? back.alone(spread.inputs[0]!, 'Mul'));
  const mean = back.alone(centre.inputs[1]!, 'ReduceMean');
  const [x = ''] = centre.inputs;
  if (spread === undefined || square === undefined || mean?.inputs[0] !== x || epsilon === undefined) return undefined;
  const isSquare =
    square.inputs[0] === difference &&
    (square.op === 'Pow' ? back.number(square.inputs[1]!) === 2 : square.inputs[1] === difference);
  // All that reads the difference is part of this.
  const readers = 1 + square.inputs.filter((name) => name === difference).length;
  if (!isSquare || back.readers(difference) !== readers) return undefined;
  const type = typeOf(model.graph, x);
  if (type?.kind !== 'tensor' || type.shape === undefined) return undefined;
  const first = lastAxes(back, mean, type.shape.length);
  if (first === undefined || first !== lastAxes(back, spread, type.shape.length)) return undefined;
  const sizes = staticShape({ ...type, shape: type.shape.slice(first) });
  if (sizes === undefined) return undefined;
  return { nodes: [mean, centre, square, spread, sum, root!, node], x, epsilon, sizes, dtype: type.dtype };
}

/** The first of the axes that a ReduceMean takes, where they are the last ones and stay with size 1. */
function lastAxes(back: Backwards, node: GraphNode, rank: number): number | undefined {
  if (intAttribute(node, 'keepdims', 1) !== 1) return undefined;
  const given = intsAttribute(node, 'axes') ?? back.integers(node.inputs[1] ?? '');
  const axes = given?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (axes === undefined || axes.length === 0) return undefined;
  return axes.every((axis, i) => axis === rank - axes.length + i) ? axes[0] : undefined;
}
