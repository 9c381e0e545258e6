/**
 * The operators that are known: one import and one line each. An operator that is not here is carried and runs on the
 * host engine.
 */
import type { GraphNode, Model } from '#ir';
import type { Operator } from './define.ts';
import { abs } from './elementwise/abs.ts';
import { add } from './elementwise/add.ts';
import { and } from './elementwise/and.ts';
import { ceil } from './elementwise/ceil.ts';
import { celu } from './elementwise/celu.ts';
import { clip } from './elementwise/clip.ts';
import { cos } from './elementwise/cos.ts';
import { div } from './elementwise/div.ts';
import { elu } from './elementwise/elu.ts';
import { equal } from './elementwise/equal.ts';
import { erf } from './elementwise/erf.ts';
import { exp } from './elementwise/exp.ts';
import { floor } from './elementwise/floor.ts';
import { gelu } from './elementwise/gelu.ts';
import { greater } from './elementwise/greater.ts';
import { greaterOrEqual } from './elementwise/greaterOrEqual.ts';
import { hardSigmoid } from './elementwise/hardSigmoid.ts';
import { hardSwish } from './elementwise/hardSwish.ts';
import { isInf } from './elementwise/isInf.ts';
import { isNotANumber } from './elementwise/isNaN.ts';
import { leakyRelu } from './elementwise/leakyRelu.ts';
import { less } from './elementwise/less.ts';
import { lessOrEqual } from './elementwise/lessOrEqual.ts';
import { log } from './elementwise/log.ts';
import { max } from './elementwise/max.ts';
import { mean } from './elementwise/mean.ts';
import { min } from './elementwise/min.ts';
import { mish } from './elementwise/mish.ts';
import { mod } from './elementwise/mod.ts';
import { mul } from './elementwise/mul.ts';
import { neg } from './elementwise/neg.ts';
import { not } from './elementwise/not.ts';
import { or } from './elementwise/or.ts';
import { pow } from './elementwise/pow.ts';
import { pRelu } from './elementwise/pRelu.ts';
import { reciprocal } from './elementwise/reciprocal.ts';
import { relu } from './elementwise/relu.ts';
import { round } from './elementwise/round.ts';
import { selu } from './elementwise/selu.ts';
import { sigmoid } from './elementwise/sigmoid.ts';
import { sign } from './elementwise/sign.ts';
import { sin } from './elementwise/sin.ts';
import { softplus } from './elementwise/softplus.ts';
import { softsign } from './elementwise/softsign.ts';
import { sqrt } from './elementwise/sqrt.ts';
import { sub } from './elementwise/sub.ts';
import { sum } from './elementwise/sum.ts';
import { tanh } from './elementwise/tanh.ts';
import { thresholdedRelu } from './elementwise/thresholdedRelu.ts';
import { where } from './elementwise/where.ts';
import { xor } from './elementwise/xor.ts';
import { gather } from './indexing/gather.ts';
import { gatherElements } from './indexing/gatherElements.ts';
import { gatherND } from './indexing/gatherND.ts';
import { nonZero } from './indexing/nonZero.ts';
import { oneHot } from './indexing/oneHot.ts';
import { scatterElements } from './indexing/scatterElements.ts';
import { scatterND } from './indexing/scatterND.ts';
import { topK } from './indexing/topK.ts';
import { einsum } from './linear/einsum.ts';
import { gemm } from './linear/gemm.ts';
import { matMul } from './linear/matMul.ts';
import { negativeLogLikelihoodLoss } from './loss/negativeLogLikelihoodLoss.ts';
import { softmaxCrossEntropyLoss } from './loss/softmaxCrossEntropyLoss.ts';
import { cast } from './movement/cast.ts';
import { concat } from './movement/concat.ts';
import { constant } from './movement/constant.ts';
import { constantOfShape } from './movement/constantOfShape.ts';
import { depthToSpace } from './movement/depthToSpace.ts';
import { expand } from './movement/expand.ts';
import { eyeLike } from './movement/eyeLike.ts';
import { flatten } from './movement/flatten.ts';
import { identity } from './movement/identity.ts';
import { pad } from './movement/pad.ts';
import { range } from './movement/range.ts';
import { reshape } from './movement/reshape.ts';
import { shape } from './movement/shape.ts';
import { size } from './movement/size.ts';
import { slice } from './movement/slice.ts';
import { spaceToDepth } from './movement/spaceToDepth.ts';
import { split } from './movement/split.ts';
import { squeeze } from './movement/squeeze.ts';
import { tile } from './movement/tile.ts';
import { transpose } from './movement/transpose.ts';
import { trilu } from './movement/trilu.ts';
import { unsqueeze } from './movement/unsqueeze.ts';
import { averagePool } from './nn/averagePool.ts';
import { batchNormalization } from './nn/batchNormalization.ts';
import { conv } from './nn/conv.ts';
import { convTranspose } from './nn/convTranspose.ts';
import { dropout } from './nn/dropout.ts';
import { globalAveragePool } from './nn/globalAveragePool.ts';
import { globalMaxPool } from './nn/globalMaxPool.ts';
import { hardmax } from './nn/hardmax.ts';
import { logSoftmax } from './nn/logSoftmax.ts';
import { lrn } from './nn/lrn.ts';
import { maxPool } from './nn/maxPool.ts';
import { maxUnpool } from './nn/maxUnpool.ts';
import { softmax } from './nn/softmax.ts';
import { groupNormalization } from './normalization/groupNormalization.ts';
import { instanceNormalization } from './normalization/instanceNormalization.ts';
import { layerNormalization } from './normalization/layerNormalization.ts';
import { lpNormalization } from './normalization/lpNormalization.ts';
import { meanVarianceNormalization } from './normalization/meanVarianceNormalization.ts';
import { rmsNormalization } from './normalization/rmsNormalization.ts';
import { convInteger } from './quantization/convInteger.ts';
import { dequantizeLinear } from './quantization/dequantizeLinear.ts';
import { dynamicQuantizeLinear } from './quantization/dynamicQuantizeLinear.ts';
import { matMulInteger } from './quantization/matMulInteger.ts';
import { qLinearConv } from './quantization/qLinearConv.ts';
import { qLinearMatMul } from './quantization/qLinearMatMul.ts';
import { quantizeLinear } from './quantization/quantizeLinear.ts';
import { gru } from './recurrent/gru.ts';
import { lstm } from './recurrent/lstm.ts';
import { rnn } from './recurrent/rnn.ts';
import { argMax } from './reduce/argMax.ts';
import { argMin } from './reduce/argMin.ts';
import { cumSum } from './reduce/cumSum.ts';
import { reduceL1 } from './reduce/reduceL1.ts';
import { reduceL2 } from './reduce/reduceL2.ts';
import { reduceLogSum } from './reduce/reduceLogSum.ts';
import { reduceLogSumExp } from './reduce/reduceLogSumExp.ts';
import { reduceMax } from './reduce/reduceMax.ts';
import { reduceMean } from './reduce/reduceMean.ts';
import { reduceMin } from './reduce/reduceMin.ts';
import { reduceProd } from './reduce/reduceProd.ts';
import { reduceSum } from './reduce/reduceSum.ts';
import { reduceSumSquare } from './reduce/reduceSumSquare.ts';
import { resize } from './resize/resize.ts';
import { upsample } from './resize/upsample.ts';

const all: readonly Operator[] = [
  abs,
  add,
  and,
  argMax,
  argMin,
  averagePool,
  batchNormalization,
  cast,
  ceil,
  celu,
  clip,
  concat,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convTranspose,
  cos,
  cumSum,
  depthToSpace,
  dequantizeLinear,
  div,
  dropout,
  dynamicQuantizeLinear,
  einsum,
  elu,
  equal,
  erf,
  exp,
  expand,
  eyeLike,
  flatten,
  floor,
  gather,
  gatherElements,
  gatherND,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  groupNormalization,
  gru,
  hardSigmoid,
  hardSwish,
  hardmax,
  identity,
  instanceNormalization,
  isInf,
  isNotANumber,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  lpNormalization,
  lrn,
  lstm,
  matMul,
  matMulInteger,
  max,
  maxPool,
  maxUnpool,
  mean,
  meanVarianceNormalization,
  min,
  mish,
  mod,
  mul,
  neg,
  negativeLogLikelihoodLoss,
  nonZero,
  not,
  oneHot,
  or,
  pad,
  pow,
  pRelu,
  qLinearConv,
  qLinearMatMul,
  quantizeLinear,
  range,
  reciprocal,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  resize,
  rmsNormalization,
  rnn,
  round,
  scatterElements,
  scatterND,
  selu,
  shape,
  sigmoid,
  sign,
  sin,
  size,
  slice,
  softmax,
  softmaxCrossEntropyLoss,
  softplus,
  softsign,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  sum,
  tanh,
  thresholdedRelu,
  tile,
  topK,
  transpose,
  trilu,
  unsqueeze,
  upsample,
  where,
  xor,
];

/** Known operators of ONNX's own domain, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(all.map((op) => [op.name, op]));

/** Whether a domain is ONNX's own. */
export const isOnnxDomain = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

/** The operator of a node under an operator-set version; undefined where it is not known (or older than supported). */
export function operatorOf(node: GraphNode, opset: number): Operator | undefined {
  if (!isOnnxDomain(node.domain)) return undefined;
  const op = operators.get(node.op);
  return op !== undefined && opset >= op.versions[0]! ? op : undefined;
}

/** The version of ONNX's own operator set that a model uses; 0 where it uses none. */
export const onnxOpset = (model: Model): number => model.opsets.get('') ?? model.opsets.get('ai.onnx') ?? 0;

/** The operator of a node of a model; undefined where it is not known or the model redefines it as a function. */
export function operatorIn(model: Model, node: GraphNode): Operator | undefined {
  const redefined = model.functions.some((f) => f.name === node.op && f.domain === node.domain);
  return redefined ? undefined : operatorOf(node, onnxOpset(model));
}
