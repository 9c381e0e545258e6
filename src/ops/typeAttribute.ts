/** Element types that attributes name by ONNX's number: TensorProto.DataType counts them from 1. */
import { DATA_TYPES, type DataType, type GraphNode, intAttribute } from '#ir';
import type { Refuse } from './shapes.ts';

export const typeNumber = (dtype: DataType): number => DATA_TYPES.indexOf(dtype) + 1;

/** The element type that an attribute names; refuses a number that names none. */
export function typeAttribute(c: Refuse & { readonly node: GraphNode }, name: string): DataType {
  const number = intAttribute(c.node, name, 0);
  return (
    DATA_TYPES[number - 1] ??
    c.fail(`${name} = ${number}`, {
      en: `an element type from 1 to ${DATA_TYPES.length}`,
      zh: `1 到 ${DATA_TYPES.length} 的元素类型`,
    })
  );
}
