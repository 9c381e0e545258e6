/**
 * `systole course [ID]`, `course check`, `course grade`: the exercises of the course, listed, run, checked against their figures; and students'
 * answers judged. The parameters of the exercise that is named are options of the command.
 */
import { Argument, Option } from 'commander';
import { diagnostic } from '#base';
import {
  type Arguments,
  checkExercise,
  type Exercise,
  type Finding,
  heldTo,
  type Parameters,
  passes,
  readArguments,
  Transcript,
} from '#course';
import { digitsInUse, mnistIsThere } from '#exercises';
import { table } from '#report';
import { type CliCommand, define, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { grade, isIgnored, judge } from '../course/grade.ts';
import { markdownText } from '../course/markdown.ts';
import { ConsoleOutput } from '../course/output.ts';
import { type DataOptions, entriesOf, exerciseOf, isChapter, isExercise, useData } from '../course/registry.ts';
import { CHECK, EXERCISE, GRADES, JUDGED, LIST } from '../course/schemas.ts';
import { keepChecks, type LastCheck, lastChecks } from '../course/state.ts';
import { submissionOf } from '../course/submission.ts';
import { checkedText, gradeText, judgedText, listText, totalText, verdictText } from '../course/texts.ts';
import { loadMachine } from '../machine.ts';
import { palette } from '../style.ts';
import { part, whole } from '../values.ts';

const oneAnswer = diagnostic<{ found: number }>('SYS-CLI-237', 'usage', {
  en: (p) =>
    `--answer is the answer to one exercise, and ${p.found} are named: systole course check 7.8 --answer mine.s`,
  zh: (p) => `--answer 只对应一道习题，而给出了 ${p.found} 个：systole course check 7.8 --answer mine.s`,
});

/** The command, with the parameters of the exercise that the arguments name. */
export async function courseFor(argv: readonly string[]): Promise<(command: CliCommand, console: Console) => void> {
  const id = argv.find(isExercise);
  const exercise = id === undefined ? undefined : await exerciseOf(id);
  return (command, console) => configureCourse(command, console, exercise);
}

function configureCourse(command: CliCommand, console: Console, exercise: Exercise | undefined): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole course', does: { en: 'all exercises and how they stand', zh: '全部习题及其状态' } },
    {
      run: 'systole course 7.9 -o pictures',
      does: { en: 'run one: text here, pictures into a folder', zh: '运行一题：文字在此，图写入文件夹' },
    },
    { run: 'systole course 7.9 --help', does: { en: 'what can be varied', zh: '可改变的参数' } },
    {
      run: 'systole course check 7',
      does: { en: "hold a chapter's figures against what was worked out", zh: '核对一章的数值' },
    },
    {
      run: 'systole course check 7.8 --answer mine.s',
      does: { en: 'judge a program of your own', zh: '评判自己的程序' },
    },
    { run: 'systole course grade class/', does: { en: 'a table for a class', zh: '全班成绩表' } },
  ]);
  command.addArgument(
    new Argument(
      '[ID]',
      t({
        en: 'number of an exercise, or of a chapter to list; default: list all',
        zh: '习题编号，或要列出的章；默认列出全部',
      }),
    ),
  );
  command.option(
    '-o, --output <FOLDER>',
    t({ en: 'folder for the pictures, which is made where it is missing', zh: '存放图片的文件夹（不存在则新建）' }),
  );
  withDataOptions(console, command);
  // Its parts have options of the same names, which are theirs behind their own.
  command.enablePositionalOptions();
  withParameters(console, command, exercise);
  withCommonOptions(console, command, LIST, EXERCISE);
  command.action(async (id: string | undefined, options: RunOptions) => {
    useData(options);
    if (id === undefined || isChapter(id)) await list(console, id);
    else await run(await exerciseOf(id), options, console);
  });
  command.addCommand(check(console, exercise));
  command.addCommand(grades(console));
}

interface RunOptions extends DataOptions {
  readonly output?: string;
}

/** Options that give an exercise its data. */
function withDataOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option('--data <FOLDER>', t({ en: "folder of MNIST's files", zh: 'MNIST 文件所在的文件夹' }))
    .option(
      '--pictures <FOLDER>',
      t({ en: 'folder of pictures by class, for 3.12 and 4.12', zh: '按类别存放图片的文件夹，用于 3.12 与 4.12' }),
    )
    .option(
      '--picture-epochs <N>',
      t({ en: 'to train on them', zh: '其训练轮数' }),
      whole('--picture-epochs', 1, 10000),
    )
    .option(
      '--picture-size <N>',
      t({ en: 'pixels of their sides', zh: '图片边长（像素）' }),
      whole('--picture-size', 8, 1024),
    )
    .option(
      '--picture-batch <N>',
      t({ en: 'pictures in a step', zh: '每步图片数' }),
      whole('--picture-batch', 1, 65536),
    ) as CliCommand;
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

function withParameters(console: Console, command: CliCommand, exercise: Exercise | undefined): void {
  if (exercise !== undefined) command.subject = exercise.id;
  for (const [name, p] of Object.entries(exercise?.parameters ?? {})) {
    const range = p.kind === 'choice' ? p.among.join(' | ') : p.kind === 'machine' ? '' : `${p.least} … ${p.most}`;
    const words = console.text({
      en: `${p.words.en}${range === '' ? '' : ` (${range})`}; default ${p.default}`,
      zh: `${p.words.zh}${range === '' ? '' : `（${range}）`}；默认 ${p.default}`,
    });
    const value = p.kind === 'machine' ? 'NAME|FILE' : p.kind === 'choice' ? 'NAME' : 'N';
    command.addOption(new Option(`--${dashed(name)} <${value}>`, words));
  }
}

/** The values that the options give the exercise. */
function valuesOf(exercise: Exercise, options: object): Arguments<Parameters> {
  const names = Object.keys(exercise.parameters ?? {});
  const given = Object.entries(options).filter(([name]) => names.includes(name));
  return readArguments(exercise, Object.fromEntries(given), loadMachine);
}

const load = (words: readonly string[]): Promise<readonly Exercise[]> =>
  Promise.all(entriesOf(words).map(async (entry) => (await entry.load()).exercise));

async function list(console: Console, chapter: string | undefined): Promise<void> {
  const all = await load(chapter === undefined ? [] : [chapter]);
  const last = lastChecks();
  if (!console.json) return console.say(listText(all, last, console));
  return console.object(LIST, {
    exercises: all.map(({ id, title, rows, judge: judges, parameters = {} }) => ({
      ...{ id, title, rows, judgesAnswers: judges !== undefined, parameters: Object.keys(parameters) },
      last: lastOf(last[id]),
    })),
  });
}

const lastOf = (last: LastCheck | undefined) =>
  last === undefined
    ? null
    : { ...last, rows: [...last.rows], asserted: last.rows.filter((r) => r === 'asserted').length };

async function run(exercise: Exercise, options: RunOptions, console: Console): Promise<void> {
  const { id, title, asked, explanation, claimed, code } = exercise;
  const values = valuesOf(exercise, options);
  if (console.json) {
    const transcript = new Transcript(console.language);
    await exercise.show(transcript, values);
    const shown = transcript.items.map((item) =>
      item.kind === 'table' ? { ...item, columns: [...item.columns], rows: item.rows.map((r) => [...r]) } : item,
    );
    const links = code.map((c) => ({ ...c }));
    return console.object(EXERCISE, { id, title, asked, shown, explanation, claimed: claimed ?? null, code: links });
  }
  const t = console.text.bind(console);
  const width = Math.min(process.stdout.columns || 100, 100);
  const section = (text: { readonly en: string; readonly zh: string }): void => {
    if (t(text) !== '') console.say(`\n${markdownText(t(text), width)}`);
  };
  console.say(palette.strong(`${id} ${t(title)}`));
  section(asked);
  console.say('');
  const folder = options.output === undefined ? {} : { folder: options.output };
  const output = new ConsoleOutput(console, id, { ...folder, width });
  await exercise.show(output, values);
  output.end();
  section(explanation);
  if (claimed !== undefined) {
    console.say(`\n${palette.strong(t({ en: 'A widespread answer is wrong', zh: '常见的错误答案' }))}`);
    console.say(markdownText(t(claimed), width));
  }
  if (code.length > 0) console.say('');
  for (const { path, words } of code) console.say(palette.faint(`${path}${t({ en: ': ', zh: '：' })}${t(words)}`));
  console.say(palette.faint(`\nsystole course check ${id}`));
}

interface AtLeast {
  readonly atLeast?: number;
}

/** How fast a program must be. */
const withAtLeast = (console: Console, command: CliCommand): CliCommand =>
  command.option(
    '--at-least <SHARE>',
    console.text({
      en: 'of the bound, that a program must reach to be right: 0.9; default: any',
      zh: '程序须达到下界的比例才算正确，如 0.9；默认不限',
    }),
    part('--at-least'),
  ) as CliCommand;

interface CheckOptions extends DataOptions, AtLeast {
  readonly answer?: string;
  readonly long?: true;
  readonly all?: true;
}

function check(console: Console, exercise: Exercise | undefined): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'check', {
    en: 'hold the figures of exercises against what was worked out; or judge an answer of your own',
    zh: '核对习题的数值；或评判自己的答案',
  });
  command.addArgument(new Argument('[ID|CHAPTER...]', t({ en: 'default: all', zh: '默认全部' })));
  command
    .option(
      '--answer <FILE|NUMBER>',
      t({
        en: 'your answer to the exercise: a program (.s), numbers (.json, .txt), a number, or NAME=NUMBER,…',
        zh: '你的答案：程序（.s）、数（.json、.txt）、一个数，或 名称=数,…',
      }),
    )
    .option('--long', t({ en: 'also figures that take minutes', zh: '也检查需数分钟的数值' }))
    .option('--all', t({ en: 'list every figure, not only those that do not hold', zh: '列出每个数值' }));
  withAtLeast(console, command);
  withDataOptions(console, command);
  withParameters(console, command, exercise);
  withCommonOptions(console, command, CHECK, JUDGED);
  withExamples(console, command, [
    { run: 'systole course check', does: { en: 'the whole course', zh: '全部课程' } },
    { run: 'systole course check 2.2 --answer 22538', does: { en: 'a number', zh: '一个数' } },
    { run: 'systole course check 7.8 --answer mine.s', does: { en: 'a program', zh: '一个程序' } },
  ]);
  command.action(async (words: readonly string[], options: CheckOptions) => {
    useData(options);
    process.exitCode =
      options.answer === undefined ? await checkAll(words, options, console) : await judgeOne(words, options, console);
  });
  return command;
}

async function checkAll(words: readonly string[], options: CheckOptions, console: Console): Promise<number> {
  const checked = [];
  const found = [];
  for (const entry of entriesOf(words)) {
    console.progress.begin(entry.id);
    const { exercise } = await entry.load();
    const { language } = console;
    const one = await checkExercise(exercise, { long: options.long === true, mnist: mnistIsThere(), language });
    found.push(exercise);
    checked.push(one);
    if (!console.json) console.say(checkedText(one, console, options.all === true));
  }
  keepChecks(checked);
  const digits = found.some((e) => e.mnistRows !== undefined) ? await digitsInUse() : undefined;
  if (!console.json && checked.length > 1)
    console.say(`\n${totalText(checked, { exercises: found, digits }, console)}`);
  if (console.json) {
    const states = checked.flatMap((c) => c.rows);
    console.object(CHECK, {
      exercises: checked.map((c) => ({
        ...{ id: c.id, passed: passes(c), seconds: c.seconds, rows: [...c.rows], error: c.error ?? null },
        figures: c.lines.map(({ what, holds, detail, row }) => ({ what, holds, detail, row: row ?? null })),
      })),
      passed: checked.filter(passes).length,
      asserted: states.filter((s) => s === 'asserted').length,
      rows: states.length,
      digits: digits ?? null,
    });
  }
  return checked.every(passes) ? 0 : 1;
}

async function judgeOne(words: readonly string[], options: CheckOptions, console: Console): Promise<number> {
  const [id = '', ...more] = words;
  if (id === '' || more.length > 0) throw oneAnswer({ found: words.length });
  const exercise = await exerciseOf(id);
  const answer = options.answer!;
  const judged = heldTo(await judge(exercise, answer, valuesOf(exercise, options)), options.atLeast ?? 0);
  if (console.json) {
    const { verdict, figures } = judged;
    console.object(JUDGED, { id, answer, verdict, findings: judged.findings.map(findingOf), figures });
  } else console.say(judgedText(id, submissionOf(answer), judged, console));
  return judged.verdict === 'right' ? 0 : 1;
}

/** With null for what a finding has not. */
const findingOf = ({ kind, words, line, column, code }: Finding) => ({
  ...{ kind, words, line: line ?? null, column: column ?? null, code: code ?? null },
});

function grades(console: Console): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'grade', {
    en: 'judge the answers of a class: a folder for each student, files named by exercise',
    zh: '评判全班答案：每名学生一个文件夹，文件以习题编号命名',
  });
  command.addArgument(
    new Argument(
      '<FOLDER>',
      t({
        en: 'holds STUDENT/7.8.s, STUDENT/2.2.json, STUDENT/2.2.txt, …',
        zh: '内含 学生/7.8.s、学生/2.2.json、学生/2.2.txt 等',
      }),
    ),
  );
  command.option(
    '--exercises <ID,…>',
    t({
      en: 'exercises or chapters to count, e.g. 2.2,7.8; default: all that anyone handed in and that can be judged',
      zh: '要计入的习题或章，如 2.2,7.8；默认为有人提交且可评判的全部习题',
    }),
  );
  withCommonOptions(console, command, GRADES);
  withExamples(console, command, [
    {
      run: 'systole course grade class/ --exercises 2.2,7.8',
      does: { en: 'of these two alone', zh: '只计这两题' },
    },
    { run: 'systole course grade class/', does: { en: 'a table, and what is wrong', zh: '成绩表与错误说明' } },
    {
      run: 'systole course grade class/ --at-least 0.9',
      does: { en: 'programs must reach 90 % of the bound', zh: '程序须达到下界的 90 %' },
    },
    { run: 'systole course grade class/ --json', does: { en: 'for a grader', zh: '供评分程序使用' } },
  ]);
  withAtLeast(console, command);
  command.action(
    async (folder: string, { atLeast: least = 0, ...options }: AtLeast & { readonly exercises?: string }) => {
      const asked = options.exercises?.split(',').map((id) => id.trim()) ?? [];
      const onStudent = (name: string): void => console.progress.begin(name);
      const { exercises: ids, students, ignored } = await grade(folder, { asked, least, onStudent });
      if (console.json) {
        const judged = students.map(({ answers, ...s }) => ({
          ...s,
          answers: answers.map(({ findings, ...a }) => ({
            ...a,
            findings: findings.map(findingOf),
          })),
        }));
        const left = ignored.map(({ file, why }) => ({ file, why }));
        return console.object(GRADES, { exercises: [...ids], students: judged, ignored: left });
      }
      const cell = (s: (typeof students)[number], id: string): string => {
        const found = s.answers.filter((a) => a.id === id);
        const best = found.find((a) => a.verdict === 'right') ?? found[0];
        if (best !== undefined) return gradeText(best, console);
        return isIgnored(ignored, s.student, id) ? t({ en: 'ignored', zh: '已忽略' }) : '–';
      };
      const heads = [t({ en: 'student', zh: '学生' }), ...ids, t({ en: 'right', zh: '正确' })];
      const columns = heads.map((head, i) => ({
        head,
        align: i === heads.length - 1 ? ('right' as const) : ('left' as const),
      }));
      const rows = students.map((s) => [s.student, ...ids.map((id) => cell(s, id)), `${s.right}/${ids.length}`]);
      console.say(
        table(columns, rows, { width: process.stdout.columns || Number.POSITIVE_INFINITY, head: palette.strong }).join(
          '\n',
        ),
      );
      for (const { student, answers } of students) {
        for (const { id, verdict, findings, file } of answers) {
          if (verdict === 'right') continue;
          console.say(
            `\n${palette.strong(`${student} ${id}`)} ${verdictText(verdict, console)} ${palette.faint(file)}`,
          );
          for (const f of findings) console.say(`  ${f.line === undefined ? '' : `${f.line}: `}${t(f.words)}`);
        }
      }
      for (const { file, why } of ignored)
        console.note(t({ en: `${file}: ${why.en}; ignored`, zh: `${file}：${why.zh}；已忽略` }));
    },
  );
  return command;
}
