/** Layer `lower`: a model becomes a Program. The only place that sees both graph and instructions. */
export {
  type AccessMap,
  type AffineAxis,
  type AffineExpression,
  type AffineSizes,
  accessText,
  affineExpression,
  footprint,
  type Subscript,
} from './affine.ts';
export { type Contraction, fitsContraction, type Tiling } from './contraction.ts';
export { type Decisions, decisionsFor, EFFORTS, type Effort, isSeen, LEAST_SEEN } from './decisions.ts';
export {
  type AffineForm,
  type ContractionText,
  describeContraction,
  type FormText,
  loopsOfTiling,
  mergesOfTried,
  type ScheduleText,
} from './explain.ts';
export { describeKernel, type KernelText } from './explainKernel.ts';
export { firstCores } from './firstCores.ts';
export { CONVOLUTION_CHOICES, type ConvolutionChoice } from './im2col/unfold.ts';
export { type LowerOptions, lower } from './lower.ts';
export { isOperandSemaphore } from './operandSemaphores.ts';
export { type ProcessorSupport, processorSupport } from './operators/support.ts';
export { processorOperators } from './operators/table.ts';
export type { Schedule, SparseOption } from './planner.ts';
export { cyclesOf, searchTiling } from './tileSearch.ts';
export { WINOGRAD_CHOICES, type WinogradChoice } from './winograd/applies.ts';
export { type AlgorithmText, algorithmsOf, describeWinograd } from './winograd/explain.ts';
export { SEMAPHORES_NEEDED as WINOGRAD_SEMAPHORES } from './winograd/order.ts';
