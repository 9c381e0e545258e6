/**
 * A machine with some fields changed: `textbook-single,wram.bytes=524288`. A field is named by its path in the machine file; its value is a number,
 * a word (`flat`, `true`), of a rate a number or a quotient (`12.8`, `64/5`), or `none`, which takes an optional field away. The result
 * is read as a file would be, so that every rule of machine files holds, and its name tells what was changed.
 */

import { expectationAt, isRate, type Path, schemaAt } from './describe.ts';
import { type Both, badChange } from './errors.ts';
import { machineFields } from './fields.ts';
import { readMachine } from './load.ts';
import type { Machine } from './schema.ts';
import { fraction } from './units.ts';

export interface FieldChange {
  /** `wram.bytes`. */
  readonly path: string;
  /** As it is written; `none` takes the field away. */
  readonly value: string | number;
}

const TAKEN_AWAY = 'none';
const CHANGE = /^([A-Za-z][\w.]*)=(.+)$/;

export const changeText = ({ path, value }: FieldChange): string => `${path}=${value}`;

/**
 * A name or path, and the changes behind it.
 * @throws SYS-MACHINE-061 what stands between two commas is no change
 */
export function splitChanges(text: string): { readonly name: string; readonly changes: readonly FieldChange[] } {
  // A path may have commas, too: the changes begin where one is written.
  const at = text.search(/,[A-Za-z][\w.]*=/);
  if (at < 0) return { name: text, changes: [] };
  const changes = text
    .slice(at + 1)
    .split(',')
    .map((word): FieldChange => {
      const match = CHANGE.exec(word);
      if (match === null) throw badChange({ found: word, machine: text.slice(0, at) });
      return { path: match[1]!, value: match[2]! };
    });
  return { name: text.slice(0, at), changes };
}

/** @throws SYS-MACHINE-… as of a file that had been written so; its text is what the places speak of */
export function changedMachine(machine: Machine, changes: readonly FieldChange[]): Machine {
  if (changes.length === 0) return machine;
  const name = [machine.name, ...changes.map(changeText)].join(',');
  const document = structuredClone(machine) as unknown as Record<string, unknown>;
  for (const change of changes) put(document, change);
  document.name = name;
  return readMachine(document, () => JSON.stringify(document, null, 2), name);
}

function put(document: Record<string, unknown>, { path, value }: FieldChange): void {
  const keys = path.split('.');
  let at = document;
  for (const key of keys.slice(0, -1)) {
    // What cannot hold fields gives way to an object, and the schema says what belongs there.
    const inner = Object.hasOwn(at, key) ? at[key] : undefined;
    const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
    Object.defineProperty(at, key, { value: next, enumerable: true, configurable: true, writable: true });
    at = next;
  }
  const last = keys.at(-1)!;
  if (value === TAKEN_AWAY) delete at[last];
  else {
    const meant = valueMeant(String(value), keys, document);
    Object.defineProperty(at, last, { value: meant, enumerable: true, configurable: true, writable: true });
  }
}

const RATE: Both = {
  en: 'a number of bytes a cycle above 0, or a quotient as a word ("64/5")',
  zh: '大于 0 的数（每周期字节），或写成词的商（"64/5"）',
};

/**
 * What belongs at a field where a value can be none of its type, whatever else the machine has; undefined where it may be one. Rules of
 * more than the type (powers of two, what has to fit) are not looked at: those are of `changedMachine`.
 */
export function expectedInstead(machine: Machine, { path, value }: FieldChange): Both | undefined {
  const keys = path.split('.');
  const schema = schemaAt(keys, machine);
  if (schema === undefined) return undefined;
  const isOptional = machineFields().some((f) => f.path === path && f.optional);
  if (value === TAKEN_AWAY && isOptional) return undefined;
  const parsed = schema.safeParse(valueMeant(String(value), keys, machine));
  if (parsed.success || parsed.error.issues.every((i) => i.code === 'custom')) return undefined;
  const { en, zh } = isRate(schema) ? RATE : expectationAt(keys, machine);
  return isOptional ? { en: `${en}, or none`, zh: `${zh}，或 none` } : { en, zh };
}

function valueMeant(text: string, path: Path, document: unknown): unknown {
  if (isRate(schemaAt(path, document))) {
    const [bytes, cycles] = text.split('/').map(Number);
    const rate = fraction(bytes! / (cycles ?? 1));
    if (rate !== undefined) return { bytes: rate.numerator, cycles: rate.denominator };
  }
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
