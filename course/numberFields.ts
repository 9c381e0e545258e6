/** Fields of the numbers that questions ask for: exact ones, and real ones, of which three digits are asked. */
import type { NumberField, Slip } from 'systole/course';

/** A wrong number that is known, and what leads to it. */
export const slip = (value: number, en: string, zh: string): Slip => ({ value, words: { en, zh } });

/** A count, or a number that is whole by its nature. */
export const exact = (
  name: string,
  en: string,
  zh: string,
  expected: number,
  slips: readonly Slip[] = [],
): NumberField => ({ name, words: { en, zh }, expected, slips });

/** A real number: right where it is rounded to three digits, or to more. */
export const real = (
  name: string,
  en: string,
  zh: string,
  expected: number,
  slips: readonly Slip[] = [],
): NumberField => ({ name, words: { en, zh }, expected, slips, tolerance: halfThirdDigit(expected) });

/** Half a unit of the third digit of a number; a little more, as numbers that end in 5 are rounded either way. */
const halfThirdDigit = (value: number): number =>
  value === 0 ? 5e-4 : 0.500001 * 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);

/** The number that one alone is. */
export const main = (field: NumberField): NumberField => ({ ...field, main: true });
