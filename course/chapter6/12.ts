/**
 * Exercise 6.12: what loops do not say, and a form that does: one affine expression, from which Systole's compiler starts (`systole explain --layer` prints
 * it), and a schedule apart from it. Fully connected, 1 × 1, grouped and depthwise layers come from one constructor and differ in sizes. Data are small
 * whole numbers, so that every order of summation gives the same sums.
 */

import { SystoleError } from 'systole/base';
import { defineExercise, judgeNumbers } from 'systole/course';
import { type Engine, sharedEngine } from 'systole/engine';
import { compileModel, executeProgram } from 'systole/flow';
import { type Tensor, tensorNumbers, tensorOf } from 'systole/ir';
import type { Program } from 'systole/isa';
import {
  type AccessMap,
  type AffineExpression,
  type AffineSizes,
  accessText,
  affineExpression,
  type Contraction,
  describeContraction,
  footprint,
  type Schedule,
  type Tiling,
} from 'systole/lower';
import { presets } from 'systole/machine';
import { PAPER_ALEXNET, tileBufferWords, tiledLayer } from 'systole/report';
import { exportModel, nn } from 'systole/tensor';
import { exact, slip } from '../numberFields.ts';

const machine = presets.get('textbook-single')!;
const WORD = 4;
const LINE = 64;

interface Layer {
  readonly name: string;
  readonly sizes: AffineSizes;
}

const same = (total: number, kernel: number) => ({ total, kernel, pad: (kernel - 1) / 2 });

const LAYERS: readonly Layer[] = [
  { name: 'fully connected', sizes: { b: 4, n: 48, c: 64 } },
  { name: '1 × 1', sizes: { y: same(8, 1), x: same(8, 1), n: 48, c: 32 } },
  { name: 'grouped', sizes: { outer: [2], y: same(9, 3), x: same(9, 3), n: 24, c: 8 } },
  { name: 'depthwise', sizes: { outer: [16], y: same(9, 3), x: same(9, 3), n: 1, c: 1 } },
];

/** AlexNet's third convolution, without groups. */
const CONV3: AffineSizes = { y: same(13, 3), x: same(13, 3), n: 384, c: 256 };

type Coordinates = Readonly<Record<string, number>>;

/** A whole number from −3 to 3 for each element of a tensor, by its coordinates. */
function element(salt: number, { g0 = 0, b = 0, n = 0, y = 0, x = 0, c = 0 }: Coordinates): number {
  const mixed = [g0, b, n, y, x, c].reduce((h, v) => Math.imul(h ^ v, 0x9e3779b1) ^ (h >>> 15), salt);
  return ((mixed >>> 8) % 7) - 3;
}

/** Coordinates of a point of the domain in a tensor; a subscript has the name of its index, k left out. */
function coordinates(map: AccessMap, point: Coordinates): Coordinates {
  return Object.fromEntries(
    map.map(({ terms, offset }) => [
      terms[0]!.index.replace(/^k/, ''),
      terms.reduce((sum, { index, by }) => sum + by * point[index]!, offset),
    ]),
  );
}

function* pointsOf(domain: AffineExpression['domain']): Generator<Coordinates> {
  const [first, ...rest] = domain;
  if (first === undefined) return yield {};
  for (const others of pointsOf(rest)) for (let i = 0; i < first.size; i++) yield { ...others, [first.index]: i };
}

const axisOf = ({ total = 1, kernel = 1, pad = 0 }: NonNullable<AffineSizes['y']> = {}) => ({
  total,
  kernel,
  pad,
  input: total + kernel - 1 - 2 * pad,
});

/** What the expression means, point after point of the domain; in ONNX's order [batch, group and filter, y, x]. */
function evaluated(sizes: AffineSizes): number[] {
  const { domain, maps } = affineExpression(sizes);
  const [y, x] = [axisOf(sizes.y), axisOf(sizes.x)];
  const out = new Array<number>((sizes.b ?? 1) * (sizes.outer?.[0] ?? 1) * sizes.n * y.total * x.total).fill(0);
  for (const point of pointsOf(domain)) {
    const a = coordinates(maps.a, point);
    if ((a.y ?? 0) < 0 || (a.y ?? 0) >= y.input || (a.x ?? 0) < 0 || (a.x ?? 0) >= x.input) continue;
    const o = { b: 0, g0: 0, n: 0, y: 0, x: 0, ...coordinates(maps.out, point) };
    const filter = o.g0 * sizes.n + o.n;
    const at = ((o.b * (sizes.outer?.[0] ?? 1) * sizes.n + filter) * y.total + o.y) * x.total + o.x;
    out[at]! += element(1, a) * element(2, coordinates(maps.w, point));
  }
  return out;
}

/** The layer as a network of one convolution, and its input. */
async function networkOf(sizes: AffineSizes) {
  const [groups, batch] = [sizes.outer?.[0] ?? 1, sizes.b ?? 1];
  const [y, x] = [axisOf(sizes.y), axisOf(sizes.x)];
  const conv = new nn.Conv(groups * sizes.c, groups * sizes.n, [y.kernel, x.kernel], {
    padding: [y.pad, x.pad],
    groups,
    bias: false,
  });
  const filled = (dims: readonly number[], value: (...at: number[]) => number): Tensor => {
    const [, p, q, r] = dims as [number, number, number, number];
    const count = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) =>
      value(Math.floor(i / (p * q * r)), Math.floor(i / (q * r)) % p, Math.floor(i / r) % q, i % r),
    );
    return tensorOf('float32', dims, values);
  };
  // The maps leave out what has size 1 and no window: there the coordinate is 0.
  conv.weight.set(
    filled([groups * sizes.n, sizes.c, y.kernel, x.kernel], (f, c, ky, kx) =>
      element(2, { g0: Math.floor(f / sizes.n), n: f % sizes.n, c, y: ky, x: kx }),
    ),
  );
  const input = filled([batch, groups * sizes.c, y.input, x.input], (b, channel, iy, ix) =>
    element(1, { g0: Math.floor(channel / sizes.c), b, c: channel % sizes.c, y: iy, x: ix }),
  );
  const model = await exportModel(conv, { x: input.dims }, { name: 'layer', outputs: ['out'] });
  return { model, feeds: new Map([['x', input]]) };
}

/**
 * Whole; cut by rows or samples; filters outside; the reduction cut, whose sums stay in the accumulators; windows unfolded on the way in, where
 * there are any.
 */
const SCHEDULES: readonly (readonly [name: string, schedule: (k: Contraction) => Tiling, convolution?: 'im2col'])[] = [
  ['whole', (k) => whole(k)],
  ['rows', (k) => ({ ...whole(k), ...(k.y.total > 1 ? { b: 1, y: Math.ceil(k.y.total / 3) } : { b: 1 }) })],
  ['filters', (k) => ({ ...whole(k), n: Math.min(16, k.n.total), filtersOuter: true })],
  ['reduction', (k) => ({ ...whole(k), n: Math.min(16, k.n.total), c: Math.ceil(k.c.total / 2) })],
  ['im2col', (k) => whole(k), 'im2col'],
];

const whole = (k: Contraction): Tiling => ({
  ...{ b: k.b.total, y: k.y.total, x: k.x.total, n: k.n.total, c: k.c.total, ky: k.y.kernel },
  ...{ filtersOuter: false, wholeDepth: false },
});

interface Lowered {
  readonly program: Program;
  readonly out: readonly number[];
  readonly cycles: number;
  /** What the compiler tiled, and how; undefined where the vector unit does the layer. */
  readonly tiled: { readonly k: Contraction; readonly t: Tiling } | undefined;
}

async function lowered(
  sizes: AffineSizes,
  schedule: (k: Contraction) => Tiling,
  engine: Engine,
  convolution: 'direct' | 'im2col' = 'direct',
): Promise<Lowered> {
  const { model, feeds } = await networkOf(sizes);
  let tiled: Lowered['tiled'];
  const noted: Schedule = (k) => {
    const t = schedule(k);
    tiled = { k, t };
    return t;
  };
  const { program } = await compileModel(model, { machine, engine, schedule: noted, convolution });
  const { outputs, result } = await executeProgram(program, { data: true, feeds, engine: async () => engine });
  return { program, out: [...tensorNumbers(outputs.get('out')!)], cycles: result.cycles, tiled };
}

const loopsOf = ({ layers: [layer] }: Program): string =>
  layer!.loops
    .filter((l) => l.tiles > 1)
    .map((l) => `${l.dim} ${l.tiles} × ${l.size}`)
    .join(', ') || 'one tile';

const expressionText = ({ domain, maps }: AffineExpression): readonly string[] => [
  `out${accessText(maps.out)} = Σ a${accessText(maps.a)} · w${accessText(maps.w)}`,
  `for ${domain.map((d) => `${d.index} < ${d.size}${d.kind === 'reduction' ? ' (Σ)' : ''}`).join(', ')}`,
];

/** Bytes of so many words, up to whole lines. */
const lines = (words: number): number => Math.ceil((WORD * words) / LINE) * LINE;

const hasWindows = ({ y = {}, x = {} }: AffineSizes): boolean => [y, x].some(({ kernel = 1 }) => kernel > 1);

/** Buffers of the compiler, and what the maps say that they hold: words up to whole lines of 64 bytes. */
function buffers({ k, t }: NonNullable<Lowered['tiled']>) {
  const { form, streams } = describeContraction(k, t, machine, 1);
  const tile = { b: t.b, y: t.y, x: t.x, n: t.n, c: t.c, ky: t.ky, kx: k.x.kernel };
  const bytes = (map: AccessMap): number => lines(footprint(map, tile));
  const { a, w, out } = form.maps;
  return { counted: streams.map((s) => s.bytes), computed: [bytes(a), bytes(w), bytes(out)], form };
}

const wordsOf = (map: AccessMap, domain: AffineExpression['domain']): number => {
  const read = new Set(map.flatMap((s) => s.terms.map((term) => term.index)));
  return domain.filter((d) => read.has(d.index)).reduce((n, d) => n * d.size, 1);
};

export const exercise = defineExercise({
  id: '6.12',
  title: {
    en: 'A layer as one affine expression, and its schedules apart from it',
    zh: '循环表示对 DLP 设计的不足与改进，提出新的卷积表示',
  },
  asked: {
    en: "What is wrong with a loop nest as the description of a convolution when a processor is designed? Propose a better one. Of AlexNet's third convolution (256 channels in, 13 × 13, 3 × 3 with padding 1, ungrouped) hand in the numbers `im2col`, words of its input unfolded as a matrix, and `expansion`, how many times the input that is.",
    zh: '在设计深度学习处理器时，用循环嵌套描述卷积有哪些不足？请提出更好的表示。对 AlexNet 的第三个卷积（输入 256 通道、13 × 13，核 3 × 3，填充 1，不分组），请提交数值 `im2col`：输入展开为矩阵后的字数，以及 `expansion`：它是输入的多少倍。',
  },
  explanation: {
    en: `A loop nest says *one* order, and hides what a designer needs: which dimensions may be done side by side, which are sums; what a tile reads and where it overlaps the next; what the hardware's own
tile is; that a transfer may run beside a product. All of that has to be found out from it again.

The form used here keeps *what* apart from *how*. What a layer is, is one affine expression
$$Y[g, y, x, n] = \\sum_{c, k_y, k_x} X[g,\\ s\\,y + k_y - p,\\ s\\,x + k_x - p,\\ c] \\cdot W[g, n, k_y, k_x, c]$$
with an *iteration domain* (each index with its size, parallel or reduction) and an *access map* for each tensor, from a point of the domain to subscripts. One constructor makes fully connected layers ($y$, $x$, $k$ of size 1),
$1 \\times 1$, grouped and depthwise convolutions, which differ in sizes alone.

*How* it is done says a schedule: tile sizes, order, what is dealt to which core, windows unfolded or not. Tiles are lowered to the matrix unit's \`mma\`, which does the innermost indices.

- **Legality** follows from the kinds of the indices: parallel ones may be cut and dealt anywhere, a reduction only where sums are accumulated. A reduction dealt to cores is refused with a reason (SYS-LOWER-108), as are a tile larger than its
loop and tiles that do not fit.
- **Cost** follows from the maps: a tensor's footprint under a tile is the product over its subscripts of $1 + \\sum_i |a_i| (t_i - 1)$ for coefficients $a_i$ and tile sizes $t_i$. The check holds it against the buffers that the compiler really plans, and against exercise 6.11.

im2col is a schedule, too: conv3 of AlexNet unfolded has 389,376 words, 9 times its input.

Vary the layer: \`--filters 16 --channels 4 --kernel 5 --groups 1\`.

Sources: P. Feautrier, *Some efficient solutions to the affine scheduling problem*, 1992 (affine maps); J. Ragan-Kelley et al., *Halide*, PLDI 2013 (algorithm and schedule apart); T. Chen et al., *TVM*, OSDI 2018 (lowering to a tensor unit).`,
    zh: `循环嵌套只表达了*一种*次序，却掩盖了设计者需要的信息：哪些维可以并行、哪些维是求和；一个分块读什么、与下一块重叠在哪里；硬件自身的分块有多大；搬运能否与乘法重叠。这些都得从循环中重新推出来。

这里的表示把“算什么”与“怎么算”分开。一层“算什么”，是一个仿射表达式
$$Y[g, y, x, n] = \\sum_{c, k_y, k_x} X[g,\\ s\\,y + k_y - p,\\ s\\,x + k_x - p,\\ c] \\cdot W[g, n, k_y, k_x, c]$$
它由*迭代域*（每个下标的大小，以及是并行维还是归约维）和每个张量的*访问映射*（从域中一点到张量下标）组成。同一个构造函数给出全连接层（$y$、$x$、$k$ 的大小为 1）、$1 \\times 1$ 卷积、分组卷积和深度卷积，它们只是大小不同。

“怎么算”由调度说明：分块大小、次序、哪一维分给哪个核、窗口是否展开。分块最后下降为矩阵单元的 \`mma\`，由它完成最内层下标。

- **合法性**由下标的种类决定：并行维可任意切分和分派，归约维只能在累加处切分。把归约维分给多个核会被拒绝并说明原因（SYS-LOWER-108），大于循环的分块、放不下的分块同样被拒绝。
- **代价**由映射决定：张量在一个分块下的占用，是各下标上 $1 + \\sum_i |a_i| (t_i - 1)$ 之积（$a_i$ 为系数，$t_i$ 为分块大小）。检查时把它与编译器实际规划的缓冲区以及习题 6.11 比较。

im2col 也只是一种调度：AlexNet 的 conv3 展开后为 389376 字，是输入的 9 倍。

可以改变这一层：\`--filters 16 --channels 4 --kernel 5 --groups 1\`。

出处：P. Feautrier，*Some efficient solutions to the affine scheduling problem*，1992（仿射映射）；J. Ragan-Kelley 等，*Halide*，PLDI 2013（算法与调度分离）；陈天奇等，*TVM*，OSDI 2018（下降到张量单元）。`,
  },
  rows: 5,
  code: [
    { path: 'src/lower/affine.ts', words: { en: 'The expression', zh: '仿射表达式' } },
    { path: 'src/lower/legality.ts', words: { en: 'Which schedules are legal', zh: '哪些调度合法' } },
    { path: 'src/lower/tileSearch.ts', words: { en: 'How the compiler chooses one', zh: '编译器如何选择调度' } },
    { path: 'src/lower/emitContraction.ts', words: { en: 'Lowering to instructions', zh: '下降为指令' } },
  ],
  parameters: {
    filters: {
      kind: 'whole',
      words: { en: 'filters of a group', zh: '每组的卷积核数' },
      default: 24,
      least: 1,
      most: 32,
    },
    channels: {
      kind: 'whole',
      words: { en: 'channels of a group', zh: '每组的通道数' },
      default: 8,
      least: 1,
      most: 32,
    },
    size: {
      kind: 'whole',
      words: { en: 'rows and columns of the map', zh: '特征图的行数与列数' },
      default: 9,
      least: 1,
      most: 12,
    },
    kernel: {
      kind: 'choice',
      words: { en: 'size of the window', zh: '窗口大小' },
      default: '3',
      among: ['1', '3', '5'],
    },
    groups: { kind: 'whole', words: { en: 'groups', zh: '组数' }, default: 2, least: 1, most: 4 },
  },
  async show({ listing, table, print, language }, { filters, channels, size, kernel, groups }) {
    const engine = await sharedEngine();
    const forms = LAYERS.flatMap(({ name, sizes }) => [
      `${name}:`,
      ...expressionText(affineExpression(sizes)).map((l) => `  ${l}`),
    ]);
    listing({ en: 'four layers of one constructor', zh: '同一构造函数给出的四种层' }, forms.join('\n'));
    const axis = same(size, Number(kernel));
    const own: AffineSizes = { ...(groups > 1 ? { outer: [groups] } : {}), y: axis, x: axis, n: filters, c: channels };
    listing(
      { en: 'the layer of the parameters', zh: '参数给出的层' },
      expressionText(affineExpression(own)).join('\n'),
    );
    const expected = evaluated(own).join();
    const rows: (string | number)[][] = [];
    for (const [which, schedule, convolution] of SCHEDULES) {
      if (convolution === 'im2col' && !hasWindows(own)) continue;
      try {
        const { program, tiled, out, cycles } = await lowered(own, schedule, engine, convolution);
        const bytes = tiled === undefined ? '–' : buffers(tiled).counted.join(' + ');
        rows.push([which, loopsOf(program), bytes, cycles, out.join() === expected ? '=' : '≠']);
        // On the vector unit, whose multiply-add has the window in its records, there is no schedule to choose.
        if (tiled === undefined) break;
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        print(`${which}: ${error.code} ${error.text(language)}`);
      }
    }
    table(
      [
        { en: 'schedule', zh: '调度' },
        { en: 'loops', zh: '循环' },
        { en: 'bytes of the buffers', zh: '缓冲区字节数' },
        { en: 'cycles', zh: '周期' },
        { en: 'results and the expression’s', zh: '结果与表达式的值' },
      ],
      rows,
    );
  },
  async check(check) {
    const engine = await sharedEngine();
    const forms = LAYERS.map(({ sizes }) => affineExpression(sizes));
    check.row(2).equal('expressions of one constructor', new Set(forms.map((f) => JSON.stringify(f))).size, 4);
    for (const { name, sizes } of LAYERS) {
      const expected = evaluated(sizes);
      const nests = new Set<string>();
      for (const [which, schedule, convolution] of SCHEDULES) {
        if (convolution === 'im2col' && !hasWindows(sizes)) continue;
        const { program, out, tiled } = await lowered(sizes, schedule, engine, convolution);
        check.row(1).holds(`${name}, ${which}: every sum`, out.join() === expected.join());
        if (tiled === undefined) break;
        const { counted, computed, form } = buffers(tiled);
        if (convolution === 'im2col') {
          // 9 rows of outputs, 11 columns with their halo, 3 rows of the kernel side by side, 8 channels.
          check.equal(`${name}, ${which}: bytes of a tile, rows unfolded`, counted[0], lines(9 * 11 * 3 * 8));
          check.equal(`${name}, ${which}: a window is one run`, tiled.k.c.total * tiled.k.y.kernel, 3 * 3 * 8);
        } else {
          nests.add(loopsOf(program));
          check.row(4).equal(`${name}, ${which}: bytes of buffers by the maps`, computed, counted);
        }
        const { domain, maps } = form;
        const isSame = JSON.stringify({ domain, maps }) === JSON.stringify(affineExpression(sizes));
        check.holds(`${name}, ${which}: this is what the compiler tiles`, isSame);
      }
      if (name !== 'depthwise') check.row(1).atLeast(`${name}: loop nests of one expression`, nests.size, 3);
    }
    const conv3 = affineExpression(CONV3);
    const words = wordsOf(conv3.maps.a, conv3.domain);
    check.row(3).equal('im2col words of conv3, and the expansion', [words, words / (13 * 13 * 256)], [389376, 9]);
    const { a, w, out } = conv3.maps;
    const { convolution } = tiledLayer(PAPER_ALEXNET[2]!);
    for (const side of [7, 13]) {
      const tile = { n: 64, c: 32, y: side, x: side, ky: 3, kx: 3 };
      const total = [a, w, out].reduce((sum, map) => sum + footprint(map, tile), 0);
      const counted = tileBufferWords(convolution, { o: 64, c: 32, h: side, w: side });
      check.row(4).equal(`words of a tile (64, 32, ${side}, ${side}) of conv3, as 6.11 counts them`, total, counted);
    }
    const illegal = (more: Partial<Tiling>) => () =>
      lowered(LAYERS[1]!.sizes, (k) => ({ ...whole(k), ...more }), engine);
    await check
      .row(5)
      .throws('a reduction dealt to cores', illegal({ deals: [{ loop: 'c', over: 'core' }] }), /SYS-LOWER-108/);
    await check.throws('a tile larger than its loop', illegal({ n: 64 }), /SYS-LOWER-106/);
    await check.throws('tiles that do not fit', () => lowered(CONV3, whole, engine), /SYS-LOWER-105/);
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (() => {
        const { maps, domain } = affineExpression(CONV3);
        const [words, input] = [wordsOf(maps.a, domain), 13 * 13 * 256];
        return [
          exact('im2col', 'words of the unfolded input', '展开后的字数', words, [
            slip(input, 'that is the input itself', '那是输入本身'),
          ]),
          exact('expansion', 'how many times the input', '是输入的多少倍', words / input),
        ];
      })(),
    ),
});
