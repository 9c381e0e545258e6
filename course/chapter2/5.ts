/** Exercise 2.5: three ways against over-fitting, each by what it does to numbers: penalties, dropout, bagging. */
import { Matrix, solve } from 'ml-matrix';
import { type Random, Random as Stream } from 'systole/base';
import { defineExercise, judgeNumbers } from 'systole/course';
import { charts } from 'systole/report';
import { dropout, ones, random } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

/** argmin ‖Xw − y‖² + λ‖w‖²: (XᵀX + λI)·w = Xᵀy. */
export function ridge(x: readonly (readonly number[])[], y: readonly number[], lambda: number): number[] {
  const X = new Matrix(x.map((row) => [...row]));
  const Xt = X.transpose();
  const left = Xt.mmul(X).add(Matrix.eye(X.columns).mul(lambda));
  return solve(left, Xt.mmul(Matrix.columnVector([...y]))).to1DArray();
}

/** argmin ½(v − w)² + λ|v|, the step that a penalty λ|w| adds to an update. */
export const softThreshold = (w: number, lambda: number): number =>
  Math.sign(w) * Math.max(0, Math.abs(w) - lambda) + 0;

/** The mean of x = 1 after dropping with probability 1 − p, without the scaling by 1/p that the framework does in training. */
export async function meanAfterDropout(keep: number, draws: number): Promise<number> {
  const dropped = keep === 1 ? ones([draws]) : dropout(ones([draws]), 1 - keep, new random.Generator(5));
  return keep * (await dropped.mean().item());
}

/** Variance of the mean of `n` predictors with independent errors, over that of one. */
export function baggedVariance(n: number, trials: number, stream: Random): number {
  const spread = (values: readonly number[]): number => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return values.reduce((total, v) => total + (v - mean) ** 2, 0) / (values.length - 1);
  };
  const single = Array.from({ length: trials }, () => stream.normal());
  const bagged = Array.from({ length: trials }, () => {
    let total = 0;
    for (let i = 0; i < n; i++) total += stream.normal();
    return total / n;
  });
  return spread(bagged) / spread(single);
}

/** argmin ½(v − w)² + λv²: what a penalty λw² leaves of a weight. */
export const shrink = (w: number, lambda: number): number => w / (1 + 2 * lambda);

/** What a penalty leaves of weights from −1 to 1. */
const penaltyPicture = async (lambda: number, language: 'en' | 'zh'): Promise<string> => {
  const ws = Array.from({ length: 201 }, (_, i) => -1 + i / 100);
  const curve = (name: string, f: (w: number) => number) => ({ name, points: ws.map((w) => [w, f(w)] as const) });
  const english = language === 'en';
  const { linesPicture } = await charts();
  return linesPicture(
    [
      curve(english ? 'no penalty' : '无惩罚', (w) => w),
      curve(`L1, λ = ${lambda}`, (w) => softThreshold(w, lambda)),
      curve(`L2, λ = ${lambda}`, (w) => shrink(w, lambda)),
    ],
    {
      title: english ? 'What a penalty leaves of a weight' : '惩罚项使权重变成多少',
      x: english ? 'weight without penalty' : '无惩罚时的权重',
      y: english ? 'with' : '有惩罚',
    },
  );
};

export const exercise = defineExercise({
  id: '2.5',
  title: { en: 'Three ways against over-fitting', zh: '请简述三种避免过拟合问题的方法' },
  asked: {
    en: 'Name three methods against over-fitting and say what each does. Hand in the numbers `ridge`, `large`, `small`: the weight that least squares with an L2 penalty $\\lambda=1$ gives for $X=(1,1)^\\top$, $y=(1,1)$; and what the step of an L1 penalty with threshold 0.5 (soft thresholding) makes of $-0.8$ and of $0.3$. Real numbers to three digits.',
    zh: '举出三种避免过拟合的方法，并说明各自的作用。请提交数值 `ridge`、`large`、`small`：$X=(1,1)^\\top$、$y=(1,1)$ 时带 L2 惩罚（$\\lambda=1$）的最小二乘权重；以及阈值为 0.5 的 L1 惩罚步（软阈值）把 $-0.8$ 与 $0.3$ 变成多少。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`1. **Penalties on the weights.** With $\lambda\lVert w\rVert^2$ (L2, ridge, weight decay) the solution of least squares is $w=(X^\top X+\lambda I)^{-1}X^\top y$: weights shrink in
proportion but stay different from zero. With $\lambda\lvert w\rvert$ (L1) a weight moves by $\lambda$ towards zero and stops there,
$w\leftarrow\operatorname{sign}(w)\max(0,\lvert w\rvert-\lambda)$, so many become exactly zero: the network is sparse.
2. **Dropout.** In training each activation stays with probability $p$ (typically 0.8 at the input, 0.5 in hidden layers). The expectation is $p\,x$, so inference
multiplies by $p$, or training divides by it, as the framework here does. Neurons cannot rely on one another.
3. **Bagging.** $n$ models trained on different samples are averaged. Where their errors are independent, with variance $\sigma^2$ each, the mean has $\sigma^2/n$; with
correlation $\rho$ it has $\rho\sigma^2+(1-\rho)\sigma^2/n$.

Others: early stopping, augmentation, more data.

Sources: R. Tibshirani, *Regression Shrinkage and Selection via the Lasso*, 1996; N. Srivastava et al., *Dropout*, JMLR 15, 2014; L. Breiman, *Bagging Predictors*, 1996.`,
    zh: String.raw`1. **权重惩罚项。** 加上 $\lambda\lVert w\rVert^2$（L2、岭回归、权重衰减）后，最小二乘解为 $w=(X^\top X+\lambda I)^{-1}X^\top y$：权重按比例缩小，但不为零。
加上 $\lambda\lvert w\rvert$（L1）后，权重向零移动 $\lambda$ 并止于零，$w\leftarrow\operatorname{sign}(w)\max(0,\lvert w\rvert-\lambda)$，
许多权重恰为零，即网络变得稀疏。
2. **Dropout。** 训练时每个激活值以概率 $p$ 保留（输入层通常 0.8，隐层通常 0.5）。其期望为 $p\,x$，因此推理时乘以 $p$，或像本框架那样在训练时除以 $p$。
这样神经元之间不能相互依赖。
3. **Bagging。** 对在不同样本上训练的 $n$ 个模型取平均。若误差相互独立、方差各为 $\sigma^2$，则均值的方差为 $\sigma^2/n$；
若相关系数为 $\rho$，则为 $\rho\sigma^2+(1-\rho)\sigma^2/n$。

其他方法：提前停止、数据增强、更多数据。

来源：R. Tibshirani，*Regression Shrinkage and Selection via the Lasso*，1996；N. Srivastava 等，*Dropout*，JMLR 15，2014；L. Breiman，*Bagging Predictors*，1996。`,
  },
  code: [
    { path: 'src/tensor/functions/nn.ts', words: { en: 'dropout in the framework', zh: '框架中的 dropout' } },
    { path: 'src/tensor/optim/rules.ts', words: { en: 'weight decay in the optimisers', zh: '优化器中的权重衰减' } },
  ],
  rows: 4,
  parameters: {
    lambda: {
      kind: 'real',
      words: { en: 'weight λ of the penalties', zh: '惩罚项系数 λ' },
      default: 0.5,
      least: 0,
      most: 100,
    },
    keep: {
      kind: 'real',
      words: { en: 'probability p that dropout keeps', zh: 'dropout 的保留概率 p' },
      default: 0.5,
      least: 0.01,
      most: 1,
    },
    predictors: {
      kind: 'whole',
      words: { en: 'predictors averaged', zh: '取平均的预测器个数' },
      default: 10,
      least: 1,
      most: 100,
    },
  },
  async show({ print, table, picture, language }, { lambda, keep, predictors }) {
    table(
      ['w', `L1: sign(w)·max(0, |w| − ${lambda})`, `L2: w/(1 + 2·${lambda})`],
      [0.3, -0.8, 1].map((w) => [w, softThreshold(w, lambda), shrink(w, lambda)]),
    );
    picture('penalties', await penaltyPicture(lambda, language), {
      en: 'L1 moves weights by λ towards zero and holds them there; L2 shrinks them in proportion',
      zh: 'L1 使权重向零移动 λ 并停在零；L2 按比例缩小权重',
    });
    const [w] = ridge([[1], [1]], [1, 1], lambda);
    print({
      en: `Ridge regression of y = (1, 1) on X = (1, 1): w = ${w} with λ = ${lambda}, without penalty 1.`,
      zh: `以 X = (1, 1) 对 y = (1, 1) 作岭回归：λ = ${lambda} 时 w = ${w}，无惩罚时为 1。`,
    });
    const mean = await meanAfterDropout(keep, 1e5);
    print({
      en: `Dropout of 100,000 ones, each kept with p = ${keep}: the mean is ${mean.toFixed(4)}.`,
      zh: `对 100 000 个 1 作 dropout，保留概率 p = ${keep}：均值为 ${mean.toFixed(4)}。`,
    });
    const variance = baggedVariance(predictors, 20000, new Stream(1));
    print({
      en: `The mean of ${predictors} independent predictors has ${variance.toFixed(4)} of the variance of one; 1/n is ${(1 / predictors).toFixed(4)}.`,
      zh: `${predictors} 个独立预测器的均值，其方差为单个的 ${variance.toFixed(4)} 倍；1/n 为 ${(1 / predictors).toFixed(4)}。`,
    });
  },
  async check(check) {
    check.row(1).close('ridge', ridge([[1], [1]], [1, 1], 1), [2 / 3], 1e-12);
    check.row(2).close('soft threshold', [softThreshold(0.3, 0.5), softThreshold(-0.8, 0.5)], [0, -0.3], 1e-12);
    check.row(3).close('dropout: the mean is p·x', await meanAfterDropout(0.5, 1e5), 0.5, 0.01);
    check.row(4).close('variance of the mean of ten', baggedVariance(10, 20000, new Stream(1)), 0.1, 0.02);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      real('ridge', 'the weight under an L2 penalty', 'L2 惩罚下的权重', ridge([[1], [1]], [1, 1], 1)[0]!, [
        slip(ridge([[1], [1]], [1, 1], 0)[0]!, 'there is no penalty', '没有加惩罚'),
      ]),
      real('large', '−0.8 behind the soft threshold', '−0.8 经软阈值后', softThreshold(-0.8, 0.5), [
        slip(-0.8, 'the threshold is hard: what is above it stays as it is', '用了硬阈值：超过阈值的数原样保留'),
      ]),
      real('small', '0.3 behind the soft threshold', '0.3 经软阈值后', softThreshold(0.3, 0.5), [
        slip(0.3 - 0.5, 'the threshold is subtracted beyond 0', '减去阈值时越过了 0'),
      ]),
    ]),
});
