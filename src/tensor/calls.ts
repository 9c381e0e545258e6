/**
 * What is kept of earlier calls of a node, so that the next one need not find it again: by the types of its operands those of its
 * results, and the kernel that serves them. A node whose shape rule looks at more than types is inferred at every call.
 */
import type { Engine, Kernel } from '#engine';
import type { Attribute, GraphNode, TensorType } from '#ir';
import type { Attributes, Inferred, Operator } from '#ops';
import { attributeText } from './attributeText.ts';
import type { Tensor } from './tensor.ts';

/** A kernel, once it is loaded; 'reference' where the host engine has none. */
export interface KernelEntry {
  readonly engine: Engine;
  kernel: Kernel | 'reference' | undefined;
  readonly loading: Promise<Kernel | 'reference'>;
}

export interface Call {
  readonly op: Operator;
  readonly opset: number;
  readonly types: readonly (TensorType | undefined)[];
  /** Where they follow from the operands' types alone. */
  readonly inferred: Inferred | undefined;
  /** Where it has run in eager mode. */
  entry: KernelEntry | undefined;
}

/** So many combinations of operand types are kept of a node. */
const MOST = 16;

const calls = new WeakMap<GraphNode, Call[]>();

/** An earlier call with operands of the same types. */
export function earlierCall(
  node: GraphNode,
  op: Operator,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
): Call | undefined {
  return calls.get(node)?.find((call) => call.op === op && call.opset === opset && areOf(inputs, call.types));
}

export function keepCall(node: GraphNode, call: Call): void {
  const kept = calls.get(node);
  if (kept === undefined) calls.set(node, [call]);
  else {
    if (kept.length === MOST) kept.shift();
    kept.push(call);
  }
}

function areOf(inputs: readonly (Tensor | undefined)[], types: readonly (TensorType | undefined)[]): boolean {
  if (inputs.length !== types.length) return false;
  for (let i = 0; i < types.length; i++) {
    const [a, b] = [inputs[i]?.type, types[i]];
    if (a === b) continue;
    if (a === undefined || b === undefined || a.dtype !== b.dtype) return false;
    const [dims, others] = [a.shape, b.shape];
    // In a trace there are tensors of unknown rank.
    if (dims === undefined || others === undefined || dims.length !== others.length) return false;
    for (let axis = 0; axis < dims.length; axis++) if (dims[axis] !== others[axis]) return false;
  }
  return true;
}

const nodes = new Map<string, GraphNode>();

/** The node of an operator with attributes, the same one at every call. Its names only say which inputs and outputs are there. */
export function nodeOf(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  outputs: number,
): GraphNode {
  let key = `${op} ${outputs} `;
  for (const t of inputs) key += t === undefined ? '-' : 'x';
  let isShort = true;
  for (const name in attributes) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    isShort &&= SHORT.has(attribute.kind);
    if (isShort) key += ` ${name}=${attributeText(attribute)}`;
  }
  if (!isShort) return made(op, inputs, attributes, outputs);
  let node = nodes.get(key);
  if (node === undefined) {
    node = made(op, inputs, attributes, outputs);
    nodes.set(key, node);
  }
  return node;
}

/** Kinds of attributes whose text is not long. */
const SHORT: ReadonlySet<Attribute['kind']> = new Set(['int', 'float', 'string', 'ints', 'floats', 'strings']);

function made(op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes, outputs: number): GraphNode {
  const present = Object.entries(attributes).filter((e): e is [string, Attribute] => e[1] !== undefined);
  return {
    name: op,
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes: new Map(present),
  };
}
