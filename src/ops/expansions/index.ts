/** The expansions by operator. */
import { attention, rotaryEmbedding } from './attention.ts';
import { conv, convTranspose, qLinearConv } from './convolution.ts';
import { einsum } from './einsum.ts';
import type { Expansion } from './expansion.ts';
import { acosh, asinh, atanh, castLike, cosh, globalLpPool, shrink, sinh, swish } from './functions.ts';
import { cumSum, depthToSpace, pad, spaceToDepth, tile } from './movement.ts';
import { lpPool, pool3D } from './pooling.ts';
import { recurrent } from './recurrent.ts';
import { resizeExpansion } from './resize.ts';

/** Of operators that have a schema and a cost of their own: lowering writes out what no kernel does. */
export const expansions: ReadonlyMap<string, Expansion> = new Map<string, Expansion>([
  ['Conv', conv],
  ['QLinearConv', qLinearConv],
  ['ConvTranspose', convTranspose],
  ['MaxPool', pool3D],
  ['AveragePool', pool3D],
  ['Resize', resizeExpansion],
  ['Upsample', resizeExpansion],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
  ['Tile', tile],
  ['Pad', pad],
  ['CumSum', cumSum],
  ['Einsum', einsum],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['RNN', recurrent],
]);

/** Of operators that are known by nothing else: a pass writes them out wherever it can. */
export const functionExpansions: ReadonlyMap<string, Expansion> = new Map<string, Expansion>([
  ['Attention', attention],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Swish', swish],
  ['Shrink', shrink],
  ['GlobalLpPool', globalLpPool],
  ['LpPool', lpPool],
  ['CastLike', castLike],
  ['Cosh', cosh],
  ['Sinh', sinh],
  ['Acosh', acosh],
  ['Asinh', asinh],
  ['Atanh', atanh],
]);

export { type Expanded, expandNode, isNotExpanded, type NotExpanded } from './expansion.ts';
