/**
 * Schemas of objects that are printed as JSON, bound to the type that they describe: `fields<T>()({ … })` has a schema for each key of T
 * and none besides, or does not compile. Objects are strict: an unknown key fails.
 */
import * as z from 'zod';

/** A number; NaN and the infinities, which JSON lacks, as strings. */
export const real = z.union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity'])]);
/** A whole number from 0. */
export const count = z.number().int().nonnegative();
/** Sizes of a shape. */
export const shape = z.array(count);

type Fields<T> = { readonly [K in keyof T]-?: z.ZodType };
type Exactly<S, T> = S & { readonly [K in Exclude<keyof S, keyof T>]: never };

export const fields =
  <T>() =>
  <const S extends Fields<T>>(schemas: Exactly<S, T>) =>
    z.strictObject(schemas as S);

/** What may be printed as a schema says: its input, all of it read-only. */
export type Printable<T> = unknown extends T
  ? unknown
  : T extends string | number | boolean | bigint | null | undefined
    ? T
    : T extends readonly (infer E)[]
      ? readonly Printable<E>[]
      : { readonly [K in keyof T]: Printable<T[K]> };
