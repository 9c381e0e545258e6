/**
 * The gradient that normalisations by mean and deviation share. With normal = (x − mean) × inverse, and d = dL/d normal:
 * dL/dx = inverse × (d − mean(d) − normal × mean(d × normal)) (Ioffe and Szegedy 2015, section 3). The statistics are built
 * from x again, so that gradients of gradients reach it through them.
 */
import type { Expression } from '../expression.ts';

export interface NormalRows {
  readonly normal: Expression;
  /** 1 ÷ √(variance + ε), the axes kept with size 1. */
  readonly inverse: Expression;
}

export function normalize(x: Expression, axes: readonly number[], epsilon: number): NormalRows {
  const centred = x.sub(x.mean(axes, true));
  const inverse = centred.mul(centred).mean(axes, true).add(epsilon).sqrt().reciprocal();
  return { normal: centred.mul(inverse), inverse };
}

export function centredGradient(d: Expression, { normal, inverse }: NormalRows, axes: readonly number[]): Expression {
  const along = d.mul(normal).mean(axes, true);
  return d.sub(d.mean(axes, true)).sub(normal.mul(along)).mul(inverse);
}
