/** Layer `ops`: one file per operator. */
export * from './bindDims.ts';
export { isContraction } from './contractions.ts';
export * from './cost.ts';
export * from './define.ts';
export * from './evaluate.ts';
export * from './expansions/index.ts';
export { explicitPads } from './explicitPads.ts';
export * from './expression.ts';
export * from './gradient.ts';
export * from './infer.ts';
export { fullyKnown, inferNode, type Known, shapeValueOf } from './inferNode.ts';
export { operatorsPage } from './page.ts';
export { fromRef, toRef } from './refTensor.ts';
export * from './registry.ts';
export { data, sample, sampleModel } from './sampling.ts';
export * from './shapes.ts';
export * from './window.ts';
export { nodeWork, type Work } from './work.ts';
