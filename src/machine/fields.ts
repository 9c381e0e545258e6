/** Every field of a machine file, from the schema: for the reference page. */
import * as z from 'zod';
import { machineSchema } from './schema.ts';

export interface MachineField {
  /** `matrix.tn`; of a union with its kinds: `matrix.tn` once, where several have it. */
  readonly path: string;
  /** What stands there, in words. */
  readonly type: string;
  readonly optional: boolean;
  readonly meaning: string;
}

/** In the order of the schema; objects before what they hold. */
export function machineFields(): readonly MachineField[] {
  const fields = new Map<string, MachineField>();
  const walk = (path: string, schema: z.ZodType, optional: boolean, within: string): void => {
    if (schema instanceof z.ZodOptional) {
      const inner = schema.unwrap() as z.ZodType;
      // What is said of the option is said of what stands there.
      walk(path, schema.description === undefined ? inner : inner.describe(schema.description), true, within);
      return;
    }
    const children = childrenOf(schema);
    const own = schema.description ?? '';
    if (path !== '' && !fields.has(path)) {
      const meaning = [within, own].filter((t) => t !== '').join(': ');
      fields.set(path, { path, type: children.length > 0 ? 'object' : typeOf(schema), optional, meaning });
    }
    for (const { key, child, kind } of children) walk(path === '' ? key : `${path}.${key}`, child, false, kind);
  };
  walk('', machineSchema, false, '');
  return [...fields.values()];
}

interface Child {
  readonly key: string;
  readonly child: z.ZodType;
  /** Kind of a union that has it, if not all have. */
  readonly kind: string;
}

function childrenOf(schema: z.ZodType): readonly Child[] {
  if (isRate(schema)) return [];
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).map(([key, child]) => ({ key, child: child as z.ZodType, kind: '' }));
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [];
  const key = schema.def.discriminator;
  const options = schema.options.filter((o) => o instanceof z.ZodObject);
  const kinds = options.map((o) => [...((o.shape[key] as z.ZodLiteral).values as Set<unknown>)].join());
  const meaning = options.map((o, i) => `${kinds[i]}: ${(o.shape[key] as z.ZodType).description ?? ''}`).join('; ');
  const union: Child = { key, child: z.enum(kinds as [string, ...string[]]).describe(meaning), kind: '' };
  const all = options.flatMap((o, i) =>
    Object.entries(o.shape)
      .filter(([name]) => name !== key)
      .map(([name, child]) => ({ key: name, child: child as z.ZodType, kind: kinds[i]! })),
  );
  const owners = Map.groupBy(all, (c) => c.key);
  return [
    union,
    // Kinds may hold different things under one key: the first names it, all are gone through.
    ...[...owners].flatMap(([name, children]) =>
      children.map(({ child }) => ({
        key: name,
        child,
        kind: children.length === options.length ? '' : children.map((c) => c.kind).join(', '),
      })),
    ),
  ];
}

const isRate = (schema: z.ZodType): boolean =>
  schema instanceof z.ZodObject && Object.keys(schema.shape).sort().join() === 'bytes,cycles';

function typeOf(schema: z.ZodType): string {
  if (isRate(schema)) return 'bytes in cycles';
  if (schema instanceof z.ZodEnum) return schema.options.join(', ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(', ');
  if (schema instanceof z.ZodBoolean) return 'true, false';
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodArray) return 'list';
  if (schema instanceof z.ZodUnion) return schema.options.map((o) => typeOf(o as z.ZodType)).join(', ');
  if (schema instanceof z.ZodNumber) return schema.format?.includes('int') === true ? 'integer' : 'number';
  return 'value';
}
