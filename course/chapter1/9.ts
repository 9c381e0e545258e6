/**
 * Exercise 1.9: the third generation as the textbook's authors expect it. An expectation, so it is marked as one: each link of the argument
 * says whether it is a fact (with figures computed here) or an opinion.
 */
import { defineExercise, type Words } from 'systole/course';
import { macsPerCycle, marketDevices, resolveMachine } from 'systole/machine';
import { charts } from 'systole/report';

export interface Link {
  readonly words: Words;
  /** What stands behind a fact: figures that are computed when they are asked for. What has none is an opinion. */
  readonly evidence?: () => readonly Evidence[];
}

export interface Evidence {
  readonly what: Words;
  readonly date: string;
  /** Operations a second; a multiply-accumulate is two. */
  readonly peak: number;
  readonly source: string;
}

/** Peaks by year: the first deep-learning processors from their machine files, devices that one can buy from the table of 7.1. */
export function peaks(): readonly Evidence[] {
  const machines = (
    [
      ['diannao', '2014-03', 'i16'],
      ['tpu-v1', '2015-01', 'i8'],
    ] as const
  ).map(([name, date, type]): Evidence => {
    const machine = resolveMachine(name);
    const peak = 2 * macsPerCycle(machine.matrix, type) * machine.frequency;
    return { what: { en: machine.name, zh: machine.name }, date, peak, source: machine.sources[0]! };
  });
  const devices = marketDevices.map(
    ({ model, precision, date, peak, source }): Evidence => ({
      what: { en: `${model} (${precision})`, zh: `${model}（${precision}）` },
      ...{ date, peak, source },
    }),
  );
  return [...machines, ...devices].sort((a, b) => a.date.localeCompare(b.date));
}

/** How many times the peak of the first that of the largest is, and how many years lie between them. */
export function growth(): { readonly times: number; readonly years: number } {
  const all = peaks();
  const [first, largest] = [all[0]!, all.reduce((a, b) => (b.peak > a.peak ? b : a))];
  const months = (date: string): number => 12 * Number(date.slice(0, 4)) + Number(date.slice(5));
  return { times: largest.peak / first.peak, years: (months(largest.date) - months(first.date)) / 12 };
}

/** The argument, link by link. */
export const VIEW: readonly Link[] = [
  {
    words: {
      en: 'The computing power of one device for deep learning has grown by orders of magnitude in a decade.',
      zh: '十年间，单个深度学习器件的算力增长了数个数量级。',
    },
    evidence: peaks,
  },
  {
    words: {
      en: 'It will go on growing until computing is, for all practical purposes, abundant.',
      zh: '算力将继续增长，直到实际上近乎无限。',
    },
  },
  {
    words: {
      en: 'Abundant computing will not only accelerate today’s algorithms, but bring machine intelligence of a kind that there has not been: a way to explore strong AI.',
      zh: '近乎无限的算力不仅是加速现有算法，还将带来前所未有的机器智能：成为探索强人工智能的途径。',
    },
  },
];

/** A link is a fact where figures stand behind it, each with its date and its source. */
export function isFact({ evidence }: Link): boolean {
  const found = evidence?.() ?? [];
  return (
    found.length > 0 && found.every(({ date, source, peak }) => /^20\d\d-\d\d$/.test(date) && source !== '' && peak > 0)
  );
}

/** A conclusion is no more of a fact than its weakest link. */
export const isOpinion = (view: readonly Link[]): boolean => !view.every(isFact);

export const exercise = defineExercise({
  id: '1.9',
  title: { en: 'The third generation of intelligent computing systems', zh: '第三代智能计算系统有什么特点？' },
  asked: {
    en: 'What characterises the third generation of intelligent computing systems?',
    zh: '第三代智能计算系统有哪些特点？',
  },
  explanation: {
    en: `There is no third generation yet, so whatever is said of it is an opinion. The view of the textbook's authors: the first two generations *accelerate* given algorithms (symbolic ones, then deep learning); the third would
have computing power in such **abundance** that it brings forth intelligence itself, and so becomes an instrument to **explore strong AI**.

That is an argument in three steps, of which the first is a fact that can be checked (the table here: peaks by year) and the others are expectations. Against them: energy for each operation no longer falls as it did, the cost of
training the largest networks grows faster than the power of one device, and nothing shows that more computing alone leads to general intelligence. An answer to this exercise should say whose opinion it reports.

Source of the view: Y. Chen et al., *AI Computing Systems* (智能计算系统), chapter 1.`,
    zh: `第三代尚未出现，因此关于它的说法都是观点。教材作者的看法是：前两代系统*加速*既有的算法（先是符号处理，后是深度学习）；第三代则拥有**近乎无限的算力**，
能够孕育智能本身，从而成为**探索强人工智能**的手段。

这是一个分三步的论证：第一步是可以核对的事实（见这里按年份列出的峰值表），其余两步是预期。反对的理由有：每次运算的能耗不再像过去那样下降；训练最大网络的代价比单个器件的算力增长得更快；也没有证据表明仅靠更多的算力就能通向通用智能。
回答本题时应说明所转述的是谁的观点。

观点来源：陈云霁等，《智能计算系统》，第 1 章。`,
  },
  code: [
    {
      path: 'src/machine/market.ts',
      words: { en: 'devices with date, peak and source', zh: '器件的日期、峰值与来源' },
    },
    { path: 'src/machine/presets/diannao.json', words: { en: 'the first of the processors', zh: '最早的处理器' } },
  ],
  rows: 2,
  answeredBy: 'explanation',
  async show({ print, table, picture, language }) {
    table(
      [
        { en: 'step', zh: '步骤' },
        { en: 'statement', zh: '陈述' },
        { en: 'kind', zh: '性质' },
      ],
      VIEW.map((link, i) => [
        i + 1,
        link.words[language],
        (isFact(link) ? { en: 'fact', zh: '事实' } : { en: 'opinion', zh: '观点' })[language],
      ]),
    );
    table(
      [
        { en: 'device', zh: '器件' },
        { en: 'announced', zh: '发布' },
        { en: 'peak, 10¹² operations a second', zh: '峰值，10¹² 次运算每秒' },
      ],
      peaks().map(({ what, date, peak }) => [what[language], date, (peak / 1e12).toPrecision(4)]),
    );
    const { linesPicture } = await charts();
    const english = language === 'en';
    const points = peaks().map(
      ({ date, peak }) => [Number(date.slice(0, 4)) + Number(date.slice(5)) / 12, peak / 1e12] as const,
    );
    const plot = linesPicture([{ name: english ? 'one device' : '单个器件', points }], {
      title: english ? 'Peaks of deep-learning processors' : '深度学习处理器的峰值',
      ...{ x: english ? 'year' : '年份', y: '10¹²/s', log: ['y'], dots: true },
    });
    picture('peaks', plot, {
      en: 'Peaks by year on a logarithmic axis, from half a tera-operation a second in 2014 to thousands',
      zh: '按年份的峰值（对数坐标）：从 2014 年每秒约半万亿次到数千万亿次',
    });
    const { times, years } = growth();
    print({
      en: `From the first to the largest: ${times.toFixed(0)} times in ${years.toFixed(1)} years, at narrower numbers. The conclusion is ${isOpinion(VIEW) ? 'an opinion' : 'a fact'}.`,
      zh: `从最早到最大：${years.toFixed(1)} 年间 ${times.toFixed(0)} 倍（后者数据位宽更窄）。结论属于${isOpinion(VIEW) ? '观点' : '事实'}。`,
    });
  },
  check(check) {
    check.row(1).equal('the conclusion is marked as an opinion', isOpinion(VIEW), true);
    check
      .row(1)
      .equal('of its steps, those behind which stand figures with date and source', VIEW.map(isFact), [
        true,
        false,
        false,
      ]);
    const { times, years } = growth();
    check.row(2).atLeast('the premise: growth of the peak of one device', times, 1000);
    check.row(2).atMost('in so many years', years, 12);
    const { explanation } = exercise;
    check
      .row(2)
      .holds(
        'by text: the answer cites the textbook’s view: abundance of computing, exploration of strong AI',
        /abundance/.test(explanation!.en) &&
          /explore strong AI/.test(explanation!.en) &&
          /近乎无限的算力/.test(explanation!.zh) &&
          /探索强人工智能/.test(explanation!.zh),
      );
  },
});
