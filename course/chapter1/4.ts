/**
 * Exercise 1.4: limits of deep learning, two of them measured on a 784-100-10 network: how many examples it takes, and how little it takes to
 * mislead it.
 */
import { defineExercise, type Words } from 'systole/course';
import type { RgbImage, SampleSet } from 'systole/data';
import { charts } from 'systole/report';
import {
  clip,
  compile,
  crossEntropy,
  grad,
  type nn,
  optim,
  random,
  sign,
  type Tensor,
  tensor,
  tracked,
} from 'systole/tensor';
import { imageStrip } from '../imageStrip.ts';
import { type DigitsAtHand, digitsAtHand, mnistAbsent, part } from '../mnist.ts';
import { judge, mlp, train } from '../training.ts';

export interface Taught {
  readonly model: nn.Sequential;
  readonly images: number;
  /** Shares that are right: of the images that it was trained on, and of those held out. */
  readonly trained: number;
  readonly heldOut: number;
}

/** Few images are shown more often, so that every network has had some hundred steps at least. */
const epochsFor = (images: number): number => (images <= 100 ? 40 : images <= 1000 ? 20 : images <= 10000 ? 10 : 5);
const batchFor = (images: number): number => (images <= 100 ? 20 : 50);

const taught = new Map<string, Promise<Taught>>();

/** Trains the network on the first images of a set; each is trained once. */
export function teach(digits: DigitsAtHand, images: number): Promise<Taught> {
  const key = `${digits.name.en} ${images}`;
  let found = taught.get(key);
  if (found === undefined) {
    found = teachNew(digits, images);
    taught.set(key, found);
  }
  return found;
}

async function teachNew({ train: all, test }: DigitsAtHand, images: number): Promise<Taught> {
  const model = mlp([784, 100, 10], 4);
  const set = part(all, 0, images);
  await train({
    ...{ model, train: set, batch: batchFor(images), epochs: epochsFor(images), seed: 4 },
    // Plain descent: what Adam leaves at the same accuracy is much easier to mislead.
    optimizer: new optim.SGD(model.parameters(), { rate: 0.2 }),
  });
  const share = judge(model);
  return { model, images, trained: await share(part(set, 0, Math.min(images, 5000))), heldOut: await share(test) };
}

/** Sizes of the training set: powers of ten from 100, and all. */
export const sizesOf = ({ train: { count } }: DigitsAtHand): readonly number[] => [
  ...[100, 1000, 10000].filter((n) => n < count),
  count,
];

/**
 * Images moved by `epsilon` at every pixel: along the sign of the gradient of the loss (the fast gradient sign method: I. Goodfellow,
 * J. Shlens and C. Szegedy, 2015), or along random signs.
 */
export async function moved(
  model: nn.Sequential,
  set: SampleSet,
  epsilon: number,
  along: 'gradient' | 'noise',
): Promise<SampleSet> {
  const generator = new random.Generator(14);
  const step = compile((x: Tensor, labels: Tensor) => {
    const image = tracked(x);
    const [slope] = grad(crossEntropy(model.forward(image), labels), [image]);
    return clip(x.add(sign(slope!).mul(epsilon)), 0, 1);
  });
  const x = tensor(set.inputs as Float32Array, { shape: [set.count, 784] });
  const result =
    along === 'gradient'
      ? step(x, tensor(set.targets))
      : clip(x.add(sign(random.normal([set.count, 784], { generator })).mul(epsilon)), 0, 1);
  return { ...set, inputs: (await result.data()) as SampleSet['inputs'] };
}

export interface Fragility {
  readonly epsilon: number;
  readonly plain: number;
  readonly gradient: number;
  readonly noise: number;
}

const measured = new Map<string, Promise<Fragility>>();

/** Shares of held-out images that are right as they are and moved; measured once for each network. */
export function fragility(digits: DigitsAtHand, taughtOn: Taught, epsilon: number): Promise<Fragility> {
  const key = `${digits.name.en} ${taughtOn.images} ${epsilon}`;
  let found = measured.get(key);
  if (found === undefined) {
    found = measureNew(digits, taughtOn, epsilon);
    measured.set(key, found);
  }
  return found;
}

async function measureNew(digits: DigitsAtHand, { model }: Taught, epsilon: number): Promise<Fragility> {
  const share = judge(model);
  const set = part(digits.test, 0, Math.min(2000, digits.test.count));
  return {
    ...{ epsilon, plain: await share(set) },
    gradient: await share(await moved(model, set, epsilon, 'gradient')),
    noise: await share(await moved(model, set, epsilon, 'noise')),
  };
}

/** The limits, with what is done here about each. */
/** What is measured of a network: taught little and much, and its pixels moved. */
interface Measured {
  readonly few: Taught;
  readonly last: Taught;
  readonly moved: Fragility;
}

interface Limit {
  readonly name: Words;
  readonly what: Words;
  /** Whether it shows in what is measured; absent where nothing here measures it. */
  readonly shows?: (measured: Measured) => boolean;
}

export const LIMITS: readonly Limit[] = [
  {
    name: { en: 'generalisation', zh: '泛化' },
    what: {
      en: 'it takes many labelled examples, and holds for data like them only',
      zh: '需要大量标注样本，且只对与之相似的数据有效',
    },
    // Few examples are learnt by heart: they are answered better than others, and more of them help.
    shows: ({ few, last }) => few.trained - few.heldOut >= 0.1 && last.heldOut > few.heldOut,
  },
  {
    name: { en: 'reasoning', zh: '推理' },
    what: {
      en: 'it fits correlations; steps of logic and causes are not in it',
      zh: '拟合的是相关性，缺乏逻辑推演与因果',
    },
  },
  {
    name: { en: 'interpretability', zh: '可解释性' },
    what: {
      en: 'thousands of weights give no reason that a person could check',
      zh: '成千上万的权重给不出可供人检验的理由',
    },
  },
  {
    name: { en: 'robustness', zh: '鲁棒性' },
    what: { en: 'changes that a person hardly sees turn its answer', zh: '人几乎察觉不到的改动就能使结果翻转' },
    // The direction turns answers, the size of the change does not.
    shows: ({ moved: { gradient, noise } }) => gradient <= 0.5 && noise > gradient + 0.2,
  },
];

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** One image as grey levels, dark on light. */
const imageOf = (set: SampleSet, index: number): RgbImage => {
  const pixels = new Uint8Array(3 * 784);
  for (let i = 0; i < 784; i++)
    pixels.fill(Math.round(255 * (1 - Number(set.inputs[index * 784 + i]))), 3 * i, 3 * i + 3);
  return { width: 28, height: 28, channels: 3, pixels };
};

export const exercise = defineExercise({
  id: '1.4',
  title: { en: 'The limits of deep learning', zh: '深度学习的局限性有哪些？' },
  asked: { en: 'What are the limits of deep learning?', zh: '深度学习有哪些局限性？' },
  explanation: {
    en: String.raw`Four are usually named: limited **generalisation**, weak **reasoning**, no **interpretability**, poor **robustness**. Two of them can be measured in seconds:

- *Hunger for data.* The same network is trained on 100, 1000, … images. With few it knows its own images by heart and the others much less: the gap between both shares is over-fitting.
- *Fragility.* The fast gradient sign method moves every pixel by $\varepsilon$ in the direction that raises the loss most,
$$x'=\operatorname{clip}\bigl(x+\varepsilon\,\operatorname{sign}\nabla_x L(x,t),\,0,\,1\bigr).$$
  With $\varepsilon=0.1$ of the range most answers turn wrong. Random signs of the same size change hardly any: what matters is the direction, and in 784 dimensions small steps along it add up, by $\varepsilon\lVert\nabla_x L\rVert_1$.

Source: I. Goodfellow, J. Shlens and C. Szegedy, *Explaining and Harnessing Adversarial Examples*, ICLR 2015.`,
    zh: String.raw`通常列举四条：**泛化**能力有限、**推理**能力弱、缺乏**可解释性**、**鲁棒性**差。其中两条几秒钟就能测出：

- *对数据的依赖。* 同一网络分别用 100、1000……张图像训练。图像少时，它把训练图像背了下来，对其他图像则差得多：两个正确率之差就是过拟合。
- *脆弱性。* 快速梯度符号法把每个像素沿使损失上升最快的方向移动 $\varepsilon$：
$$x'=\operatorname{clip}\bigl(x+\varepsilon\,\operatorname{sign}\nabla_x L(x,t),\,0,\,1\bigr)$$
  取 $\varepsilon=0.1$（灰度范围的十分之一），多数结果就变错；同样大小的随机符号几乎不起作用。起作用的是方向：在 784 维空间中沿该方向的小步会累加，使损失约增加 $\varepsilon\lVert\nabla_x L\rVert_1$。

来源：I. Goodfellow、J. Shlens、C. Szegedy，*Explaining and Harnessing Adversarial Examples*，ICLR 2015。`,
  },
  code: [
    {
      path: 'src/tensor/autograd.ts',
      words: { en: 'gradients, here with respect to the image', zh: '梯度，此处对图像求导' },
    },
    {
      path: 'src/data/digits/drawDigits.ts',
      words: { en: 'digits drawn by rule, where MNIST is absent', zh: '没有 MNIST 时按规则绘制的数字' },
    },
  ],
  rows: 3,
  answeredBy: 'explanation',
  mnistRows: [2, 3],
  parameters: {
    epsilon: {
      kind: 'real',
      words: { en: 'how far each pixel is moved, of 1', zh: '每个像素移动的幅度（灰度范围为 1）' },
      ...{ default: 0.1, least: 0, most: 1 },
    },
  },
  async show({ print, table, picture, language }, { epsilon }) {
    const digits = await digitsAtHand();
    if (!digits.mnist) print(mnistAbsent());
    table(
      [
        { en: 'limit', zh: '局限' },
        { en: 'what it is', zh: '含义' },
        { en: 'measured below', zh: '下面测量' },
      ],
      LIMITS.map(({ name, what, shows }) => [name[language], what[language], shows === undefined ? '–' : '✓']),
    );
    const runs: Taught[] = [];
    for (const images of sizesOf(digits)) runs.push(await teach(digits, images));
    table(
      [
        { en: `training images (${digits.name.en})`, zh: `训练图像数（${digits.name.zh}）` },
        { en: 'right of those trained on', zh: '训练图像正确率' },
        { en: 'right of those held out', zh: '留出图像正确率' },
      ],
      runs.map(({ images, trained, heldOut }) => [images, percent(trained), percent(heldOut)]),
    );
    const last = runs.at(-1)!;
    const epsilons = [...new Set([0, 0.02, 0.05, 0.1, 0.15, 0.2, epsilon])].sort((a, b) => a - b);
    const found: Fragility[] = [];
    for (const e of epsilons) found.push(await fragility(digits, last, e));
    const english = language === 'en';
    const curve = (name: string, of: 'gradient' | 'noise') => ({
      ...{ name, points: found.map((f) => [f.epsilon, 100 * f[of]] as const) },
    });
    const { linesPicture } = await charts();
    const plot = linesPicture(
      [
        curve(english ? 'along the gradient' : '沿梯度', 'gradient'),
        curve(english ? 'along random signs' : '沿随机符号', 'noise'),
      ],
      {
        title: english ? 'Held-out images that are right' : '留出图像的正确率',
        ...{ x: english ? 'ε: how far each pixel is moved' : 'ε：每个像素的移动幅度', y: '%', dots: true },
      },
    );
    picture('fragility', plot, {
      en: 'Share of images that are right against the size of the change; along the gradient it falls steeply, along random signs hardly',
      zh: '正确率随改动幅度的变化：沿梯度方向急剧下降，沿随机符号方向几乎不变',
    });
    const one = part(digits.test, 0, 4);
    const predict = async (set: SampleSet): Promise<readonly number[]> =>
      [
        ...(await last.model
          .forward(tensor(set.inputs as Float32Array, { shape: [set.count, 784] }))
          .argMax(-1)
          .data()),
      ].map(Number);
    const sets = [
      one,
      await moved(last.model, one, epsilon, 'noise'),
      await moved(last.model, one, epsilon, 'gradient'),
    ];
    const answers = await Promise.all(sets.map(predict));
    const names = english ? ['as it is', 'noise', 'gradient'] : ['原图', '噪声', '梯度'];
    const strip = sets.flatMap((set, s) =>
      Array.from({ length: one.count }, (_, i) => ({
        image: imageOf(set, i),
        caption: `${names[s]}: ${answers[s]![i]}`,
      })),
    );
    picture('images', imageStrip(english ? 'What the network says' : '网络的回答', strip, { columns: one.count }), {
      en: `Four images as they are (${answers[0]}), with noise (${answers[1]}) and moved along the gradient (${answers[2]}), with what the network says`,
      zh: `四张图像：原图（${answers[0]}）、加噪声（${answers[1]}）、沿梯度移动（${answers[2]}），括号内为网络的回答`,
    });
  },
  async check(check) {
    const digits = await digitsAtHand();
    const on = digits.line;
    const runs: Taught[] = [];
    for (const images of sizesOf(digits)) runs.push(await teach(digits, images));
    const [few, last] = [runs[0]!, runs.at(-1)!];
    const moved = await fragility(digits, last, 0.1);
    const { gradient, noise } = moved;
    const shown = LIMITS.filter(({ shows }) => shows?.({ few, last, moved }) === true).map(({ name }) => name.zh);
    check.row(1).equal(`${digits.line}: limits that are measured and show`, shown, ['泛化', '鲁棒性']);
    const { en, zh } = exercise.explanation;
    const told = LIMITS.filter(({ name }) => en.includes(`**${name.en}**`) && zh.includes(`**${name.zh}**`));
    check.row(1).equal(
      'by text: the limits that the answer names in both languages',
      told.map(({ name }) => name.zh),
      ['泛化', '推理', '可解释性', '鲁棒性'],
    );
    const [second, third] = digits.mnist ? [check.row(2), check.row(3)] : [check, check];
    second.atMost(`${on}, right with every pixel moved by 0.1 along the gradient`, gradient, 0.5);
    second.atLeast(`${on}, right with random signs of the same size`, noise, digits.mnist ? 0.95 : 0.85);
    for (const [i, run] of runs.entries()) {
      if (i === 0) continue;
      third.holds(
        `${on}, ${run.images} images do better than ${runs[i - 1]!.images}: ${percent(run.heldOut)} after ${percent(runs[i - 1]!.heldOut)}`,
        run.heldOut > runs[i - 1]!.heldOut,
      );
    }
    third.atLeast(`${on}, of 100 images: right of those less right of the held out`, few.trained - few.heldOut, 0.1);
  },
});
