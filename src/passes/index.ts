/** Layer `passes`: machine-independent rewriting of graphs. One file a pass; `pipeline.ts` lists them in order. */
export * from './log.ts';
export * from './pass.ts';
export * from './pipeline.ts';
export * from './prune.ts';
export { freshNames, indexOf, renameInputs, withNodes } from './rewrite.ts';
