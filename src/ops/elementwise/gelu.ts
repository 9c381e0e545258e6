/** Gelu: x·Φ(x) with the normal distribution's Φ, exactly or by the tanh approximation (Hendrycks and Gimpel 2016). */
import { string, stringAttribute } from '#ir';
import type { Expression } from '../expression.ts';
import { elementwiseGradient } from '../gradient.ts';
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
  work: { otherFunctions: 1, multiplications: 3, additions: 1 },
  costRule: 'an element: erf (or tanh), three multiplications, one addition.',
  apply: (x, node) =>
    stringAttribute(node, 'approximate') === 'tanh'
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  gradient: elementwiseGradient((dy, x, _, node) => dy.mul(derivative(x, stringAttribute(node, 'approximate')))),
  samples: () => [
    sample('exact', 'Gelu', 20, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('tanh', 'Gelu', 20, { approximate: string('tanh') }, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});

/** Φ(x) + x·φ(x), or the same of the tanh approximation. */
function derivative(x: Expression, approximate: string | undefined): Expression {
  if (approximate !== 'tanh') {
    const phi = x
      .mul(x)
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return x.mul(Math.SQRT1_2).apply('Erf').add(1).mul(0.5).add(x.mul(phi));
  }
  const k = Math.sqrt(2 / Math.PI);
  const square = x.mul(x);
  const t = square.mul(0.044715).add(1).mul(x).mul(k).tanh();
  const slope = square
    .mul(3 * 0.044715)
    .add(1)
    .mul(k);
  return t
    .add(1)
    .add(x.mul(slope).sub(x.mul(slope).mul(t.mul(t))))
    .mul(0.5);
}
