/**
 * qdqToFloats: QuantizeLinear (Q) with the DequantizeLinear (DQ) of the same scale behind it, as the floats that the pair gives: x ÷ scale,
 * rounded half to even, clipped to least − zero and greatest − zero, times scale. These are the f32 operations of Q and DQ themselves, so
 * that the numbers are the same (but that a −0 stays one, and a NaN); what has no lanes for integers of 8 bits can do them.
 */
import { type DataType, type GraphNode, type Model, tensorNumbers, tensorOf, typeOf } from '#ir';
import { onnxOpset } from '#ops';
import { absorb, pass } from './pass.ts';
import { codeRange, type Quantised, quantisedBy, sameScale, zerosOf } from './quantisedValues.ts';
import { freshNames, indexOf, renameInputs, withNodes } from './rewrite.ts';

/** Round and Clip with limits as inputs came with it. */
const LEAST_OPSET = 11;

export const qdqToFloats = pass({
  name: 'qdqToFloats',
  summary: 'writes QuantizeLinear and the DequantizeLinear behind it as operations on floats',
  run(model, context) {
    if (onnxOpset(model) < LEAST_OPSET) return model;
    const { graph } = model;
    const index = indexOf(graph);
    const constants = new Map(graph.constants);
    const fresh = freshNames(graph);
    /** By Q: the value that stands for all its DQs. */
    const floats = new Map<GraphNode, string>();
    const names = new Map<string, string>();
    const nodes: GraphNode[] = [];
    for (const original of graph.nodes) {
      const node = renameInputs(original, names);
      const from = node.op === 'DequantizeLinear' ? index.producer.get(node.inputs[0]!) : undefined;
      const codes = from === undefined ? undefined : pairOf(model, from, node);
      if (from === undefined || codes === undefined) {
        nodes.push(node);
        continue;
      }
      absorb(context, from.name, node.name);
      const known = floats.get(from);
      if (known !== undefined) {
        if (index.pinned.has(node.outputs[0]!))
          nodes.push({ ...node, op: 'Identity', inputs: [known], attributes: new Map() });
        else names.set(node.outputs[0]!, known);
        continue;
      }
      const number = (wish: string, value: number): string => {
        const name = fresh(`${from.name}.${wish}`);
        constants.set(name, tensorOf('float32', [], [value]));
        return name;
      };
      const value = (wish: string): string => fresh(`${from.outputs[0]}.${wish}`);
      const step = (op: string, inputs: readonly string[], output: string, name = output): string => {
        nodes.push({ name, op, domain: '', inputs, outputs: [output], attributes: new Map() });
        if (name !== node.name) context.provenance.set(name, context.provenance.get(from.name) ?? [from.name]);
        return output;
      };
      const [low, high] = codeRange(codes);
      const zero = tensorNumbers(zerosOf(codes))[0]!;
      const scale = number('scale', tensorNumbers(codes.scales)[0]!);
      const quotient = step('Div', [names.get(from.inputs[0]!) ?? from.inputs[0]!, scale], value('quotient'));
      const whole = step('Round', [quotient], value('whole'));
      const limits = [number('least', low - zero), number('most', high - zero)];
      const clipped = step('Clip', [whole, ...limits], value('clipped'));
      floats.set(from, step('Mul', [clipped, scale], node.outputs[0]!, node.name));
    }
    return floats.size === 0 ? model : withNodes(model, nodes, constants);
  },
});

/** What the codes between a Q and a DQ mean, where both say the same, of 8 bits, one scale and float32. */
function pairOf(model: Model, from: GraphNode, to: GraphNode): Quantised | undefined {
  const { constants } = model.graph;
  const [q, dq] = [
    quantisedBy(model, from, constants, 'QuantizeLinear'),
    quantisedBy(model, to, constants, 'DequantizeLinear'),
  ];
  if (q === undefined || dq === undefined || q.dtype === 'int32' || !sameScale(q, dq)) return undefined;
  return isFloat32(model, from.inputs[0]!) && isFloat32(model, to.outputs[0]!) ? q : undefined;
}

const isFloat32 = (model: Model, name: string): boolean => {
  const type = typeOf(model.graph, name);
  return type?.kind === 'tensor' && type.dtype === ('float32' satisfies DataType);
};
