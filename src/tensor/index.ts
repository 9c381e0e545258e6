/** Layer `tensor`: Tensor (eager and traced), autograd, layers, losses, optimisers. */
export { applyNode, noGrad } from './apply.ts';
export * from './autograd.ts';
export * from './compile.ts';
export { DTYPES, type DType } from './dtypes.ts';
export { dispatches, withReference } from './eager.ts';
export { useEngine } from './host.ts';
export { lookupGradient, registerGradient } from './registration.ts';
export { Tensor } from './tensor.ts';
export { Variable } from './variable.ts';
