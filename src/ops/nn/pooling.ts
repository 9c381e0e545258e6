/** What the pooling operators share: the shape rule over X [N, C, spatial…]. */
import { type Dim, intsAttribute, type TensorType } from '#ir';
import type { InferContext } from '../define.ts';
import { inputType, shapeText } from '../shapes.ts';
import { type Window, windowOf, windowOutput } from '../window.ts';

/** The window of a pooling node. */
export const poolWindow = (c: Pick<InferContext, 'fail' | 'node'>): Window =>
  windowOf(c, c.node, intsAttribute(c.node, 'kernel_shape')!);

/** The type of the pooled output. */
export function inferPool(c: InferContext): TensorType {
  const x = inputType(c, 0);
  const window = poolWindow(c);
  const rank = window.kernel.length + 2;
  if (x.shape === undefined) return { ...x, shape: new Array<Dim>(rank).fill(null) };
  if (x.shape.length !== rank) {
    c.fail(`X ${shapeText(x.shape)}, kernel_shape [${window.kernel}]`, {
      en: `X with ${rank} dimensions: N, C and one for each kernel size`,
      zh: `${rank} 维的 X：N、C 以及每个核尺寸一维`,
    });
  }
  return { ...x, shape: [x.shape[0]!, x.shape[1]!, ...windowOutput(c, window, x.shape.slice(2))] };
}

export const POOL_ATTRIBUTES = {
  kernel_shape: { kind: 'ints', required: true, doc: 'Window sizes along the spatial axes.' },
} as const;
