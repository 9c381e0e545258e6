/**
 * foldBatchNorm: BatchNormalization at inference behind a Conv, Gemm or MatMul of constant weights becomes part of them:
 * s = scale / √(variance + ε), t = B − mean·s (Ioffe and Szegedy 2015, the inference form of algorithm 2).
 */
import { floatAttribute, type GraphNode, intAttribute, type Model } from '#ir';
import { onnxOpset } from '#ops';
import { type Affine, foldBehindLinear } from './behindLinear.ts';
import { mapChannels, type PerChannel, perChannel } from './channelAffine.ts';
import { pass } from './pass.ts';

export const foldBatchNorm = pass({
  name: 'foldBatchNorm',
  summary: 'takes BatchNormalization into the Conv, Gemm or MatMul before it',
  run: (model, context) => foldBehindLinear(model, context, (node) => batchNormAffine(model, node)),
});

function batchNormAffine(model: Model, node: GraphNode): Affine | undefined {
  if (node.op !== 'BatchNormalization' || node.domain !== '' || !isInference(node, onnxOpset(model))) return undefined;
  const operands = node.inputs.slice(1, 5).map((name) => model.graph.constants.get(name));
  if (operands.length < 4 || operands.includes(undefined)) return undefined;
  const [scale, shift, mean, variance] = operands.map((t) => perChannel(t!)) as [
    PerChannel,
    PerChannel,
    PerChannel,
    PerChannel,
  ];
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const s = mapChannels((g, v) => g / Math.sqrt(v + epsilon), scale, variance);
  return { from: node.inputs[0]!, s, t: mapChannels((b, m, sc) => b - m * sc, shift, mean, s) };
}

/** By opset: attribute `is_test` before 7, number of outputs to 13, attribute `training_mode` from 14. */
function isInference(node: GraphNode, opset: number): boolean {
  if (node.outputs.slice(1).some((name) => name !== '')) return false;
  if (intAttribute(node, 'spatial', 1) !== 1) return false;
  if (opset < 7) return intAttribute(node, 'is_test', 0) !== 0;
  return opset < 14 || intAttribute(node, 'training_mode', 0) === 0;
}
