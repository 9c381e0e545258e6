/** Layer `flow`: compile, run, check as one browser-safe API. */
export * from './advice/index.ts';
export * from './check.ts';
export type { CacheStore, CompilationCache } from './compilationCache.ts';
export * from './compile.ts';
export * from './compression/index.ts';
export * from './debug.ts';
export * from './embedded/index.ts';
export * from './execute.ts';
export * from './explain.ts';
export * from './feeds.ts';
export * from './inputFile.ts';
export { withInputSize } from './inputSize.ts';
export * from './inputs.ts';
export * from './run.ts';
export * from './training/index.ts';
