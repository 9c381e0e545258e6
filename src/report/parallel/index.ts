/** Training on several devices: times, bytes, memory, timelines. */
export type { Cluster, Link } from './cluster.ts';
export { ALL_REDUCES, type AllReduce, ringBytes } from './collectives.ts';
export { type Device, figureDevice, machineDevice, measuredRatios, type PricedNetwork } from './device.ts';
export { OPTIMISERS, type OptimiserName } from './optimiser.ts';
export {
  gradientExchange,
  type ParallelReport,
  type StrategyReport,
  samplesOf,
  strategyReport,
} from './parallelReport.ts';
export { parallelCsv, parallelMarkdown, parallelText } from './parallelText.ts';
export { type ParallelOptions, SCHEDULES, type Schedule, STRATEGIES, type Strategy } from './plan.ts';
export { parallelSchema } from './schema.ts';
export { stepPicture } from './stepPicture.ts';
export { trainingNetwork } from './trainingLayers.ts';
