/** Layer `explore`: design-space search. */
export * from './nsga2.ts';
export * from './pareto.ts';
