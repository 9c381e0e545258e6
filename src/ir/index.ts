/** Layer `ir`: Graph, verify, print, parse. */
export * from './graph.ts';
export { parseModel } from './parse.ts';
export { type PrintOptions, printModel } from './print.ts';
export * from './reads.ts';
export * from './tensor.ts';
export * from './types.ts';
export * from './verify.ts';
