/** The arithmetic of the matrix unit on single f32 numbers: each operation is rounded to f32 at once, nothing is fused. */
import type { Activation } from '#isa';

const f = Math.fround;

/** Adjacent lanes meet in a balanced binary tree; the number of lanes is a power of two. */
export function balancedTree(lanes: readonly number[], meet: (x: number, y: number) => number): number {
  let level = lanes;
  while (level.length > 1) {
    const pairs: number[] = [];
    for (let i = 0; i < level.length; i += 2) pairs.push(meet(level[i]!, level[i + 1]!));
    level = pairs;
  }
  return level[0]!;
}

/** ((0 + x0) + x1) + … */
export const chain = (lanes: readonly number[]): number => lanes.reduce((sum, x) => f(sum + x), 0);

/** The drain path's activation. */
export function activate(act: Activation, x: number, p0: number, p1: number): number {
  switch (act) {
    case 'none':
      return x;
    case 'clamp':
      return x < p0 ? p0 : x > p1 ? p1 : x;
    case 'leaky':
      return x < 0 ? f(p0 * x) : x;
  }
}
