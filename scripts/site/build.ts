/**
 * The course as a site in docs/course/, which is made and not committed. Every figure is of a run of the exercise; an exercise whose sources
 * have not changed since is not run again. A formula that is wrong and a link that leads nowhere end the build.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exercise } from '#course';
import { exercises } from '#exercises';
import { type Figures, figuresOf } from './figures.ts';
import { deadLinks } from './links.ts';
import { contentsPage, doorPage, exercisePage, type Page } from './pages.ts';
import { LANGUAGES } from './words.ts';

export const SITE_FOLDER = fileURLToPath(new URL('../../docs/course', import.meta.url));

/**
 * @param isWanted which exercises are on it; all without
 * @throws Error where a link leads nowhere
 */
export async function buildSite(
  folder: string,
  {
    isWanted = () => true,
    onRun = () => {},
  }: { isWanted?: (id: string) => boolean; onRun?: (id: string) => void } = {},
): Promise<readonly string[]> {
  const all: { readonly exercise: Exercise; readonly figures: Figures }[] = [];
  for (const { id, load } of exercises.filter((e) => isWanted(e.id))) {
    const { exercise } = await load();
    all.push({ exercise, figures: await figuresOf(exercise, () => onRun(id)) });
  }
  // Beside its place, so that links into the repository hold; it takes the place when it is whole.
  const made = `${folder}.partial`;
  rmSync(made, { recursive: true, force: true });
  const pages: Page[] = [];
  for (const language of LANGUAGES) {
    pages.push(contentsPage(all, language));
    for (const [i, { exercise, figures }] of all.entries()) {
      const neighbours = { previous: all[i - 1]?.exercise, next: all[i + 1]?.exercise };
      pages.push(exercisePage(exercise, figures, neighbours, language));
    }
  }
  for (const name of [...LANGUAGES, 'pictures']) mkdirSync(join(made, name), { recursive: true });
  for (const { path, html, pictures } of pages) {
    writeFileSync(join(made, path), html);
    for (const { name, svg } of pictures) writeFileSync(join(made, 'pictures', name), svg);
  }
  writeFileSync(join(made, 'index.html'), doorPage());
  writeFileSync(join(made, 'style.css'), readFileSync(new URL('style.css', import.meta.url)));
  const katex = dirname(createRequire(import.meta.url).resolve('katex/dist/katex.min.css'));
  mkdirSync(join(made, 'katex'));
  for (const part of ['katex.min.css', 'fonts'])
    cpSync(join(katex, part), join(made, 'katex', part), { recursive: true });
  const dead = deadLinks(made);
  if (dead.length > 0) throw new Error(`links that lead nowhere:\n  ${dead.join('\n  ')}`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
  return pages.map(({ path }) => path);
}
