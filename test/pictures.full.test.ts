/** The pictures of docs/pictures.md are what its commands make; each is shown on the page. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makePicture, pictureCommands } from '../scripts/pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));
const commands = pictureCommands();

test.each(commands.map((c) => [c.file, c] as const))('%s is up to date (npm run pictures)', (file, command) => {
  const made = join(folder, 'made.svg');
  makePicture(command, made);
  const root = new URL('../', import.meta.url);
  expect(readFileSync(made, 'utf8')).toBe(readFileSync(new URL(file, root), 'utf8'));
});

test('the page shows every picture that its commands make, others are on the page that they belong to', () => {
  const docs = new URL('../docs/', import.meta.url);
  const page = (name: string): string => readFileSync(new URL(name, docs), 'utf8');
  const files = readdirSync(new URL('pictures', docs)).map((f) => `docs/pictures/${f}`);
  const made = commands.map((c) => c.file as string);
  expect(files).toEqual(expect.arrayContaining(made));
  const others = readdirSync(docs).filter((name) => name.endsWith('.md') && name !== 'pictures.md');
  for (const file of files) {
    const shown = `](${file.slice('docs/'.length)})`;
    if (made.includes(file)) expect(page('pictures.md')).toContain(shown);
    else
      expect(
        others.filter((name) => page(name).includes(shown)),
        file,
      ).toHaveLength(1);
  }
});
