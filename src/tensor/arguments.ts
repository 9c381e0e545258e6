/**
 * What calls are given beside tensors: shapes, axes, counts, rates. Each is looked at where it comes in, so that a NaN or a list that is
 * none is told in the terms of the call and not by what it breaks later. Imports nothing of the layer.
 */
import { diagnostic } from '#base';

const badShape = diagnostic<{ op: string; found: string; least: number }>('SYS-TEN-120', 'usage', {
  en: (p) => `${p.op}: ${p.found} is no list of sizes. Give an array of whole numbers ≥ ${p.least}, as in [2, 3].`,
  zh: (p) => `${p.op}：${p.found} 不是尺寸列表。请给出由不小于 ${p.least} 的整数组成的数组，例如 [2, 3]。`,
});

const oneByOne = diagnostic<{ op: string; given: string; also: { readonly en: string; readonly zh: string } }>(
  'SYS-TEN-121',
  'usage',
  {
    en: (p) =>
      `${p.op}(${p.given}): the numbers are given one by one; ${p.op} takes them as one array: ${p.op}([${p.given}]).${p.also.en}`,
    zh: (p) => `${p.op}(${p.given})：数字被逐个给出；${p.op} 接受一个数组：${p.op}([${p.given}])。${p.also.zh}`,
  },
);

const notWhole = diagnostic<{ op: string; found: string }>('SYS-TEN-122', 'usage', {
  en: (p) => `${p.op}: ${p.found} stands where whole numbers must (axes, sizes, counts).`,
  zh: (p) => `${p.op}：此处应为整数（轴、尺寸、个数），而给出的是 ${p.found}。`,
});

const outside = diagnostic<{ what: string; found: string; expected: string; whole: boolean }>('SYS-TEN-123', 'usage', {
  en: (p) =>
    `${p.what} is ${p.found}; expected a ${p.whole ? 'whole' : 'finite'} number${p.expected && ` ${p.expected}`}.`,
  zh: (p) => `${p.what} 为 ${p.found}；应为${p.whole ? '整数' : '有限数'}${p.expected && ` ${p.expected}`}。`,
});

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(shown).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function '${value.name || 'without a name'}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Object.hasOwn(Object.getPrototypeOf(value) ?? {}, 'toString')) return String(value);
  const { name } = value.constructor ?? {};
  return name === undefined || name === 'Object' ? 'a plain object' : `an object of class ${name}`;
}

/** Sizes of axes; a single number stands for one axis. */
export type Shape = number | readonly number[];

/** A hint behind the array form, where the frameworks mean something else by numbers one by one. */
export const NO_HINT = { en: '', zh: '' };

/**
 * A list that was asked for as one argument.
 * @param more what stood behind it: PyTorch also takes numbers one by one
 * @throws SYS-TEN-121 numbers one by one
 */
export function refuseOneByOne(op: string, first: unknown, more: readonly unknown[], also = NO_HINT): void {
  if (more.length > 0) throw oneByOne({ op, given: [first, ...more].map(shown).join(', '), also });
}

/**
 * A shape as a list.
 * @param least −1 where a size may be left to the call
 * @throws SYS-TEN-120 it is none; -121 numbers one by one
 */
export function sizesFrom(op: string, shape: Shape, more: readonly unknown[] = [], least = 0): readonly number[] {
  refuseOneByOne(op, shape, more);
  const sizes = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(sizes) || !sizes.every((d) => Number.isSafeInteger(d) && d >= least)) {
    throw badShape({ op, found: shown(shape), least });
  }
  return sizes;
}

/**
 * One or several whole numbers.
 * @throws SYS-TEN-122 something else
 */
export function wholes(op: string, given: Shape): readonly number[] {
  const list = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(list) || !list.every(Number.isSafeInteger)) throw notWhole({ op, found: shown(given) });
  return list;
}

/** @throws SYS-TEN-122 it is no whole number */
export function whole(op: string, given: number): number {
  if (!Number.isSafeInteger(given)) throw notWhole({ op, found: shown(given) });
  return given;
}

export interface Bounds {
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
  readonly whole?: boolean;
}

/**
 * A number within bounds.
 * @throws SYS-TEN-123 it is outside, not finite, or no number
 */
export function numberWithin(what: string, value: number, bounds: Bounds = {}): number {
  const { min, above, max, below, whole = false } = bounds;
  const fits =
    (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    !(value < (min ?? value)) &&
    !(value > (max ?? value)) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below);
  if (fits) return value;
  const limits = [
    [min, '≥'],
    [above, '>'],
    [max, '≤'],
    [below, '<'],
  ] as const;
  const expected = limits.flatMap(([limit, sign]) => (limit === undefined ? [] : [`${sign} ${limit}`])).join(', ');
  throw outside({ what, found: shown(value), expected, whole });
}

/**
 * Looks at each option that is given and has bounds.
 * @throws SYS-TEN-123 one is outside
 */
export function optionsWithin(what: string, options: object, bounds: Readonly<Record<string, Bounds>>): void {
  for (const [name, limits] of Object.entries(bounds)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) numberWithin(`${what}: ${name}`, value as number, limits);
  }
}

/** What is thenable goes on later, when a scope has long ended. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
