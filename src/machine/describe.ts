/** The schema by path: which keys stand where, what a value must be in words, and in which unit. */
import * as z from 'zod';
import type { Both } from './errors.ts';
import { machineSchema } from './schema.ts';

export type Path = readonly (string | number)[];

/** The schema at a path; `document` decides between the kinds of a union. */
export function schemaAt(path: Path, document: unknown): z.ZodType | undefined {
  let schema: z.ZodType = machineSchema;
  let value: unknown = document;
  for (const key of path) {
    const object = objectOf(schema, value);
    let next: unknown =
      object !== undefined ? object.shape[key as string] : schema instanceof z.ZodArray ? schema.element : undefined;
    if (next instanceof z.ZodOptional) next = next.unwrap();
    if (!(next instanceof z.ZodType)) return undefined;
    schema = next;
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;
  }
  return schema;
}

/** The object schema that a value must obey; of a union, the one of its kind. */
function objectOf(schema: z.ZodType, value: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return undefined;
  const key = schema.def.discriminator;
  const kind = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  const options = schema.options.filter((o) => o instanceof z.ZodObject);
  return options.find((o) => {
    const literal: unknown = o.shape[key];
    return literal instanceof z.ZodLiteral && literal.value === kind;
  });
}

/** Keys of the object at a path. */
export function keysAt(path: Path, document: unknown): readonly string[] {
  let value: unknown = document;
  for (const key of path) value = (value as Record<string | number, unknown> | undefined)?.[key];
  const schema = schemaAt(path, document);
  const object = schema === undefined ? undefined : objectOf(schema, value);
  return object === undefined ? [] : Object.keys(object.shape);
}

/** What a value may be, if it is one of a list. */
export function choicesAt(path: Path, document: unknown): readonly string[] {
  const parent = schemaAt(path.slice(0, -1), document);
  if (parent instanceof z.ZodDiscriminatedUnion && parent.def.discriminator === path.at(-1)) {
    return parent.options.flatMap((o) =>
      o instanceof z.ZodObject ? choicesOf(o.shape[parent.def.discriminator]) : [],
    );
  }
  return choicesOf(schemaAt(path, document));
}

function choicesOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(String);
  if (schema instanceof z.ZodDiscriminatedUnion) return [];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(choicesOf);
  return [];
}

/** A rate: bytes for so many cycles. */
export const isRate = (schema: z.ZodType | undefined): boolean =>
  schema instanceof z.ZodObject && 'bytes' in schema.shape && 'cycles' in schema.shape;

export type NumberUnit =
  | 'bytes'
  | 'bytesPerCycle'
  | 'cycles'
  | 'hertz'
  | 'perCycle'
  | 'clocks'
  | 'words'
  | 'count'
  | 'picojoules'
  | 'watts'
  | 'squareMillimetres'
  | 'nanometres';

/** In which unit a number stands, which its key says. */
export function unitOf(path: Path): NumberUnit {
  const key = String(path.at(-1));
  const parent = String(path.at(-2));
  if (key.endsWith('Nanometres')) return 'nanometres';
  if (key.endsWith('Watts')) return 'watts';
  if (path[0] === 'energy') return 'picojoules';
  if (path[0] === 'area') return 'squareMillimetres';
  if (key === 'frequency' || key === 'clock') return 'hertz';
  if (parent === 'timing' || parent === 'commandSlots') return 'clocks';
  if (key.endsWith('Words')) return 'words';
  if (/BytesPerCycle$/.test(key)) return 'bytesPerCycle';
  if (key === 'bytes' || key.endsWith('Bytes')) return 'bytes';
  if (/PerCycle$/.test(key)) return 'perCycle';
  if (/cycles/i.test(key) || /Latency$|Penalty$/.test(key) || /cycles$/i.test(parent)) return 'cycles';
  return 'count';
}

const UNITS: Readonly<Record<NumberUnit, Both>> = {
  bytes: { en: ' of bytes', zh: '（字节）' },
  bytesPerCycle: { en: ' of bytes a cycle', zh: '（每周期字节）' },
  cycles: { en: ' of cycles', zh: '（周期）' },
  clocks: { en: ' of DRAM clocks', zh: '（DRAM 时钟）' },
  hertz: { en: ' of hertz', zh: '（赫兹）' },
  perCycle: { en: ' a cycle', zh: '（每周期）' },
  words: { en: ' of 64-bit words', zh: '（64 位字）' },
  count: { en: '', zh: '' },
  picojoules: { en: ' of picojoules', zh: '（皮焦）' },
  watts: { en: ' of watts', zh: '（瓦）' },
  squareMillimetres: { en: ' of square millimetres', zh: '（平方毫米）' },
  nanometres: { en: ' of nanometres', zh: '（纳米）' },
};

/** What belongs at a path, in words. */
export function expectationAt(path: Path, document: unknown): Both {
  const schema = schemaAt(path, document);
  const choices = choicesAt(path, document);
  if (choices.length > 0) return { en: `one of ${choices.join(', ')}`, zh: ` ${choices.join('、')} 之一` };
  if (schema instanceof z.ZodNumber) return numberExpectation(schema, path);
  if (schema instanceof z.ZodString) {
    return schema.minLength === null ? { en: 'a text', zh: '文本' } : { en: 'a text, not empty', zh: '非空文本' };
  }
  if (schema instanceof z.ZodBoolean) return { en: 'true or false', zh: ' true 或 false' };
  if (schema instanceof z.ZodArray) return { en: 'a list of texts', zh: '文本列表' };
  if (isRate(schema)) return { en: 'a rate, { "bytes": …, "cycles": … }', zh: '速率 { "bytes": …, "cycles": … }' };
  const keys = keysAt(path, document);
  return keys.length === 0
    ? { en: 'an object', zh: '对象' }
    : { en: `an object with ${keys.join(', ')}`, zh: `含 ${keys.join('、')} 的对象` };
}

function numberExpectation(schema: z.ZodNumber, path: Path): Both {
  const unit = UNITS[unitOf(path)];
  const whole = schema.format?.includes('int');
  const positive = (schema.minValue ?? 0) > 0 || schema.safeParse(0).success === false;
  const least = whole ? (positive ? 1 : 0) : 0;
  if (whole || !positive) {
    const kind: Both = whole ? { en: 'a whole number', zh: '整数' } : { en: 'a number', zh: '数' };
    return { en: `${kind.en}${unit.en}, at least ${least}`, zh: `不小于 ${least} 的${kind.zh}${unit.zh}` };
  }
  return { en: `a number${unit.en} above 0`, zh: `大于 0 的数${unit.zh}` };
}

/** The schema's own words on a key. */
export const docAt = (path: Path, document: unknown): string => schemaAt(path, document)?.description ?? '';
