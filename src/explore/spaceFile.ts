/** Reading space files: YAML with places, the schema, then what the schema cannot say. All problems are reported, each with a code frame. */
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { diagnostic, nearestName, type Place, type SystoleError, throwErrors } from '#base';
import { type Both, expectationOf, type SpaceDocument, spaceSchema } from './spaceSchema.ts';

type Path = readonly PropertyKey[];

const badYaml = diagnostic<{ problem: string }>('SYS-EXPLORE-010', 'invalid', {
  en: (p) =>
    `this is not valid YAML: ${p.problem}. A space file is one mapping of keys to values; docs/explore.md has an example.`,
  zh: (p) => `这不是有效的 YAML（${p.problem}）。空间文件是一个键值映射；示例见 docs/explore.md。`,
});

const unknownKey = diagnostic<{ key: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-EXPLORE-011',
  'invalid',
  {
    en: (p) =>
      `there is no key '${p.key}' here.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} Known: ${p.known.join(', ')}.`,
    zh: (p) =>
      `此处没有键“${p.key}”。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}可用：${p.known.join('、')}。`,
  },
);

export const wrongValue = diagnostic<{ key: string; found: string; expected: Both; nearest: string | undefined }>(
  'SYS-EXPLORE-012',
  'invalid',
  {
    en: (p) =>
      `'${p.key}' is ${p.found}, expected ${p.expected.en}.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`}`,
    zh: (p) =>
      `“${p.key}”为 ${p.found}，应为${p.expected.zh}。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}`,
  },
);

const missingKey = diagnostic<{ key: string; expected: Both }>('SYS-EXPLORE-013', 'invalid', {
  en: (p) => `key '${p.key}' is missing: expected ${p.expected.en}.`,
  zh: (p) => `缺少键“${p.key}”：应为${p.expected.zh}。`,
});

/** A space file as it is written, and where things stand in it. */
export interface SpaceFile {
  readonly document: SpaceDocument;
  /** Of the value at a path, or of the key that leads to it. */
  readonly place: (path: Path, what?: 'key' | 'value') => Place;
}

/** @throws SYS-EXPLORE-010 to 013 with the place; the other problems of the file in its `others` */
export function parseSpace(text: string, file: string): SpaceFile {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const placeOf = (from: number, to: number): Place => {
    const { line, col } = lines.linePos(from);
    const end = text.slice(from).search(/\r?\n/);
    const shown = Math.min(to - from, end < 0 ? text.length - from : end);
    return { file, line: Math.max(1, line), column: Math.max(1, col), length: Math.max(1, shown), source: text };
  };
  const [syntax] = yaml.errors;
  if (syntax !== undefined) throw badYaml({ problem: firstSentence(syntax.message) }, placeOf(...syntax.pos));
  const value = plain(() => yaml.toJS({ maxAliasCount: 100 }) as unknown, placeOf(0, 1));

  const place = (path: Path, what: 'key' | 'value' = 'value'): Place => {
    for (let n = path.length; n >= 0; n--) {
      const at = path.slice(0, n);
      if (what === 'key' || n < path.length) {
        const range = keyRange(yaml.getIn(at.slice(0, -1), true) ?? yaml.contents, at.at(-1));
        if (range !== undefined) return placeOf(...range);
      }
      const node = n === 0 ? yaml.contents : yaml.getIn(at, true);
      if (isNode(node) && node.range) return placeOf(node.range[0], node.range[1]);
    }
    return placeOf(0, 1);
  };
  const parsed = spaceSchema.safeParse(value);
  if (parsed.success) return { document: parsed.data, place };
  const errors = parsed.error.issues.flatMap((issue) => errorsOf(issue, value, place));
  throwErrors(inOrder(unique(errors)));
  throw badYaml({ problem: 'it has another form' }, placeOf(0, 1));
}

function plain(read: () => unknown, at: Place): unknown {
  try {
    return read();
  } catch (error) {
    // Aliases of aliases grow without bound: the library refuses them.
    throw badYaml({ problem: error instanceof Error ? firstSentence(error.message) : 'unreadable' }, at);
  }
}

const firstSentence = (message: string): string => message.split('\n', 1)[0]!.replace(/[.:]$/, '');

function keyRange(map: unknown, key: PropertyKey | undefined): readonly [number, number] | undefined {
  if (!isMap(map)) return undefined;
  const pair = map.items.find(({ key: k }) => isScalar(k) && k.value === key);
  return isScalar(pair?.key) && pair.key.range ? [pair.key.range[0], pair.key.range[1]] : undefined;
}

const inOrder = (errors: readonly SystoleError[]): SystoleError[] =>
  [...errors].sort((a, b) => a.place.line! - b.place.line! || a.place.column! - b.place.column!);

function unique(errors: readonly SystoleError[]): readonly SystoleError[] {
  const texts = new Set<string>();
  return errors.filter((e) => {
    const text = `${e.place.line}:${e.place.column} ${e.message}`;
    if (texts.has(text)) return false;
    texts.add(text);
    return true;
  });
}

function errorsOf(issue: z.core.$ZodIssue, value: unknown, place: SpaceFile['place']): readonly SystoleError[] {
  const path = issue.path;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) =>
      unknownKey({ key, nearest: nearestName(key, known), known }, place([...path, key], 'key')),
    );
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const known = keysAt(path.slice(0, -1));
    return [unknownKey({ key, nearest: nearestName(key, known), known }, place(path, 'key'))];
  }
  if (issue.code === 'invalid_union') {
    // What came nearest: the form of the value decides, a mapping against the schema of mappings.
    const found = valueAt(path, value);
    const fitting = issue.errors.filter((branch) =>
      branch.some((i) => i.path.length > 0 || i.code === 'unrecognized_keys'),
    );
    const inner = typeof found === 'object' && found !== null ? fitting[0] : undefined;
    if (inner !== undefined) return inner.flatMap((i) => errorsOf({ ...i, path: [...path, ...i.path] }, value, place));
  }
  const key = path.length === 0 ? 'space' : path.join('.');
  const schema = schemaAt(path);
  const expected = (schema && expectationOf(schema)) ?? objectOf(path);
  const found = valueAt(path, value);
  if (found === undefined) return [missingKey({ key, expected }, place(path))];
  const choices = schema instanceof z.ZodEnum ? schema.options.map(String) : [];
  const nearest = typeof found === 'string' ? nearestName(found, choices) : undefined;
  return [wrongValue({ key, found: textOf(found), expected, nearest }, place(path))];
}

const objectOf = (path: Path): Both => {
  const keys = keysAt(path);
  return keys.length === 0
    ? { en: 'a mapping', zh: '键值映射' }
    : { en: `a mapping with ${keys.join(', ')}`, zh: `含 ${keys.join('、')} 的映射` };
};

const bare = (schema: unknown): z.ZodType | undefined => {
  let inner = schema;
  while (inner instanceof z.ZodOptional) inner = inner.unwrap();
  return inner instanceof z.ZodType ? inner : undefined;
};

/** The schema at a path; of a union that of its mapping or list. */
function schemaAt(path: Path): z.ZodType | undefined {
  let schema: z.ZodType | undefined = spaceSchema;
  for (const key of path) {
    const options: readonly (z.ZodType | undefined)[] =
      schema instanceof z.ZodUnion ? schema.options.map((o) => bare(o)) : [schema];
    const next: unknown = options
      .map((o): unknown => {
        if (o instanceof z.ZodObject) return o.shape[String(key)];
        if (o instanceof z.ZodArray && typeof key === 'number') return o.element;
        return o instanceof z.ZodRecord ? o.valueType : undefined;
      })
      .find((n) => n !== undefined);
    schema = bare(next);
    if (schema === undefined) return undefined;
  }
  return schema;
}

function keysAt(path: Path): readonly string[] {
  const schema = schemaAt(path);
  const options = schema instanceof z.ZodUnion ? schema.options.map((o) => bare(o)) : [schema];
  for (const o of options) {
    if (o instanceof z.ZodObject) return Object.keys(o.shape);
    if (o instanceof z.ZodRecord && o.keyType instanceof z.ZodEnum) return o.keyType.options.map(String);
  }
  return [];
}

function valueAt(path: Path, value: unknown): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** A value of a file as it is quoted in a message. */
export function textOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? '[ ]' : '[ … ]';
  if (typeof value === 'object') return '{ … }';
  const text = typeof value === 'string' ? `'${value}'` : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
