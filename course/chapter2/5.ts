/**
 * Exercise 2.5: three ways against over-fitting, each by what it does to numbers. Penalties: λ‖w‖² shrinks weights in proportion (ridge
 * regression), λ|w| moves them by λ and stops at zero (soft threshold), so it makes them exactly zero. Dropout: each activation stays with
 * probability p, so the expectation is p·x, which inference makes up for. Bagging: the mean of n independent predictors has 1/n of the
 * variance. Others are early stopping, more data, augmentation.
 */
import { Matrix, solve } from 'ml-matrix';
import { type Random, Random as Stream } from 'systole/base';
import type { Exercise } from 'systole/course';
import { dropout, ones, random } from 'systole/tensor';

/** argmin ‖Xw − y‖² + λ‖w‖²: (XᵀX + λI)·w = Xᵀy. */
export function ridge(x: readonly (readonly number[])[], y: readonly number[], lambda: number): number[] {
  const X = new Matrix(x.map((row) => [...row]));
  const Xt = X.transpose();
  const left = Xt.mmul(X).add(Matrix.eye(X.columns).mul(lambda));
  return solve(left, Xt.mmul(Matrix.columnVector([...y]))).to1DArray();
}

/** argmin ½(v − w)² + λ|v|, the step that a penalty λ|w| adds to an update. */
export const softThreshold = (w: number, lambda: number): number =>
  Math.sign(w) * Math.max(0, Math.abs(w) - lambda) + 0;

/** The mean of x = 1 after dropping with probability 1 − p, without the scaling by 1/p that the framework does in training. */
export async function meanAfterDropout(keep: number, draws: number): Promise<number> {
  const dropped = dropout(ones([draws]), 1 - keep, new random.Generator(5));
  return keep * (await dropped.mean().item());
}

/** Variance of the mean of `n` predictors with independent errors, over that of one. */
export function baggedVariance(n: number, trials: number, stream: Random): number {
  const spread = (values: readonly number[]): number => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return values.reduce((total, v) => total + (v - mean) ** 2, 0) / (values.length - 1);
  };
  const single = Array.from({ length: trials }, () => stream.normal());
  const bagged = Array.from({ length: trials }, () => {
    let total = 0;
    for (let i = 0; i < n; i++) total += stream.normal();
    return total / n;
  });
  return spread(bagged) / spread(single);
}

export const exercise: Exercise = {
  id: '2.5',
  title: { en: 'Three ways against over-fitting', zh: '请简述三种避免过拟合问题的方法' },
  rows: 4,
  async show({ print }) {
    for (const lambda of [0, 1, 10]) print(`ridge, λ = ${lambda}: w = ${ridge([[1], [1]], [1, 1], lambda)[0]}`);
    print(`soft threshold by 0.5 of 0.3 and −0.8: ${softThreshold(0.3, 0.5)}, ${softThreshold(-0.8, 0.5)}`);
    print(`dropout, half of 100 000 ones kept: mean ${await meanAfterDropout(0.5, 1e5)}`);
    print(`ten predictors: ${baggedVariance(10, 20000, new Stream(1)).toFixed(4)} of the variance of one`);
  },
  async check({ close }) {
    close('ridge', ridge([[1], [1]], [1, 1], 1), [2 / 3], 1e-12);
    close('soft threshold', [softThreshold(0.3, 0.5), softThreshold(-0.8, 0.5)], [0, -0.3], 1e-12);
    close('dropout: the mean is p·x', await meanAfterDropout(0.5, 1e5), 0.5, 0.01);
    close('variance of the mean of ten', baggedVariance(10, 20000, new Stream(1)), 0.1, 0.02);
  },
};
