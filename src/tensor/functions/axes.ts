/** Axes and lists of whole numbers as operators take them. */
import { diagnostic } from '#base';
import { tensorOf } from '#ir';
import { whole } from '../arguments.ts';
import { constantTensor } from '../autograd.ts';
import type { Tensor } from '../tensor.ts';

const badAxis = diagnostic<{ op: string; axis: number; shape: string }>('SYS-TEN-023', 'invalid', {
  en: (p) => `${p.op}: shape [${p.shape}] has no axis ${p.axis}.`,
  zh: (p) => `${p.op}：形状 [${p.shape}] 没有轴 ${p.axis}。`,
});

/** A vector of i64 constants. */
export const int64s = (values: readonly number[]): Tensor =>
  constantTensor(tensorOf('int64', [values.length], values.map(BigInt)));

/** The axis counted from the front. @throws SYS-TEN-122 no whole number; -023 there is none */
export const axisOf = (op: string, x: Tensor, axis: number): number => {
  whole(op, axis);
  const place = axis < 0 ? axis + x.rank : axis;
  if (place < 0 || place >= x.rank) throw badAxis({ op, axis, shape: x.dims.join(', ') });
  return place;
};
