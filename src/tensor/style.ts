/**
 * `style`: the losses of style transfer (Gatys, Ecker and Bethge, arXiv:1508.06576). Features of a layer are [channels, positions…] or
 * [1, channels, positions…]: N channels of M positions.
 */
import { mul, square, sub } from './functions/elementwise.ts';
import { matMul } from './functions/linear.ts';
import { reshape, transpose } from './functions/movement.ts';
import { sum } from './functions/reduce.ts';
import type { Tensor } from './tensor.ts';

/** As N × M. */
function asMatrix(features: Tensor): Tensor {
  const { shape, rank } = features;
  const channels = rank > 2 ? shape[rank - 3]! : shape[0]!;
  return rank === 2 ? features : reshape(features, [channels, -1]);
}

/** G = F·Fᵀ, N × N: how much each two channels occur together, wherever that is. */
export function gram(features: Tensor): Tensor {
  const matrix = asMatrix(features);
  return matMul(matrix, transpose(matrix));
}

/** ½·Σ(F − P)²: how far features are from those of the content image. */
export const contentLoss = (features: Tensor, content: Tensor): Tensor => mul(sum(square(sub(features, content))), 0.5);

/** Σ(G − A)² ÷ (4·N²·M²): how far the features' Gram matrix is from that of the style image, which is `styleGram`. */
export function styleLoss(features: Tensor, styleGram: Tensor): Tensor {
  const [channels, positions] = asMatrix(features).shape as [number, number];
  return mul(sum(square(sub(gram(features), styleGram))), 1 / (4 * channels ** 2 * positions ** 2));
}
