import { expect, test } from 'vitest';
import { tensorOf } from '#ir';
import { checkGradients, style, tensor, Variable, zeros } from './index.ts';

const { contentLoss, gram, styleLoss } = style;

test('Gram matrix and losses', async () => {
  const features = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(await gram(features).toArray()).toEqual([
    [14, 32],
    [32, 77],
  ]);
  expect(await gram(features.reshape([1, 2, 1, 3])).toArray()).toEqual(await gram(features).toArray());
  const f64 = tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3], dtype: 'f64' });
  expect(await styleLoss(f64, zeros([2, 2], 'f64')).item()).toBeCloseTo(8173 / 144, 12);
  expect(await contentLoss(f64, zeros([2, 3], 'f64')).item()).toBe(45.5);
});

test('gradients', () => {
  const x = new Variable(tensorOf('float64', [2, 3], [1, -2, 0.5, 0.3, 2, -1]));
  const target = tensor([1, 0.5, 0.5, 2], { shape: [2, 2], dtype: 'f64' });
  expect(
    checkGradients(() => styleLoss(x, target).add(contentLoss(x, zeros([2, 3], 'f64'))), [x])[0]!.error,
  ).toBeLessThan(1e-8);
});
