/** Layer `tensor`: Tensor (eager and traced), autograd, layers, losses, optimisers. */
import './methods.ts';

export { applyNode, noGrad } from './apply.ts';
export { autocast, type NarrowFloat } from './autocast.ts';
export { detach, type GradOptions, grad, gradientOf, tracked, valueAndGradient } from './autograd.ts';
export { type CheckedGradient, type CheckGradientsOptions, checkGradients } from './checkGradients.ts';
export * from './compile.ts';
export * as detection from './detection/index.ts';
export { DTYPES, type DType, shortName } from './dtypes.ts';
export { dispatches, withReference } from './eager.ts';
export { type ExportOptions, exportModel, type InputSpec } from './export.ts';
export * as ffi from './ffi/index.ts';
export { fromModel, ImportedModule } from './fromModel.ts';
export * from './functions/create.ts';
export * from './functions/elementwise.ts';
export * from './functions/indexing.ts';
export * from './functions/linear.ts';
export * from './functions/movement.ts';
export * from './functions/nn.ts';
export * from './functions/reduce.ts';
export { useEngine } from './host.ts';
export * as linalg from './linalg.ts';
export * as losses from './losses.ts';
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  l1,
  l1Penalty,
  l2Penalty,
  mse,
} from './losses.ts';
export * as nn from './nn/index.ts';
export * as optim from './optim/index.ts';
export * as random from './random.ts';
export { Generator, seed } from './random.ts';
export {
  type OperatorGradientContext,
  type OperatorRegistration,
  registerOperator,
  type UserOperation,
} from './registerOperator.ts';
export { lookupGradient, registerGradient } from './registration.ts';
export * as sparsity from './sparsity/index.ts';
export * as style from './style.ts';
export { inScope } from './trace.ts';
export {
  type AttributeValue,
  type AttributeValues,
  type KernelTensor,
  lookupKernel,
  lookupOperator,
  type OperatorKernel,
  type RegisteredOperator,
  registerKernel,
  type Signature,
} from './userOperators.ts';
export { Variable, type VariableOptions } from './variable.ts';
