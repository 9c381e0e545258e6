/**
 * From the operands of Resize to its axes: which are resized, to what sizes, by what scales. A size is
 * ⌊scale × input⌋, the product rounded to f32 as in ONNX Runtime's kernel (its shape inference does not round, and may
 * be one less); the region of tf_crop_and_resize does not enter it, as in ONNX's shape inference.
 */
import { type Dim, type GraphNode, intsAttribute, stringAttribute } from '#ir';
import { normalizeAxis, type Refuse, type Shape, shapeText } from '../shapes.ts';
import type { ResizedAxis } from './coordinates.ts';

const POLICIES = ['stretch', 'not_larger', 'not_smaller'] as const;
type Policy = (typeof POLICIES)[number];

export function policyOf(c: Refuse, node: GraphNode): Policy {
  const name = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  return POLICIES.find((p) => p === name) ?? c.fail(`keep_aspect_ratio_policy '${name}'`, POLICIES.join(' | '));
}

/** The axes that scales, sizes and the region are given for. */
export function resizedAxes(c: Refuse, node: GraphNode, rank: number): readonly number[] {
  const given = intsAttribute(node, 'axes');
  // ONNX Runtime takes no axes, as an empty list, for all.
  if (given === undefined || given.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  const axes = given.map((axis) => normalizeAxis(c, axis, rank));
  if (new Set(axes).size < axes.length) c.fail(`axes [${given}]`, { en: 'each axis once', zh: '每个轴只出现一次' });
  return axes;
}

/** What the operands say: scales or sizes, for some axes. */
export interface Request {
  readonly axes: readonly number[];
  readonly scales?: readonly number[];
  readonly sizes?: readonly Dim[];
  readonly policy: Policy;
}

/** Size and scale of each axis; null where it is not known. */
export function resizedShape(
  c: Refuse,
  input: Shape,
  { axes, scales, sizes, policy }: Request,
): { readonly shape: Shape; readonly scales: readonly (number | null)[] } {
  const given = scales ?? sizes ?? [];
  if (given.length !== axes.length) {
    const what = scales === undefined ? 'sizes' : 'scales';
    c.fail(
      { en: `${what} [${given}] for shape ${shapeText(input)}`, zh: `形状 ${shapeText(input)} 的 ${what} [${given}]` },
      { en: `${axes.length}: one for each axis`, zh: `${axes.length} 个：每个轴一个` },
    );
  }
  const wrong = given.find((v) => typeof v === 'number' && !(scales === undefined ? v >= 0 : v > 0));
  if (wrong !== undefined) {
    c.fail(
      scales === undefined ? `sizes [${given}]` : `scales [${given}]`,
      scales === undefined ? 'sizes ≥ 0' : 'scales > 0',
    );
  }
  const shape: Dim[] = [...input];
  const factors: (number | null)[] = input.map(() => 1);
  axes.forEach((axis, i) => {
    const from = input[axis]!;
    const scale = scales?.[i] ?? factorTo(from, sizes?.[i] ?? null);
    factors[axis] = scale;
    shape[axis] = scales === undefined ? sizes![i]! : scaled(from, scales[i]!, Math.floor);
  });
  if (scales !== undefined || policy === 'stretch') return { shape, scales: factors };
  const own = axes.map((axis) => factors[axis]!);
  const isKnown = own.every((f) => f !== null);
  const common = isKnown ? (policy === 'not_larger' ? Math.min : Math.max)(...(own as number[])) : null;
  for (const axis of axes) {
    factors[axis] = common;
    shape[axis] = common === null ? null : scaled(input[axis]!, common, Math.round);
  }
  return { shape, scales: factors };
}

function scaled(size: Dim, scale: number, round: (x: number) => number): Dim {
  if (typeof size === 'number') return round(Math.fround(scale * size));
  return scale === 1 ? size : null;
}

function factorTo(from: Dim, to: Dim): number | null {
  if (typeof from !== 'number' || typeof to !== 'number') return from !== null && from === to ? 1 : null;
  return from === 0 ? 1 : Math.fround(to / from);
}

/** The axes of an evaluation. @param roi beginnings, then ends, of `axes`; undefined: all of each */
export function plannedAxes(
  c: Refuse,
  input: readonly number[],
  request: Request,
  roi: readonly number[] | undefined,
): readonly ResizedAxis[] {
  const { axes } = request;
  const { shape, scales } = resizedShape(c, input, request);
  if (roi !== undefined && roi.length !== 2 * axes.length) {
    c.fail(
      { en: `roi of ${roi.length} values`, zh: `roi 有 ${roi.length} 个值` },
      { en: `${2 * axes.length}: two for each axis`, zh: `${2 * axes.length} 个：每个轴两个` },
    );
  }
  return input.map((size, axis) => {
    const output = shape[axis] as number;
    if (size === 0 && output > 0) {
      c.fail(
        { en: `a size of ${output} from no elements (axis ${axis})`, zh: `轴 ${axis} 没有元素却要求大小 ${output}` },
        { en: 'size 0', zh: '大小为 0' },
      );
    }
    const at = roi === undefined ? -1 : axes.indexOf(axis);
    const [start, end] = at < 0 ? [0, 1] : [Math.fround(roi![at]!), Math.fround(roi![at + axes.length]!)];
    return { input: size, output, scale: scales[axis]!, start, end };
  });
}
