/**
 * Reading what people write instead of a plain number, so that an error can say the number to write: `128KB` is 131072
 * where bytes belong (K, M, G are powers of 1024 for memories and of 1000 for frequencies), `1 GHz`, `12.8 B/cycle`.
 */
import type { NumberUnit } from './describe.ts';

const BINARY: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const DECIMAL: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** The number that a text means in a unit, or undefined where it means none. */
export function numberMeant(text: string, unit: NumberUnit): number | undefined {
  const match = /^\s*([+-]?[\d_,]*\.?\d+(?:e[+-]?\d+)?)\s*([kmgt]?)(i?)\s*([a-z/ 0-9]*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, digits, prefix, , rest] = match as unknown as [string, string, string, string, string];
  const number = Number(digits.replaceAll(/[_,]/g, ''));
  const unitName = rest.toLowerCase().replaceAll(' ', '');
  if (!Number.isFinite(number) || !ALLOWED[unit].test(unitName)) return undefined;
  const scale = (unit === 'bytes' || unit === 'bytesPerCycle' || unit === 'words' ? BINARY : DECIMAL)[
    prefix.toLowerCase()
  ]!;
  const bits = /^bits?(\/|$)/.test(unitName) ? 8 : 1;
  return (number * scale) / bits;
}

/** Unit names that mean the unit of the key; anything else is not a slip in the unit but another quantity. */
const ALLOWED: Readonly<Record<NumberUnit, RegExp>> = {
  bytes: /^(b|bytes?|bits?)?$/,
  bytesPerCycle: /^((b|bytes?|bits?)(\/|per)?(c|cy|cycle|clk|clock)?)?$/,
  cycles: /^(c|cy|cycles?|clk|clocks?)?$/,
  clocks: /^(clk|clocks?|ck|nck)?$/,
  hertz: /^(hz|hertz)?$/,
  perCycle: /^(\/|per)?(c|cy|cycle|clk)?$/,
  words: /^(words?)?$/,
  count: /^$/,
  picojoules: /^(pj)?$/,
  watts: /^(w|watts?)?$/,
  squareMillimetres: /^(mm2|mm²)?$/,
  nanometres: /^(nm)?$/,
};

/** A number as a fraction with a small denominator: 12.8 is 64/5. */
export function fraction(value: number): { readonly numerator: number; readonly denominator: number } | undefined {
  for (let denominator = 1; denominator <= 1000; denominator++) {
    const numerator = value * denominator;
    if (Math.abs(numerator - Math.round(numerator)) < 1e-9 * Math.max(1, numerator)) {
      return { numerator: Math.round(numerator), denominator };
    }
  }
  return undefined;
}
