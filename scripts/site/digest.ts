/** What an exercise's figures depend on: its file and all that it imports, as one hash. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf } from '../../test/house/sources.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The file that an import names; undefined for a package, whose version the lock holds. */
function fileOf(specifier: string, from: string): string | undefined {
  const of = (layer: string): string => {
    const named = join(ROOT, 'src', ...layer.split('/'));
    return existsSync(`${named}.ts`) ? `${named}.ts` : join(named, layer.includes('/') ? 'node.ts' : 'index.ts');
  };
  const found = specifier.startsWith('.')
    ? join(dirname(from), specifier)
    : specifier.startsWith('systole/')
      ? of(specifier.slice('systole/'.length))
      : specifier.startsWith('#')
        ? of(specifier.slice(1))
        : undefined;
  return found !== undefined && existsSync(found) ? found : undefined;
}

const known = new Map<string, { readonly hash: string; readonly imports: readonly string[] }>();

function read(path: string): { readonly hash: string; readonly imports: readonly string[] } {
  let found = known.get(path);
  if (found === undefined) {
    const text = readFileSync(path, 'utf8');
    const imports = path.endsWith('.ts')
      ? importsOf(text).flatMap(({ specifier }) => fileOf(specifier, path) ?? [])
      : [];
    found = { hash: createHash('sha256').update(text).digest('hex'), imports };
    known.set(path, found);
  }
  return found;
}

/** @param also what the figures depend on besides, e.g. whether data are there */
export function digestOf(path: string, also: readonly string[]): string {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const other of read(file).imports) visit(other);
  };
  visit(path);
  visit(join(ROOT, 'package-lock.json'));
  const hash = createHash('sha256');
  for (const file of [...seen].sort()) hash.update(`${file.slice(ROOT.length)} ${read(file).hash}\n`);
  return hash.update(also.join('\n')).digest('hex');
}
