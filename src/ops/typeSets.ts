/** Sets of element types that schemas use, in ONNX's numbering order. */
import { DATA_TYPES, type DataType } from '#ir';

export const FLOATS: readonly DataType[] = ['float32', 'float16', 'float64', 'bfloat16'];
export const INTEGERS: readonly DataType[] = ['uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'uint32', 'uint64'];
/** What arithmetic operators accept since opset 14. */
export const NUMBERS: readonly DataType[] = [...FLOATS, ...INTEGERS];
/** Every element type: operators that only move data. */
export const ALL_TYPES: readonly DataType[] = DATA_TYPES;
