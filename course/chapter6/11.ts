/**
 * Exercise 6.11: a convolution as loops, and three ways to do it in tiles. The nests are executed and their words counted.
 *   systole estimate tiling --layer conv3 --tile 64,32,7,7        words and loops
 *   systole plot tiling --layer conv3 --tile 64,32,7,7 -o walk.svg   the picture
 */
import { Random } from 'systole/base';
import { type Check, defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import {
  executeNest,
  executePlain,
  grouped,
  leastWords,
  nestOf,
  ORDER_NAMES,
  PAPER_ALEXNET,
  type Tile,
  tileBufferWords,
  tiledLayer,
  tileWalkPicture,
  tilingReport,
  tilingText,
} from 'systole/report';

/** conv3, which sees both towers: 256 → 384, 13 × 13, k 3, padding 1. */
const LAYER = tiledLayer(PAPER_ALEXNET[2]!);
const PLANE: Tile = { o: 64, c: 32, h: 13, w: 13 };
const QUARTER: Tile = { o: 64, c: 32, h: 7, w: 7 };

/** Whole numbers from −8 to 7, the padding's 0. */
function data(seed: number) {
  const random = new Random(seed);
  const { channels, filters, output, kernel, stride } = LAYER.convolution;
  const [rows, columns] = [0, 1].map((axis) => (output[axis]! - 1) * stride[axis]! + kernel[axis]!) as [number, number];
  const draw = (): number => Math.floor(random.uniform() * 16) - 8;
  const isPadding = (at: number): boolean => {
    const [row, column] = [Math.floor(at / columns) % rows, at % columns];
    return row === 0 || row === rows - 1 || column === 0 || column === columns - 1;
  };
  return {
    input: Int32Array.from({ length: channels * rows * columns }, (_, i) => (isPadding(i) ? 0 : draw())),
    weights: Int32Array.from({ length: filters * channels * kernel[0] * kernel[1] }, draw),
  };
}

const wordsOf = (tile: Tile): readonly (readonly number[])[] =>
  tilingReport(LAYER, tile).orders.map(({ words }) => [words.input, words.weights, words.output]);

/** Executes the nests of the three orders on whole numbers, and holds results and counted words. */
function checkExecuted(check: Check, tile: Tile): void {
  const numbers = data(11);
  const plain = executePlain(LAYER.convolution, numbers);
  const size = [tile.o, tile.c, tile.h, tile.w].join(',');
  const executed = ORDER_NAMES.map((order) => executeNest(nestOf(LAYER.convolution, tile, order), numbers));
  check.row(1).holds(
    `all tilings equal the plain loops (whole numbers), tile (${size})`,
    executed.every(({ output }) => output.every((v, i) => v === plain[i])),
  );
  check.equal(
    `  words that their loops counted, tile (${size})`,
    executed.map(({ words }) => [words.input, words.weights, words.output]),
    wordsOf(tile),
  );
  check.equal(
    `  multiplications that they made, tile (${size})`,
    executed.map((e) => e.macs),
    [149520384, 149520384, 149520384],
  );
}

/** A tile cut to the layer. */
const tileWithin = ({ convolution: { filters, channels, output } }: typeof LAYER, { o, c, h, w }: Tile): Tile => ({
  o: Math.min(o, filters),
  c: Math.min(c, channels),
  h: Math.min(h, output[0]),
  w: Math.min(w, output[1]),
});

export const exercise = defineExercise({
  id: '6.11',
  title: { en: 'Loops of a convolution, and three tilings', zh: '卷积层的循环表示及至少三种分块方法' },
  asked: {
    en: 'Write a convolution as a loop nest, and give at least three ways to tile it. What does each move between DRAM and the chip? Hand in the numbers `output-stationary`, `weight-stationary`, `input-stationary`, `least`. They are words; `least` is each word once, with padding.',
    zh: '用循环嵌套表示卷积层，并给出至少三种分块方法。各自在 DRAM 与片上之间搬运多少数据？请提交数值 `output-stationary`、`weight-stationary`、`input-stationary`、`least`。单位均为字；`least` 为每字只搬一次（含填充）。',
  },
  explanation: {
    en: `For outputs $Y$ [filters $o$, $h$, $w$], inputs $X$ with their padding, weights $W$ and stride $s$:

\`\`\`
for o, c, h, w, i, j:
  Y[o, h, w] += W[o, c, i, j] · X[c, h·s + i, w·s + j]
\`\`\`

Every order of the six loops is right; tiling cuts $o$, $c$, $h$, $w$ into pieces $(T_o, T_c, T_h, T_w)$ and chooses the order of the loops over pieces. One tile of each tensor lies on the chip, and a tile is fetched when its number
changes. With $n_o = \\lceil C_{out}/T_o \\rceil$ and so on, $A$ the input words of one sweep over the map (with halos and padding), $|W|$ the weights and $|Y|$ the outputs:

| order (outermost first) | input | weights | outputs |
|---|---|---|---|
| output-stationary: $o, h, w, c$ | $n_o A$ | $\\lvert W\\rvert\\, n_h n_w$ (if $n_c > 1$) | $\\lvert Y\\rvert$ |
| weight-stationary: $o, c, h, w$ | $n_o A$ | $\\lvert W\\rvert$ | $\\lvert Y\\rvert (2 n_c - 1)$ (if $n_h n_w > 1$) |
| input-stationary: $h, w, c, o$ | $A$ | $\\lvert W\\rvert\\, n_h n_w$ | $\\lvert Y\\rvert (2 n_c - 1)$ (if $n_o > 1$) |

Output-stationary finishes sums before it goes on, and so reads weights again for each part of the map. Weight-stationary keeps weights, and so partial sums go out and come back. Input-stationary keeps inputs. Which is best
hangs on the layer and the tile: for conv3 of AlexNet with tiles of (64, 32, 7, 7) it is weight-stationary with 2.3 times the least. A fourth way unfolds the windows first (im2col) and tiles a matrix product.

The check executes all three nests on whole numbers, compares with the plain loops, and counts words as they go: the counts are those of the formulas.

Sources: Y.-H. Chen, J. Emer, V. Sze, *Eyeriss*, ISCA 2016 (the names); C. Zhang et al., *Optimizing FPGA-based accelerator design for deep convolutional neural networks*, FPGA 2015 (tiled loops).`,
    zh: `设输出 $Y$［卷积核 $o$，$h$，$w$］、含填充的输入 $X$、权重 $W$、步长 $s$：

\`\`\`
for o, c, h, w, i, j:
  Y[o, h, w] += W[o, c, i, j] · X[c, h·s + i, w·s + j]
\`\`\`

六重循环的任何次序都正确；分块就是把 $o$、$c$、$h$、$w$ 切成 $(T_o, T_c, T_h, T_w)$ 的小块，并选定块循环的次序。每个张量在片上各有一块，块号变化时取入新块。记 $n_o = \\lceil C_{out}/T_o \\rceil$ 等，
$A$ 为扫过一遍特征图所读的输入字数（含重叠边缘与填充），$|W|$ 为权重数，$|Y|$ 为输出数：

| 循环次序（由外到内） | 输入 | 权重 | 输出 |
|---|---|---|---|
| 输出固定：$o, h, w, c$ | $n_o A$ | $\\lvert W\\rvert\\, n_h n_w$（当 $n_c > 1$） | $\\lvert Y\\rvert$ |
| 权重固定：$o, c, h, w$ | $n_o A$ | $\\lvert W\\rvert$ | $\\lvert Y\\rvert (2 n_c - 1)$（当 $n_h n_w > 1$） |
| 输入固定：$h, w, c, o$ | $A$ | $\\lvert W\\rvert\\, n_h n_w$ | $\\lvert Y\\rvert (2 n_c - 1)$（当 $n_o > 1$） |

输出固定先把和算完再前进，因此特征图的每一部分都要重读权重；权重固定留住权重，因此部分和要写出再读回；输入固定留住输入。哪种最好取决于层与分块：AlexNet 的 conv3 取 (64, 32, 7, 7) 的块时，
最好的是权重固定，为最少字数的 2.3 倍。第四种方法先展开窗口（im2col），再对矩阵乘分块。

检查时用整数数据执行三种循环，与朴素循环比较，并在执行中计数：计得的字数与公式相同。

出处：Y.-H. Chen、J. Emer、V. Sze，*Eyeriss*，ISCA 2016（名称）；张宸等，*Optimizing FPGA-based accelerator design for deep convolutional neural networks*，FPGA 2015（循环分块）。`,
  },
  rows: 6,
  code: [
    { path: 'src/report/tilings/nest.ts', words: { en: 'The nests', zh: '循环嵌套' } },
    { path: 'src/report/tilings/words.ts', words: { en: 'Words by closed form', zh: '字数的闭式' } },
    { path: 'src/report/tilings/execute.ts', words: { en: 'Executing and counting', zh: '执行并计数' } },
    { path: 'src/report/pictures/tileWalk.ts', words: { en: 'The picture', zh: '画图' } },
  ],
  parameters: {
    layer: {
      kind: 'choice',
      words: { en: 'convolution of AlexNet', zh: 'AlexNet 的卷积层' },
      default: 'conv3',
      among: ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'],
    },
    to: { kind: 'whole', words: { en: 'filters of a tile', zh: '每块的卷积核数' }, default: 64, least: 1, most: 384 },
    tc: { kind: 'whole', words: { en: 'channels of a tile', zh: '每块的通道数' }, default: 32, least: 1, most: 256 },
    th: { kind: 'whole', words: { en: 'rows of a tile', zh: '每块的行数' }, default: 7, least: 1, most: 55 },
    tw: { kind: 'whole', words: { en: 'columns of a tile', zh: '每块的列数' }, default: 7, least: 1, most: 55 },
  },
  show({ listing, picture, print, language }, { layer, to, tc, th, tw }) {
    const tiledBy = tiledLayer(PAPER_ALEXNET.find((l) => l.name === layer)!);
    const tile = tileWithin(tiledBy, { o: to, c: tc, h: th, w: tw });
    const found = [tile.o, tile.c, tile.h, tile.w].join(', ');
    if (found !== [to, tc, th, tw].join(', ')) {
      print({
        en: `${layer} is smaller than the tile in places; the tile is (${found})`,
        zh: `${layer} 在某些维上小于分块，分块取 (${found})`,
      });
    }
    const report = tilingReport(tiledBy, tile);
    listing({ en: 'words and loops', zh: '字数与循环' }, tilingText(report, { language }));
    picture('walk', tileWalkPicture(report, language), {
      en: `Which tile of input, weights and output of ${layer} lies on the chip, step by step, for three orders of loops`,
      zh: `${layer} 的输入、权重、输出各有哪一块位于片上：三种循环次序逐步画出`,
    });
    const { words } = report.orders.toSorted((a, b) => a.words.total - b.words.total)[0]!;
    print({
      en: `the least of the three: ${grouped(words.total)} words, ${(words.total / leastWords(tiledBy.convolution)).toFixed(2)} times each word once`,
      zh: `三者中最少：${grouped(words.total)} 字，为每字只搬一次的 ${(words.total / leastWords(tiledBy.convolution)).toFixed(2)} 倍`,
    });
  },
  check(check) {
    checkExecuted(check, QUARTER);
    check
      .row(2)
      .equal(
        'AlexNet conv3 (ungrouped 256->384,13x13,k3,p1), tile (64,32,13,13): OS/WS/IS words (in,w,out)',
        wordsOf(PLANE),
        [
          [345600, 884736, 64896],
          [345600, 884736, 64896],
          [57600, 884736, 973440],
        ],
      );
    check.row(3).equal('tile (64,32,7,7): OS/WS/IS', wordsOf(QUARTER), [
      [443904, 3538944, 64896],
      [443904, 884736, 973440],
      [73984, 3538944, 973440],
    ]);
    check.row(4).equal(
      'tile (64,32,7,7) totals',
      tilingReport(LAYER, QUARTER).orders.map(({ words }) => words.total),
      [4047744, 2302080, 4586368],
    );
    check.row(5).equal('minimum (each word once, padded input)', leastWords(LAYER.convolution), 1007232);
    check.row(6).equal('tile buffer words (64,32,7,7)', tileBufferWords(LAYER.convolution, QUARTER), 24160);
    const svg = tileWalkPicture(tilingReport(LAYER, QUARTER));
    check.holds(
      'the picture shows each order and its words',
      ORDER_NAMES.every((o) => svg.includes(o)) && svg.includes('4,047,744'),
    );
  },
  checkLong: (check) => checkExecuted(check, PLANE),

  judge(submission, { layer, to, tc, th, tw }) {
    const tiledBy = tiledLayer(PAPER_ALEXNET.find((l) => l.name === layer)!);
    const report = tilingReport(tiledBy, tileWithin(tiledBy, { o: to, c: tc, h: th, w: tw }));
    const least = leastWords(tiledBy.convolution);
    return judgeNumbers(submission, [
      ...report.orders.map(
        ({ order, words }): NumberField => ({
          name: order,
          words: { en: `words moved, ${order}`, zh: `搬运的字数，${order}` },
          expected: words.total,
          slips: [
            { value: least, words: { en: 'each word is moved once', zh: '按每字只搬一次计算' } },
            {
              value:
                words.input +
                words.weights +
                tiledBy.convolution.filters * tiledBy.convolution.output[0] * tiledBy.convolution.output[1],
              words: { en: 'partial sums that go out and come back are not counted', zh: '没有计入写出再读回的部分和' },
            },
          ],
        }),
      ),
      { name: 'least', words: { en: 'each word once, with padding', zh: '每字只搬一次（含填充）' }, expected: least },
    ]);
  },
});
