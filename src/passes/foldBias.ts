/**
 * foldBias: Add, Sub, Mul or Div of a constant per channel behind a Conv, Gemm or MatMul of constant weights becomes part of
 * its bias and weights. Exporters write biases and scale layers so.
 */
import { elementCount, type GraphNode, type Model, type Tensor, typeOf } from '#ir';
import { type Affine, foldBehindLinear } from './behindLinear.ts';
import { isRow, mapChannels, perChannel } from './channelAffine.ts';
import { pass } from './pass.ts';

export const foldBias = pass({
  name: 'foldBias',
  summary: 'takes constants added to or multiplied with each channel into the Conv, Gemm or MatMul before',
  run: (model, context) => foldBehindLinear(model, context, (node) => constantAffine(model, node)),
});

function constantAffine(model: Model, node: GraphNode): Affine | undefined {
  const { op, inputs } = node;
  if (node.domain !== '' || inputs.length !== 2 || !['Add', 'Sub', 'Mul', 'Div'].includes(op)) return undefined;
  const { constants } = model.graph;
  const at = constants.has(inputs[1]!) ? 1 : constants.has(inputs[0]!) ? 0 : undefined;
  if (at === undefined || (at === 0 && (op === 'Sub' || op === 'Div'))) return undefined;
  const from = inputs[1 - at]!;
  const value = constants.get(inputs[at]!)!;
  if (!isPerChannel(model, from, value)) return undefined;
  const k = perChannel(value);
  if (op === 'Add') return { from, s: 1, t: k };
  if (op === 'Sub') return { from, s: 1, t: mapChannels((v) => -v, k) };
  if (op === 'Mul') return { from, s: k, t: 0 };
  return { from, s: mapChannels((v) => 1 / v, k), t: 0 };
}

/** Whether a constant broadcasts over `[N, C, …]` as one number, or one for each C. */
function isPerChannel(model: Model, data: string, value: Tensor): boolean {
  const type = typeOf(model.graph, data);
  if (type?.kind !== 'tensor' || type.shape === undefined || value.dtype !== type.dtype) return false;
  const rank = type.shape.length;
  const channels = type.shape[1];
  if (rank < 2 || typeof channels !== 'number' || value.dims.length > rank) return false;
  if (elementCount(value.dims) === 1) return true;
  const spatial = rank - 2;
  const { dims } = value;
  return (
    dims.length > spatial &&
    dims.slice(dims.length - spatial).every((d) => d === 1) &&
    isRow(dims.slice(0, dims.length - spatial), channels)
  );
}
