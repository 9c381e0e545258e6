/**
 * The operators that run on the processor, each with its lowering. What is not listed runs on the host.
 */
import type { Lowering } from '../planner.ts';
import { lowerConv } from './conv.ts';
import { lowerBatchNorm, lowerBinary, lowerPrelu, lowerUnary } from './elementwise.ts';
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
import { lowerLrn, lowerPool, lowerReduce, lowerSoftmax } from './pool.ts';

export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  // Matrix unit.
  ['Conv', lowerConv],
  ['Gemm', lowerGemm],
  ['MatMul', lowerMatMul],
  // Vector unit: element by element.
  ['Add', lowerBinary],
  ['Sum', lowerBinary],
  ['Sub', lowerBinary],
  ['Mul', lowerBinary],
  ['Div', lowerBinary],
  ['Max', lowerBinary],
  ['Min', lowerBinary],
  ['Relu', lowerUnary],
  ['LeakyRelu', lowerUnary],
  ['Sigmoid', lowerUnary],
  ['Tanh', lowerUnary],
  ['Clip', lowerUnary],
  ['Exp', lowerUnary],
  ['Log', lowerUnary],
  ['Sqrt', lowerUnary],
  ['Reciprocal', lowerUnary],
  ['Abs', lowerUnary],
  ['Neg', lowerUnary],
  ['HardSigmoid', lowerUnary],
  ['PRelu', lowerPrelu],
  ['BatchNormalization', lowerBatchNorm],
  // Vector unit: windows, reductions, normalisation.
  ['MaxPool', lowerPool],
  ['AveragePool', lowerPool],
  ['GlobalAveragePool', lowerReduce],
  ['ReduceMean', lowerReduce],
  ['ReduceSum', lowerReduce],
  ['ReduceMax', lowerReduce],
  ['ReduceMin', lowerReduce],
  ['GlobalMaxPool', lowerReduce],
  ['Softmax', lowerSoftmax],
  ['LogSoftmax', lowerSoftmax],
  ['LRN', lowerLrn],
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
  ['Cast', lowerCast],
]);
