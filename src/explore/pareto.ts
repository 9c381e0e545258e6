/**
 * Pareto dominance of points by objectives that are all minimised, and what a front is worth: its hypervolume, the volume that it dominates up to
 * a reference point (Zitzler and Thiele, IEEE TEC 3(4), 1999).
 */

export type Objectives = readonly number[];

/** Whether a is nowhere worse than b, and somewhere better. */
export function dominates(a: Objectives, b: Objectives): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! > b[i]!) return false;
    if (a[i]! < b[i]!) better = true;
  }
  return better;
}

/** Positions of the points that no other dominates; of equal points all. */
export function paretoFront(points: readonly Objectives[]): readonly number[] {
  // Whoever dominates a point comes before it in lexicographic order, so that only the front so far has to be looked at.
  const order = points.map((_, i) => i).sort((i, j) => compare(points[i]!, points[j]!) || i - j);
  const front: number[] = [];
  for (const i of order) if (!front.some((j) => dominates(points[j]!, points[i]!))) front.push(i);
  return front.sort((a, b) => a - b);
}

function compare(a: Objectives, b: Objectives): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** Volume between points and a reference point that is no better than any that counts; points beyond it add nothing. */
export function hypervolume(points: readonly Objectives[], reference: Objectives): number {
  const inside = points.filter((p) => p.every((v, i) => v < reference[i]!));
  return volume(
    paretoFront(inside).map((i) => inside[i]!),
    reference,
  );
}

/** Slices along the last objective, each as thick as to the next worse point (Fleischer, EMO 2003). */
function volume(front: readonly Objectives[], reference: Objectives): number {
  const last = reference.length - 1;
  if (front.length === 0) return 0;
  if (last === 0) return reference[0]! - Math.min(...front.map((p) => p[0]!));
  const sorted = [...front].sort((a, b) => a[last]! - b[last]!);
  let total = 0;
  sorted.forEach((p, i) => {
    const thick = (sorted[i + 1]?.[last] ?? reference[last]!) - p[last]!;
    if (thick <= 0) return;
    const slice = sorted.slice(0, i + 1).map((q) => q.slice(0, last));
    total +=
      thick *
      volume(
        paretoFront(slice).map((j) => slice[j]!),
        reference.slice(0, last),
      );
  });
  return total;
}
