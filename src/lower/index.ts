/** Layer `lower`: a model becomes a Program. The only place that sees both graph and instructions. */
export { type LowerOptions, lower } from './lower.ts';
export { lowerings } from './operators/table.ts';
