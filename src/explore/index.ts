/** Layer `explore`: design-space search. */
export { createEvaluator, type Evaluator, failureOf } from './evaluate.ts';
export * from './job.ts';
export * from './nsga2.ts';
export * from './pareto.ts';
