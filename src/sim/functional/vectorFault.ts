/** What the vector unit does not do: functions and types that do not go together, types without lanes, flags without a meaning. */
import { BINARY_FUNCTIONS, type ElementType, type VectorFunction } from '#isa';
import type { Machine } from '#machine';
import { isFloat } from './vectorElements.ts';

const OF_FLOATS: readonly VectorFunction[] = [
  ...(['exp', 'log', 'sqrt', 'recip', 'sigmoid', 'tanh', 'round', 'floor', 'ceil', 'trunc', 'rsqrt'] as const),
  ...(['erf', 'softplus'] as const),
];
const OF_INTEGERS: readonly VectorFunction[] = ['and', 'or', 'xor', 'not', 'shl', 'shr', 'dequant'];

/** Why it does not do it, in English and Chinese; undefined where it does. */
export function vectorFault(
  name: VectorFunction,
  type: ElementType,
  result: ElementType,
  fields: Readonly<Record<string, number>>,
  { vector: { types } }: Machine,
): readonly [en: string, zh: string] | undefined {
  for (const t of [type, result]) {
    if (t === 'f32' || (t !== 'i64' && types?.[t] !== undefined)) continue;
    return [`the vector unit has no lanes for ${t}.`, `向量单元没有 ${t} 类型的通道。`];
  }
  if (
    (OF_FLOATS.includes(name) && !isFloat(type)) ||
    (OF_INTEGERS.includes(name) && isFloat(type)) ||
    (name === 'quant' && isFloat(result)) ||
    (name === 'dequant' && !isFloat(result))
  ) {
    return [`'vec.${name}' does not take ${type} to ${result}.`, `“vec.${name}”不能从 ${type} 得到 ${result}。`];
  }
  if (fields.bMode === 0 && BINARY_FUNCTIONS.has(name)) {
    return ["'vec' computes with two operands and names one.", '“vec”需要两个操作数，却只给出一个。'];
  }
  if (fields.saturate === 1 && isFloat(type) && isFloat(result)) {
    return ["'sat' stands where no integer arises.", '没有整数产生，却使用了 sat。'];
  }
  if ((name === 'select' || name === 'unless') && (fields.accumulate !== 0 || fields.init === 1)) {
    return [`'vec.${name}' cannot accumulate as well.`, `“vec.${name}”不能同时累加。`];
  }
  return undefined;
}
