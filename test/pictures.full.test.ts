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

test('the page shows every picture', () => {
  const page = readFileSync(new URL('../docs/pictures.md', import.meta.url), 'utf8');
  const files = readdirSync(new URL('../docs/pictures', import.meta.url));
  expect(files.map((f) => `docs/pictures/${f}`).sort()).toEqual(commands.map((c) => c.file).sort());
  for (const f of files) expect(page).toContain(`](pictures/${f})`);
});
