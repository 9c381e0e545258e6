/** Words of the site around the exercises'. */
import type { Words } from '#course';

export type Language = 'en' | 'zh';

export const LANGUAGES: readonly Language[] = ['en', 'zh'];

export const SITE = {
  title: { en: 'AI Computing Systems, executable', zh: '可执行的《智能计算系统》习题' },
  intro: {
    en: 'Every exercise is a program on Systole: it runs, explains itself and is checked. The figures on these pages were made by running them.',
    zh: '每道习题都是运行在 Systole 上的程序：可以运行、有讲解、经过核对。页面上的数值与图均由运行得到。',
  },
  skip: { en: 'To the exercise', zh: '跳到正文' },
  contents: { en: 'All exercises', zh: '全部习题' },
  other: { en: '中文', zh: 'English' },
  asked: { en: 'The question', zh: '问题' },
  shown: { en: 'What it shows', zh: '运行结果' },
  explanation: { en: 'The answer', zh: '解答' },
  claimed: { en: 'A widespread answer is wrong', zh: '流传的答案有误' },
  figures: { en: 'Figures', zh: '核对' },
  run: { en: 'Run it', zh: '运行' },
  vary: { en: 'What can be varied', zh: '可改变的参数' },
  code: { en: 'In the code of the system', zh: '系统中的相关代码' },
  source: { en: 'This exercise', zh: '本题程序' },
  what: { en: 'figure', zh: '数值' },
  row: { en: 'row', zh: '行' },
  found: { en: 'found', zh: '结果' },
  option: { en: 'option', zh: '选项' },
  meaning: { en: 'meaning', zh: '含义' },
  range: { en: 'values', zh: '取值' },
  default: { en: 'default', zh: '默认' },
  needsData: {
    en: 'Rows that MNIST decides are not here: it was absent when this page was made. With it: systole course check … --data FOLDER',
    zh: '由 MNIST 决定的验收行不在此处：生成本页时没有该数据。有数据时：systole course check … --data 文件夹',
  },
  excused: { en: 'Not asserted', zh: '未断言' },
  judged: { en: 'your own answer, judged', zh: '评判自己的答案' },
} as const satisfies Readonly<Record<string, Words>>;
