/** Element types that would keep nodes of the host on the processor. */
import { typeOf } from '#ir';
import { vectorTypes } from '#machine';
import type { Facts } from './rule.ts';

/** ONNX's names and those of the vector unit; what it can never compute (float64, int64, strings) is left out. */
const NAMES: Readonly<Record<string, string>> = {
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  uint8: 'u8',
  int16: 'i16',
  int32: 'i32',
  bool: 'u8',
};

/** Types of values that nodes of the host read or make and the vector unit lacks; none where a node needs one that no vector unit has. */
export function elementsOnHost({ host, optimized: { graph }, machine }: Pick<Facts, 'host' | 'optimized' | 'machine'>) {
  const names = new Set(host.flatMap(({ plan }) => plan.onHost ?? []).map((node) => node.name));
  const known = new Set(vectorTypes(machine.vector));
  const missing = new Set<string>();
  for (const node of graph.nodes.filter((n) => names.has(n.name))) {
    const types = [...node.inputs, ...node.outputs].map((value) => {
      const type = value === '' ? undefined : typeOf(graph, value);
      return type?.kind === 'tensor' ? NAMES[type.dtype] : undefined;
    });
    for (const type of types) if (type !== undefined && !known.has(type)) missing.add(type);
  }
  return [...missing];
}
