/** Quantities as people read them. */

/** `1,234,567`. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** `12.5 KiB`; under 10 KiB in bytes. */
export function bytesText(n: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (n >= 10 * size || (n >= size && unit !== 'KiB'))
      return `${(n / size).toFixed(n >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${grouped(n)} B`;
}

/** `81.3 %`; nothing for null. */
export const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

/** `1.23 ms`. */
export function secondsText(s: number): string {
  for (const [unit, size] of [
    ['s', 1],
    ['ms', 1e-3],
    ['µs', 1e-6],
  ] as const) {
    if (s >= size) return `${Number((s / size).toPrecision(4))} ${unit}`;
  }
  return `${Number((s / 1e-9).toPrecision(4))} ns`;
}

/** `1.23 mJ`. */
export const joulesText = (joules: number): string => scaledText(joules, 'J');

/** `1.23 W`. */
export const wattsText = (watts: number): string => scaledText(watts, 'W');

function scaledText(value: number, unit: string): string {
  for (const [prefix, size] of [
    ['', 1],
    ['m', 1e-3],
    ['µ', 1e-6],
    ['n', 1e-9],
  ] as const) {
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${prefix}${unit}`;
  }
  return `${Number((value / 1e-12).toPrecision(3))} p${unit}`;
}

/** `1.5 GHz`. */
export function hertzText(f: number): string {
  for (const [unit, size] of [
    ['GHz', 1e9],
    ['MHz', 1e6],
    ['kHz', 1e3],
  ] as const) {
    if (f >= size) return `${Number((f / size).toPrecision(4))} ${unit}`;
  }
  return `${f} Hz`;
}

/** An error: `1.2e-7`, `0`, `NaN`. */
export const errorText = (e: number): string => (e === 0 ? '0' : Number.isFinite(e) ? e.toExponential(1) : String(e));

/** `float32[1,10]`. */
export const valueText = (v: { readonly dtype: string; readonly shape: readonly number[] }): string =>
  `${v.dtype}[${v.shape.join(',')}]`;
