/** Square blocks of pixels that DepthToSpace and SpaceToDepth exchange with channels: the attribute and the shapes. */
import { type Dim, intAttribute, type TensorType } from '#ir';
import type { AttributeSpec, InferContext } from '../define.ts';
import { expectRank, inputType, multiplyDims } from '../shapes.ts';

export const BLOCK_SIZE: AttributeSpec = { kind: 'int', required: true, doc: 'Height and width of a block.' };

export const blockSize = ({ node }: Pick<InferContext, 'node'>): number => intAttribute(node, 'blocksize', 0);

/** The quotient of a dimension; refuses one that is known and does not divide. */
function divided(c: InferContext, what: string, size: Dim, by: number): Dim {
  if (by === 1 || typeof size !== 'number') return by === 1 ? size : null;
  if (size % by === 0) return size / by;
  return c.fail(`${what} = ${size}`, { en: `a multiple of ${by}`, zh: `${by} 的倍数` });
}

/** The output type of either direction for X [N, C, H, W]. */
export function blockType(c: InferContext, direction: 'to space' | 'to depth'): TensorType {
  const x = inputType(c, 0);
  const b = blockSize(c);
  if (b < 1) c.fail(`blocksize ${b}`, 'blocksize ≥ 1');
  expectRank(c, 'input', x.shape, [4]);
  const [n, channels, h, w] = (x.shape ?? [null, null, null, null]) as readonly [Dim, Dim, Dim, Dim];
  const shape =
    direction === 'to space'
      ? [n, divided(c, 'C', channels, b * b), multiplyDims(h, b), multiplyDims(w, b)]
      : [n, multiplyDims(channels, b * b), divided(c, 'H', h, b), divided(c, 'W', w, b)];
  return { ...x, shape };
}
