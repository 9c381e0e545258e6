/** Exercise 4.6: two ways to a network's 224 × 224, with the conventions of rounding and of interpolation stated. */

import { defineExercise, judgeNumbers, type Slip } from 'systole/course';
import {
  centreWindow,
  cropThenResize,
  type FloatImage,
  fractionWindow,
  resizeBilinear,
  resizeThenCrop,
} from 'systole/data';

import { imageStrip } from '../imageStrip.ts';
import { exact, slip } from '../numberFields.ts';

/** Resize to 256, keep the middle 224. */
export const f1 = (image: FloatImage): FloatImage => resizeThenCrop(image);

/** Keep the middle 0.875 of each side, resize to 224. */
export const f2 = (image: FloatImage): FloatImage => cropThenResize(image);

const constant = (width: number, height: number, level: number): FloatImage => ({
  width,
  height,
  channels: 3,
  values: new Float64Array(width * height * 3).fill(level),
});

/** Width, height and corner of the second way's window. */
const f2Window = (width: number, height: number): readonly number[] => {
  const { x0, y0, x1, y1 } = fractionWindow({ width, height }, 0.875);
  return [x1 - x0, y1 - y0, x0, y0];
};

/** A picture by a rule: rings and a gradient, so that stretching and cropping are seen. */
const rings = (width: number, height: number): FloatImage => ({
  width,
  height,
  channels: 3,
  values: Float64Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const r = Math.hypot(x - width / 2, y - height / 2);
    const ring = Math.floor(r / (height / 12)) % 2 === 0 ? 255 : 90;
    return c === 0 ? ring : c === 1 ? 36 * Math.floor((8 * x) / width) : 36 * Math.floor((8 * y) / height);
  }),
});

const levels = ({ width, height, values }: FloatImage) => ({
  width,
  height,
  channels: 3 as const,
  pixels: Uint8Array.from(values, (v) => Math.round(Math.min(255, Math.max(0, v)))),
});

export const exercise = defineExercise({
  id: '4.6',
  title: { en: 'Two ways to 224 × 224', zh: '图像预处理：resize 到 256 后中心裁 224；中心裁 0.875 后 resize 到 224' },
  asked: {
    en: 'Write two functions that prepare a picture of any size for a network: resize to 256 × 256 and keep the middle 224 × 224; keep the middle 0.875 of each side and resize to 224 × 224. Hand in the numbers `cropWidth`, `cropHeight`, `cropX`, `cropY`: what the second keeps of a picture of 500 × 375 (width × height), and its corner, rounded down.',
    zh: '编写两个函数，把任意大小的图片处理为网络输入：先缩放到 256 × 256 再取中心 224 × 224；先取每边中心的 0.875 再缩放到 224 × 224。请提交数值 `cropWidth`、`cropHeight`、`cropX`、`cropY`：第二个函数对 500 × 375（宽 × 高）的图片保留的窗口大小及其左上角，均向下取整。',
  },
  explanation: {
    en: String.raw`Both see the middle $224/256 = 0.875$ of each side, in another order: the first interpolates the whole picture and throws the edge away, the second interpolates only what is kept and so stays nearer to the pixels. Both stretch a picture that is no square.

Conventions have to be stated, since libraries differ in them. Sizes and offsets are **rounded down**: of a side $s$ the second keeps $\lfloor 0.875\,s \rfloor$ from $\lfloor (s - \lfloor 0.875\,s \rfloor)/2 \rfloor$ on. Interpolation is **bilinear with pixel centres at halves**: output pixel $i$ of $n'$ looks at
$$x = (i + \tfrac12)\,\frac{n}{n'} - \tfrac12,$$
between $\lfloor x \rfloor$ and $\lfloor x \rfloor + 1$, edges repeated. The other convention, $x = i\,(n-1)/(n'-1)$ ("align corners"), gives other pixels; so does anti-aliasing, which some libraries add when they make pictures smaller.`,
    zh: String.raw`两种方法看到的都是每边中心的 $224/256 = 0.875$，只是次序不同：第一种对整幅图插值后丢弃边缘，第二种只对保留部分插值，因此更接近原像素。图片不是正方形时两者都会拉伸。

必须说明约定，因为各库不同。尺寸与偏移**向下取整**：边长 $s$ 时，第二种方法保留 $\lfloor 0.875\,s \rfloor$，从 $\lfloor (s - \lfloor 0.875\,s \rfloor)/2 \rfloor$ 开始。插值为**像素中心在半整数处的双线性插值**：$n'$ 个输出像素中的第 $i$ 个取
$$x = (i + \tfrac12)\,\frac{n}{n'} - \tfrac12$$
处的值，在 $\lfloor x \rfloor$ 与 $\lfloor x \rfloor + 1$ 之间插值，边缘重复。另一种约定 $x = i\,(n-1)/(n'-1)$（“align corners”）得到的像素不同；有些库在缩小时还会做抗锯齿，结果也不同。`,
  },
  rows: 6,
  code: [
    { path: 'src/data/resize.ts', words: { en: 'resizing', zh: '缩放' } },
    { path: 'src/data/pipeline', words: { en: 'steps of preparation', zh: '预处理步骤' } },
  ],
  parameters: {
    width: { kind: 'whole', words: { en: 'width of the picture', zh: '图片宽度' }, default: 500, least: 8, most: 2000 },
    height: {
      kind: 'whole',
      words: { en: 'height of the picture', zh: '图片高度' },
      default: 375,
      least: 8,
      most: 2000,
    },
  },
  show({ print, table, picture, language }, { width, height }) {
    const { x0, y0, x1, y1 } = centreWindow({ width: 256, height: 256 }, 224);
    print({
      en: `First way: of 256 × 256 the window x ${x0} … ${x1}, y ${y0} … ${y1} (the ends not included).`,
      zh: `第一种：256 × 256 中取窗口 x ${x0} … ${x1}，y ${y0} … ${y1}（不含末端）。`,
    });
    table(
      [
        { en: 'second way: picture', zh: '第二种：图片' },
        { en: 'window', zh: '窗口' },
        { en: 'from x', zh: '起点 x' },
        { en: 'from y', zh: '起点 y' },
      ],
      [[width, height] as const, [2 * width, height] as const, [640, 480] as const].map(([across, down]) => {
        const [w, h, x, y] = f2Window(across, down);
        return [`${across} × ${down}`, `${w} × ${h}`, x!, y!];
      }),
    );
    const given = rings(width, height);
    const [one, two] = [f1(given), f2(given)];
    let apart = 0;
    for (let i = 0; i < one.values.length; i++) apart += Math.abs(one.values[i]! - two.values[i]!) / one.values.length;
    print({
      en: `The two results differ by ${apart.toFixed(1)} of 255 levels in the mean, most at edges.`,
      zh: `两个结果平均相差 ${apart.toFixed(1)} 个灰度级（共 255），主要在边缘处。`,
    });
    const zh = language === 'zh';
    picture(
      'ways',
      imageStrip(
        zh ? '两种预处理' : 'The two ways',
        [
          {
            image: levels(resizeBilinear(given, 224, 224)),
            caption: zh ? `原图 ${width} × ${height}` : `of ${width} × ${height}`,
          },
          { image: levels(one), caption: zh ? '第一种' : 'first way' },
          { image: levels(two), caption: zh ? '第二种' : 'second way' },
        ],
        { side: 224 },
      ),
      {
        en: 'A picture of rings, stretched to a square, and what each way makes of it: both the middle part, nearly the same.',
        zh: '一幅圆环图（拉伸为正方形）与两种方法的结果：都是中间部分，几乎相同。',
      },
    );
  },
  check({ row, holds }) {
    const { x0, y0, x1, y1 } = centreWindow({ width: 256, height: 256 }, 224);
    row(1).equal('the first way’s window', [x0, y0, x1, y1], [16, 16, 240, 240]);
    row(2).equal('the second way’s, of 500 × 375', f2Window(500, 375), [437, 328, 31, 23]);
    row(3).equal('of 640 × 480', f2Window(640, 480), [560, 420, 40, 30]);
    for (const f of [f1, f2]) {
      const { width, height, channels, values } = f(constant(500, 375, 77));
      row(4).equal(`${f.name}: shape`, [height, width, channels], [224, 224, 3]);
      row(5).holds(
        `${f.name}: a picture of one level stays it`,
        values.every((v) => Math.abs(v - 77) < 1e-9),
      );
    }
    const grown = resizeBilinear({ width: 2, height: 2, channels: 1, values: Float64Array.of(0, 1, 2, 3) }, 4, 4);
    row(6).close('[[0, 1], [2, 3]] to 4 × 4, first row', [...grown.values.subarray(0, 4)], [0, 0.25, 0.75, 1], 1e-12);
    const [one, two] = [f1(rings(320, 240)), f2(rings(320, 240))];
    holds(
      'the two ways are not the same',
      one.values.some((v, i) => v !== two.values[i]),
    );
  },
  judge: (submission, { width, height }) =>
    judgeNumbers(
      submission,
      (() => {
        const [w, h, x, y] = f2Window(width, height) as [number, number, number, number];
        const up = (value: number, by: number): readonly Slip[] =>
          Number.isInteger(by) ? [] : [slip(value + 1, 'it is rounded up', '向上取整了')];
        return [
          exact('cropWidth', 'width that is kept', '保留的宽度', w, [
            ...up(w, 0.875 * width),
            slip(224, 'that is the size behind the resizing', '那是缩放之后的大小'),
          ]),
          exact('cropHeight', 'height that is kept', '保留的高度', h, [
            ...up(h, 0.875 * height),
            slip(224, 'that is the size behind the resizing', '那是缩放之后的大小'),
          ]),
          exact('cropX', 'left edge of it', '左边界', x, up(x, (width - w) / 2)),
          exact('cropY', 'upper edge of it', '上边界', y, up(y, (height - h) / 2)),
        ];
      })(),
    ),
});
