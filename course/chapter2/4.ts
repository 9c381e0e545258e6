/**
 * Exercise 2.4: five activation functions over [−10, 10] and the ranges of their values. Each is monotone on either side of 0, so that its
 * extremes lie at the ends or at 0, which an even number of sample points misses.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { elu, tensor } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';
import { linePlot } from '../plot.ts';

export type Activation = (x: number, a: number) => number;

export const ACTIVATIONS = {
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
  ReLU: (x) => Math.max(0, x),
  PReLU: (x, a) => (x > 0 ? x : a * x),
  ELU: (x, a) => (x > 0 ? x : a * Math.expm1(x)),
} as const satisfies Record<string, Activation>;

export interface Range {
  readonly min: number;
  readonly max: number;
  /** Where the least value stands. */
  readonly argmin: number;
}

/** The range over an interval that holds 0, of a function that is monotone on either side of it. */
export function range(f: Activation, [low, high]: readonly [number, number], a: number): Range {
  return rangeAt(f, [low, 0, high], a);
}

/** The range over sample points at equal distances, which is what a plot shows. */
export const sampledRange = (f: Activation, [low, high]: readonly [number, number], a: number, count: number): Range =>
  rangeAt(f, samples(low, high, count), a);

function rangeAt(f: Activation, points: readonly number[], a: number): Range {
  // −0 is 0 here: PReLU gives it at 0 for a negative a.
  const values = points.map((x) => f(x, a) + 0);
  const min = Math.min(...values);
  return { min, max: Math.max(...values), argmin: points[values.indexOf(min)]! };
}

const samples = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

/** The five curves as a picture. */
export const picture = (a = 0.01, language: 'en' | 'zh' = 'en'): string =>
  linePlot(
    Object.entries(ACTIVATIONS).map(([name, f]) => ({
      name,
      points: samples(-10, 10, 401).map((x) => [x, (f as Activation)(x, a)] as const),
    })),
    { title: `${language === 'en' ? 'Five activation functions' : '五种激活函数'}, a = ${a}`, x: 'x', y: 'f(x)' },
  );

const INTERVAL = [-10, 10] as const;

export const exercise = defineExercise({
  id: '2.4',
  title: {
    en: 'Five activation functions and their ranges',
    zh: '在同一个坐标系内画出五种不同的激活函数图像，并比较取值范围',
  },
  asked: {
    en: 'Draw sigmoid, tanh, ReLU, PReLU and ELU in one system of axes, and compare the ranges of their values. Hand in the numbers `sigmoidMin`, `reluMin`, `reluMax`, `preluMin`, `preluMax`, `eluMin`, `eluMax`: ends of the ranges on $[-10,10]$ for $a=0.01$. Real numbers to three digits.',
    zh: '在同一坐标系中画出 sigmoid、tanh、ReLU、PReLU 和 ELU 的图像，并比较它们的取值范围。请提交数值 `sigmoidMin`、`reluMin`、`reluMax`、`preluMin`、`preluMax`、`eluMin`、`eluMax`：$a=0.01$ 时各函数在 $[-10,10]$ 上取值范围的端点。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`| function | definition | range over $\mathbb R$ | on $[-10,10]$ |
|---|---|---|---|
| sigmoid | $1/(1+e^{-x})$ | $(0,1)$ | $[4.54\cdot10^{-5},\,0.99995]$ |
| tanh | $(e^x-e^{-x})/(e^x+e^{-x})$ | $(-1,1)$ | $\pm0.999999996$ |
| ReLU | $\max(0,x)$ | $[0,\infty)$ | $[0,10]$ |
| PReLU | $x$ for $x>0$, else $ax$ | $\mathbb R$ for $a>0$ | $[-10a,10]$ |
| ELU | $x$ for $x>0$, else $a(e^x-1)$ | $(-a,\infty)$ | $[a(e^{-10}-1),10]$ |

Sigmoid and tanh only approach their limits. PReLU and ELU depend on $a\ge 0$; each is monotone on either side of 0, so that the extremes lie at the ends
of the interval or at 0. For $a<0$ the left branch turns upward and the least value is the one at 0: no sensible setting, since the function is then not
monotone. $\max(ax,x)$ is PReLU only for $a\le 1$.

Sources: K. He et al., *Delving Deep into Rectifiers*, 2015 (PReLU); D.-A. Clevert, T. Unterthiner and S. Hochreiter, *Fast and Accurate Deep Network Learning by
Exponential Linear Units*, 2016 (ELU).`,
    zh: String.raw`| 函数 | 定义 | $\mathbb R$ 上的值域 | $[-10,10]$ 上 |
|---|---|---|---|
| sigmoid | $1/(1+e^{-x})$ | $(0,1)$ | $[4.54\cdot10^{-5},\,0.99995]$ |
| tanh | $(e^x-e^{-x})/(e^x+e^{-x})$ | $(-1,1)$ | $\pm0.999999996$ |
| ReLU | $\max(0,x)$ | $[0,\infty)$ | $[0,10]$ |
| PReLU | $x>0$ 时为 $x$，否则 $ax$ | $a>0$ 时为 $\mathbb R$ | $[-10a,10]$ |
| ELU | $x>0$ 时为 $x$，否则 $a(e^x-1)$ | $(-a,\infty)$ | $[a(e^{-10}-1),10]$ |

sigmoid 与 tanh 只趋近而达不到极限值。PReLU 与 ELU 取决于 $a\ge 0$；二者在 0 的两侧分别单调，极值在区间端点或 0 处。
若 $a<0$，左支向上翘，最小值在 0 处取得：函数不再单调，这样的取值没有意义。$\max(ax,x)$ 仅当 $a\le 1$ 时等于 PReLU。

来源：K. He 等，*Delving Deep into Rectifiers*，2015（PReLU）；D.-A. Clevert、T. Unterthiner、S. Hochreiter，*Fast and Accurate Deep Network Learning by
Exponential Linear Units*，2016（ELU）。`,
  },
  claimed: {
    en: `A widespread answer takes $a=-0.01$ and gives PReLU on $[-10,10]$ the range $[-0.1,10]$ and ELU $[0.00038,10]$. With $a=-0.01$, PReLU is $+0.1$ at
$-10$ and its range is $[0,10]$; $-0.1$ belongs to $a=+0.01$. The 0.00038 of ELU is no minimum but its value at that of 256 sample points that lies nearest to 0
($x=-0.0392$): the range is $[0,10]$. And 0 … 1 and −1 … 1 are limits that sigmoid and tanh do not reach.`,
    zh: `流传的答案取 $a=-0.01$，给出 PReLU 在 $[-10,10]$ 上的范围 $[-0.1,10]$、ELU 的范围 $[0.00038,10]$。但 $a=-0.01$ 时 PReLU 在 $-10$ 处为 $+0.1$，
范围是 $[0,10]$；$-0.1$ 对应 $a=+0.01$。ELU 的 0.00038 也不是最小值，只是 256 个采样点中离 0 最近者（$x=-0.0392$）的函数值，真正的范围是 $[0,10]$。
另外，0…1 与 −1…1 是 sigmoid 与 tanh 达不到的极限。`,
  },
  code: [
    { path: 'src/ops/elementwise', words: { en: 'activation functions as operators', zh: '作为算子的激活函数' } },
    {
      path: 'src/report/pictures/curves.ts',
      words: { en: '`systole plot activations`', zh: '`systole plot activations`' },
    },
  ],
  rows: 9,
  parameters: {
    a: {
      kind: 'real',
      words: { en: 'a of PReLU and ELU', zh: 'PReLU 与 ELU 的 a' },
      default: 0.01,
      least: -2,
      most: 2,
    },
    points: {
      kind: 'whole',
      words: { en: 'sample points of a plot', zh: '采样点数' },
      default: 256,
      least: 2,
      most: 10001,
    },
  },
  show({ table, picture: draw, language }, { a, points }) {
    table(
      [
        { en: 'function', zh: '函数' },
        { en: 'least on [−10, 10]', zh: '[−10, 10] 上最小' },
        { en: 'at', zh: '位置' },
        { en: 'largest', zh: '最大' },
        { en: `least of ${points} samples`, zh: `${points} 个采样点中最小` },
      ],
      Object.entries(ACTIVATIONS).map(([name, f]) => {
        const { min, max, argmin } = range(f as Activation, INTERVAL, a);
        return [name, `${min}`, argmin, `${max}`, `${sampledRange(f as Activation, INTERVAL, a, points).min}`];
      }),
    );
    draw('activations', picture(a, language), {
      en: `Sigmoid, tanh, ReLU, PReLU and ELU over −10 to 10, a = ${a}`,
      zh: `−10 到 10 上的 sigmoid、tanh、ReLU、PReLU 与 ELU，a = ${a}`,
    });
  },
  async check(check) {
    const ends = (name: keyof typeof ACTIVATIONS, a = 0): [number, number] => {
      const { min, max } = range(ACTIVATIONS[name], INTERVAL, a);
      return [min, max];
    };
    const grid = (name: keyof typeof ACTIVATIONS, a: number): number =>
      sampledRange(ACTIVATIONS[name], INTERVAL, a, 256).min;
    check.row(1).close('sigmoid', ends('sigmoid'), [4.5397868702434395e-5, 0.9999546021312976], 1e-12);
    check.row(2).close('tanh', ends('tanh'), [-0.9999999958776927, 0.9999999958776927], 1e-12);
    check.row(3).equal('ReLU', ends('ReLU'), [0, 10]);
    const prelu = [...ends('PReLU', -0.01), grid('PReLU', -0.01)];
    check.row(4).close('PReLU, a = −0.01', prelu, [0, 10, 0.000392156862745], 1e-12);
    check.row(5).close('PReLU, a = 0.01', ends('PReLU', 0.01), [-0.1, 10], 1e-12);
    const elus = [...ends('ELU', -0.01), grid('ELU', -0.01)];
    check.row(6).close('ELU, a = −0.01', elus, [0, 10, 0.000384567049121], 1e-12);
    check.row(7).close('ELU, a = 0.01', ends('ELU', 0.01), [-0.0099995460007024, 10], 1e-12);
    check.row(8).close('ELU, a = 1', ends('ELU', 1), [-0.9999546000702375, 10], 1e-12);
    check.row(9).equal('curves in the picture', picture().match(/<polyline/g)?.length, 5);
    const x = samples(-10, 10, 21);
    const framework = await elu(tensor(x), 1).toArray();
    check.close(
      'the framework’s ELU, in f32',
      framework as number[],
      x.map((v) => ACTIVATIONS.ELU(v, 1)),
      1e-6,
    );
  },
  judge: (submission, { a }) =>
    judgeNumbers(submission, [
      real('sigmoidMin', 'least value of sigmoid', 'sigmoid 的最小值', range(ACTIVATIONS.sigmoid, INTERVAL, a).min, [
        slip(0, 'the limit is taken, which is not reached', '取了极限值，而该值取不到'),
      ]),
      ...(['ReLU', 'PReLU', 'ELU'] as const).flatMap((name) => {
        const { min, max } = range(ACTIVATIONS[name], INTERVAL, a);
        const turned = sampledRange(ACTIVATIONS[name], INTERVAL, -a, 256).min;
        const sampled = slip(
          turned,
          `a is ${-a} and the least of 256 samples is taken`,
          `取了 a = ${-a}，且用了 256 个采样点中的最小值`,
        );
        return [
          real(
            `${name.toLowerCase()}Min`,
            `least value of ${name}`,
            `${name} 的最小值`,
            min,
            name === 'ReLU' ? [] : [sampled],
          ),
          real(`${name.toLowerCase()}Max`, `largest value of ${name}`, `${name} 的最大值`, max),
        ];
      }),
    ]),
});
