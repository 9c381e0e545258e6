/** Answers of a class: a folder with a folder for each student, in it files named by exercise (7.8.s, 2.2.json, 2.2.txt). */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { diagnostic, SystoleError } from '#base';
import { type AnsweredBy, defaults, type Exercise, heldTo, type Judged } from '#course';
import { reasonOf } from '../files.ts';
import type { Both } from '../language.ts';
import { exerciseOf, isExercise } from './registry.ts';
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

/** Whether a student handed in a file for an exercise that is no answer, such as 7.8.py. */
export const isIgnored = (ignored: readonly string[], student: string, id: string): boolean =>
  ignored.some((file) => basename(dirname(file)) === student && idOf(basename(file)) === id);

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

/**
 * @param least of the bound that a program must reach to be right
 * @throws SYS-CLI-233, SYS-CLI-234
 */
export async function grade(folder: string, least: number, onStudent: (name: string) => void) {
  const ignored: string[] = [];
  const students: Student[] = [];
  for (const student of listed(folder).filter((name) => isFolder(join(folder, name)))) {
    onStudent(student);
    const answers: Graded[] = [];
    for (const name of listed(join(folder, student))) {
      const file = join(folder, student, name);
      const id = idOf(name);
      if (!isAnswerFile(name) || !isExercise(id)) ignored.push(file);
      else answers.push({ id, file, ...heldTo(await judgedOrRefused(await exerciseOf(id), file), least) });
    }
    students.push({ student, right: answers.filter((a) => a.verdict === 'right').length, answers });
  }
  if (students.every((s) => s.answers.length === 0)) throw noAnswers({ folder });
  return { students, ignored };
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
    return { verdict: 'refused', findings: [{ kind: error.code, words, ...line }], figures: {} };
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
