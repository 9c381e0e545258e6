/** The cost of a node of a model whose types are known. */
import { diagnostic } from '#base';
import {
  type GraphNode,
  type Model,
  staticShape,
  type Tensor,
  type TensorType,
  tensorAttribute,
  typeOf,
  typeText,
} from '#ir';
import type { Cost } from './define.ts';
import { onnxOpset, operatorIn } from './registry.ts';

const noCost = diagnostic<{ node: string; op: string }>('SYS-OPS-005', 'unsupported', {
  en: (p) =>
    `node '${p.node}': the cost of operator ${p.op} is not known. Such a node runs on the host and is priced there.`,
  zh: (p) => `节点 '${p.node}'：算子 ${p.op} 的代价未知。此类节点在主机上运行并按主机计价。`,
});

const openShape = diagnostic<{ node: string; op: string; value: string; type: string }>('SYS-OPS-006', 'unsupported', {
  en: (p) =>
    `node '${p.node}' (${p.op}): its operand '${p.value}' has the type ${p.type}; a cost needs every size. ` +
    'Give the symbolic dimensions sizes (--dim NAME=SIZE).',
  zh: (p) =>
    `节点 '${p.node}'（${p.op}）：操作数 '${p.value}' 的类型为 ${p.type}；计算代价需要所有维的大小。` +
    '请为符号维指定大小（--dim NAME=SIZE）。',
});

/**
 * Work and traffic of a node.
 * @throws SYS-OPS-005 the operator is not known; SYS-OPS-006 a shape is not
 */
export function nodeCost(model: Model, node: GraphNode): Cost {
  const op = operatorIn(model, node);
  if (op === undefined) throw noCost({ node: node.name, op: node.op }, { node: node.name });
  const operand = (value: string): TensorType | undefined => {
    if (value === '') return undefined;
    const type = typeOf(model.graph, value);
    if (type?.kind === 'tensor' && staticShape(type) !== undefined) return type;
    throw openShape({ node: node.name, op: node.op, value, type: typeText(type) }, { node: node.name });
  };
  return op.cost({
    node,
    opset: onnxOpset(model),
    inputs: node.inputs.map(operand),
    outputs: node.outputs.map(operand),
    constant: (i) => constantOf(model, node.inputs[i] ?? ''),
  });
}

/** The data of a value that is an initialiser or the output of a Constant. */
function constantOf(model: Model, value: string): Tensor | undefined {
  const initialiser = model.graph.constants.get(value);
  if (initialiser !== undefined || value === '') return initialiser;
  const producer = model.graph.nodes.find((n) => n.outputs.includes(value));
  return producer?.op === 'Constant' ? tensorAttribute(producer, 'value') : undefined;
}
