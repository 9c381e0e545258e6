/** Which types each function of the vector unit is defined for, for tests that go over all of them. */
import {
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  type ElementType,
  FUNCTION_TYPES,
  type FunctionTypes,
  isFloatType,
  VECTOR_FUNCTIONS,
  type VectorFunction,
} from '#isa';

/** Types of operand and result. */
export interface Types {
  readonly type: ElementType;
  readonly result: ElementType;
}

/** What the vector unit can be given lanes for. */
export const VECTOR_TYPES: readonly ElementType[] = ELEMENT_TYPES.filter((type) => type !== 'i64');

export const ALL_TYPES = { f16: 2, bf16: 2, i8: 4, u8: 4, i16: 1, i32: 1 } as const;

const fits = (type: ElementType, expected: FunctionTypes['operands']): boolean =>
  expected === 'any' || isFloatType(type) === (expected === 'floats');

/** All types for which a function is defined. */
export const vectorTypesOf = (name: VectorFunction): readonly Types[] => {
  const { operands, result: results } = FUNCTION_TYPES.get(name)!;
  return VECTOR_TYPES.filter((type) => fits(type, operands)).flatMap((type) =>
    VECTOR_TYPES.filter((result) => fits(result, results)).map((result) => ({ type, result })),
  );
};

/** Whether integers arise that could be saturated. */
export const mayISaturate = ({ type, result }: Types): boolean => !(isFloatType(type) && isFloatType(result));

/** Every function with its types, in so far as they are wanted. */
export const functionsOf = (
  wanted: (types: Types) => boolean = () => true,
): readonly { readonly name: VectorFunction; readonly types: readonly Types[] }[] =>
  VECTOR_FUNCTIONS.map((name) => ({ name, types: vectorTypesOf(name).filter(wanted) })).filter(
    (f) => f.types.length > 0,
  );

/** `f16, record, to i8`: types and options as they are written. */
export const written = ({ type, result }: Types, ...options: readonly string[]): string =>
  [type, ...options.filter((o) => o !== ''), ...(result === type ? [] : [`to ${result}`])].join(', ');

export const bytesOf = (type: ElementType): number => ELEMENT_BYTES[type];
