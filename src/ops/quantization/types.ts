/** Element types of quantised values. */
import type { DataType } from '#ir';

/** What QuantizeLinear gives (opset 25), in ONNX's order. */
export const QUANTISED: readonly DataType[] = [
  ...(['int8', 'uint8', 'int16', 'uint16'] as const),
  ...(['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'] as const),
  ...(['int4', 'uint4', 'float4e2m1', 'int2', 'uint2'] as const),
];

/** Operands of products of integers. */
export const BYTES: readonly DataType[] = ['int8', 'uint8'];
