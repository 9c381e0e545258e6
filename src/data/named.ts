/** Things by name, as callers write them down: a map, or an object. */
export type Named<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>;

export const entriesOf = <T>(named: Named<T>): [string, T][] =>
  named instanceof Map ? [...(named as ReadonlyMap<string, T>)] : Object.entries(named as Readonly<Record<string, T>>);
