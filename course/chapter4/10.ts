/** Exercise 4.10: digits without a deep network: least squares to one-hot targets, softmax regression, and the nearest neighbours. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { defineExercise } from 'systole/course';
import type { SampleSet } from 'systole/data';
import { charts } from 'systole/report';
import { compile, optim, random, type Tensor, tensor } from 'systole/tensor';
import { type Digits, digits, digitsAtHand, mnistAbsent, mnistIsThere, part } from '../mnist.ts';
import { judge, mlp, train } from '../training.ts';

const PIXELS = 784;
const inputsOf = (set: SampleSet, from: number, to: number): Tensor =>
  tensor((set.inputs as Float32Array).subarray(from * PIXELS, to * PIXELS), { shape: [to - from, PIXELS] });
const shareRight = (labels: ArrayLike<number>, set: SampleSet): number => {
  let right = 0;
  for (let i = 0; i < set.count; i++) if (labels[i] === Number(set.targets[i])) right++;
  return right / set.count;
};

/** (XᵀX + λI)·W = XᵀY with a column of ones for the bias. */
export async function leastSquares(set: SampleSet, test: SampleSet, ridge = 1): Promise<number> {
  const size = PIXELS + 1;
  const [left, right] = [Matrix.zeros(size, size), Matrix.zeros(size, 10)];
  const products = compile((x: Tensor, y: Tensor) => [x.transpose().matMul(x), x.transpose().matMul(y)] as const);
  const chunk = 5000;
  for (let from = 0; from < set.count; from += chunk) {
    const count = Math.min(chunk, set.count - from);
    const [x, y] = [withOnes(set, from, count), new Float32Array(count * 10)];
    for (let i = 0; i < count; i++) y[i * 10 + Number(set.targets[from + i])] = 1;
    const [xx, xy] = products(tensor(x, { shape: [count, size] }), tensor(y, { shape: [count, 10] }));
    left.add(new Matrix(size, size).apply(fill(await xx.data(), size)));
    right.add(new Matrix(size, 10).apply(fill(await xy.data(), 10)));
  }
  const w = new CholeskyDecomposition(left.add(Matrix.eye(size).mul(ridge))).solve(right);
  const scores = tensor(withOnes(test, 0, test.count), { shape: [test.count, size] }).matMul(tensor(w.to2DArray()));
  return shareRight(Array.from(await scores.argMax(-1).data(), Number), test);
}

const fill = (values: ArrayLike<number | bigint>, columns: number) =>
  function (this: Matrix, row: number, column: number): void {
    this.set(row, column, Number(values[row * columns + column]));
  };

function withOnes(set: SampleSet, from: number, count: number): Float32Array {
  const rows = new Float32Array(count * (PIXELS + 1));
  for (let i = 0; i < count; i++) {
    rows.set((set.inputs as Float32Array).subarray((from + i) * PIXELS, (from + i + 1) * PIXELS), i * (PIXELS + 1));
    rows[i * (PIXELS + 1) + PIXELS] = 1;
  }
  return rows;
}

/** One layer and softmax. */
export async function softmaxRegression(set: SampleSet, test: SampleSet, epochs = 5): Promise<number> {
  const model = mlp([PIXELS, 10], 1);
  await train({
    model,
    optimizer: new optim.SGD(model.parameters(), { rate: 0.1 }),
    train: set,
    batch: 64,
    epochs,
    seed: 1,
  });
  return judge(model)(test);
}

/** The class that most of the nearest have. `neighbours`: labels, the nearest first. */
export function vote(neighbours: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const label of neighbours) votes.set(label, (votes.get(label) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return neighbours.find((label) => votes.get(label) === most)!;
}

/** k nearest in L2, for each k. */
export async function nearestL2(set: SampleSet, test: SampleSet, ks: readonly number[]): Promise<readonly number[]> {
  const known = inputsOf(set, 0, set.count);
  const squares = known.mul(known).sum(1);
  const most = Math.max(...ks);
  // ‖a‖² is the same for all b, so it changes no order.
  const nearest = compile(
    (a: Tensor, b: Tensor, bb: Tensor) => bb.sub(a.matMul(b.transpose()).mul(2)).topK(most, -1, false)[1],
  );
  const found = ks.map((): number[] => []);
  const chunk = 250;
  for (let from = 0; from < test.count; from += chunk) {
    const count = Math.min(chunk, test.count - from);
    const indices = await nearest(inputsOf(test, from, from + count), known, squares).data();
    for (let i = 0; i < count; i++) {
      const labels = Array.from({ length: most }, (_, n) => Number(set.targets[Number(indices[i * most + n])]));
      for (const [at, k] of ks.entries()) found[at]!.push(vote(labels.slice(0, k)));
    }
  }
  return found.map((labels) => shareRight(labels, test));
}

/** The nearest in L1, Σ|a − b|, with whole levels. */
export function nearestL1(set: SampleSet, test: SampleSet): number {
  const levels = (s: SampleSet): Uint8Array => Uint8Array.from(s.inputs as Float32Array, (v) => Math.round(255 * v));
  const [known, asked] = [levels(set), levels(test)];
  const labels = Array.from({ length: test.count }, (_, i) => {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let k = 0; k < set.count; k++) {
      let distance = 0;
      const [a, b] = [i * PIXELS, k * PIXELS];
      // Once it is farther than the nearest so far it need not be finished.
      for (let p = 0; p < PIXELS && distance < least; p += 28) {
        for (let q = p; q < p + 28; q++) distance += Math.abs(asked[a + q]! - known[b + q]!);
      }
      if (distance < least) [best, least] = [k, distance];
    }
    return Number(set.targets[best]);
  });
  return shareRight(labels, test);
}

/** Some samples at random, in an order that follows from the seed. */
function draw(set: SampleSet, count: number, seed: number): SampleSet {
  const order = random.permutation(set.count, new random.Generator(seed)).subarray(0, count);
  const inputs = new Float32Array(count * PIXELS);
  const targets = new BigInt64Array(count);
  order.forEach((at, i) => {
    inputs.set((set.inputs as Float32Array).subarray(at * PIXELS, (at + 1) * PIXELS), i * PIXELS);
    targets[i] = BigInt(set.targets[at]!);
  });
  return { ...set, count, inputs, targets };
}

/** The mean over ten draws of so many images to learn from and to judge on. */
export async function smallDraws({ train: set, test }: Digits, learned = 5000, judged = 200): Promise<number> {
  let sum = 0;
  for (let seed = 1; seed <= 10; seed++) sum += nearestL1(draw(set, learned, seed), draw(test, judged, seed));
  return sum / 10;
}

/**
 * How far an accuracy on other images may lie from a reference: its own tolerance, and two deviations of the difference of two shares
 * of `count` images where the images judged on are others.
 */
const allowed = (reference: number, tolerance: number, count: number, official: boolean): number =>
  official ? tolerance : tolerance + 2 * Math.sqrt((2 * reference * (1 - reference)) / count);

export const exercise = defineExercise({
  id: '4.10',
  title: { en: 'Linear regression and nearest neighbours on MNIST', zh: '实现线性回归、k 近邻等，在 MNIST 上识别数字' },
  asked: {
    en: 'Recognise the digits of MNIST without a deep network: by linear regression, by softmax regression, by the nearest neighbours.',
    zh: '不用深度网络识别 MNIST 数字：实现线性回归、softmax 回归与 k 近邻。',
  },
  explanation: {
    en: String.raw`**Least squares.** With a one in each row of $X$ for the bias and one-hot targets $Y$,
$$W = (X^\mathsf T X + \lambda I)^{-1} X^\mathsf T Y,\qquad \text{class} = \arg\max_c\, (xW)_c.$$
One solution of a system of 785 unknowns, no iteration; $\lambda = 1$ keeps pixels that are always 0 from making it singular. A plane through pixels has about 86 % right.

**Softmax regression** is one layer with cross-entropy, trained by gradient descent: about 92 %. It does not punish a score for being too right, as the square does.

**Nearest neighbours.** No training at all: the label that most of the $k$ nearest training images have; ties of votes go to the nearest of them. Distances in $L_2$ for all pairs come out of a matrix product, $\|a - b\|^2 = \|a\|^2 - 2\,a^\mathsf T b + \|b\|^2$; $L_1$, $\sum |a_i - b_i|$, has no such form. About 97 %, at a distance to **every** training image for each answer.

Where only the training files of MNIST are there, the last 10,000 images are judged on and 50,000 are learned from. The references learned from 60,000 and were judged by the official test images, which are other images: for the two figures of methods that feel it, least squares and the small $L_1$ set-up, the tolerance holds two deviations of the difference of two such shares beside the row's own.

Source: T. Cover, P. Hart, *Nearest neighbor pattern classification*, 1967; Y. LeCun et al., *Gradient-based learning applied to document recognition*, 1998 (linear classifiers and neighbours on MNIST).`,
    zh: String.raw`**最小二乘。**$X$ 每行加一个 1 作为偏置，目标 $Y$ 为独热编码，
$$W = (X^\mathsf T X + \lambda I)^{-1} X^\mathsf T Y,\qquad \text{类别} = \arg\max_c\, (xW)_c.$$
只需解一次 785 个未知数的方程组，不用迭代；$\lambda = 1$ 使总为 0 的像素不致造成奇异。像素空间中的平面约有 86 % 正确。

**softmax 回归**是一层网络加交叉熵，用梯度下降训练：约 92 %。它不像平方误差那样惩罚“过于正确”的得分。

**k 近邻。**完全不训练：取最近的 $k$ 张训练图像中最多的标签；票数相同时取其中最近者。所有 $L_2$ 距离可由一次矩阵乘得到：$\|a - b\|^2 = \|a\|^2 - 2\,a^\mathsf T b + \|b\|^2$；$L_1$ 距离 $\sum |a_i - b_i|$ 没有这种形式。约 97 %，代价是每次回答都要与**每张**训练图像求距离。

只有 MNIST 训练文件时，用最后 10,000 张图像测试，用 50,000 张学习。参考值用 60,000 张学习、在官方测试图像上测得，测试图像不同：对受影响的两个数值（最小二乘与小规模 $L_1$），容差在原有基础上加上两个比例之差的两倍标准差。

来源：T. Cover、P. Hart，*Nearest neighbor pattern classification*，1967；Y. LeCun 等，*Gradient-based learning applied to document recognition*，1998（MNIST 上的线性分类器与近邻法）。`,
  },
  rows: 6,
  answeredBy: 'program',
  mnistRows: [1, 2, 3, 4, 5, 6],
  code: [
    { path: 'course/training.ts', words: { en: 'the training loop', zh: '训练循环' } },
    { path: 'src/tensor/functions/linear.ts', words: { en: 'matrix products', zh: '矩阵乘' } },
    { path: 'src/data/mnist.ts', words: { en: 'reading MNIST', zh: '读取 MNIST' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'images to learn from', zh: '学习用的图像数' },
      default: 2000,
      least: 10,
      most: 60000,
    },
    k: {
      kind: 'whole',
      words: { en: 'neighbours that vote', zh: '参与投票的近邻数' },
      default: 3,
      least: 1,
      most: 100,
    },
    ridge: {
      kind: 'real',
      words: { en: 'ridge λ of least squares', zh: '最小二乘的岭系数 λ' },
      default: 1,
      least: 1e-3,
      most: 1e6,
    },
  },
  async show({ print, table, picture, language }, { images, k, ridge }) {
    const all = await digitsAtHand();
    if (!all.mnist) print(mnistAbsent());
    const set = part(all.train, 0, Math.min(images, all.train.count));
    const test = part(all.test, 0, 500);
    print({
      en: `${all.name.en}: ${set.count} images to learn from, ${test.count} to judge on`,
      zh: `${all.name.zh}：学习 ${set.count} 张，测试 ${test.count} 张`,
    });
    const neighbours = Math.min(k, set.count);
    const [one, many] = await nearestL2(set, test, [1, neighbours]);
    const zh = language === 'zh';
    const found: (readonly [string, number])[] = [
      [zh ? '最小二乘' : 'least squares', await leastSquares(set, test, ridge)],
      [zh ? 'softmax 回归，5 轮' : 'softmax regression, 5 epochs', await softmaxRegression(set, test)],
      [zh ? '1 近邻，L2' : 'the nearest in L2', one!],
      [zh ? `${neighbours} 近邻，L2` : `${neighbours} nearest in L2`, many!],
      [zh ? '1 近邻，L1' : 'the nearest in L1', nearestL1(set, test)],
    ];
    table(
      [
        { en: 'method', zh: '方法' },
        { en: `accuracy, ${all.name.en}`, zh: `精度，${all.name.zh}` },
      ],
      found.map(([name, share]) => [name, `${(100 * share).toFixed(1)} %`]),
    );
    const bars = found.map(([name, share]) => ({ name, value: 100 * share, label: `${(100 * share).toFixed(1)} %` }));
    picture(
      'accuracies',
      (await charts()).barsPicture(bars, {
        title: zh ? '各方法的精度' : 'Accuracy of the methods',
        subtitle: all.name[language],
        x: zh ? '精度（%）' : 'accuracy (%)',
      }),
      { en: 'Bars of the accuracies of the methods.', zh: '各方法精度的条形图。' },
    );
  },
  async check({ row, close, atLeast, atMost, equal }) {
    equal('votes: most, among equal ones the nearest', [vote([3, 5, 5]), vote([7, 1, 2])], [5, 7]);
    const set = await digitsAtHand();
    const { train: learned, test } = set;
    if (!set.mnist) {
      atLeast(`${set.line}: least squares`, await leastSquares(learned, test), 0.74);
      atLeast(`${set.line}: softmax regression`, await softmaxRegression(learned, test), 0.8);
      const [one, three] = await nearestL2(learned, test, [1, 3]);
      atLeast(`${set.line}: the nearest in L2`, one!, 0.88);
      atLeast(`${set.line}: three nearest in L2`, three!, 0.88);
      const few = { train: part(learned, 0, 1000), test: part(test, 0, 200) };
      const [inL1, inL2] = [nearestL1(few.train, few.test), (await nearestL2(few.train, few.test, [1]))[0]!];
      atMost(`${set.line}: L1 less L2 (${inL1} and ${inL2})`, Math.abs(inL1 - inL2), 0.1);
      return;
    }
    const { official } = await digits();
    const found = await leastSquares(learned, test);
    row(1).close(`${set.line}: least squares`, found, 0.8605, allowed(0.8605, 0.003, test.count, official));
    if (!official) close(`${set.line}: least squares, as it was found before`, found, 0.8658, 0.001);
    row(2).atLeast(`${set.line}: softmax regression`, await softmaxRegression(learned, test), 0.915);
  },
  async checkLong({ row }) {
    if (!mnistIsThere()) return;
    const set = await digitsAtHand();
    const { train: learned, test, line } = set;
    const { official } = await digits();
    const [one, three] = await nearestL2(learned, test, [1, 3]);
    row(3).close(`${line}: the nearest in L2`, one!, 0.9691, 0.003);
    row(4).close(`${line}: three nearest in L2`, three!, 0.9704, 0.003);
    row(5).close(
      `${line}: the nearest in L1, first 5000 and first 1000`,
      nearestL1(part(learned, 0, 5000), part(test, 0, 1000)),
      0.892,
      allowed(0.892, 0.005, 1000, official),
    );
    row(6).close(`${line}: the nearest in L1, ten draws of 5000 and 200`, await smallDraws(set), 0.916, 0.02);
  },
});
