/**
 * `npm run page`: bundles the script and the style of report pages (src/report/html/client) into src/report/html/client.gen.ts, which holds both as text
 * with the hashes that a page's policy names. The output is committed; a test bundles again and compares.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const FOLDER = new URL('../src/report/html/', import.meta.url);
const OUTPUT = new URL('client.gen.ts', FOLDER);

/** The text of client.gen.ts for the sources as they stand. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('client/main.ts', FOLDER))],
    ...{ bundle: true, minify: true, write: false, format: 'iife', target: 'es2022', charset: 'utf8' },
    legalComments: 'none',
  });
  const css = readFileSync(new URL('client/style.css', FOLDER), 'utf8');
  const { code } = await transform(css, { loader: 'css', minify: true, charset: 'utf8' });
  const [script, style] = [outputFiles![0]!.text.trim(), code.trim()];
  if (/<\/(script|style)/i.test(script + style)) throw new Error('the bundle holds the end of its own element');
  const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  return [
    '// Written by `npm run page` from client/: the script and the style of report pages.',
    `export const SCRIPT_HASH = '${hash(script)}';`,
    `export const STYLE_HASH = '${hash(style)}';`,
    `export const SCRIPT = ${JSON.stringify(script)};`,
    `export const STYLE = ${JSON.stringify(style)};`,
    '',
  ].join('\n');
}

if (import.meta.main) {
  const text = await bundlePage();
  writeFileSync(OUTPUT, text);
  process.stdout.write(`${fileURLToPath(OUTPUT)}: ${text.length} characters\n`);
}
