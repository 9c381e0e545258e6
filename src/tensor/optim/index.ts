/** `optim`: optimisers and learning-rate schedules. */
export { LossScaler, type LossScalerOptions } from './lossScaler.ts';
export { clipByNorm, type Group, type GroupOptions, Optimizer, type OptimizerOptions } from './optimizer.ts';
export { Adam, type AdamOptions, AdamW, RMSProp, type RMSPropOptions, SGD, type SGDOptions } from './rules.ts';
export { constantRate, cosine, exponential, piecewise, type Schedule, warmUp } from './schedules.ts';
