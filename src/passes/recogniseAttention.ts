/**
 * recogniseAttention: softmax(Q·Kᵀ·s + mask)·V over heads becomes Attention (Vaswani et al., arXiv:1706.03762). What is matched: Q, K and V
 * of four dimensions [batch, heads, length, size]; Kᵀ by a Transpose of the last two axes; a
 * scale as Mul or Div by a constant of Q, K or the product; a float mask added, whose last two sizes are the lengths; Softmax over the last
 * axis. Nothing of it may be read elsewhere.
 */
import { float, type GraphNode, intAttribute, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { Backwards } from './pattern.ts';
import { recogniser } from './recognise.ts';

export const recogniseAttention = recogniser(
  'recogniseAttention',
  'makes one Attention of two products of matrices with a Softmax between',
  23,
  (model) => {
    const back = new Backwards(model);
    return (last) => {
      if (last.op !== 'MatMul') return undefined;
      const [weights = '', v = ''] = last.inputs;
      const softmax = back.alone(weights, 'Softmax');
      const rank = rankOf(model, v);
      if (softmax === undefined || rank !== 4) return undefined;
      const axis = intAttribute(softmax, 'axis', -1);
      if (axis !== -1 && axis !== 3) return undefined;
      const masked = back.alone(softmax.inputs[0]!, 'Add');
      const sides = masked === undefined ? [softmax.inputs[0]!] : masked.inputs;
      for (const side of sides) {
        const scores = scoresOf(model, back, side);
        if (scores === undefined) continue;
        const mask = sides.find((name) => name !== side);
        if (mask !== undefined && !isMask(model, mask, scores.product)) continue;
        const inputs = [scores.q, scores.k, v, ...(mask === undefined ? [] : [mask])];
        const node: GraphNode = {
          ...last,
          op: 'Attention',
          inputs,
          attributes: new Map([['scale', float(scores.scale)]]),
        };
        const nodes = [last, softmax, ...(masked === undefined ? [] : [masked]), ...scores.nodes];
        return { nodes, node };
      }
      return undefined;
    };
  },
);

const rankOf = (model: Model, value: string): number | undefined => {
  const type = typeOf(model.graph, value);
  return type?.kind === 'tensor' ? type.shape?.length : undefined;
};

interface Scores {
  readonly q: string;
  readonly k: string;
  readonly scale: number;
  readonly product: string;
  readonly nodes: readonly GraphNode[];
}

/** s·(Q·Kᵀ), where K is there before it was transposed. */
function scoresOf(model: Model, back: Backwards, value: string): Scores | undefined {
  const outer = back.factors(value);
  const product = outer.values.length === 1 ? back.alone(outer.values[0]!, 'MatMul') : undefined;
  if (product === undefined) return undefined;
  const [left, right] = product.inputs.map((name) => back.factors(name)) as [Factored, Factored];
  if (left.values.length !== 1 || right.values.length !== 1) return undefined;
  const turned = back.alone(right.values[0]!, 'Transpose');
  const isPlain = turned !== undefined && `${intsAttribute(turned, 'perm')}` === `${[0, 1, 3, 2]}`;
  const [q, k] = [left.values[0]!, turned?.inputs[0] ?? ''];
  if (!isPlain || rankOf(model, q) !== 4 || rankOf(model, k) !== 4) return undefined;
  return {
    q,
    k,
    scale: outer.constant * left.constant * right.constant,
    product: product.outputs[0]!,
    nodes: [...outer.nodes, product, ...left.nodes, ...right.nodes, turned],
  };
}

type Factored = ReturnType<Backwards['factors']>;

/** Whether a mask has the lengths of the scores as its last two sizes. */
function isMask(model: Model, mask: string, product: string): boolean {
  const [own, scores] = [mask, product].map((name) => staticShape(typeOf(model.graph, name)));
  if (own === undefined || scores === undefined || own.length < 2 || own.length > 4) return false;
  return own.at(-1) === scores[3] && own.at(-2) === scores[2];
}
