/** A network for another size of its input, as far as its operators allow: convolutions and global pooling do, what is fully connected may not. */
import { diagnostic } from '#base';
import { type Model, typeText } from '#ir';
import { inferTypes } from '#ops';
import { bindSizes, looseType } from './compile.ts';

const severalInputs = diagnostic<{ count: number; names: readonly string[] }>('SYS-FLOW-160', 'usage', {
  en: (p) =>
    `--input-size gives the size of one input, and the model has ${p.count}: ${p.names.join(', ')}. Give sizes of symbolic dimensions with --dim NAME=N.`,
  zh: (p) =>
    `--input-size 给出一个输入的大小，而模型有 ${p.count} 个输入：${p.names.join('、')}。请用 --dim 名称=N 给出符号维的大小。`,
});
const otherRank = diagnostic<{ input: string; type: string; given: readonly number[] }>('SYS-FLOW-161', 'usage', {
  en: (p) =>
    `--input-size gives ${p.given.length} dimensions (${p.given.join(',')}), and input '${p.input}' is ${p.type}. Give as many, the batch first.`,
  zh: (p) =>
    `--input-size 给出 ${p.given.length} 维（${p.given.join(',')}），而输入“${p.input}”为 ${p.type}。请给出同样多的维，批在最前。`,
});

/**
 * The model with its only input of this size.
 * @param size all dimensions, the batch first
 * @throws SYS-FLOW-160, -161; SYS-OPS-001 where a node cannot work on that size
 */
export function withInputSize(
  model: Model,
  size: readonly number[],
  dims: Readonly<Record<string, number>> = {},
): { model: Model; declared: 'fallback' } {
  const { inputs } = model.graph;
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1)
    throw severalInputs({ count: inputs.length, names: inputs.map((v) => v.name) });
  const { type } = input;
  if (type?.kind !== 'tensor' || (type.shape !== undefined && type.shape.length !== size.length))
    throw otherRank({ input: input.name, type: typeText(type), given: size });
  const { model: batched } = bindSizes(model, { dims, batch: size[0]! });
  const { graph } = batched;
  // What the file declares speaks of the old size: it counts only where nothing can be inferred.
  const sized: Model = {
    ...batched,
    graph: {
      ...graph,
      inputs: [{ ...input, type: { ...type, shape: size } }],
      outputs: graph.outputs.map((v) => ({ ...v, type: looseType(v.type) })),
      types: new Map(),
    },
  };
  return { model: inferTypes(sized, { declared: 'fallback' }), declared: 'fallback' };
}
