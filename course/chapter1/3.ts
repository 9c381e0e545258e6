/** Exercise 1.3: what one neuron of two inputs can do: the perceptron's rule on truth tables, with weights or a proof that there are none. */
import { defineExercise, judgeNumbers } from 'systole/course';
import { CELL_POINTS, planePicture, planeWords } from '../chapter2/plane.ts';
import { exact, main, slip } from '../numberFields.ts';
import { answer, bestScore, inputsOf, judge, proves, type TruthTable, tables } from './perceptron.ts';

const AND = [0, 0, 0, 1];
const OR = [0, 1, 1, 1];
const XOR = [0, 1, 1, 0];

/** Functions of two inputs by what is usual to call them; row order 00, 01, 10, 11. */
const NAMED: Readonly<Record<string, TruthTable>> = {
  ...{ AND, OR, XOR, NAND: [1, 1, 1, 0], NOR: [1, 0, 0, 0], XNOR: [1, 0, 0, 1], 'x1 → x2': [1, 1, 0, 1] },
};

/** How many of the functions of so many inputs one neuron can be. */
export const separableCount = (inputs: number): number => tables(inputs).filter((t) => judge(t).separable).length;

/** `0110` as a table. */
const tableOf = (word: string): TruthTable => [...word].map(Number);

const WORDS = Array.from({ length: 16 }, (_, f) => f.toString(2).padStart(4, '0'));

export const exercise = defineExercise({
  id: '1.3',
  title: {
    en: 'What a perceptron of one neuron with two inputs can do',
    zh: '一个由两个输入的单个神经元构成的感知机能完成什么任务？',
  },
  asked: {
    en: 'A perceptron consists of a single neuron with two inputs. Which tasks can it solve? Hand in the numbers `separable2`, `separable3`, `xor`: of the Boolean functions of two and of three inputs, how many a perceptron can learn, and how many of the four rows of XOR the best one has right. One number alone is `separable2`.',
    zh: '由一个有两个输入的神经元构成的感知机，能完成哪些任务？请提交数值 `separable2`、`separable3`、`xor`：两个与三个输入的布尔函数中感知机能学会的个数，以及最好的感知机在异或四行中答对的行数。只交一个数时为 `separable2`。',
  },
  explanation: {
    en: String.raw`It computes $y=\operatorname{sgn}(w_1x_1+w_2x_2+b)$: it parts the plane by a line. So it solves exactly the **linearly separable** classifications into two classes. Of the 16 Boolean
functions of two inputs these are 14, all but XOR and XNOR, of which it has at most 3 of 4 rows right. With more inputs the share falls: 104 of the 256 functions of three.

Rosenblatt's rule finds the weights wherever there are any: start at zero, and for each row that is answered wrongly add $\pm(x,1)$ to $(w,b)$. Where there are none it comes back to weights that it
had before, and what it added in between is a proof: numbers $\lambda_i\ge 0$, not all zero, with
$$\sum_i\lambda_i\,t_i\,(x_i,1)=0,\qquad t_i=\pm1,$$
which no $w,b$ with the right sign at every row allows (Gordan's theorem). For XOR each of the four rows counts once.

More is possible with a hidden layer: one of sufficient **width** approximates any continuous function on a compact set (G. Cybenko, 1989; K. Hornik, M. Stinchcombe and H. White, 1989; K. Hornik,
1991). That is a statement about width, not about depth, and it is not Kolmogorov's superposition theorem, which is about exact sums of functions that depend on what is represented.

Sources: F. Rosenblatt, *The perceptron*, 1958; M. Minsky and S. Papert, *Perceptrons*, 1969.`,
    zh: String.raw`它计算 $y=\operatorname{sgn}(w_1x_1+w_2x_2+b)$：用一条直线划分平面。因此它恰好能完成**线性可分**的二分类。两个输入的 16 个布尔函数中有 14 个如此，只有异或与同或例外，
对它们最多答对 4 行中的 3 行。输入越多，可分的比例越小：三个输入的 256 个函数中只有 104 个。

只要权重存在，Rosenblatt 的学习规则就能找到：从零开始，对每个答错的行，把 $\pm(x,1)$ 加到 $(w,b)$ 上。若不存在，权重会回到先前的值，而其间所加各项给出一个证明：存在不全为零的
$\lambda_i\ge 0$，使
$$\sum_i\lambda_i\,t_i\,(x_i,1)=0,\qquad t_i=\pm1$$
任何在每行都取正确符号的 $w,b$ 都与之矛盾（Gordan 定理）。对异或，四行各计一次。

加上隐层就能做得更多：一个**宽度**足够的隐层能在紧集上逼近任意连续函数（G. Cybenko，1989；K. Hornik、M. Stinchcombe、H. White，1989；K. Hornik，1991）。
这是关于宽度而非深度的结论，也不是 Kolmogorov 叠加定理——后者是把函数精确表示为若干函数之和，而所用函数取决于被表示的函数。

来源：F. Rosenblatt，*The perceptron*，1958；M. Minsky、S. Papert，*Perceptrons*，1969。`,
  },
  code: [
    {
      path: 'course/chapter1/perceptron.ts',
      words: { en: 'the rule, with a proof either way', zh: '学习规则，及正反两种证明' },
    },
  ],
  rows: 4,
  parameters: {
    table: {
      kind: 'choice',
      words: { en: 'labels of the rows 00, 01, 10, 11', zh: '00、01、10、11 各行的标签' },
      default: '0110',
      among: WORDS,
    },
  },
  show({ print, table, picture, language }, { table: word }) {
    const own = tableOf(word);
    const named = Object.entries(NAMED);
    const all = named.some(([, labels]) => `${labels}` === `${own}`) ? named : [[word, own] as const, ...named];
    table(
      [
        { en: 'function', zh: '函数' },
        { en: 'labels', zh: '标签' },
        { en: 'weights', zh: '权重' },
        { en: 'first epoch without errors', zh: '首个无错轮次' },
        { en: 'proof that there are none: times each row counts', zh: '不可分的证明：各行所计次数' },
        { en: 'most rows right', zh: '最多答对行数' },
      ],
      all.map(([name, labels]) => {
        const found = judge(labels);
        const weights = found.separable ? `w = (${found.perceptron.w.join(', ')}), b = ${found.perceptron.b}` : '–';
        return [
          ...[name, labels.join(''), weights],
          ...[found.separable ? found.epoch : '–', found.separable ? '–' : found.certificate.join(', ')],
          bestScore(labels),
        ];
      }),
    );
    const panes = (`${own}` === `${AND}` ? [AND] : [AND, own]).flatMap((labels) => {
      const found = judge(labels);
      if (!found.separable) return [];
      return [{ title: labels.join(''), ones: CELL_POINTS.map((p) => answer(found.perceptron, p) === 1), labels }];
    });
    picture('planes', planePicture(panes), planeWords(panes));
    const counts = [1, 2, 3].map((n) => `${separableCount(n)}/${2 ** (2 ** n)}`).join(language === 'en' ? ', ' : '、');
    print({
      en: `Separable Boolean functions of one, two and three inputs: ${counts}.`,
      zh: `一、二、三个输入的布尔函数中线性可分者：${counts}。`,
    });
  },
  check(check) {
    check.row(1).equal('separable Boolean functions, n = 1, 2, 3', [1, 2, 3].map(separableCount), [4, 14, 104]);
    const proved = [1, 2, 3].flatMap(tables).every((table) => proves(table, judge(table)));
    check.row(1).holds('each is proved: by weights, or by a sum of rows that is zero', proved);
    const found = (table: TruthTable): unknown => {
      const judged = judge(table);
      return judged.separable ? [judged.epoch, judged.perceptron.w, judged.perceptron.b] : 'none';
    };
    check.row(2).equal('AND: first epoch without errors, w, b', found(AND), [6, [2, 1], -3]);
    check.row(3).equal('OR: first epoch without errors, w, b', found(OR), [4, [1, 1], -1]);
    const xor = judge(XOR);
    check.row(4).holds('XOR: the rule comes back to weights it had', !xor.separable && proves(XOR, xor));
    check
      .row(4)
      .equal('XOR: rows that the best perceptron has right, of', [bestScore(XOR), inputsOf(XOR).length], [3, 4]);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      main(
        exact('separable2', 'separable functions of two inputs', '两个输入的线性可分函数个数', separableCount(2), [
          slip(tables(2).length, 'all functions are counted', '计入了全部函数'),
          slip(
            tables(2).length - 1,
            'XOR alone is left out; its complement cannot be learnt either',
            '只去掉了异或；同或同样学不会',
          ),
        ]),
      ),
      exact('separable3', 'separable functions of three inputs', '三个输入的线性可分函数个数', separableCount(3)),
      exact('xor', 'rows of XOR that the best perceptron has right', '最好的感知机在异或中答对的行数', bestScore(XOR)),
    ]),
});
