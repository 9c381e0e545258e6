/** The parameters of every exercise are options of `systole course` and of its check: no name of one is taken by an option of the command. And texts as the terminal shows them. */
import { expect, test } from 'vitest';
import { exercises } from '#exercises';
import { define } from '../command.ts';
import { Console } from '../console.ts';
import { markdownText } from '../course/markdown.ts';
import { courseFor } from './course.ts';

const console = new Console({ language: 'en', json: false, debug: false });

test('every exercise has a command with its parameters', async () => {
  const refused: string[] = [];
  for (const { id } of exercises) {
    const configure = await courseFor([id]);
    try {
      configure(define(console, 'course', { en: 'the course', zh: '课程' }), console);
    } catch (error) {
      refused.push(`${id}: ${(error as Error).message}`);
    }
  }
  expect(refused).toEqual([]);
});

test('nothing of Markdown or TeX is left of any text of the course', async () => {
  const left: string[] = [];
  for (const entry of exercises) {
    const { asked, explanation, claimed } = (await entry.load()).exercise;
    for (const text of [asked, explanation, claimed]) {
      for (const language of ['en', 'zh'] as const) {
        const shown = markdownText(text?.[language] ?? '', 100).replace(/`[^`]*`/g, '');
        const found = shown.match(/\\[a-zA-Z]+|\$|\*\*|^\||[_^]\s|[_^][^\w\s(⌊]*[ᵢ-ᵪ₀-ₜ⁰-ⁿᴬ-ᵡʰ-ˣ²³]/gm);
        // A word of which some letters are lowered or raised.
        const halves = shown.match(/[ₐ-ₜᵢ-ᵪ]_|_[ₐ-ₜᵢ-ᵪ]|\^[⌊|] ?\^/g);
        for (const part of [...(found ?? []), ...(halves ?? [])]) left.push(`${entry.id} ${language}: ${part}`);
      }
    }
  }
  expect(left).toEqual([]);
});
