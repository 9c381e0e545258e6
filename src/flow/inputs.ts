/** Seeded random inputs, for runs to which nothing is fed: the same for a seed on every host. */
import { Random } from '#base';
import { elementCount, type Tensor, tensorOf } from '#ir';
import type { TensorSlot } from '#isa';

/** Floats uniform in [0, 1), integers 0 … 9, booleans; one stream for each input, from the seed and its position. */
export function randomInput(slot: Pick<TensorSlot, 'dtype' | 'dims'>, seed: number, position: number): Tensor {
  const random = new Random((seed ^ Math.imul(position + 1, 0x9e3779b1)) >>> 0);
  const floating = slot.dtype.includes('float');
  const most = slot.dtype === 'bool' ? 1 : 9;
  const values = Array.from({ length: elementCount(slot.dims) }, () =>
    floating ? random.uniform() : random.integer(0, most),
  );
  return tensorOf(slot.dtype, slot.dims, values);
}
