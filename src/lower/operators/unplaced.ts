/** Values that have no memory: to predict what a layer takes whose operand or result may never lie anywhere. */
import { elementCount } from '#ir';
import { SLOT_BYTES } from '#isa';
import type { Planner } from '../planner.ts';
import { asPlane, type Buffer, channelsLastStrides, type View } from '../views.ts';

/** A value of [b, c, y, x] that has no memory: what its type and shape say, channels last. */
export function unplaced(p: Planner, name: string): View {
  const dims = p.dims(name);
  const dtype = p.slotType(name);
  const bytes = SLOT_BYTES[dtype];
  const none: Buffer = {
    ...{ name, bytes: bytes * elementCount(dims), address: 0, first: Number.POSITIVE_INFINITY, last: -1 },
    pinned: false,
  };
  return asPlane({ buffer: none, offset: 0, dtype, dims, strides: channelsLastStrides(dims, bytes) });
}
