/** The project's own sources and what they import, for the tests of the house. Paths are relative and use `/`. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Source {
  /** `src/ir/graph.ts`. */
  readonly path: string;
  /** `ir`. */
  readonly layer: string;
  readonly isTest: boolean;
  readonly text: string;
}

/** All TypeScript of `src/`, in the order of their paths. */
export function sources(): Source[] {
  const names = readdirSync(`${ROOT}/src`, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !name.startsWith('sim/kernels/assembly/'))
    .sort()
    .map((name) => ({
      path: `src/${name}`,
      layer: name.split('/')[0]!,
      isTest: name.endsWith('.test.ts'),
      text: readFileSync(`${ROOT}/src/${name}`, 'utf8'),
    }));
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

// Strings first, so that '//' or '/*' inside one opens no comment.
const STRING_OR_COMMENT = /(['"])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\[\s\S]|[^\\`])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

/** Blanks comments, so that an example in a doc comment is no import; lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (part) => (part.startsWith('/') ? part.replace(/[^\n]/g, ' ') : part));
}

const FORMS: readonly RegExp[] = [
  // import x from 'm', import type { x } from 'm', export * from 'm', export { x } from 'm'
  /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
  // import 'm'
  /(?:^|[\s;}])import\s*(['"])([^'"\n]+)\1/g,
  // import('m'), typeof import('m')
  /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g,
  // require('m'), createRequire(...).resolve('m')
  /\brequire(?:\.resolve)?\s*\(\s*(['"`])([^'"`\n]+)\1/g,
];

/** Every module specifier of a source: static, type-only, re-exported, dynamic. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const form of FORMS) {
    for (const match of code.matchAll(form)) {
      const end = match.index + match[0].length;
      found.push({ specifier: match[2]!, line: code.slice(0, end).split('\n').length });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** `import(x)` of something that is no literal: nobody can tell its layer. Returns the lines. */
export function opaqueImports(text: string): number[] {
  const code = withoutComments(text);
  return [...code.matchAll(/\bimport\s*\(\s*(?!['"`\s])/g)].map((m) => code.slice(0, m.index).split('\n').length);
}
