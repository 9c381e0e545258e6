/** The arithmetic of the units on single f32 numbers: each operation is rounded to f32 at once, nothing is fused. */
import { type Accumulation, type Activation, expF32, logF32, sigmoidF32, tanhF32, type VectorFunction } from '#isa';

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

/** F of the vector unit. Math.max and Math.min give NaN for a NaN and order −0 below +0, as the unit does. */
export function vectorFunction(name: VectorFunction, a: number, b: number): number {
  switch (name) {
    case 'mov':
      return a;
    case 'add':
      return f(a + b);
    case 'sub':
      return f(a - b);
    case 'mul':
      return f(a * b);
    case 'div':
      return f(a / b);
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
    case 'leaky':
      return a < 0 ? f(b * a) : a;
    case 'exp':
      return expF32(a);
    case 'log':
      return logF32(a);
    case 'sqrt':
      return f(Math.sqrt(a));
    case 'recip':
      return f(1 / a);
    case 'sigmoid':
      return sigmoidF32(a);
    case 'tanh':
      return tanhF32(a);
    case 'abs':
      return Math.abs(a);
    case 'neg':
      return -a;
    case 'gt':
      return a > b ? 1 : 0;
    case 'ge':
      return a >= b ? 1 : 0;
    case 'lt':
      return a < b ? 1 : 0;
    case 'le':
      return a <= b ? 1 : 0;
    case 'eq':
      return a === b ? 1 : 0;
  }
}

/** ⊕ and its identity. */
export interface Meeting {
  readonly identity: number;
  readonly meet: (x: number, y: number) => number;
}

export const MEETINGS: Readonly<Record<Exclude<Accumulation, 'none'>, Meeting>> = {
  add: { identity: 0, meet: (x, y) => f(x + y) },
  max: { identity: Number.NEGATIVE_INFINITY, meet: Math.max },
  min: { identity: Number.POSITIVE_INFINITY, meet: Math.min },
  mul: { identity: 1, meet: (x, y) => f(x * y) },
};
