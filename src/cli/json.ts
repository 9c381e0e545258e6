/** One object as JSON text. What JSON has no number for is a string: NaN, infinities, 64-bit integers. */
export const jsonText = (value: unknown): string => JSON.stringify(value, replace, 1).replace(NUMBER_LISTS, joinLines);

/** The same on one line. */
export const lineText = (value: unknown): string => JSON.stringify(value, replace);

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

/** Lists of plain numbers stand on one line: a tensor is not a page for each element. */
const NUMBER_LISTS = /\[\n\s+-?\d[^[\]{}"]*\]/g;
const joinLines = (list: string): string => list.replace(/\n\s*/g, ' ').replace('[ ', '[').replace(' ]', ']');
