/**
 * moveTransposes: a Transpose goes behind the element-wise node that reads it, so that it meets the next one and both join or cancel
 * (removeIdentities); of two operands that are transposed alike only the result is. A Relu then also stands next to its convolution.
 */
import { type GraphNode, intsAttribute } from '#ir';
import { absorb, pass } from './pass.ts';
import { freshNames, indexOf, isPrivate, withNodes } from './rewrite.ts';

/** Element by element, of one operand that may be transposed; others are settings. */
const UNARY = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'Sigmoid',
    'Tanh',
    'Clip',
    'Exp',
    'Log',
    'Sqrt',
    'Abs',
    'Neg',
    'Reciprocal',
    'Erf',
    'Elu',
    'Selu',
  ],
  ...['HardSigmoid', 'HardSwish', 'Softplus', 'Cast', 'QuantizeLinear', 'DequantizeLinear'],
]);
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']);

export const moveTransposes = pass({
  name: 'moveTransposes',
  summary: 'moves Transposes behind element-wise nodes, where they can join or cancel',
  run(model, context) {
    const { graph } = model;
    const index = indexOf(graph);
    const fresh = freshNames(graph);
    const current = new Map(index.producer);
    const gone = new Set<string>();
    const nodes: GraphNode[] = [];
    for (const node of graph.nodes) {
      const before = transposed(node);
      if (before === undefined) {
        nodes.push(node);
        continue;
      }
      const [first] = before;
      const value = fresh(`${node.outputs[0]!}.untransposed`);
      const inputs = [...before.map((t) => t.inputs[0]!), ...node.inputs.slice(before.length)];
      const moved = { ...node, inputs, outputs: [value] };
      const behind = { ...first!, inputs: [value], outputs: node.outputs };
      for (const t of before.slice(1)) absorb(context, first!.name, t.name);
      for (const t of before) gone.add(t.outputs[0]!);
      nodes.push(moved, behind);
      current.set(value, moved);
      current.set(node.outputs[0]!, behind);
    }
    if (gone.size === 0) return model;
    return withNodes(
      model,
      nodes.filter((node) => !gone.has(node.outputs[0]!)),
    );

    /** The Transposes before a node that can stand behind it. */
    function transposed(node: GraphNode): readonly GraphNode[] | undefined {
      if (node.domain !== '' || node.outputs.length !== 1) return undefined;
      const count = UNARY.has(node.op) ? 1 : BINARY.has(node.op) && node.inputs.length === 2 ? 2 : 0;
      if (count === 0) return undefined;
      const isByAxis = node.attributes.has('axis') || node.attributes.has('block_size');
      if (isByAxis || (/uantizeLinear$/.test(node.op) && !isScalar(node.inputs[1]!))) return undefined;
      const own = node.inputs.slice(0, count).map((name) => current.get(name));
      const perms = own.map((t) =>
        t?.op === 'Transpose' && t.domain === '' ? `${intsAttribute(t, 'perm') ?? ''}` : undefined,
      );
      const alike = perms.every((perm) => perm !== undefined && perm === perms[0]);
      const alone =
        new Set(node.inputs.slice(0, count)).size === count &&
        node.inputs.slice(0, count).every((name) => isPrivate(index, name));
      return alike && alone ? (own as readonly GraphNode[]) : undefined;
    }

    function isScalar(name: string): boolean {
      const dims = graph.constants.get(name)?.dims;
      return dims?.length === 0;
    }
  },
});
