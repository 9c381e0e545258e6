/** Equations of Einsum: text and back, shapes that are not all known, and every way to be wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Phrase } from '../define.ts';
import type { Shape } from '../shapes.ts';
import { bindEquation, ELLIPSIS, type Equation, equationText, parseEquation } from './einsumEquation.ts';

const english = (p: Phrase): string => (typeof p === 'string' ? p : p.en);
const c = {
  fail(found: Phrase, expected: Phrase): never {
    throw new Error(`${english(found)} / ${english(expected)}`);
  },
};

const term = fc
  .array(fc.constantFrom(...'abcdXYZ', ELLIPSIS), { maxLength: 5 })
  .filter((labels) => labels.filter((l) => l === ELLIPSIS).length < 2);
const equation: fc.Arbitrary<Equation> = fc.array(term, { minLength: 1, maxLength: 3 }).chain((inputs) =>
  fc.record({
    inputs: fc.constant(inputs),
    output: fc.shuffledSubarray([...new Set(inputs.flat())]),
  }),
);

test('an equation comes back from its text, with spaces anywhere between labels', () => {
  fc.assert(
    fc.property(equation, fc.nat(3), (e, gap) => {
      expect(parseEquation(c, equationText(e))).toEqual(e);
      const spaced = { inputs: e.inputs.map((l) => l.join(' '.repeat(gap))), output: e.output.join(' '.repeat(gap)) };
      expect(parseEquation(c, `${spaced.inputs.join(' , ')} -> ${spaced.output}`)).toEqual(e);
    }),
  );
});

test('any text is an equation or refused with its column', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abA.,-> 1') }), (text) => {
      try {
        expect(parseEquation(c, equationText(parseEquation(c, text)))).toEqual(parseEquation(c, text));
      } catch (error) {
        expect((error as Error).message).toMatch(/ at column \d+ of the equation /);
      }
    }),
  );
});

test('sizes that are not known stay open', () => {
  const shape = (text: string, ...shapes: (Shape | undefined)[]) => {
    const bound = bindEquation(c, parseEquation(c, text), shapes);
    return bound?.output.map((label) => bound.sizes.get(label));
  };
  expect(shape('ij,jk->ik', ['N', 3], [3, null])).toEqual(['N', null]);
  expect(shape('ij,jk->ijk', [2, 1], undefined)).toEqual([2, null, null]);
  expect(shape('ij,jk->ijk', [2, 3], undefined)).toEqual([2, 3, null]);
  expect(shape('...i,i->...', ['N', 4, 5], undefined)).toEqual(['N', 4]);
  expect(shape('...i,...i->...', [1, 5], undefined)).toEqual([null]);
  expect(shape('...i->...', undefined)).toBeUndefined();
  expect(shape('ii->i', ['N', 3])).toEqual([3]);
});

test.each([
  [
    'ij,j1->i',
    [
      [2, 3],
      [3, 1],
    ],
    "'1' at column 5 of the equation 'ij,j1->i' / letters, '...', ','",
  ],
  ['i..j->i', [[2, 3]], "'.' at column 2"],
  ['...i...->i', [[2, 3]], "'...' at column 5 of the equation '...i...->i' / one '...' in a term"],
  ['ij->i->j', [[2, 3]], "'-' at column 6"],
  ['ij->ii', [[2, 3]], "'i' at column 6 of the equation 'ij->ii' / each letter once in the result"],
  ['ij->ik', [[2, 3]], "'k' at column 6 of the equation 'ij->ik' / letters of the operands"],
  ['ij,jk->ik', [[2, 3]], "1 operand for the equation 'ij,jk->ik' / 2 operands"],
  [
    'ij,jk->ik',
    [
      [2, 3],
      [4, 5],
    ],
    "operand 1 [4,5] for 'jk' of the equation 'ij,jk->ik' / 'j' of size 3 or 1",
  ],
  ['ijk->i', [[2, 3]], "operand 0 [2,3] for 'ijk' of the equation 'ijk->i' / 3 dimensions"],
  ['...ijk->...i', [[2, 3]], 'at least 3 dimensions'],
  ['ii->i', [[1, 3]], "one size for both 'i'"],
  [
    '...i,...i->...',
    [
      [2, 3],
      [2, 2, 3],
    ],
    "'...' for 1 dimension, as in another operand",
  ],
  ['...i->i', [[2, 3]], "'...' in the result"],
] as const)('%s is refused', (text, shapes, message) => {
  expect(() => bindEquation(c, parseEquation(c, text), shapes)).toThrow(message);
});
