/**
 * How good detections are: a detection is right if it is the best-scored of its class to overlap an object enough; precision and recall
 * along the ranking by score; average precision, the area below that curve (Everingham et al., The PASCAL Visual Object Classes
 * Challenge, IJCV 88, 2010).
 */
import { type Box, iou } from './boxes.ts';

export interface Detection {
  readonly box: Box;
  readonly score: number;
  /** The picture it was found in; 0 by default. */
  readonly image?: number;
}

export interface GroundTruth {
  readonly box: Box;
  readonly image?: number;
}

/**
 * How the area is taken: `all` of the envelope, the best precision at this recall or above (VOC from 2010 on); `eleven` the mean of the
 * envelope at recalls 0, 0.1, … 1 (VOC 2007); `raw` the precision itself at each right detection.
 */
export type ApMode = 'all' | 'eleven' | 'raw';

/**
 * Average precision of a ranking.
 * @param ranking whether each detection is right, the best-scored first
 * @param positives how many objects there are
 */
export function averagePrecision(ranking: readonly boolean[], positives: number, mode: ApMode = 'all'): number {
  if (positives === 0) return 0;
  const right: { recall: number; precision: number }[] = [];
  let found = 0;
  ranking.forEach((isRight, i) => {
    if (isRight) right.push({ recall: ++found / positives, precision: found / (i + 1) });
  });
  if (mode === 'raw') return right.reduce((sum, { precision }) => sum + precision, 0) / positives;
  let best = 0;
  for (const point of right.toReversed()) {
    best = Math.max(best, point.precision);
    point.precision = best;
  }
  if (mode === 'all') return right.reduce((sum, { precision }) => sum + precision, 0) / positives;
  const eleven = Array.from(
    { length: 11 },
    (_, i) => right.find(({ recall }) => 10 * recall >= i - 1e-9)?.precision ?? 0,
  );
  return eleven.reduce((sum, precision) => sum + precision, 0) / 11;
}

/**
 * Which detections of one class are right: from the best score down, each takes the object of its picture that it overlaps most, if by at
 * least `overlap` and if nobody took it before. The ranking that `averagePrecision` reads.
 */
export function rankDetections(
  detections: readonly Detection[],
  truths: readonly GroundTruth[],
  overlap = 0.5,
): readonly boolean[] {
  const taken = new Set<GroundTruth>();
  const order = detections.map((d, i) => ({ d, i })).sort((a, b) => b.d.score - a.d.score || a.i - b.i);
  return order.map(({ d }) => {
    let best: GroundTruth | undefined;
    let most = 0;
    for (const truth of truths) {
      if ((truth.image ?? 0) !== (d.image ?? 0)) continue;
      const shared = iou(truth.box, d.box);
      if (shared > most) [best, most] = [truth, shared];
    }
    if (best === undefined || most < overlap || taken.has(best)) return false;
    taken.add(best);
    return true;
  });
}

/** Mean over classes, and over thresholds of overlap where several are given (COCO: 0.5, 0.55, … 0.95). */
export function meanAveragePrecision(
  classes: readonly { readonly detections: readonly Detection[]; readonly truths: readonly GroundTruth[] }[],
  { overlaps = [0.5], mode = 'all' }: { readonly overlaps?: readonly number[]; readonly mode?: ApMode } = {},
): number {
  const all = classes.flatMap(({ detections, truths }) =>
    overlaps.map((overlap) => averagePrecision(rankDetections(detections, truths, overlap), truths.length, mode)),
  );
  return all.length === 0 ? 0 : all.reduce((a, b) => a + b) / all.length;
}
