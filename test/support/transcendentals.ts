/** The transcendental functions of the vector unit beside what they are, in f64, and the errors that they state. */
import { erfF32, expF32, logF32, rsqrtF32, sigmoidF32, softplusF32, tanhF32 } from '#isa';
import { errorFunction } from '../../src/ops/elementwise/errorFunction.ts';

/** log(1 + e^x), without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** `bound`: in units in the last place, above the largest error of every seventh of all f32. */
export const TRANSCENDENTALS = [
  { name: 'exp', ours: expF32, exact: Math.exp, bound: 1 },
  { name: 'log', ours: logF32, exact: Math.log, bound: 1 },
  {
    name: 'sigmoid',
    ours: sigmoidF32,
    exact: (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
    bound: 2.6,
  },
  { name: 'tanh', ours: tanhF32, exact: Math.tanh, bound: 1.6 },
  { name: 'erf', ours: erfF32, exact: errorFunction, bound: 1.4 },
  { name: 'softplus', ours: softplusF32, exact: softplus, bound: 2.3 },
  { name: 'rsqrt', ours: rsqrtF32, exact: (x: number) => 1 / Math.sqrt(x), bound: 1.6 },
] as const;
