/**
 * Reference evaluation: each node in f64 by its operator's plain loops, rounded to the output's element type. Slow and
 * exact; what the host engine and the processor are held against.
 */
import { diagnostic } from '#base';
import type { GraphNode, Model, Tensor, TensorType } from '#ir';
import type { Operator } from './define.ts';
import { fullyKnown, inferNode, refusal } from './inferNode.ts';
import { fromRef, toRef } from './refTensor.ts';
import { onnxOpset, operatorIn, operatorOf } from './registry.ts';

const noReference = diagnostic<{ node: string; op: string; opset: number }>('SYS-OPS-007', 'unsupported', {
  en: (p) =>
    `node '${p.node}': operator ${p.op} (opset ${p.opset}) has no reference evaluation. Run the model on the host engine.`,
  zh: (p) => `节点 '${p.node}'：算子 ${p.op}（opset ${p.opset}）没有参考求值。请用主机引擎运行该模型。`,
});

const noFeed = diagnostic<{ name: string; given: readonly string[] }>('SYS-OPS-008', 'usage', {
  en: (p) => `no data is given for input '${p.name}' (given: ${p.given.join(', ') || 'nothing'}).`,
  zh: (p) => `没有为输入 '${p.name}' 提供数据（已提供：${p.given.join('、') || '无'}）。`,
});

const typeOfTensor = (t: Tensor | undefined): TensorType | undefined =>
  t === undefined ? undefined : { kind: 'tensor', dtype: t.dtype, shape: t.dims };

/**
 * The outputs of a node for given inputs.
 * @throws SYS-OPS-001 the inputs break the operator's rules; SYS-OPS-007 the operator is not known
 */
export function evaluateNode(node: GraphNode, opset: number, inputs: readonly (Tensor | undefined)[]): Tensor[] {
  return evaluateWith(operatorOf(node, opset), node, opset, inputs);
}

function evaluateWith(
  op: Operator | undefined,
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
): Tensor[] {
  if (op === undefined) throw noReference({ node: node.name, op: node.op, opset }, { node: node.name });
  inferNode(op, node, opset, inputs.map(typeOfTensor), fullyKnown(inputs));
  const operands = inputs.map((t) => (t === undefined ? undefined : toRef(t)));
  const fail = refusal(node, opset);
  return op.evaluate({ node, opset, inputs: operands, outputCount: node.outputs.length, fail }).map(fromRef);
}

/**
 * The outputs of a model's graph, by name.
 * @throws SYS-OPS-008 an input has no data; what `evaluateNode` throws
 */
export function evaluateGraph(model: Model, feeds: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const { graph } = model;
  const opset = onnxOpset(model);
  const values = new Map<string, Tensor>(graph.constants);
  for (const { name } of graph.inputs) {
    const feed = feeds.get(name);
    if (feed === undefined) throw noFeed({ name, given: [...feeds.keys()] });
    values.set(name, feed);
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const outputs = evaluateWith(operatorIn(model, node), node, opset, inputs);
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, outputs[i]!);
    });
  }
  return new Map(graph.outputs.map(({ name }) => [name, values.get(name)!]));
}
