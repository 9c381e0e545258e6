/** Layer `passes`: machine-independent rewriting of graphs. One file a pass; `pipeline.ts` lists them in order. */
export * from './pass.ts';
export * from './pipeline.ts';
