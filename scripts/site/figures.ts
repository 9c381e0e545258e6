/** What an exercise shows in both languages, and its figures: run once for each state of its sources, and kept. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Checked, checkExercise, defaults, type Exercise, type Shown, Transcript } from '#course';
import { mnistFolder, mnistIsThere } from '#exercises';
import { digestOf } from './digest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, '.cache', 'course');

export interface Figures {
  readonly shown: Readonly<Record<'en' | 'zh', readonly Shown[]>>;
  readonly checked: Checked;
}

/** Where an exercise's file is: `7.8` at course/chapter7/8.ts, `recipe.pass` at course/recipes/pass.ts. */
export function sourceOf(id: string): string {
  const [chapter = '', name = ''] = id.split('.');
  return /^\d+$/.test(chapter) ? `course/chapter${chapter}/${name}.ts` : `course/${chapter}s/${name}.ts`;
}

/** Names and sizes of the files of a folder, which say which data are there: the official test images, or the training files alone. */
export const filesOf = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((name) => `${name} ${statSync(join(folder, name)).size}`)
    : ['absent'];

/** @param onRun told where it has to be run */
export async function figuresOf(exercise: Exercise, onRun: () => void): Promise<Figures> {
  const mnist = mnistIsThere();
  const digest = digestOf(join(ROOT, sourceOf(exercise.id)), filesOf(mnistFolder()));
  const kept = join(FOLDER, `${exercise.id}.json`);
  if (existsSync(kept)) {
    const { digest: of, figures } = JSON.parse(readFileSync(kept, 'utf8'));
    if (of === digest) return figures as Figures;
  }
  onRun();
  const show = async (language: 'en' | 'zh'): Promise<readonly Shown[]> => {
    const transcript = new Transcript(language);
    await exercise.show(transcript, defaults(exercise.parameters));
    return transcript.items;
  };
  const shown = { en: await show('en'), zh: await show('zh') };
  const figures = { shown, checked: await checkExercise(exercise, { long: false, mnist }) };
  mkdirSync(FOLDER, { recursive: true });
  const partial = `${kept}.${process.pid}.part`;
  writeFileSync(partial, JSON.stringify({ digest, figures }));
  renameSync(partial, kept);
  return figures;
}
