/** Bodies of If, Loop and Scan for graphs made by hand: their nodes read values of the graph around them by name. */
import type { Attribute, DataType, GraphNode, GraphValue } from '#ir';

export const bodyNode = (op: string, inputs: readonly string[], output: string): GraphNode => ({
  name: output,
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(),
});

export const bodyValue = (name: string, shape: readonly number[], dtype: DataType = 'float32'): GraphValue => ({
  name,
  type: { kind: 'tensor', dtype, shape },
});

export const body = (
  name: string,
  nodes: readonly GraphNode[],
  outputs: readonly GraphValue[],
  inputs: readonly GraphValue[] = [],
): Attribute => ({
  kind: 'graph',
  value: { name, inputs, outputs, nodes, constants: new Map(), types: new Map() },
});
