/** The shape rule of one node: the schema is checked, then the operator's own rule is asked. */
import { diagnostic } from '#base';
import { type Dim, elementCount, type GraphNode, type Tensor, type TensorType, tensorIntegers } from '#ir';
import type { InferContext, Inferred, Operator, Phrase } from './define.ts';
import { checkSchema } from './schema.ts';

const badNode = diagnostic<{ node: string; op: string; opset: number; found: Phrase; expected: Phrase }>(
  'SYS-OPS-001',
  'invalid',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}, opset ${p.opset}): found ${phrase(p.found, 'en')}; expected ${phrase(p.expected, 'en')}. ` +
      'Correct the node, or export the model again.',
    zh: (p) =>
      `节点 '${p.node}'（${p.op}，opset ${p.opset}）：发现 ${phrase(p.found, 'zh')}；应为 ${phrase(p.expected, 'zh')}。` +
      '请修正该节点或重新导出模型。',
  },
);

const phrase = (p: Phrase, language: 'en' | 'zh'): string => (typeof p === 'string' ? p : p[language]);

/** What is known of a node's inputs beyond their types. */
export interface Known {
  constant(index: number): Tensor | undefined;
  shapeValue(index: number): readonly Dim[] | undefined;
}

/** Longest integer tensor that is followed element by element. */
const LONGEST_VALUE = 1024;

/** The elements of a small integer tensor of at most one axis, as dimensions. */
export function shapeValueOf(t: Tensor): readonly number[] | undefined {
  if (t.dtype !== 'int64' && t.dtype !== 'int32') return undefined;
  if (t.dims.length > 1 || elementCount(t.dims) > LONGEST_VALUE) return undefined;
  return tensorIntegers(t).map(Number);
}

/** The `fail` of a node's contexts: throws SYS-OPS-001. */
export const refusal =
  (node: GraphNode, opset: number): InferContext['fail'] =>
  (found, expected) => {
    throw badNode({ node: node.name, op: node.op, opset, found, expected }, { node: node.name });
  };

/**
 * Types of the outputs of a node of a known operator.
 * @param inputs types by position, undefined where absent
 * @param fail throws where the node breaks the schema or the shape rule: SYS-OPS-001, unless the caller has a better place to name
 */
export function inferNode(
  op: Operator,
  node: GraphNode,
  opset: number,
  inputs: readonly (TensorType | undefined)[],
  known: Known,
  fail: InferContext['fail'] = refusal(node, opset),
): Inferred {
  const context: InferContext = {
    node,
    opset,
    inputs,
    constant: (i) => known.constant(i),
    shapeValue: (i) => known.shapeValue(i),
    fail,
  };
  checkSchema(context, op, node, opset, inputs);
  return op.infer(context);
}

/** Knowledge where every input is a tensor at hand. */
export const fullyKnown = (inputs: readonly (Tensor | undefined)[]): Known => ({
  constant: (i) => inputs[i],
  shapeValue: (i) => (inputs[i] === undefined ? undefined : shapeValueOf(inputs[i])),
});
