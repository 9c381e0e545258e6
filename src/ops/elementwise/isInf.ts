/** IsInf: whether an element is infinite, of the signs asked for. */
import { int, intAttribute, tensorOf } from '#ir';
import { sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const isInf = unary({
  name: 'IsInf',
  summary: 'Whether an element is infinite, of the signs asked for.',
  versions: [10, 20],
  types: FLOATS,
  output: 'bool',
  attributes: {
    detect_negative: { kind: 'int', doc: '0: −∞ does not count; default 1' },
    detect_positive: { kind: 'int', doc: '0: +∞ does not count; default 1' },
  },
  work: { comparisons: 2 },
  costRule: 'two comparisons an element.',
  apply: (x, node) =>
    Number(
      (x === Number.POSITIVE_INFINITY && intAttribute(node, 'detect_positive', 1) !== 0) ||
        (x === Number.NEGATIVE_INFINITY && intAttribute(node, 'detect_negative', 1) !== 0),
    ),
  gradient: 'zero',
  samples: () => [
    sample('float32', 'IsInf', 20, {}, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('opset 10', 'IsInf', 10, {}, [
      tensorOf('float64', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('positive', 'IsInf', 20, { detect_negative: int(0) }, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('negative', 'IsInf', 10, { detect_positive: int(0) }, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('neither', 'IsInf', 20, { detect_positive: int(0), detect_negative: int(0) }, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('float16', 'IsInf', 20, {}, [
      tensorOf('float16', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
  ],
});
