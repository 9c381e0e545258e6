/** Gelu: x·Φ(x) with the normal distribution's Φ, exactly or by the tanh approximation (Hendrycks and Gimpel 2016). */
import { string, stringAttribute } from '#ir';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { errorFunction } from './errorFunction.ts';
import { unary } from './unary.ts';

export const gelu = unary({
  name: 'Gelu',
  summary: 'x·Φ(x), with Φ the normal distribution.',
  versions: [20],
  types: FLOATS,
  attributes: {
    approximate: { kind: 'string', doc: '`tanh`: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))); default `none`' },
  },
  work: { transcendentals: 1, multiplications: 3, additions: 1 },
  costRule: 'an element: erf (or tanh), three multiplications, one addition.',
  apply: (x, node) =>
    stringAttribute(node, 'approximate') === 'tanh'
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  samples: () => [
    sample('exact', 'Gelu', 20, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('tanh', 'Gelu', 20, { approximate: string('tanh') }, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});
