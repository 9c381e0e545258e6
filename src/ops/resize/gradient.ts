/**
 * The gradient of Resize and Upsample by X: each axis is a linear map, whose transpose takes dL/dy back, one matrix
 * product an axis. The matrices are constants: sizes and scales must be known while the graph is built.
 */
import { type Dim, elementCount, type Tensor, tensorNumbers, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import type { ResizedAxis } from './coordinates.ts';
import { axisTaps, type Interpolation, type Taps } from './interpolation.ts';
import { plannedAxes, type Request } from './plan.ts';

/** @param roi beginnings, then ends, of the requested axes; undefined: all of each */
export function resizeGradient(
  c: GradientContext,
  settings: Interpolation,
  request: Request,
  roi: readonly number[] | undefined,
): readonly (Expression | undefined)[] {
  c.inputs.forEach((_, i) => {
    if (i > 0 && c.wanted(i)) {
      c.fail(
        { en: `operand ${i} to be differentiated by`, zh: `对操作数 ${i} 求导` },
        { en: 'X alone: region, scales and sizes are settings', zh: '仅 X：区域、scales 与 sizes 是设置' },
      );
    }
  });
  const x = c.inputs[0]!;
  const axes = plannedAxes(c, knownSizes(c, x.shape, request), request, roi);
  let d = c.dy[0]!;
  axes.forEach((axis, at) => {
    const taps = axisTaps(settings, axis);
    if (taps !== undefined) d = alongAxis(d, at, matrixOf(d, axis, taps));
  });
  return [d];
}

/** Sizes of the axes; an axis that stays as it is may have any. */
function knownSizes(c: GradientContext, shape: readonly Dim[], { axes, scales }: Request): readonly number[] {
  return shape.map((d, axis) => {
    if (typeof d === 'number') return d;
    const at = axes.indexOf(axis);
    if (at < 0 || scales?.[at] === 1) return 1;
    return c.fail(
      { en: `X [${shape}], axis ${axis} resized`, zh: `X [${shape}]，缩放轴 ${axis}` },
      { en: 'known sizes of the axes that are resized', zh: '被缩放的轴尺寸已知' },
    );
  });
}

/** The interpolation of an axis as a matrix [output, input]. */
function matrixOf(like: Expression, { input }: ResizedAxis, taps: readonly Taps[]): Expression {
  const weights = new Float64Array(taps.length * input);
  taps.forEach((row, at) => {
    if (row === 'outside') return;
    for (const { index, weight } of row) weights[at * input + index]! += weight;
  });
  return like.constant(tensorOf(like.dtype, [taps.length, input], weights));
}

/** d · matrix along one axis. */
function alongAxis(d: Expression, axis: number, matrix: Expression): Expression {
  const { rank } = d;
  if (axis === rank - 1) return d.matMul(matrix);
  if (axis === rank - 2) return matrix.matrixTranspose().matMul(d);
  const order = Array.from({ length: rank }, (_, i) => i);
  const swapped = order.map((i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return d.transpose(swapped).matMul(matrix).transpose(swapped);
}

/** The numbers of an operand that must be known; undefined where it is absent or has no elements. */
export function settledNumbers(c: GradientContext, index: number): readonly number[] | undefined {
  const operand = c.inputs[index];
  if (operand === undefined || operand.shape[0] === 0) return undefined;
  const constant: Tensor | undefined = c.constant(index);
  if (constant !== undefined) return elementCount(constant.dims) === 0 ? undefined : [...tensorNumbers(constant)];
  const name = c.node.inputs[index] ?? '';
  return c.fail(
    { en: `'${name}' only known at run time`, zh: `'${name}' 运行时才已知` },
    { en: 'constant region, scales and sizes', zh: '常量的区域、scales 与 sizes' },
  );
}
