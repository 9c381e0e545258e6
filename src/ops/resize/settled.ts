/** What Resize and Upsample ask for where all their operands are numbers: the interpolation, and each axis. */
import type { GraphNode } from '#ir';
import { accepted } from '../shapes.ts';
import type { ResizedAxis } from './coordinates.ts';
import type { Interpolation } from './interpolation.ts';
import { plannedAxes } from './plan.ts';
import { asked } from './resize.ts';
import { upsampleInterpolation } from './settings.ts';

interface At {
  readonly node: GraphNode;
  readonly opset: number;
}

export interface ResizePlan {
  readonly settings: Interpolation;
  readonly axes: readonly ResizedAxis[];
}

/** @param operand numbers of an operand, undefined where it is absent or empty */
export function resizePlan(
  { node, opset }: At,
  dims: readonly number[],
  operand: (index: number) => readonly number[] | undefined,
): ResizePlan {
  const c = { ...accepted, node, opset };
  const { settings, request, roi } = asked(c, dims.length, operand);
  return { settings, axes: plannedAxes(c, dims, request, roi) };
}

export function upsamplePlan({ node, opset }: At, dims: readonly number[], scales: readonly number[]): ResizePlan {
  const c = { ...accepted, node, opset };
  const axes = dims.map((_, axis) => axis);
  return {
    settings: upsampleInterpolation(c),
    axes: plannedAxes(c, dims, { axes, scales, policy: 'stretch' }, undefined),
  };
}
