/** Exercise 3.9: style transfer: a small fixed network, and a gradient that goes down to the pixels. */
import { Random } from 'systole/base';
import { defineExercise, judgeNumbers } from 'systole/course';
import type { RgbImage } from 'systole/data';
import { tensorOf } from 'systole/ir';
import { charts } from 'systole/report';
import {
  add,
  checkGradients,
  compile,
  conv,
  mul,
  optim,
  relu,
  style,
  type Tensor,
  tensor,
  Variable,
} from 'systole/tensor';
import { imageStrip } from '../imageStrip.ts';
import { exact, real, slip } from '../numberFields.ts';

const { contentLoss, gram, styleLoss } = style;

type Precision = 'float32' | 'float64';

/** Two convolutions with ReLU; features of both. */
export class SmallNetwork {
  readonly weights: readonly Variable[];

  constructor(seed: number, precision: Precision) {
    const random = new Random(seed);
    const weight = (outputs: number, inputs: number): Variable => {
      const values = Float64Array.from(
        { length: outputs * inputs * 9 },
        () => random.normal() * Math.sqrt(2 / (9 * inputs)),
      );
      return new Variable(tensorOf(precision, [outputs, inputs, 3, 3], values), { trainable: false });
    };
    this.weights = [weight(6, 3), weight(8, 6)];
  }

  features(x: Tensor): readonly [Tensor, Tensor] {
    const [first, second] = this.weights as readonly [Variable, Variable];
    const low = relu(conv(x, first, undefined, { padding: 1 }));
    return [low, relu(conv(low, second, undefined, { padding: 1, stride: 2 }))];
  }
}

/** A picture [1, 3, size, size] by a rule. */
export const picture = (size: number, precision: Precision, of: (x: number, y: number, c: number) => number): Tensor =>
  tensor(
    Float64Array.from({ length: 3 * size * size }, (_, i) =>
      of(i % size, Math.floor(i / size) % size, Math.floor(i / (size * size))),
    ),
    { shape: [1, 3, size, size], dtype: precision === 'float32' ? 'f32' : 'f64' },
  );

export interface Weights {
  /** Of the content. */
  readonly alpha: number;
  /** Of the style. */
  readonly beta: number;
}

const WEIGHTS: Weights = { alpha: 1e-2, beta: 10 };

/** What is transferred: a disc in the style of stripes. */
export function problem(size: number, precision: Precision, { alpha, beta } = WEIGHTS) {
  const network = new SmallNetwork(1, precision);
  const middle = (size - 1) / 2;
  const content = picture(size, precision, (x, y) => (Math.hypot(x - middle, y - middle) < size / 3 ? 1 : 0));
  const stripes = picture(size, precision, (x, y, c) => (((x + y) >> 1) % 2 === 0 ? 1 : 0.2 * c));
  const random = new Random(2);
  const noise = Float64Array.from({ length: 3 * size * size }, () => random.uniform());
  const image = new Variable(tensorOf(precision, [1, 3, size, size], noise), { name: 'pixels' });
  const loss = (): Tensor => {
    const [, P] = network.features(content);
    const A = network.features(stripes).map(gram);
    const F = network.features(image);
    const inStyle = F.map((features, l) => styleLoss(features, A[l]!)).reduce((a, b) => add(a, b));
    return add(mul(contentLoss(F[1], P), alpha), mul(inStyle, beta));
  };
  return { network, image, content, stripes, loss };
}

/** The losses along the way, and the pictures: content, style, noise, result. */
export async function transfer(steps = 100, size = 16, weights = WEIGHTS) {
  const { network, image, content, stripes, loss } = problem(size, 'float32', weights);
  const adam = new optim.Adam([image], { rate: 0.05 });
  const bytes = async (): Promise<string> => `${await Promise.all(network.weights.map((w) => w.data()))}`;
  const before = await bytes();
  const noise = await pixelsOf(image, size);
  const step = compile(() => {
    const value = loss();
    adam.minimize(value);
    return value;
  });
  const values: number[] = [];
  for (let i = 0; i <= steps; i++) values.push(await step().item());
  const pictures = {
    content: await pixelsOf(content, size),
    style: await pixelsOf(stripes, size),
    noise,
    result: await pixelsOf(image, size),
  };
  return { values, pictures, weightsChanged: (await bytes()) !== before };
}

/** Channels first, 0 … 1, as a picture. */
async function pixelsOf(image: Tensor, size: number): Promise<RgbImage> {
  const values = (await image.data()) as Float32Array;
  const level = (v: number): number => Math.round(255 * Math.min(1, Math.max(0, v)));
  const pixels = Uint8Array.from({ length: 3 * size * size }, (_, i) =>
    level(values[(i % 3) * size * size + Math.floor(i / 3)]!),
  );
  return { width: size, height: size, channels: 3, pixels };
}

export const exercise = defineExercise({
  id: '3.9',
  title: { en: 'Style transfer', zh: '简述图像风格迁移应用的基本过程' },
  asked: {
    en: 'How is the style of one picture transferred to the content of another by a trained network? Hand in the numbers `g11`, `g12`, `g22` of the Gram matrix of the features $(1,2,3)$ and $(4,5,6)$, and `loss`, the style loss $sum(G-A)^2/(4N^2M^2)$ of them ($N=2$, $M=3$) beside a Gram matrix of zeros. Real numbers to three digits.',
    zh: '如何用训练好的网络把一幅图像的风格迁移到另一幅图像的内容上？请提交数值 `g11`、`g12`、`g22`：特征 $(1,2,3)$ 与 $(4,5,6)$ 的 Gram 矩阵元素；以及 `loss`：它们（$N=2$、$M=3$）相对全零 Gram 矩阵的风格损失 $sum(G-A)^2/(4N^2M^2)$。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`A **fixed**, trained network (VGG19) reads three pictures; only one of them is changed.

1. The **content picture** gives features $P$ of one layer.
2. The **style picture** gives features of several layers $l$, of which only the Gram matrices are kept, $A^l = F^l (F^l)^\mathsf T$: which channels are on together, wherever that is.
3. The picture $x$ begins as noise (or as the content) and gives features $F^l$ and Gram matrices $G^l$.
4. The loss compares them,
$$L(x) = \alpha\,\tfrac12 \sum (F - P)^2 + \beta \sum_l \frac{w_l}{4 N_l^2 M_l^2} \sum (G^l - A^l)^2,$$
with $N_l$ channels of $M_l$ elements; its gradient goes back through the network **to the pixels**, $x \leftarrow x - \eta\,\partial L/\partial x$, and the weights stay as they are.
5. Steps 3 and 4 are repeated until the loss no longer falls.

$\alpha/\beta$ chooses between content and style. The network here is a small one of two convolutions with random weights: enough to see the method, not to paint.

Source: L. Gatys, A. Ecker, M. Bethge, *A neural algorithm of artistic style*, arXiv:1508.06576, 2015.`,
    zh: String.raw`用一个训练好且**固定不变**的网络（VGG19）读入三幅图像，其中只有一幅被修改。

1. **内容图像**给出某一层的特征 $P$。
2. **风格图像**给出若干层 $l$ 的特征，只保留其 Gram 矩阵 $A^l = F^l (F^l)^\mathsf T$：哪些通道同时激活，而不管在何处。
3. 待生成的图像 $x$ 以噪声（或内容图像）为初值，给出特征 $F^l$ 与 Gram 矩阵 $G^l$。
4. 损失函数比较它们：
$$L(x) = \alpha\,\tfrac12 \sum (F - P)^2 + \beta \sum_l \frac{w_l}{4 N_l^2 M_l^2} \sum (G^l - A^l)^2,$$
其中第 $l$ 层有 $N_l$ 个通道、每个 $M_l$ 个元素；梯度穿过网络一直传到**像素**：$x \leftarrow x - \eta\,\partial L/\partial x$，网络权重不变。
5. 重复第 3、4 步，直到损失不再下降。

$\alpha/\beta$ 决定偏重内容还是风格。这里的网络只有两个随机权重的卷积层，足以看清方法，但画不出好图。

来源：L. Gatys、A. Ecker、M. Bethge，*A neural algorithm of artistic style*，arXiv:1508.06576，2015。`,
  },
  rows: 5,
  code: [
    { path: 'src/tensor/style.ts', words: { en: 'Gram matrix and the two losses', zh: 'Gram 矩阵与两个损失' } },
    { path: 'src/tensor/checkGradients.ts', words: { en: 'the check of gradients', zh: '梯度检验' } },
  ],
  parameters: {
    steps: { kind: 'whole', words: { en: 'steps', zh: '步数' }, default: 100, least: 1, most: 2000 },
    size: { kind: 'whole', words: { en: 'side of the pictures', zh: '图像边长' }, default: 32, least: 8, most: 64 },
    alpha: { kind: 'real', words: { en: 'weight of the content', zh: '内容权重' }, default: 0.01, least: 0, most: 1e3 },
    beta: { kind: 'real', words: { en: 'weight of the style', zh: '风格权重' }, default: 10, least: 0, most: 1e6 },
  },
  async show({ table, picture: show, language }, { steps, size, alpha, beta }) {
    const { values, pictures } = await transfer(steps, size, { alpha, beta });
    table(
      [
        { en: 'steps', zh: '步数' },
        { en: 'loss', zh: '损失' },
      ],
      [...new Set([0, 1, 10, 30, 100, steps])]
        .filter((i) => i <= steps)
        .sort((a, b) => a - b)
        .map((i) => [i, values[i]!.toPrecision(5)]),
    );
    const zh = language === 'zh';
    const captions = zh
      ? { content: '内容', style: '风格', noise: '初值（噪声）', result: `${steps} 步之后` }
      : { content: 'content', style: 'style', noise: 'at first (noise)', result: `after ${steps} steps` };
    const strip = (Object.keys(captions) as (keyof typeof captions)[]).map((name) => ({
      image: pictures[name],
      caption: captions[name],
    }));
    show('pictures', imageStrip(zh ? '风格迁移' : 'Style transfer', strip, { side: 160 }), {
      en: 'Four pictures: a disc (content), diagonal stripes (style), noise, and what the noise has become.',
      zh: '四幅图像：圆盘（内容）、斜条纹（风格）、噪声，以及由噪声得到的结果。',
    });
    const { linesPicture } = await charts();
    show(
      'loss',
      linesPicture([{ name: zh ? '损失' : 'loss', points: values.map((v, i) => [i, v] as const) }], {
        title: zh ? '损失随步数下降' : 'The loss falls, step by step',
        ...(zh ? { x: '步', y: '损失' } : { x: 'step', y: 'loss' }),
        log: ['y'],
      }),
      { en: 'The loss by step on a logarithmic axis.', zh: '损失随步数的变化（对数坐标）。' },
    );
  },
  async check({ row, holds }) {
    const features = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'f64' },
    );
    row(1).equal('Gram matrix', await gram(features).toArray(), [
      [14, 32],
      [32, 77],
    ]);
    row(2).close(
      'style loss beside a zero Gram matrix',
      await styleLoss(features, mul(gram(features), 0)).item(),
      56.75694444444444,
      1e-12,
    );
    const { image, loss } = problem(6, 'float64');
    row(3).atMost(
      'gradient of the pixels against differences, relative',
      checkGradients(loss, [image])[0]!.error,
      1e-5,
    );
    const { values, weightsChanged, pictures } = await transfer();
    row(4).atMost('loss after 100 steps over the first', values[100]! / values[0]!, 0.2);
    row(5).holds('the weights of the network are as before', !weightsChanged);
    holds(
      'the pixels are not',
      pictures.result.pixels.some((v, i) => v !== pictures.noise.pixels[i]),
    );
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const features = tensor(
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
          { dtype: 'f64' },
        );
        const [[g11, g12], [, g22]] = (await gram(features).toArray()) as [[number, number], [number, number]];
        const loss = await styleLoss(features, mul(gram(features), 0)).item();
        return [
          exact('g11', 'first features with themselves', '第一行特征与自身的内积', g11),
          exact('g12', 'first features with the second', '第一行与第二行特征的内积', g12),
          exact('g22', 'second features with themselves', '第二行特征与自身的内积', g22),
          real('loss', 'the style loss', '风格损失', loss, [
            slip(
              (loss * 4 * 36 - g12 ** 2) / (4 * 36),
              'the matrix is symmetric, and both of its other elements count',
              '矩阵对称，两个非对角元素都要计入',
            ),
            slip(loss * 4 * 36, 'it is not divided by 4N²M²', '没有除以 4N²M²'),
          ]),
        ];
      })(),
    ),
});
