/** Answers of a class: a folder with a folder for each student, in it files named by exercise (7.8.s, 2.2.json, 2.2.txt). */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diagnostic, SystoleError } from '#base';
import { type AnsweredBy, defaults, type Exercise, heldTo, type Judged } from '#course';
import { reasonOf } from '../files.ts';
import type { Both } from '../language.ts';
import { chapterOf, entriesOf, exerciseOf, isExercise, meantId } from './registry.ts';
import { isAnswerFile, submissionOf } from './submission.ts';

const noFolder = diagnostic<{ folder: string; reason: Both }>('SYS-CLI-233', 'usage', {
  en: (p) => `${p.folder} cannot be read: ${p.reason.en}. Give a folder that holds a folder for each student.`,
  zh: (p) => `无法读取 ${p.folder}：${p.reason.zh}。请给出一个文件夹，其中每名学生一个子文件夹。`,
});

const noAnswers = diagnostic<{ folder: string }>('SYS-CLI-234', 'usage', {
  en: (p) => `${p.folder} holds no answers: expected STUDENT/7.8.s, STUDENT/2.2.json and the like`,
  zh: (p) => `${p.folder} 中没有答案：应为 学生/7.8.s、学生/2.2.json 等`,
});

const ANSWERED_BY: Readonly<Record<AnsweredBy, Both>> = {
  explanation: { en: 'it asks for an explanation in words', zh: '本题要求用文字说明' },
  program: { en: 'it asks for a program or a trained network of your own', zh: '本题要求自己编写程序或训练网络' },
  design: { en: 'it asks for a design', zh: '本题要求给出设计' },
  survey: { en: 'it asks for what was found in sources', zh: '本题要求查阅资料并归纳' },
};

const notJudged = diagnostic<{ id: string; why: Both }>('SYS-CLI-235', 'unsupported', {
  en: (p) =>
    `answers to exercise ${p.id} are not judged automatically: ${p.why.en}. Compare yours with 'systole course ${p.id}'; which exercises take answers: systole course`,
  zh: (p) =>
    `习题 ${p.id} 的答案不作自动评判：${p.why.zh}。可与 'systole course ${p.id}' 的解答对照；哪些习题接受答案：systole course`,
});

const idOf = (name: string): string => name.replace(/\.[^.]*$/, '');

/** A file that was not judged, and why. */
export interface Ignored {
  readonly file: string;
  readonly why: Both;
  /** The exercise and the student that it is of, where these are known. */
  readonly id?: string;
  readonly student?: string;
}

/** Whether a student handed in a file for an exercise that is no answer, such as 7.8.py. */
export const isIgnored = (ignored: readonly Ignored[], student: string, id: string): boolean =>
  ignored.some((i) => i.student === student && i.id === id);

export interface Graded extends Judged {
  readonly id: string;
  readonly file: string;
}

export interface Student {
  readonly student: string;
  readonly right: number;
  readonly answers: readonly Graded[];
}

/** Judges one; an answer that cannot be read or run is refused, with the reason. */
export async function judge(exercise: Exercise, word: string, values = defaults(exercise.parameters)): Promise<Judged> {
  if (exercise.judge === undefined)
    throw notJudged({ id: exercise.id, why: ANSWERED_BY[exercise.answeredBy ?? 'explanation'] });
  return exercise.judge(submissionOf(word), values);
}

export interface Class {
  /** Counted: those asked for, or all that were handed in and can be judged. */
  readonly exercises: readonly string[];
  readonly students: readonly Student[];
  readonly ignored: readonly Ignored[];
}

interface Asked {
  readonly asked: readonly string[];
  readonly least: number;
  readonly onStudent: (name: string) => void;
}

/**
 * @param asked ids or chapters to count; all that were handed in where there are none
 * @param least of the bound that a program must reach to be right
 * @throws SYS-CLI-230 SYS-CLI-233, SYS-CLI-234
 */
export async function grade(folder: string, { asked, least, onStudent }: Asked): Promise<Class> {
  const wanted = asked.length === 0 ? undefined : new Set(entriesOf(asked).map(({ id }) => id));
  const names = listed(folder);
  const ignored: Ignored[] = names
    .filter((name) => !isFolder(join(folder, name)))
    .map((name) => ({ file: join(folder, name), why: LOOSE }));
  const all: { student: string; answers: readonly Graded[] }[] = [];
  for (const student of names.filter((name) => isFolder(join(folder, name)))) {
    onStudent(student);
    const answers: Graded[] = [];
    for (const name of listed(join(folder, student))) {
      const file = join(folder, student, name);
      const id = idOf(name);
      const why = await whyIgnored(name, id, wanted);
      if (why === undefined)
        answers.push({ id, file, ...heldTo(await judgedOrRefused(await exerciseOf(id), file), least) });
      else ignored.push({ file, student, why, ...(isExercise(id) && (await isJudged(id)) ? { id } : {}) });
    }
    all.push({ student, answers });
  }
  if (all.every((s) => s.answers.length === 0)) throw noAnswers({ folder });
  const handedIn = (id: string): boolean =>
    all.some(({ student, answers }) => answers.some((a) => a.id === id) || isIgnored(ignored, student, id));
  const exercises = entriesOf([]).flatMap(({ id }) => ((wanted?.has(id) ?? handedIn(id)) ? [id] : []));
  const counted = await filtered(exercises, isJudged);
  const students = all.map(({ student, answers }) => {
    const right = new Set(answers.filter((a) => a.verdict === 'right').map((a) => a.id));
    return { student, right: right.size, answers };
  });
  return { exercises: counted, students, ignored };
}

async function filtered<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const held = await Promise.all(all.map(holds));
  return all.filter((_, i) => held[i]);
}

/** Whether answers that are not run as modules are judged; those to the recipes are modules. */
const isJudged = async (id: string): Promise<boolean> =>
  chapterOf(id) !== 'recipe' && (await exerciseOf(id)).judge !== undefined;

const LOOSE: Both = {
  en: 'lies beside the folders of the students, so it is nobody’s: put it into STUDENT/',
  zh: '与学生文件夹并列，不属于任何学生：请放入 学生/ 之下',
};

const MODULE: Both = {
  en: "a module would run with all that you may do: judge it by itself, 'systole course check ID --answer FILE'",
  zh: '模块会以你的权限运行：请用 systole course check ID --answer FILE 单独评判',
};

/** Why a file in a student's folder is not judged; undefined where it is. */
async function whyIgnored(
  name: string,
  id: string,
  wanted: ReadonlySet<string> | undefined,
): Promise<Both | undefined> {
  if (!isExercise(id)) {
    const meant = meantId(id);
    const hint =
      meant === undefined
        ? { en: '', zh: '' }
        : { en: ` (${name.replace(id, meant)}?)`, zh: `（${name.replace(id, meant)}？）` };
    return {
      en: `is not named by the number of an exercise${hint.en}`,
      zh: `文件名不是习题编号${hint.zh}`,
    };
  }
  if (chapterOf(id) === 'recipe') return MODULE;
  const { judge: judges, answeredBy = 'explanation' } = await exerciseOf(id);
  if (judges === undefined) {
    const { en, zh } = ANSWERED_BY[answeredBy];
    return { en: `is not judged automatically: ${en}`, zh: `不作自动评判：${zh}` };
  }
  if (!isAnswerFile(name)) return { en: 'is no .s, .asm, .json or .txt', zh: '不是 .s、.asm、.json 或 .txt 文件' };
  if (wanted?.has(id) === false) return { en: 'is not among --exercises', zh: '不在 --exercises 之中' };
  return undefined;
}

async function judgedOrRefused(exercise: Exercise, file: string): Promise<Judged> {
  try {
    return await judge(exercise, file);
  } catch (error) {
    // One student's file does not end the class; a bug of ours does.
    if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    const { place } = error;
    const line = place.line === undefined ? {} : { line: place.line };
    const words = { en: error.text('en'), zh: error.text('zh') };
    const column = place.column === undefined ? {} : { column: place.column };
    const { code } = error;
    return { verdict: 'refused', findings: [{ kind: code, code, words, ...line, ...column }], figures: {} };
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    throw noFolder({ folder, reason: reasonOf(error) });
  }
}
