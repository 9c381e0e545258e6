/** Layer `explore`: design-space search. The platform half (`node.ts`, `browser.ts`) is chosen by the package import `#explore/platform`. */
export { localExecutor, openStore, queueExecutor, serveQueue } from '#explore/platform';
export { whyEmpty } from './empty.ts';
export { createEvaluator, type Evaluator, failureOf } from './evaluate.ts';
export * from './job.ts';
export * from './measures.ts';
export * from './nsga2.ts';
export * from './pareto.ts';
export type { PoolOptions, StoreOptions } from './platform.ts';
export { type QueueAddress, queueAddress } from './queue/address.ts';
export type * from './queue/queue.ts';
export { type ResultColumn, resultColumns, resultsCsv, resultsParquet } from './results.ts';
export * from './search.ts';
export * from './space.ts';
export { parseSpace, type SpaceFile } from './spaceFile.ts';
export { type SpaceDocument, spaceSchema } from './spaceSchema.ts';
