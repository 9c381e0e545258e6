/**
 * Operands: what operations accept in the place of a tensor, and how two of them meet. A plain number takes the element type of its
 * partner (a fraction makes an integer partner f32); tensors of different types meet in the wider one (`promote`).
 */
import { diagnostic } from '#base';
import { type Tensor as Data, type DataType, tensorOf } from '#ir';
import { castTo } from '../apply.ts';
import { constantTensor } from '../autograd.ts';
import { isFloat, promote } from '../dtypes.ts';
import type { Tensor } from '../tensor.ts';

const noCommonType = diagnostic<{ op: string; a: string; b: string }>('SYS-TEN-018', 'invalid', {
  en: (p) => `${p.op}: ${p.a} and ${p.b} have no common element type. Cast one of them.`,
  zh: (p) => `${p.op}：${p.a} 与 ${p.b} 没有共同的元素类型。请先转换其中之一。`,
});

export { castTo };

export type Operand = Tensor | number | boolean;

export const scalarData = (value: number | boolean, dtype: DataType): Data => tensorOf(dtype, [], [Number(value)]);

/** A number beside a tensor of type `dtype`. */
export function scalarBeside(value: number | boolean, dtype: DataType): Tensor {
  if (typeof value === 'boolean') return constantTensor(scalarData(value, dtype === 'bool' ? 'bool' : dtype));
  const fits = isFloat(dtype) || (dtype !== 'bool' && Number.isInteger(value));
  return constantTensor(scalarData(value, fits ? dtype : Number.isInteger(value) ? 'int64' : 'float32'));
}

export const toTensor = (x: Operand, like?: Tensor): Tensor =>
  typeof x === 'object' ? x : scalarBeside(x, like?.dataType ?? (typeof x === 'boolean' ? 'bool' : 'float32'));

/**
 * Operands in their common type.
 * @throws SYS-TEN-018 there is none
 */
export function meet(op: string, operands: readonly Operand[]): readonly Tensor[] {
  const first = operands.find((x) => typeof x === 'object') as Tensor | undefined;
  const tensors = operands.map((x) => toTensor(x, first));
  const common = tensors.reduce<DataType>((dtype, t) => {
    const next = promote(dtype, t.dataType);
    if (next === undefined) throw noCommonType({ op, a: `${tensors[0]}`, b: `${t}` });
    return next;
  }, tensors[0]!.dataType);
  return tensors.map((t) => castTo(t, common));
}

/** A float operand: integers and bools become f32, as in the frameworks. */
export const toFloat = (x: Operand): Tensor => {
  const t = toTensor(x);
  return isFloat(t.dataType) ? t : castTo(t, 'float32');
};
