/** Training behaviour that this evaluation does not have: it is for inference. */
import { diagnostic } from '#base';
import type { GraphNode } from '#ir';

const trainingMode = diagnostic<{ node: string; op: string; what: string }>('SYS-OPS-009', 'unsupported', {
  en: (p) =>
    `node '${p.node}' (${p.op}): ${p.what} belongs to training and has no reference evaluation. ` +
    'Export the model for inference, or run it on the host engine.',
  zh: (p) => `节点 '${p.node}'（${p.op}）：${p.what} 属于训练，没有参考求值。请以推理模式导出模型，或用主机引擎运行。`,
});

export function refuseTraining(node: GraphNode, what: string): never {
  throw trainingMode({ node: node.name, op: node.op, what }, { node: node.name });
}
