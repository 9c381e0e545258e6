/** The exercises as the command line finds them: by id, by chapter, all of them. */
import { diagnostic, nearestName } from '#base';
import type { Entry, Exercise } from '#course';
import { configure, exercises } from '#exercises';
import { isFolderAt } from '../files.ts';
import type { Both } from '../language.ts';

const unknownExercise = diagnostic<{ id: string; hint: Both; chapters: string }>('SYS-CLI-230', 'usage', {
  en: (p) => `there is no exercise '${p.id}'.${p.hint.en} Chapters: ${p.chapters}. All of them: systole course`,
  zh: (p) => `没有习题“${p.id}”。${p.hint.zh}章节：${p.chapters}。查看全部：systole course`,
});

const noData = diagnostic<{ option: string; folder: string }>('SYS-CLI-236', 'usage', {
  en: (p) => `${p.option}: there is no folder ${p.folder}. Leave the option out to run on drawn digits.`,
  zh: (p) => `${p.option}：没有文件夹 ${p.folder}。去掉该选项则使用生成的数字图。`,
});

export const chapterOf = (id: string): string => id.split('.', 1)[0]!;

/** The chapters, in order. */
const chapters = (): readonly string[] => [...new Set(exercises.map(({ id }) => chapterOf(id)))];

function unknownOf(id: string) {
  return unknownExercise({ id, hint: hintOf(id), chapters: chapters().join(', ') });
}

/** What a chapter that exists has, or an id that is written otherwise; nothing of a word that is like none. */
function hintOf(id: string): Both {
  const ids = exercises.map((e) => e.id);
  const meant = meantId(id);
  if (meant !== undefined) return { en: ` Did you mean ${meant}?`, zh: `是否指 ${meant}？` };
  const own = ids.filter((other) => chapterOf(other) === chapterOf(id));
  if (own.length === 0) return { en: '', zh: '' };
  const [chapter, first, last] = [chapterOf(id), own[0]!, own.at(-1)!];
  return /^\d/.test(first)
    ? { en: ` Chapter ${chapter} has ${first} to ${last}.`, zh: `第 ${chapter} 章有 ${first} 至 ${last}。` }
    : { en: ` There are ${own.join(', ')}.`, zh: `有 ${own.join('、')}。` };
}

/** The exercise that another writing of its number means (7_8, 7-8, ex7.8, recipe-pass), if any. */
export function meantId(written: string): string | undefined {
  const numbers = written.match(/\d+/g) ?? [];
  const [chapter, number, ...more] = numbers;
  const id = more.length > 0 || number === undefined ? undefined : `${Number(chapter)}.${Number(number)}`;
  if (id !== undefined && id !== written && isExercise(id)) return id;
  if (numbers.length > 0) return undefined;
  return nearestName(
    written,
    exercises.map((e) => e.id).filter((other) => !/^\d/.test(other)),
  );
}

/**
 * Entries that the words name: ids, or chapters; all where there are none. In the order of the book, each once.
 * @throws SYS-CLI-230
 */
export function entriesOf(words: readonly string[]): readonly Entry[] {
  if (words.length === 0) return exercises;
  for (const word of words) {
    if (exercises.some(({ id }) => id === word || chapterOf(id) === word)) continue;
    throw unknownOf(word);
  }
  return exercises.filter(({ id }) => words.includes(id) || words.includes(chapterOf(id)));
}

export const isChapter = (word: string): boolean => chapters().includes(word);

export const isExercise = (word: string): boolean => exercises.some(({ id }) => id === word);

/** @throws SYS-CLI-230 */
export async function exerciseOf(id: string): Promise<Exercise> {
  const entry = exercises.find((e) => e.id === id);
  if (entry === undefined) throw unknownOf(id);
  return (await entry.load()).exercise;
}
/** Where data lies, as the options say. */
export interface DataOptions {
  readonly data?: string;
  readonly pictures?: string;
  // Exercises have parameters called epochs, size and batch.
  readonly pictureEpochs?: number;
  readonly pictureSize?: number;
  readonly pictureBatch?: number;
}

/** @throws SYS-CLI-236 */
export function useData({ data, pictures, ...options }: DataOptions): void {
  const { pictureEpochs: epochs = 90, pictureSize: size = 224, pictureBatch: batch = 32 } = options;
  for (const [option, folder] of [
    ['--data', data],
    ['--pictures', pictures],
  ] as const) {
    if (folder !== undefined && !isFolderAt(folder)) throw noData({ option, folder });
  }
  configure({
    ...(data === undefined ? {} : { mnist: data }),
    ...(pictures === undefined ? {} : { pictures: { folder: pictures, epochs, size, batch } }),
  });
}
