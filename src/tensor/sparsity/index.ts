/** `sparsity`: pruning to a schedule while training goes on. */
export { type MaskPattern, magnitudeMask, type TwoOfFourOptions, twoOfFourMask } from './masks.ts';
export { Pruner, type PrunerOptions, type ZeroCount, zeroCounts } from './pruner.ts';
export { type CubicOptions, cubicSparsity, type SparsitySchedule } from './schedule.ts';
