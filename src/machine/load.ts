/**
 * Reading machine files: JSON with places, the schema, then what a machine must be able to do. All problems of a file are
 * reported, each with a code frame at the offending value; capacities are judged once the shape is right.
 */

import type * as z from 'zod';
import { nearestName, type SystoleError, throwErrors } from '#base';
import { capacityErrors } from './capacity.ts';
import { choicesAt, docAt, expectationAt, isRate, keysAt, type Path, schemaAt, unitOf } from './describe.ts';
import { type Document, keyPlace, parseDocument, placeAt } from './document.ts';
import {
  missingKey,
  noPowerOfTwo,
  outOfRange,
  unknownKey,
  unknownMachine,
  unknownValue,
  wrongType,
  wrongUnit,
} from './errors.ts';
import { machineNames, presets } from './presets.ts';
import { type Machine, machineSchema } from './schema.ts';
import { fraction, numberMeant } from './units.ts';

/**
 * The machine of a JSON text (comments and trailing commas allowed).
 * @param file name for messages
 * @throws SYS-MACHINE-… with the place; the other problems of the file in its `others`
 */
export function parseMachine(text: string, file: string): Machine {
  const errors: SystoleError[] = [];
  const document = parseDocument(text, file, errors);
  throwErrors(document === undefined ? errors : []);
  const parsed = machineSchema.safeParse(document!.value);
  if (parsed.success) errors.push(...capacityErrors(parsed.data, (path) => placeAt(path, document!)));
  else errors.push(...schemaErrors(parsed.error.issues, document!));
  throwErrors(inOrder(errors));
  return parsed.data!;
}

/**
 * A machine that is there as a document already, which it becomes itself.
 * @param text of it, for messages
 * @throws as of a file
 */
export function readMachine(document: unknown, text: () => string, file: string): Machine {
  const parsed = machineSchema.safeParse(document);
  if (parsed.success && capacityErrors(parsed.data, () => ({})).length === 0) return parsed.data;
  return parseMachine(text(), file);
}

/**
 * A machine by the name of a preset, or from the text of a file.
 * @param written how a file is named where the machine was, for messages
 * @throws SYS-MACHINE-013 there is no such preset; of the text what a file is refused for
 */
export function resolveMachine(
  from: string | { readonly text: string; readonly file: string },
  written = '--machine ./my.json',
): Machine {
  if (typeof from !== 'string') return parseMachine(from.text, from.file);
  const machine = presets.get(from);
  if (machine !== undefined) return machine;
  const known = machineNames();
  throw unknownMachine({ name: from, nearest: nearestName(from, known), known, written });
}

const MEMORIES: ReadonlySet<string | number> = new Set(['dram', 'nram', 'wram']);

const inOrder = (errors: readonly SystoleError[]): SystoleError[] =>
  [...errors].sort((a, b) => a.place.line! - b.place.line! || a.place.column! - b.place.column!);

function schemaErrors(issues: readonly z.core.$ZodIssue[], document: Document): SystoleError[] {
  const errors: SystoleError[] = [];
  /** Keys that an unknown key probably means: they are not reported as missing as well. */
  const meant = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const path = issue.path as Path;
    const known = keysAt(path, document.value);
    for (const key of issue.keys) {
      const nearest = nearestName(key, known);
      if (nearest !== undefined) meant.add([...path, nearest].join('.'));
      errors.push(unknownKey({ key, nearest, known }, keyPlace(path, key, document)));
    }
  }
  for (const issue of issues) {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys' || meant.has(path.join('.'))) continue;
    errors.push(valueError(path, document));
  }
  return errors;
}

/** What is wrong with the value at a path that the schema refuses. */
function valueError(path: Path, document: Document): SystoleError {
  const value = valueAt(path, document.value);
  const key = path.length === 0 ? 'machine' : path.join('.');
  const expected = expectationAt(path, document.value);
  const place = placeAt(path, document);
  if (value === undefined) return missingKey({ key, expected, doc: docAt(path, document.value) }, place);

  const found = foundText(value);
  const known = choicesAt(path, document.value);
  if (known.length > 0) {
    const nearest = typeof value === 'string' ? nearestName(value, known) : undefined;
    return unknownValue({ key, found, nearest, known }, place);
  }
  if (isRate(schemaAt(path, document.value))) {
    const rate = typeof value === 'string' ? numberMeant(value, 'bytesPerCycle') : value;
    const parts = typeof rate === 'number' && rate > 0 ? fraction(rate) : undefined;
    if (parts === undefined) return wrongType({ key, found, expected }, place);
    const write = `{ "bytes": ${parts.numerator}, "cycles": ${parts.denominator} }`;
    return wrongUnit({ key, found, expected, write }, place);
  }
  if (typeof value === 'number') {
    const isPower = expected.en.startsWith('a whole number') && Number.isInteger(value) && value > 0;
    if (isPower && value <= Number.MAX_SAFE_INTEGER) {
      const below = 2 ** Math.floor(Math.log2(value));
      return noPowerOfTwo({ key, found: value, near: [below, 2 * below], isAddressed: MEMORIES.has(path[0]!) }, place);
    }
    const near = value > 0 && value <= Number.MAX_SAFE_INTEGER ? Math.max(1, Math.round(value)) : undefined;
    return outOfRange({ key, found, expected, write: near === undefined ? undefined : String(near) }, place);
  }
  if (typeof value === 'string' && expected.en.includes('number')) {
    const meant = numberMeant(value, unitOf(path));
    if (meant !== undefined && meant >= 0) {
      const number = expected.en.startsWith('a whole') ? Math.round(meant) : meant;
      return wrongUnit({ key, found, expected, write: String(number) }, place);
    }
  }
  return wrongType({ key, found, expected }, place);
}

function valueAt(path: Path, document: unknown): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
  }
  return value;
}

/** A value as it stands in the file, cut where it is long. */
function foundText(value: unknown): string {
  if (Array.isArray(value)) return '[ … ]';
  if (typeof value === 'object' && value !== null) return '{ … }';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
