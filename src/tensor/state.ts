/** State: values of variables by name, as plain data: what checkpoints hold, and what the data layer writes and reads. */
import { type Tensor as Data, type DataType, tensorIntegers, tensorNumbers, tensorOf } from '#ir';
import { type DType, kindOf, type longName } from './dtypes.ts';
import type { Tensor } from './tensor.ts';

type Numeric = Exclude<ReturnType<typeof longName<DType>>, 'string'>;

/** Elements in row-major order, little-endian. */
export interface StateValue {
  readonly dtype: Numeric;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export type State = ReadonlyMap<string, StateValue>;

/** What a reader gives: of any element type; one that a variable does not have is told when it is loaded. */
export type SavedValue = Data | (Pick<StateValue, 'dims' | 'bytes'> & { readonly dtype: string });
export type SavedState = ReadonlyMap<string, SavedValue>;

export const stateValue = async (t: Tensor): Promise<StateValue> => (await t.value()) as StateValue;

export const savedData = (value: SavedValue): Data => value as Data;

/** Whether a saved value is copied into a variable of another type: numbers into any floats, integers into integers, bools into both. */
export const isConvertible = (from: string, to: DataType): boolean =>
  from === to || (kindOf(from as DataType) > 0 && kindOf(to) >= kindOf(from as DataType));

/** The value in the type of the variable that takes it, rounded as `Cast` rounds. */
export function savedAs(value: SavedValue, dtype: DataType): Data {
  const data = savedData(value);
  if (data.dtype === dtype) return data;
  const elements = data.dtype === 'int64' ? tensorIntegers(data) : tensorNumbers(data);
  return tensorOf(dtype, data.dims, elements);
}
