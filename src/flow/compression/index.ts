/** Compression of models: quantisation to 8 bits, pruning, and how both are judged. Models in, models and plain data out. */
export * from './amounts.ts';
export { ACTIVATIONS, type ActivationType } from './codes.ts';
export * from './compare.ts';
export { type Converted, convertModel, HALVES, type Half } from './convert.ts';
export type { LocalError } from './localErrors.ts';
export { CALIBRATIONS, type Calibration } from './observer.ts';
export * from './optimise.ts';
export { checkNames } from './plan.ts';
export * from './pruneWeights.ts';
export * from './quantise.ts';
export * from './raiseOpset.ts';
export {
  arraySamples,
  folderSamples,
  randomSamples,
  type SampleOptions,
  type SampleSets,
  type Samples,
} from './samples.ts';
