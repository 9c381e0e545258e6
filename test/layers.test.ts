/**
 * The gate of the layers: every import in `src/` obeys the table in `house/layers.ts`, browser-safe layers stay free of
 * Node, files stay small. A failure names the file and line, what it imports, and what it may import.
 */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GENERATED, LAYERS, LINE_LIMIT, LINE_RATCHET, NODE_ONLY } from './house/layers.ts';
import { importsOf, opaqueImports, type Source, sources, withoutComments } from './house/sources.ts';

const files = sources();
const shipped = files.filter((f) => !f.isTest);

const allowed = (layer: string): Set<string> => new Set(LAYERS[layer]?.mayImport.split(' ').filter((l) => l !== ''));

/** Why an import breaks the table, or undefined. */
function violation(file: Source, specifier: string): string | undefined {
  if (specifier.startsWith('#')) {
    // The exercises lie outside of src/; only the command line runs them.
    if (specifier === '#exercises') return file.layer === 'cli' ? undefined : 'only cli runs the exercises';
    const [target, subpath] = specifier.slice(1).split('/', 2) as [string, string | undefined];
    if (LAYERS[target] === undefined) return `#${target} is no layer`;
    if (target === file.layer) {
      return subpath === undefined ? 'a layer imports its own files relatively, not through its front door' : undefined;
    }
    if (subpath !== undefined) return `${specifier} is a private door of '${target}': import #${target}`;
    if (allowed(file.layer).has(target)) return undefined;
    return `'${file.layer}' may import: ${[...allowed(file.layer)].join(', ') || 'no other layer'}`;
  }
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file.path), specifier);
    if (!target.startsWith(`src/${file.layer}/`)) return `reaches out of its layer: import the front door instead`;
    if (!/\.(ts|json)$/.test(target)) return 'a relative import ends in .ts or .json';
  }
  return undefined;
}

const isNodeOnly = (path: string): boolean =>
  NODE_ONLY.some(({ path: p }) => (p.endsWith('*') ? path.startsWith(p.slice(0, -1)) : path.startsWith(p)));

const NODE_MODULES = new Set([...builtinModules, 'sharp', 'onnxruntime-node', 'pg-boss']);
const NODE_GLOBALS =
  /\b(?:Buffer\s*[.(]|__dirname\b|__filename\b|process\.(?:argv|cwd|env|exit|hrtime|memoryUsage|nextTick|on|platform|std(?:in|out|err)|versions)\b)/;

/** What of Node a browser-safe file leans on. */
function nodeUses(file: Source): string[] {
  const uses = importsOf(file.text)
    .filter(({ specifier: s }) => s.startsWith('node:') || NODE_MODULES.has(s) || reachesNodeHalf(file, s))
    .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`);
  withoutComments(file.text)
    .split('\n')
    .forEach((text, i) => {
      const global = NODE_GLOBALS.exec(text);
      if (global !== null) uses.push(`${file.path}:${i + 1} uses ${global[0]}`);
    });
  return uses;
}

const reachesNodeHalf = (file: Source, specifier: string): boolean =>
  specifier.startsWith('.') && isNodeOnly(posix.join(posix.dirname(file.path), specifier));

describe('layers', () => {
  test('every folder of src is a layer of the table, with a front door', () => {
    const folders = new Set(files.map((f) => f.layer));
    expect([...folders].filter((f) => LAYERS[f] === undefined)).toEqual([]);
    const doors = new Set(files.map((f) => f.path));
    expect([...folders].filter((f) => !doors.has(`src/${f}/index.ts`))).toEqual([]);
  });

  test('the table looks down only', () => {
    const names = Object.keys(LAYERS);
    const wrong = names.flatMap((name, i) =>
      [...allowed(name)].filter((other) => !names.slice(0, i).includes(other)).map((other) => `${name} → ${other}`),
    );
    expect(wrong).toEqual([]);
  });

  test('no import breaks the table', () => {
    const broken = shipped.flatMap((file) =>
      importsOf(file.text).flatMap(({ specifier, line }) => {
        const why = violation(file, specifier);
        return why === undefined ? [] : [`${file.path}:${line} imports ${specifier}: ${why}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('no import hides its module behind an expression', () => {
    expect(shipped.flatMap((f) => opaqueImports(f.text).map((line) => `${f.path}:${line}`))).toEqual([]);
  });

  test('the scanner sees every form of import', () => {
    const text = [
      "import a from 'm1';",
      "import type { b } from 'm2';",
      'import {\n  c,\n  type d,\n} from "m3";',
      "export * from 'm4';",
      "export type { e } from 'm5';",
      "import 'm6';",
      "const f = await import('m7');",
      "type G = typeof import('m8');",
      "import h, { type i } from 'm9'; import * as j from 'm10';",
      "const k = require('m11');",
      "// import x from 'no1';",
      "/** import x from 'no2'; */",
      "export const l = 'from';",
    ].join('\n');
    expect(importsOf(text).map((i) => i.specifier)).toEqual(Array.from({ length: 11 }, (_, i) => `m${i + 1}`));
    expect(opaqueImports('await import(name)')).toEqual([1]);
  });

  test('the table refuses what it should', () => {
    const file = { path: 'src/isa/a.ts', layer: 'isa', isTest: false, text: '' };
    expect(violation(file, '#base')).toBeUndefined();
    expect(violation(file, './b.ts')).toBeUndefined();
    expect(violation(file, '#ir')).toContain('may import: base, machine');
    expect(violation(file, '#nowhere')).toContain('no layer');
    expect(violation(file, '#machine/secret')).toContain('private door');
    expect(violation(file, '../ir/graph.ts')).toContain('reaches out');
    expect(nodeUses({ ...file, text: "import fs from 'fs';\nimport 'sharp';\nBuffer.from('')" })).toHaveLength(3);
  });
});

describe('browser-safe', () => {
  test('no Node built-in, native add-on or Node global outside the listed halves', () => {
    expect(shipped.filter((f) => !isNodeOnly(f.path)).flatMap(nodeUses)).toEqual([]);
  });

  test('every exception is still needed', () => {
    const idle = NODE_ONLY.filter(
      ({ path }) => !shipped.some((f) => f.path.startsWith(path.replace('*', '')) && nodeUses(f).length > 0),
    );
    expect(idle.map((e) => e.path)).toEqual([]);
  });
});

describe('size', () => {
  const lines = new Map(
    files.filter((f) => !GENERATED.test(f.path)).map((f) => [f.path, f.text.split('\n').length - 1]),
  );

  test(`no file has more than ${LINE_LIMIT} lines`, () => {
    const long = [...lines].filter(([path, n]) => n > (LINE_RATCHET[path] ?? LINE_LIMIT));
    expect(long.map(([path, n]) => `${path}: ${n} lines, at most ${LINE_RATCHET[path] ?? LINE_LIMIT}`)).toEqual([]);
  });

  test('the ratchet lists no file that has become short', () => {
    expect(Object.keys(LINE_RATCHET).filter((path) => (lines.get(path) ?? 0) <= LINE_LIMIT)).toEqual([]);
  });
});
