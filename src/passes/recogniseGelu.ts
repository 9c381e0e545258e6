/**
 * recogniseGelu: x · ½ · (1 + erf(x ÷ √2)) and its approximation x · ½ · (1 + tanh(√(2 ÷ π) · (x + 0.044715 · x³))) become Gelu
 * (Hendrycks and Gimpel, arXiv:1606.08415), whatever the order and grouping of the factors; x³ as a power or a product.
 */
import { type GraphNode, string } from '#ir';
import { Backwards, isAbout } from './pattern.ts';
import { recogniser } from './recognise.ts';

export const recogniseGelu = recogniser(
  'recogniseGelu',
  'makes one Gelu of the nodes that compute it by Erf or Tanh',
  20,
  (model) => {
    const back = new Backwards(model);
    return (last) => {
      if (last.op !== 'Mul' && last.op !== 'Div') return undefined;
      const product = back.factors(last.outputs[0]!, true);
      if (product.values.length !== 2 || !isAbout(0.5)(product.constant)) return undefined;
      for (const [x, gate] of [product.values, [...product.values].reverse()] as [string, string][]) {
        const found = gateOf(back, gate, x);
        if (found === undefined) continue;
        const attributes = new Map(found.approximate ? [['approximate', string('tanh')]] : []);
        const node: GraphNode = { ...last, op: 'Gelu', inputs: [x], outputs: [last.outputs[0]!], attributes };
        return { nodes: [...product.nodes, ...found.nodes], node };
      }
      return undefined;
    };
  },
);

/** 1 + erf(…) or 1 + tanh(…), of x. */
function gateOf(
  back: Backwards,
  gate: string,
  x: string,
): { readonly nodes: readonly GraphNode[]; readonly approximate: boolean } | undefined {
  const sum = back.alone(gate, 'Add');
  const inner = sum && back.besides(sum, isAbout(1));
  if (sum === undefined || inner === undefined) return undefined;
  const erf = back.alone(inner, 'Erf');
  if (erf !== undefined) {
    const { constant, values, nodes } = back.factors(erf.inputs[0]!);
    const fits = values.length === 1 && values[0] === x && isAbout(Math.SQRT1_2)(constant);
    return fits ? { nodes: [sum, erf, ...nodes], approximate: false } : undefined;
  }
  const tanh = back.alone(inner, 'Tanh');
  if (tanh === undefined) return undefined;
  const outer = back.factors(tanh.inputs[0]!);
  const polynomial = outer.values.length === 1 ? back.alone(outer.values[0]!, 'Add') : undefined;
  if (polynomial === undefined || !isAbout(Math.sqrt(2 / Math.PI))(outer.constant)) return undefined;
  const cube = polynomial.inputs.find((name) => name !== x);
  const cubic = cube === undefined || !polynomial.inputs.includes(x) ? undefined : cubicOf(back, cube, x);
  return cubic && { nodes: [sum, tanh, ...outer.nodes, polynomial, ...cubic], approximate: true };
}

/** The nodes of 0.044715 · x³. */
function cubicOf(back: Backwards, value: string, x: string): readonly GraphNode[] | undefined {
  const { constant, values, nodes } = back.factors(value);
  if (!isAbout(0.044715)(constant)) return undefined;
  if (values.length === 3 && values.every((v) => v === x)) return nodes;
  const power = values.length === 1 ? back.alone(values[0]!, 'Pow') : undefined;
  const isCube = power?.inputs[0] === x && back.number(power.inputs[1]!) === 3;
  return isCube ? [...nodes, power!] : undefined;
}
