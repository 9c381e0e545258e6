/** Indices along an axis, as gathering and scattering operators take them: a negative one counts from the back. */
import type { RefTensor } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import type { Refuse } from '../shapes.ts';

/** The index counted from the front; refuses one outside the axis. */
export function indexAlong(c: Refuse, index: number, size: number): number {
  if (index < -size || index >= size) {
    c.fail(
      { en: `index ${index} along an axis of size ${size}`, zh: `大小为 ${size} 的轴上的下标 ${index}` },
      size === 0
        ? { en: 'no index, since the axis is empty', zh: '空轴上没有下标' }
        : { en: `indices from ${-size} to ${size - 1}`, zh: `${-size} 到 ${size - 1} 之间的下标` },
    );
  }
  return index < 0 ? index + size : index;
}

/** A tensor of index tuples [..., k]: calls `visit` with the offset that each tuple selects under `strides`. */
export function eachTuple(
  c: Refuse,
  indices: RefTensor,
  sizes: readonly number[],
  strides: readonly number[],
  visit: (offset: number, tuple: number) => void,
): void {
  const length = indices.dims.at(-1)!;
  const values = numbersOf(indices);
  const count = indices.dims.slice(0, -1).reduce((a, b) => a * b, 1);
  for (let tuple = 0; tuple < count; tuple++) {
    let offset = 0;
    for (let k = 0; k < length; k++) {
      offset += indexAlong(c, values[tuple * length + k]!, sizes[k]!) * strides[k]!;
    }
    visit(offset, tuple);
  }
}
