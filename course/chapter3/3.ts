/** Exercise 3.3: error rate, IoU and mAP: the criterion of an error, and the score that counts such errors. */
import { Random } from 'systole/base';
import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { charts } from 'systole/report';
import { detection } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

const { averagePrecision, iou, meanAveragePrecision, rankDetections } = detection;

/** TP, FP, TP, TP, FP with four objects. */
const RANKING = [true, false, true, true, false];
const MODES = ['all', 'eleven', 'raw'] as const;

/** Objects in pictures, and boxes that hit them more or less. */
export function randomScene(
  seed: number,
  { objects = 200, noise = 3 } = {},
): Parameters<typeof meanAveragePrecision>[0][number] {
  const random = new Random(seed);
  const box = (): detection.Box => {
    const [x, y] = [100 * random.uniform(), 100 * random.uniform()];
    return [x, y, x + 10 + 20 * random.uniform(), y + 10 + 20 * random.uniform()];
  };
  const truths = Array.from({ length: objects }, (_, image) => ({ box: box(), image: image >> 1 }));
  const hits = truths.map(({ box: at, image }) => ({
    box: at.map((v) => v + noise * random.normal()) as unknown as detection.Box,
    score: random.uniform(),
    image,
  }));
  const misses = Array.from({ length: objects / 4 }, () => ({
    box: box(),
    score: random.uniform(),
    image: random.integer(0, objects / 2 - 1),
  }));
  return { truths, detections: [...hits, ...misses] };
}

const OVERLAPS = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9];

const fallingAp = (seed: number, noise = 3): number[] =>
  OVERLAPS.map((overlap) => meanAveragePrecision([randomScene(seed, { noise })], { overlaps: [overlap] }));

/** mAP of two classes where this share of the detections of each is given the label of the other. */
export function apOfMislabelled(share: number, { seed = 1, noise = 3, overlap = 0.5 } = {}): number {
  const random = new Random(seed + 100);
  const scenes = [randomScene(seed, { noise }), randomScene(seed + 1, { noise })];
  const found = scenes.map(({ detections }) => detections.map((d) => ({ d, moved: random.uniform() < share })));
  const classes = scenes.map(({ truths }, c) => ({
    truths,
    detections: found.flatMap((all, of) => all.filter(({ moved }) => moved === (of !== c)).map(({ d }) => d)),
  }));
  return meanAveragePrecision(classes, { overlaps: [overlap] });
}

const SHARES = [0, 0.1, 0.2, 0.4, 0.6];

/** Recall and precision behind each detection of a ranking. */
const precisionRecall = (ranking: readonly boolean[], positives: number): [number, number][] => {
  let right = 0;
  return ranking.map((isRight, i) => {
    right += Number(isRight);
    return [right / positives, right / (i + 1)];
  });
};

/** The ways to take the area differ in the third digit. */
const sharper = (field: NumberField): NumberField => ({ ...field, tolerance: Math.min(5.1e-4, field.tolerance ?? 0) });

export const exercise = defineExercise({
  id: '3.3',
  title: { en: 'Error rate, IoU and mAP', zh: '简述错误率与 IoU、mAP 的关系' },
  asked: {
    en: 'How are the error rate of a classifier, the overlap measure IoU and the detection score mAP related? Hand in the numbers `iou`, of the boxes $[0,0,10,10]$ and $[5,5,15,15]$; and `all`, `eleven`, `raw`, the average precision of the ranking TP, FP, TP, TP, FP with four objects, with the area taken at all points, at eleven recalls, and of the precisions as they are. Real numbers to three digits.',
    zh: '分类的错误率、重叠度量 IoU 与检测指标 mAP 之间有什么关系？请提交数值 `iou`：框 $[0,0,10,10]$ 与 $[5,5,15,15]$ 的交并比；以及 `all`、`eleven`、`raw`：四个物体、排序 TP、FP、TP、TP、FP 的平均查准率，分别按所有点、11 个查全率处、直接用各点查准率取面积。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`The **error rate** judges classification: the share of pictures whose label (top-1), or whose label is not among the five best (top-5), is wrong: $1 -$ accuracy. Detection must also say *where*.

**IoU** (intersection over union) compares two boxes, $\text{IoU}(A, B) = |A \cap B| / |A \cup B|$, from 0 (apart) to 1 (the same). It is the **criterion**: going down the detections of a class by their score, one is right (TP) if its IoU with an object that no better-scored one has taken is at least a threshold, usually 0.5; else it is an error (FP), a second hit on the same object as well, and an object that none takes is missed (FN).

**AP** is the area below precision $\frac{TP}{TP+FP}$ over recall $\frac{TP}{TP+FN}$ along that ranking; **mAP** is its mean over classes (COCO: over thresholds 0.50, 0.55, … 0.95 too). The area is taken in several ways: the envelope at all points (VOC from 2010), at eleven recalls (VOC 2007), or the precisions as they are; figures of different ways do not compare.

So IoU decides what an error is, and mAP is the score that counts such errors. The same boxes judged at a higher threshold have more errors, so mAP never rises with it; a wrong class lowers mAP as well, twice: an error for one class, an object missed for the other.

Sources: M. Everingham et al., *The PASCAL Visual Object Classes (VOC) challenge*, 2010; T.-Y. Lin et al., *Microsoft COCO: common objects in context*, 2014.`,
    zh: String.raw`**错误率**评价分类：标签错误的图像所占比例（top-1），或正确标签不在前五名内的比例（top-5），即 $1 -$ 准确率。检测还必须给出物体的*位置*。

**IoU**（交并比）比较两个框：$\text{IoU}(A, B) = |A \cap B| / |A \cup B|$，从 0（不相交）到 1（重合）。它是判定**准则**：按得分从高到低看某一类的检测框，若它与一个尚未被更高分的框占用的物体的 IoU 不低于阈值（通常 0.5），则为正确（TP），否则为误检（FP），对同一物体的重复检测也算误检；没有被任何框命中的物体为漏检（FN）。

**AP** 是沿该排序的查准率 $\frac{TP}{TP+FP}$ 对查全率 $\frac{TP}{TP+FN}$ 曲线下的面积；**mAP** 是各类 AP 的平均（COCO 还对阈值 0.50、0.55、…、0.95 取平均）。面积有几种取法：所有点的包络（VOC 2010 起）、11 个查全率处（VOC 2007）、或直接用各点查准率；不同取法的数值不可比较。

因此 IoU 决定什么算错误，mAP 则是统计这些错误的指标。同样的框，阈值越高错误越多，mAP 不会上升；类别判错同样降低 mAP，而且影响两次：在一类中是误检，在另一类中是漏检。

来源：M. Everingham 等，*The PASCAL Visual Object Classes (VOC) challenge*，2010；T.-Y. Lin 等，*Microsoft COCO: common objects in context*，2014。`,
  },
  rows: 4,
  code: [
    { path: 'src/tensor/detection/boxes.ts', words: { en: 'IoU of boxes', zh: '框的 IoU' } },
    { path: 'src/tensor/detection/precision.ts', words: { en: 'ranking, AP and mAP', zh: '排序、AP 与 mAP' } },
  ],
  parameters: {
    noise: {
      kind: 'real',
      words: { en: 'how far the sides of found boxes are off, in pixels', zh: '检测框各边的偏差（像素，标准差）' },
      ...{ default: 3, least: 0, most: 20 },
    },
    seed: { kind: 'whole', words: { en: 'seed of the scene', zh: '场景的随机种子' }, default: 1, least: 1, most: 1000 },
  },
  async show({ print, table, picture, language }, { noise, seed }) {
    const shared = iou([0, 0, 10, 10], [5, 5, 15, 15]);
    print({
      en: `IoU of two squares that share a quarter of each: ${shared.toFixed(4)}`,
      zh: `两个各有四分之一重叠的正方形的 IoU：${shared.toFixed(4)}`,
    });
    const ranking = RANKING.map((r) => (r ? 'TP' : 'FP')).join(', ');
    print({
      en: `Average precision of the ranking ${ranking} with four objects, by ways to take the area:`,
      zh: `四个物体、排序 ${ranking} 的平均查准率（按面积的取法）：`,
    });
    const names = {
      all: ['all points', '所有点'],
      eleven: ['eleven points', '11 点'],
      raw: ['as it is', '直接'],
    } as const;
    table(
      [{ en: 'way', zh: '取法' }, 'AP'],
      MODES.map((mode) => [names[mode][language === 'en' ? 0 : 1], averagePrecision(RANKING, 4, mode).toFixed(4)]),
    );
    const falling = fallingAp(seed, noise);
    print({
      en: `The same boxes (sides off by ${noise} pixels) judged at other thresholds of IoU:`,
      zh: `同一组检测框（各边偏差 ${noise} 像素）在不同 IoU 阈值下：`,
    });
    table(
      [{ en: 'IoU at least', zh: 'IoU 阈值' }, 'AP'],
      OVERLAPS.map((overlap, i) => [overlap, falling[i]!.toFixed(4)]),
    );
    print({ en: 'With wrong classes, at an IoU of 0.5:', zh: '类别判错时（IoU 阈值 0.5）：' });
    table(
      [{ en: 'share with the wrong class', zh: '类别判错的比例' }, 'mAP'],
      SHARES.map((share) => [share, apOfMislabelled(share, { seed, noise }).toFixed(4)]),
    );
    const { truths, detections } = randomScene(seed, { noise });
    const zh = language === 'zh';
    const curves = [0.3, 0.5, 0.7, 0.9].map((overlap) => ({
      name: `IoU ≥ ${overlap}`,
      points: precisionRecall(rankDetections(detections, truths, overlap), truths.length),
    }));
    const { linesPicture } = await charts();
    picture(
      'precision-recall',
      linesPicture(curves, {
        title: zh ? '查准率—查全率曲线' : 'Precision and recall of the same boxes',
        x: zh ? '查全率' : 'recall',
        y: zh ? '查准率' : 'precision',
        domain: [0, 1],
      }),
      {
        en: 'Precision over recall of the same detections at four thresholds of IoU: the higher the threshold, the lower the curve.',
        zh: '同一组检测框在四个 IoU 阈值下的查准率—查全率曲线：阈值越高，曲线越低。',
      },
    );
  },
  check({ row, holds }) {
    row(1).close('IoU', iou([0, 0, 10, 10], [5, 5, 15, 15]), 0.14285714285714285, 1e-15);
    row(2).equal(
      'IoU of the same and of apart',
      [iou([0, 0, 1, 1], [0, 0, 1, 1]), iou([0, 0, 1, 1], [2, 0, 3, 1])],
      [1, 0],
    );
    const found = MODES.map((mode) => averagePrecision(RANKING, 4, mode));
    row(3).close('AP: all points, eleven points, raw', found, [0.625, 0.6136363636363636, 0.6041666666666666], 1e-12);
    for (let seed = 1; seed <= 10; seed++) {
      const ap = fallingAp(seed);
      row(4).holds(
        `AP does not rise with the overlap (scene ${seed})`,
        ap.every((v, i) => i === 0 || v <= ap[i - 1]!),
      );
      const wrong = SHARES.map((share) => apOfMislabelled(share, { seed }));
      holds(
        `mAP falls with the share of wrong classes (scene ${seed})`,
        wrong.every((v, i) => i === 0 || v < wrong[i - 1]!),
      );
    }
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      [
        real('iou', 'IoU of the two boxes', '两框的 IoU', iou([0, 0, 10, 10], [5, 5, 15, 15]), [
          slip(25 / 100, 'the intersection is divided by one of the boxes', '用交集除以了其中一个框'),
          slip(25 / 200, 'the intersection is counted twice in the union', '并集中把交集算了两次'),
        ]),
        ...MODES.map((mode) => {
          const names = {
            all: ['at all points', '所有点'],
            eleven: ['at eleven recalls', '11 点'],
            raw: ['as they are', '直接'],
          } as const;
          const found = averagePrecision(RANKING, 4, mode);
          const slips = MODES.filter((other) => other !== mode).map((other) =>
            slip(
              averagePrecision(RANKING, 4, other),
              `the area is taken ${names[other][0]}`,
              `面积取法为“${names[other][1]}”`,
            ),
          );
          return real(mode, `average precision ${names[mode][0]}`, `平均查准率（${names[mode][1]}）`, found, slips);
        }),
      ].map(sharper),
    ),
});
