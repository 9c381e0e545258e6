/** Lists, checks and verdicts of the course in words. */
import { type Checked, type Exercise, type Judged, passes, type RowState, type Submission } from '#course';
import { table } from '#report';
import type { Console } from '../console.ts';
import type { Both } from '../language.ts';
import { palette } from '../style.ts';
import { chapterOf } from './registry.ts';
import type { LastCheck } from './state.ts';

const width = (): number => process.stdout.columns || Number.POSITIVE_INFINITY;

const CHAPTERS: Readonly<Record<string, Both>> = {
  1: { en: 'Introduction', zh: '概述' },
  2: { en: 'Neural-network basics', zh: '神经网络基础' },
  3: { en: 'Deep learning', zh: '深度学习' },
  4: { en: 'Using a programming framework', zh: '编程框架使用' },
  5: { en: 'Inside a programming framework', zh: '编程框架机理' },
  6: { en: 'Deep-learning processors', zh: '深度学习处理器' },
  7: { en: 'Architecture and programs', zh: '体系结构与程序' },
  recipe: { en: 'Recipes: extending Systole', zh: '扩展 Systole 的步骤' },
};

export const chapterTitle = (chapter: string): Both => CHAPTERS[chapter] ?? { en: chapter, zh: chapter };

export function listText(
  exercises: readonly Exercise[],
  last: Readonly<Record<string, LastCheck>>,
  console: Console,
): string {
  const lines: string[] = [];
  const t = console.text.bind(console);
  for (const chapter of new Set(exercises.map((e) => chapterOf(e.id)))) {
    const own = exercises.filter((e) => chapterOf(e.id) === chapter);
    lines.push('', palette.strong(`${chapter}  ${t(chapterTitle(chapter))}`));
    const rows = own.map((e) => {
      const state = last[e.id];
      const text =
        state === undefined
          ? t({ en: 'not checked', zh: '未检查' })
          : state.passed
            ? passedText(state, console)
            : t({ en: 'failed', zh: '未通过' });
      return [e.id, t(e.title), e.judge === undefined ? '' : t({ en: 'judged', zh: '可评判' }), text];
    });
    const heads = [
      { head: '', align: 'left' as const },
      { head: t({ en: 'exercise', zh: '习题' }), align: 'left' as const, cut: true },
      { head: t({ en: 'answers', zh: '答案' }), align: 'left' as const },
      { head: t({ en: 'last check', zh: '上次检查' }), align: 'left' as const },
    ];
    lines.push(...table(heads, rows, { width: width(), head: palette.faint }));
  }
  const hint = t({
    en: "answers 'judged': systole course check ID --answer FILE|NUMBER; the question says the names of its numbers",
    zh: '答案“可评判”：systole course check ID --answer FILE|NUMBER；数值的名称见题目',
  });
  return [...lines.slice(1), '', palette.faint(hint)].join('\n');
}

/** What became of the rows that are not asserted is told apart, lest they seem to be. */
function passedText({ rows, at }: LastCheck, console: Console): string {
  const others = Object.entries(NOT_ASSERTED).flatMap(([state, words]) => {
    const count = rows.filter((r) => r === state).length;
    return count === 0 ? [] : [{ en: `; ${count} ${words.en}`, zh: `；${count} 行${words.zh}` }];
  });
  const told = { en: others.map((o) => o.en).join(''), zh: others.map((o) => o.zh).join('') };
  const asserted = rows.filter((r) => r === 'asserted').length;
  const day = at.slice(0, 10);
  return console.text({
    en: `passed, ${asserted} of ${rows.length} rows${told.en} (${day})`,
    zh: `通过，${asserted}/${rows.length} 行${told.zh}（${day}）`,
  });
}

/** The same in short, for the list. */
const NOT_ASSERTED: Readonly<Record<'data' | 'long' | 'excused', Both>> = {
  data: { en: 'need MNIST', zh: '需要 MNIST' },
  long: { en: 'with --long', zh: '需 --long' },
  excused: { en: 'with a reason', zh: '附理由未断言' },
};

const FOUND: Readonly<Record<Exclude<RowState, 'asserted' | 'failing'>, Both>> = {
  data: { en: 'need MNIST (--data FOLDER)', zh: '需要 MNIST（--data 文件夹）' },
  excused: { en: 'not asserted, with a reason', zh: '未断言（附理由）' },
  long: { en: 'take minutes (--long)', zh: '需数分钟（--long）' },
  open: { en: 'open', zh: '尚无' },
};

/** The line of an exercise, and below it what does not hold; with `all`, every figure. */
export function checkedText(checked: Checked, console: Console, all: boolean): string {
  const t = console.text.bind(console);
  const { id, title, lines, rows, seconds, error } = checked;
  const mark = passes(checked) ? palette.good('ok  ') : palette.bad('FAIL');
  const asserted = rows.filter((r) => r === 'asserted').length;
  const [figures, of] = [lines.length, rows.length];
  const told = t({
    en: `${figures} figure${figures === 1 ? '' : 's'}, ${asserted} of ${of} rows, ${seconds.toFixed(1)} s`,
    zh: `${figures} 个数值，${asserted}/${of} 行，${seconds.toFixed(1)} 秒`,
  });
  const shown = all ? lines : lines.filter((l) => !l.holds);
  return [
    `${mark} ${id.padEnd(4)} ${t(title)}  ${palette.faint(told)}`,
    ...(error === undefined ? [] : [palette.bad(`       ${error}`)]),
    ...shown.map(
      (l) =>
        `     ${l.holds ? palette.good('ok  ') : palette.bad('FAIL')} ${l.row === undefined ? '' : `[${l.row}] `}${l.what}: ${t(l.detail)}`,
    ),
  ].join('\n');
}

/** What stands under a check of several. */
export function totalText(
  checked: readonly Checked[],
  { exercises, digits }: { readonly exercises: readonly Exercise[]; readonly digits: Both | undefined },
  console: Console,
): string {
  const t = console.text.bind(console);
  // Recipes are of our own and count apart from the book.
  const isRecipe = (c: Checked): boolean => chapterOf(c.id) === 'recipe';
  const passed = (of: readonly Checked[]): number => of.filter(passes).length;
  const [book, recipes] = [checked.filter((c) => !isRecipe(c)), checked.filter(isRecipe)];
  const states = checked.flatMap((c) => c.rows);
  const asserted = states.filter((s) => s === 'asserted').length;
  const seconds = checked.reduce((sum, c) => sum + c.seconds, 0).toFixed(0);
  const lines: string[] = [];
  if (book.length > 0) {
    lines.push(
      t({
        en: `${passed(book)} of ${book.length} exercises pass; ${asserted} of ${states.length} acceptance rows asserted; ${seconds} s`,
        zh: `${book.length} 道习题中 ${passed(book)} 道通过；${states.length} 行验收中断言 ${asserted} 行；${seconds} 秒`,
      }),
    );
  }
  if (recipes.length > 0) {
    const [good, all] = [passed(recipes), recipes.length];
    lines.push(t({ en: `${good} of ${all} recipes of our own pass`, zh: `自编步骤 ${all} 项中 ${good} 项通过` }));
  }
  if (digits !== undefined) lines.push(t({ en: `digits: ${digits.en}`, zh: `数字图：${digits.zh}` }));
  for (const [state, words] of Object.entries(FOUND)) {
    const of = checked.flatMap((c) => c.rows.flatMap((s, i) => (s === state ? [`${c.id}[${i + 1}]`] : [])));
    if (of.length > 0)
      lines.push(
        t({ en: `${of.length} rows ${words.en}: ${of.join(' ')}`, zh: `${of.length} 行${words.zh}：${of.join(' ')}` }),
      );
  }
  for (const { id, notAsserted = {} } of exercises) {
    for (const [row, why] of Object.entries(notAsserted)) lines.push(palette.faint(`  ${id}[${row}] ${t(why)}`));
  }
  return lines.join('\n');
}

const VERDICTS: Readonly<Record<Judged['verdict'], Both>> = {
  right: { en: 'right', zh: '正确' },
  wrong: { en: 'wrong', zh: '错误' },
  incomplete: { en: 'incomplete', zh: '不完整' },
  refused: { en: 'cannot be judged', zh: '无法评判' },
};

export const verdictText = (verdict: Judged['verdict'], console: Console): string => console.text(VERDICTS[verdict]);

/** The verdict, and of a right program how much of the bound it reaches, rounded down. */
export function gradeText({ verdict, figures: { efficiency } }: Judged, console: Console): string {
  const text = verdictText(verdict, console);
  return verdict !== 'right' || efficiency === undefined ? text : `${text} ${Math.floor(100 * efficiency)} %`;
}

export function judgedText(id: string, submission: Submission, judged: Judged, console: Console): string {
  const { verdict, findings, figures } = judged;
  const paint = verdict === 'right' ? palette.good : palette.bad;
  const name = submission.kind === 'program' ? submission.file : '';
  const place = (line: number | undefined): string =>
    line === undefined ? '' : name === '' ? `${line}: ` : `${name}:${line}: `;
  // What was handed in is repeated with all its digits.
  const figure = (v: number): string =>
    submission.kind === 'numbers' || Number.isInteger(v) ? String(v) : v.toPrecision(6);
  const widest = Math.max(0, ...Object.keys(figures).map((k) => k.length));
  return [
    `${id} ${paint(verdictText(verdict, console))}`,
    ...findings.map((f) => `  ${place(f.line)}${console.text(f.words)}`),
    ...Object.entries(figures).map(([k, v]) => `  ${palette.faint(k.padEnd(widest))}  ${figure(v)}`),
  ].join('\n');
}
