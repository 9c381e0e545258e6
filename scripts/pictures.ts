/**
 * `npm run pictures`: makes the pictures of docs/pictures.md by the commands that the page gives. `test/pictures.full.test.ts` holds that the
 * committed files are what they make.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Arguments of `systole` and the file that each command writes, in the order of the page. */
export function pictureCommands(): readonly { readonly args: readonly string[]; readonly file: string }[] {
  const page = readFileSync(new URL('../docs/pictures.md', import.meta.url), 'utf8');
  return [...page.matchAll(/^systole ((?:plot|parallel) .* -o (docs\/pictures\/\S+))$/gm)].map(([, line, file]) => ({
    args: line!.split(' '),
    file: file!,
  }));
}

/** Runs a command of the page, writing to another file if one is given. */
export function makePicture({ args, file }: ReturnType<typeof pictureCommands>[number], to = file): void {
  const given = args.map((a) => (a === file ? to : a));
  const language = given.includes('--lang') ? [] : ['--lang', 'en'];
  const run = ['--conditions=source', 'bin/systole.mjs', ...given, ...language];
  execFileSync(process.execPath, run, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}

if (import.meta.main) for (const command of pictureCommands()) makePicture(command);
