/** Graphs of float32 in half precision: inputs, constants and conversions get the other type; undefined where operators do not take it. */
import { SystoleError } from '#base';
import { DATA_TYPES, type GraphNode, int, type Model, type Tensor, tensorNumbers, tensorOf, tensorType } from '#ir';
import { inferTypes, onnxOpset } from '#ops';

const asHalf = (t: Tensor, half: 'float16' | 'bfloat16'): Tensor =>
  t.dtype === 'float32' ? tensorOf(half, t.dims, tensorNumbers(t)) : t;

const number = (dtype: (typeof DATA_TYPES)[number]): number => DATA_TYPES.indexOf(dtype) + 1;

export function inHalf(
  { model, feeds }: { readonly model: Model; readonly feeds: ReadonlyMap<string, Tensor> },
  half: 'float16' | 'bfloat16',
): { readonly model: Model; readonly feeds: Map<string, Tensor> } | undefined {
  // Casts know bfloat16 since opset 13.
  if (onnxOpset(model) < 13) return undefined;
  const { graph } = model;
  const node = (n: GraphNode): GraphNode => {
    const to = n.attributes.get('to');
    if (n.op !== 'Cast' || to?.kind !== 'int' || Number(to.value) !== number('float32')) return n;
    return { ...n, attributes: new Map(n.attributes).set('to', int(number(half))) };
  };
  const inputs = graph.inputs.map((v) =>
    v.type?.kind === 'tensor' && v.type.dtype === 'float32' && v.type.shape !== undefined
      ? { ...v, type: tensorType(half, v.type.shape) }
      : v,
  );
  const changed: Model = {
    ...model,
    graph: {
      ...graph,
      inputs,
      outputs: graph.outputs.map(({ name }) => ({ name, type: undefined })),
      nodes: graph.nodes.map(node),
      constants: new Map([...graph.constants].map(([name, t]) => [name, asHalf(t, half)])),
      types: new Map(),
    },
  };
  try {
    const typed = inferTypes(changed);
    return { model: typed, feeds: new Map([...feeds].map(([name, t]) => [name, asHalf(t, half)])) };
  } catch (error) {
    if (error instanceof SystoleError) return undefined;
    throw error;
  }
}
