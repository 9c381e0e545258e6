/** Exercise 3.5: what an SVM and AlexNet have to compute on ImageNet, for an image and for training. */

import { defineExercise, judgeNumbers, type Slip } from 'systole/course';
import { charts, layerMacs, PAPER_ALEXNET } from 'systole/report';

export const IMAGENET = { images: 1281167n, values: 150528n, classes: 1000n } as const;

/** Sizes of the problem: n images of d values. */
export interface SvmSize {
  readonly n: bigint;
  readonly d: bigint;
  readonly classes: bigint;
  readonly supportVectors: bigint;
}

/** MACs and bytes of an SVM. The kernel matrix is symmetric: MACs count its half with the diagonal, bytes the whole in f32. */
export function svmCost({ n, d, classes, supportVectors }: SvmSize) {
  return {
    linearPerImage: classes * d,
    kernelPerImage: supportVectors * d,
    kernelMatrixMacs: ((n * (n + 1n)) / 2n) * d,
    kernelMatrixBytes: 4n * n * n,
  };
}

/**
 * MACs of training a network. A step is counted as three forward passes: forward, gradient of the activations, gradient of the weights.
 * @param forward MACs of one forward pass
 */
export const trainingMacs = (forward: bigint, images: bigint, epochs: bigint): bigint => 3n * forward * images * epochs;

export const ALEXNET_MACS = BigInt(PAPER_ALEXNET.reduce((sum, layer) => sum + layerMacs(layer), 0));

const ofImageNet: SvmSize = {
  n: IMAGENET.images,
  d: IMAGENET.values,
  classes: IMAGENET.classes,
  supportVectors: IMAGENET.images,
};

export const exercise = defineExercise({
  id: '3.5',
  title: { en: 'SVM and AlexNet on ImageNet', zh: 'SVM 和 AlexNet 解决 ImageNet 分类时对计算量的需求及原因' },
  asked: {
    en: 'How much do a support vector machine and AlexNet have to compute to classify ImageNet, for one image and for training, and why? Hand in the numbers `linear`, `kernel`, `matrix`, `bytes`, `training`. They are the multiply-accumulates of a linear SVM and of a kernel SVM for an image, of the kernel matrix, its bytes, and the multiply-accumulates of training AlexNet.',
    zh: '用支持向量机与 AlexNet 做 ImageNet 分类，单张图像的推理和训练各需多少计算量？原因是什么？请提交数值 `linear`、`kernel`、`matrix`、`bytes`、`training`。依次为线性 SVM 与核 SVM 每张图像的乘加次数、核矩阵的乘加次数、其字节数，以及训练 AlexNet 的乘加次数。',
  },
  explanation: {
    en: String.raw`Let there be $n$ training images of $d = 224 \cdot 224 \cdot 3$ values and $c$ classes.

**One image.** A linear SVM, one class against the rest, is a product with $c$ vectors: $c\,d$ MACs, less than AlexNet, but no plane through pixels separates the classes. A kernel SVM, $f(x) = \sum_i \alpha_i y_i\, k(x_i, x) + b$, compares the image with each support vector: $n_\text{sv}\, d$ MACs, and $n_\text{sv}$ grows with the training set, up to $n$.

**Training.** The kernel of every pair is needed, $\frac{n(n+1)}{2} d$ MACs by symmetry; the whole matrix in 32 bits has $4 n^2$ bytes. The solver (SMO, for one) takes between $O(n^2)$ and $O(n^3)$ beside that. AlexNet takes $3 M n$ MACs an epoch, where $M$ is those of a forward pass and 3 stands for the forward pass, the gradient of the activations and the gradient of the weights: **linear** in $n$.

**Reason.** AlexNet's work is fixed by its topology: filters are shared across places and do not become more with more images. A kernel SVM's work is fixed by its support vectors, which are images.

Sources: C. Cortes, V. Vapnik, *Support-vector networks*, 1995; J. Platt, *Sequential minimal optimization*, 1998; A. Krizhevsky et al., 2012; O. Russakovsky et al., *ImageNet large scale visual recognition challenge*, 2015 (1,281,167 training images).`,
    zh: String.raw`设有 $n$ 张训练图像，每张 $d = 224 \cdot 224 \cdot 3$ 个值，共 $c$ 类。

**单张图像。**线性 SVM（一对其余）就是与 $c$ 个向量做内积：$c\,d$ 次 MAC，比 AlexNet 还少，但像素空间中没有能分开各类的平面。核 SVM $f(x) = \sum_i \alpha_i y_i\, k(x_i, x) + b$ 要与每个支持向量比较：$n_\text{sv}\, d$ 次 MAC，而 $n_\text{sv}$ 随训练集增大，最多可达 $n$。

**训练。**需要每一对图像的核函数，利用对称性为 $\frac{n(n+1)}{2} d$ 次 MAC；32 位的整个核矩阵占 $4 n^2$ 字节。此外求解器（如 SMO）还需 $O(n^2)$ 到 $O(n^3)$。AlexNet 每轮需 $3 M n$ 次 MAC，其中 $M$ 为一次正向的 MAC 数，3 表示正向、激活的梯度与权重的梯度：对 $n$ 是**线性**的。

**原因。**AlexNet 的计算量由拓扑结构决定：滤波器在各位置共用，图像再多也不会变多；核 SVM 的计算量由支持向量决定，而支持向量就是训练图像。

来源：C. Cortes、V. Vapnik，*Support-vector networks*，1995；J. Platt，*Sequential minimal optimization*，1998；A. Krizhevsky 等，2012；O. Russakovsky 等，*ImageNet large scale visual recognition challenge*，2015（训练图像 1,281,167 张）。`,
  },
  claimed: {
    en: 'Claimed: both are $O(n)$ for few samples, and the SVM tends to $O(n^2)$ for "complex samples". That mixes up the cost of an answer with the cost of training, and $n$ with $d$. For one image a linear SVM is below AlexNet and a kernel SVM up to hundreds of times above; training a kernel SVM is quadratic in the number of images whatever the samples are (the kernel matrix alone), AlexNet linear.',
    zh: '原答案称样本少时两者都是 $O(n)$，“样本复杂”时 SVM 趋于 $O(n^2)$。这混淆了推理与训练的代价，也混淆了 $n$ 与 $d$。单张图像上线性 SVM 低于 AlexNet，核 SVM 则可高出数百倍；核 SVM 的训练无论样本如何都对图像数目是平方级（仅核矩阵就是如此），AlexNet 为线性。',
  },
  rows: 4,
  code: [
    { path: 'src/report/analytic/alexnet.ts', words: { en: "AlexNet's layers", zh: 'AlexNet 的各层' } },
    { path: 'src/report/analytic/layers.ts', words: { en: 'MACs of a layer', zh: '一层的 MAC 数' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'training images', zh: '训练图像数' },
      ...{ default: Number(IMAGENET.images), least: 1, most: 1e9 },
    },
    side: {
      kind: 'whole',
      words: { en: 'side of a colour image', zh: '彩色图像边长' },
      default: 224,
      least: 1,
      most: 4096,
    },
    classes: { kind: 'whole', words: { en: 'classes', zh: '类别数' }, default: 1000, least: 2, most: 1e6 },
    share: {
      kind: 'real',
      words: { en: 'share of the images that are support vectors', zh: '支持向量占图像的比例' },
      ...{ default: 1, least: 0, most: 1 },
    },
    epochs: {
      kind: 'whole',
      words: { en: 'epochs of AlexNet', zh: 'AlexNet 的训练轮数' },
      default: 90,
      least: 1,
      most: 10000,
    },
  },
  async show({ print, table, picture, language }, { images, side, classes, share, epochs }) {
    const supportVectors = Math.max(1, Math.round(images * share));
    const svm = svmCost({
      n: BigInt(images),
      d: BigInt(3 * side * side),
      classes: BigInt(classes),
      supportVectors: BigInt(supportVectors),
    });
    const zh = language === 'zh';
    const training = trainingMacs(ALEXNET_MACS, BigInt(images), BigInt(epochs));
    const times = (macs: bigint, base: bigint): string => `${(Number(macs) / Number(base)).toPrecision(4)} ×`;
    const rows = [
      [zh ? '一张图像：AlexNet' : 'an image: AlexNet', ALEXNET_MACS, ALEXNET_MACS],
      [zh ? '一张图像：线性 SVM' : 'an image: linear SVM', svm.linearPerImage, ALEXNET_MACS],
      [zh ? '一张图像：核 SVM' : 'an image: kernel SVM', svm.kernelPerImage, ALEXNET_MACS],
      [zh ? `训练：AlexNet，${epochs} 轮` : `training: AlexNet, ${epochs} epochs`, training, training],
      [zh ? '训练：核矩阵' : 'training: kernel matrix', svm.kernelMatrixMacs, training],
    ] as const;
    table(
      [{ en: 'what', zh: '项目' }, 'MAC', { en: 'over AlexNet', zh: '与 AlexNet 之比' }],
      rows.map(([what, macs, base]) => [what, String(macs), times(macs, base)]),
    );
    const terabytes = Number(svm.kernelMatrixBytes) / 1e12;
    print({
      en: `The kernel matrix takes ${terabytes.toPrecision(4)} TB in f32, before any solver; ${supportVectors} support vectors.`,
      zh: `核矩阵以 f32 存储需 ${terabytes.toPrecision(4)} TB，尚未计入求解器；支持向量 ${supportVectors} 个。`,
    });
    const { linesPicture } = await charts();
    const counts = Array.from({ length: 13 }, (_, i) => 10 ** (2 + i / 2));
    const curve = (name: string, of: (n: bigint) => bigint) => ({
      name,
      points: counts.map((n) => [n, Number(of(BigInt(Math.round(n))))] as const),
    });
    const d = BigInt(3 * side * side);
    picture(
      'training',
      linesPicture(
        [
          curve(zh ? `AlexNet，${epochs} 轮` : `AlexNet, ${epochs} epochs`, (n) =>
            trainingMacs(ALEXNET_MACS, n, BigInt(epochs)),
          ),
          curve(
            zh ? '核矩阵' : 'kernel matrix',
            (n) => svmCost({ n, d, classes: 1n, supportVectors: n }).kernelMatrixMacs,
          ),
        ],
        {
          title: zh ? '训练的计算量随图像数目的变化' : 'Work of training as images become more',
          x: zh ? '训练图像数' : 'training images',
          y: 'MAC',
          log: ['x', 'y'],
        },
      ),
      {
        en: 'Work of training over the number of images, both axes logarithmic: the kernel matrix rises twice as steeply as AlexNet.',
        zh: '训练计算量随图像数目的变化（双对数坐标）：核矩阵的斜率是 AlexNet 的两倍。',
      },
    );
  },
  judge(submission, { images, side, classes, share, epochs }) {
    const [n, d] = [BigInt(images), BigInt(3 * side * side)];
    const supportVectors = BigInt(Math.max(1, Math.round(images * share)));
    const svm = svmCost({ n, d, classes: BigInt(classes), supportVectors });
    // Beyond 2⁵³ an answer is read to 16 digits.
    const field = (name: string, en: string, zh: string, expected: bigint, slips: Slip[] = []) => ({
      ...{ name, words: { en, zh }, expected: Number(expected), tolerance: 1e-12 * Number(expected), slips },
    });
    const slip = (value: bigint, en: string, zh: string): Slip => ({ value: Number(value), words: { en, zh } });
    const training = trainingMacs(ALEXNET_MACS, n, BigInt(epochs));
    return judgeNumbers(submission, [
      field('linear', 'linear SVM, MACs an image', '线性 SVM 每张图像的 MAC', svm.linearPerImage),
      field('kernel', 'kernel SVM, MACs an image', '核 SVM 每张图像的 MAC', svm.kernelPerImage),
      field('matrix', 'kernel matrix, MACs', '核矩阵的 MAC', svm.kernelMatrixMacs, [
        slip(n * n * d, 'the symmetry of the matrix is not used', '没有利用矩阵的对称性'),
      ]),
      field('bytes', 'kernel matrix, bytes', '核矩阵的字节数', svm.kernelMatrixBytes),
      field('training', 'training AlexNet, MACs', '训练 AlexNet 的 MAC', training, [
        slip(training / 3n, 'a step is counted as one pass instead of three', '一步只按一遍计算，而应按三遍'),
      ]),
    ]);
  },
  check({ row, equal }) {
    const svm = svmCost(ofImageNet);
    row(1).equal('linear SVM, MACs an image', svm.linearPerImage, 150528000n);
    row(1).close('AlexNet over linear SVM', Number(ALEXNET_MACS) / Number(svm.linearPerImage), 4.812438988095238, 1e-9);
    row(2).equal('kernel SVM, MACs an image', svm.kernelPerImage, 192851506176n);
    row(3).equal('kernel matrix, MACs', svm.kernelMatrixMacs, 123537589232246784n);
    row(3).equal('kernel matrix, bytes', svm.kernelMatrixBytes, 6565555527556n);
    const training = trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n);
    row(4).equal('training AlexNet, MACs', training, 250583248953253440n);
    const twice = { ...ofImageNet, n: 2n * ofImageNet.n };
    equal(
      'twice the images: AlexNet twice, the kernel matrix four times',
      [
        Number(trainingMacs(ALEXNET_MACS, twice.n, 90n)) / Number(training),
        Number((Number(svmCost(twice).kernelMatrixMacs) / Number(svm.kernelMatrixMacs)).toFixed(5)),
      ],
      [2, 4],
    );
  },
});
