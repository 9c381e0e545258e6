/** Where the names of points go, so that they cover neither each other nor points nor lines. Pixels, y downwards. */
import type { Point } from './svg.ts';

export interface NamedPoint {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

export interface PlacedLabel {
  readonly name: string;
  /** The point. */
  readonly at: Point;
  /** Left end and middle of the text. */
  readonly x: number;
  readonly y: number;
  /** Whether it lies so far off that a line should lead to it. */
  readonly leader: boolean;
}

export interface LabelArea {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Lines that names should not cover, as pairs of ends. */
  readonly lines: readonly (readonly [Point, Point])[];
  /** Points besides those with names. */
  readonly points: readonly Point[];
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const HEIGHT = 14;
/** From a point to its name. */
const GAP = 9;

/** Of a text of 12 pixels in bold. */
export const textWidth = (text: string): number =>
  [...text].reduce((n, c) => n + (c.charCodeAt(0) > 255 ? 12 : 6.2), 0);

/** One name for points at one place, three at most. */
function merged(points: readonly NamedPoint[]): readonly NamedPoint[] {
  const groups: { x: number; y: number; names: string[] }[] = [];
  for (const { x, y, name } of points) {
    const same = groups.find((g) => Math.hypot(g.x - x, g.y - y) < 2.5);
    if (same === undefined) groups.push({ x, y, names: [name] });
    else same.names.push(name);
  }
  return groups.map(({ x, y, names }) => {
    const more = names.length > 3 ? ` +${names.length - 3}` : '';
    return { x, y, name: names.slice(0, 3).join(', ') + more };
  });
}

/** Names of points, each where it covers least, near ones first. */
export function placeLabels(points: readonly NamedPoint[], area: LabelArea): readonly PlacedLabel[] {
  const named = merged(points);
  const dots: readonly Point[] = [...named.map((p): Point => [p.x, p.y]), ...area.points];
  const placed: (PlacedLabel & { readonly box: Box })[] = [];
  for (const { x, y, name } of [...named].sort((a, b) => a.y - b.y || b.x - a.x)) {
    const width = textWidth(name);
    let [best, least]: [(PlacedLabel & { readonly box: Box }) | undefined, number] = [undefined, Infinity];
    for (const side of [1, -1]) {
      for (const step of [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8]) {
        const far = Math.abs(step);
        const reach = GAP + (far > 1 ? 6 : 0);
        const left = side > 0 ? x + reach : x - reach - width;
        const middle = y + step * HEIGHT;
        const box = { left, top: middle - HEIGHT / 2, right: left + width, bottom: middle + HEIGHT / 2 };
        const cost =
          far * 3 +
          (side < 0 ? 1 : 0) +
          (inside(box, area) ? 0 : 1000) +
          100 * placed.filter((p) => overlap(box, p.box)).length +
          40 * dots.filter((d) => contains(box, d, 4)).length +
          25 * area.lines.filter((l) => crosses(box, l)).length;
        if (cost < least) [best, least] = [{ name, at: [x, y], x: left, y: middle, leader: far > 1, box }, cost];
      }
    }
    placed.push(best!);
  }
  return placed.map(({ name, at, x, y, leader }) => ({ name, at, x, y, leader }));
}

const inside = (b: Box, a: LabelArea): boolean =>
  b.left >= a.left && b.right <= a.right && b.top >= a.top && b.bottom <= a.bottom;

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom && b.top < a.bottom;

const contains = (b: Box, [x, y]: Point, margin: number): boolean =>
  x > b.left - margin && x < b.right + margin && y > b.top - margin && y < b.bottom + margin;

/** Whether a line runs through a box: looked at every two pixels. */
function crosses(box: Box, [[ax, ay], [bx, by]]: readonly [Point, Point]): boolean {
  const steps = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / 2));
  for (let i = 0; i <= steps; i++)
    if (contains(box, [ax + ((bx - ax) * i) / steps, ay + ((by - ay) * i) / steps], 0)) return true;
  return false;
}
