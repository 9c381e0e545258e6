/**
 * The operators that run on the processor, each with its lowering. What is not listed runs on the host.
 */
import { type GraphNode, type Model, staticShape, stringAttribute, typeOf } from '#ir';
import type { Machine } from '#machine';
import { expansions } from '#ops';
import type { Lowering } from '../planner.ts';
import { lowerClassLoss, lowerEyeLike, lowerOneHot, lowerTrilu } from './classes.ts';
import { lowerConv } from './conv.ts';
import { lowerBatchNorm, lowerDequantizeLinear, lowerElementwise } from './elementwise.ts';
import { FUNCTIONS } from './functions.ts';
import { lowerGemm } from './gemm.ts';
import { lowerMatMul } from './matmul.ts';
import {
  lowerCast,
  lowerConcat,
  lowerExpand,
  lowerGather,
  lowerIdentity,
  lowerPad,
  lowerReshape,
  lowerSlice,
  lowerSplit,
  lowerTranspose,
} from './movement.ts';
import {
  lowerGroupNormalization,
  lowerInstanceNormalization,
  lowerLpNormalization,
  lowerMeanVarianceNormalization,
  lowerRowNormalization,
} from './normalization.ts';
import { lowerLrn, lowerPool } from './pool.ts';
import { lowerConvInteger, lowerMatMulInteger, lowerQLinearConv, lowerQLinearMatMul } from './quantised.ts';
import { lowerDynamicQuantizeLinear } from './quantisers.ts';
import { lowerArgExtremum, lowerHardmax, lowerReduce, lowerSoftmax } from './reductions.ts';
import { repeatsChannels } from './repeatedChannels.ts';

export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  // Matrix unit.
  ['Conv', lowerConv],
  ['Gemm', lowerGemm],
  ['MatMul', lowerMatMul],
  ['QLinearConv', lowerQLinearConv],
  ['QLinearMatMul', lowerQLinearMatMul],
  ['ConvInteger', lowerConvInteger],
  ['MatMulInteger', lowerMatMulInteger],
  // Vector unit: element by element.
  ...Object.keys(FUNCTIONS).map((op) => [op, lowerElementwise] as const),
  ['DequantizeLinear', lowerDequantizeLinear],
  ['BatchNormalization', lowerBatchNorm],
  // Vector unit: windows.
  ['MaxPool', lowerPool],
  ['AveragePool', lowerPool],
  ['LRN', lowerLrn],
  // Vector unit: reductions and what normalises by them.
  ...[
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp',
    'GlobalAveragePool GlobalMaxPool',
  ].flatMap((ops) => ops.split(' ').map((op) => [op, lowerReduce] as const)),
  ['ArgMax', lowerArgExtremum],
  ['ArgMin', lowerArgExtremum],
  ['Hardmax', lowerHardmax],
  ['OneHot', lowerOneHot],
  ['NegativeLogLikelihoodLoss', lowerClassLoss],
  ['SoftmaxCrossEntropyLoss', lowerClassLoss],
  ['Trilu', lowerTrilu],
  ['Softmax', lowerSoftmax],
  ['LogSoftmax', lowerSoftmax],
  ['LayerNormalization', lowerRowNormalization],
  ['RMSNormalization', lowerRowNormalization],
  ['InstanceNormalization', lowerInstanceNormalization],
  ['GroupNormalization', lowerGroupNormalization],
  ['MeanVarianceNormalization', lowerMeanVarianceNormalization],
  ['LpNormalization', lowerLpNormalization],
  ['DynamicQuantizeLinear', lowerDynamicQuantizeLinear],
  // Memory only.
  ['Reshape', lowerReshape],
  ['Flatten', lowerReshape],
  ['Squeeze', lowerReshape],
  ['Unsqueeze', lowerReshape],
  ['Identity', lowerIdentity],
  ['Dropout', lowerIdentity],
  ['Transpose', lowerTranspose],
  ['Slice', lowerSlice],
  ['Split', lowerSplit],
  ['Gather', lowerGather],
  ['Expand', lowerExpand],
  ['Concat', lowerConcat],
  ['Pad', lowerPad],
  ['EyeLike', lowerEyeLike],
  ['Cast', lowerCast],
]);

/** Dimensions of a value, where they are known. */
const dimsIn = (model: Model, name: string | undefined): readonly number[] | undefined =>
  name === undefined || name === '' ? undefined : staticShape(typeOf(model.graph, name));

/** Whether a node that can be written out in others is: no kernel does it as it stands, or others do it in less time. */
export function isWrittenOut(model: Model, node: GraphNode, machine: Machine): boolean {
  const [x, w, bias] = node.inputs;
  const isComputed = (name: string | undefined): boolean =>
    name !== undefined && name !== '' && !model.graph.constants.has(name);
  switch (node.op) {
    case 'Conv':
      return (
        isComputed(w) || isComputed(bias) || dimsIn(model, x)?.length === 5 || repeatsChannels(model, node, machine)
      );
    case 'QLinearConv':
      return repeatsChannels(model, node, machine);
    case 'MaxPool':
    case 'AveragePool':
      return dimsIn(model, x)?.length === 5;
    case 'Pad':
      return stringAttribute(node, 'mode', 'constant') !== 'constant';
    default:
      return !lowerings.has(node.op);
  }
}

/** The operators that run on the processor, as they stand or written out. */
export const processorOperators: ReadonlySet<string> = new Set([...lowerings.keys(), ...expansions.keys()]);
