/**
 * What commands print with `--json`: each answer has a name, a version and a schema, declared beside the code that prints it. The object
 * that is printed begins with `schema`, which names the answer and its version; docs/json.md and docs/schemas/ are made of the same.
 */
import * as z from 'zod';
import { internalError } from '#base';

export interface Answer<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** Rises when a field goes or changes its meaning; fields may be added under the same. */
  readonly version: number;
  /** What it is, for docs/json.md. */
  readonly does: string;
  /** Without the field `schema`. */
  readonly schema: S;
  /** One object, or one a line; a document is printed as it is, since another schema names its form. */
  readonly form: 'object' | 'lines' | 'document';
}

const declared = new Map<string, Answer>();

/** Declares an answer. Field names are stable. */
export function answer<S extends z.ZodObject>(
  name: string,
  does: string,
  schema: S,
  { version = 1, form = 'object' }: { readonly version?: number; readonly form?: Answer['form'] } = {},
): Answer<S> {
  if (declared.has(name)) throw internalError({ what: `two answers are called ${name}` });
  const made = { name, version, does, schema, form };
  declared.set(name, made);
  return made;
}

/** All that have been declared so far: those of the commands that are loaded. */
export const declaredAnswers = (): ReadonlyMap<string, Answer> => declared;

/** `systole/summary/1`. */
export const schemaName = ({ name, version }: Answer): string => `systole/${name}/${version}`;

/** What is printed, the field `schema` included. */
export const printedSchema = (a: Answer): z.ZodObject =>
  a.form === 'document' ? a.schema : z.strictObject({ schema: z.literal(schemaName(a)), ...a.schema.shape });

/** What any command prints where it fails. */
export const failure = answer(
  'error',
  'what a command prints in place of its answer where it fails; its exit code is that of the kind of error',
  z.strictObject({
    error: z.strictObject({
      code: z.string().describe('as in docs/errors.md'),
      kind: z.enum(['check', 'usage', 'invalid', 'unsupported', 'internal']),
      message: z.string().describe('in the language of --lang'),
      file: z.string().optional(),
      line: z.number().optional(),
      column: z.number().optional(),
      node: z.string().optional(),
      params: z.record(z.string(), z.unknown()).describe('what the message was made of'),
      others: z.array(z.unknown()).optional().describe('errors beside this one, of the same form'),
    }),
  }),
);
