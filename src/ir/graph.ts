/**
 * Graph: ONNX semantics in SSA form, immutable plain data. The one representation of everything before the hardware.
 * A name is one value; '' in a node's inputs or outputs means absent. Nodes stand in topological order.
 */
import type { Tensor } from './tensor.ts';
import type { ValueType } from './types.ts';

export type Attribute =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'sparse'; readonly value: SparseTensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'sparses'; readonly value: readonly SparseTensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'types'; readonly value: readonly ValueType[] }
  /** Inside a function body: the value of the caller's attribute of that name. */
  | { readonly kind: 'reference'; readonly name: string; readonly type: number };

export interface SparseTensor {
  readonly dims: readonly number[];
  readonly values: Tensor;
  readonly indices: Tensor;
}

export interface GraphNode {
  /** Unique within its graph; made from the operator and a number where the file gives none. */
  readonly name: string;
  readonly op: string;
  /** '' is ONNX's own operator set. */
  readonly domain: string;
  /** Which overload of a local function; '' normally. */
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface GraphValue {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export interface Graph {
  readonly name: string;
  /** What a caller must give. An initialiser that the file also lists as an input stands in `constants` alone. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  /** Initialisers. Sparse ones are held dense. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Types of inner values, as declared or inferred. Inputs and outputs carry theirs. */
  readonly types: ReadonlyMap<string, ValueType>;
}

/** A model-local function (ONNX FunctionProto). */
export interface GraphFunction {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly GraphNode[];
  readonly types: ReadonlyMap<string, ValueType>;
  readonly opsets: ReadonlyMap<string, number>;
}

/** A graph with what it needs around it: the unit of import, passes, printing and export. */
export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  /** Operator-set version by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Graph;
  readonly functions: readonly GraphFunction[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** The type of a value: input, output, constant or inner value. */
export function typeOf(graph: Graph, name: string): ValueType | undefined {
  const constant = graph.constants.get(name);
  if (constant !== undefined) return { kind: 'tensor', dtype: constant.dtype, shape: constant.dims };
  return (
    graph.types.get(name) ??
    graph.inputs.find((v) => v.name === name)?.type ??
    graph.outputs.find((v) => v.name === name)?.type
  );
}

const INT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** An int attribute as a number; beyond 2^53 it saturates there (ONNX files write INT64_MAX for "to the end"). */
export function intAttribute(node: GraphNode, name: string): number | undefined;
export function intAttribute(node: GraphNode, name: string, otherwise: number): number;
export function intAttribute(node: GraphNode, name: string, otherwise?: number): number | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'int' ? saturate(a.value) : otherwise;
}

export function intsAttribute(node: GraphNode, name: string): number[] | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'ints' ? a.value.map(saturate) : undefined;
}

export function floatAttribute(node: GraphNode, name: string): number | undefined;
export function floatAttribute(node: GraphNode, name: string, otherwise: number): number;
export function floatAttribute(node: GraphNode, name: string, otherwise?: number): number | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'float' ? a.value : otherwise;
}

export function stringAttribute(node: GraphNode, name: string): string | undefined;
export function stringAttribute(node: GraphNode, name: string, otherwise: string): string;
export function stringAttribute(node: GraphNode, name: string, otherwise?: string): string | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'string' ? a.value : otherwise;
}

export function floatsAttribute(node: GraphNode, name: string): readonly number[] | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'floats' ? a.value : undefined;
}

export function stringsAttribute(node: GraphNode, name: string): readonly string[] | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'strings' ? a.value : undefined;
}

export function tensorAttribute(node: GraphNode, name: string): Tensor | undefined {
  const a = node.attributes.get(name);
  return a?.kind === 'tensor' ? a.value : undefined;
}

/** int64 as a number, clamped to the safe range. */
export const saturate = (v: bigint): number => Number(v > INT_MAX ? INT_MAX : v < -INT_MAX ? -INT_MAX : v);

/** Attribute constructors for code that builds graphs. */
export const int = (value: number | bigint): Attribute => ({ kind: 'int', value: BigInt(value) });
export const ints = (value: readonly (number | bigint)[]): Attribute => ({ kind: 'ints', value: value.map(BigInt) });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const string = (value: string): Attribute => ({ kind: 'string', value });
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });
export const strings = (value: readonly string[]): Attribute => ({ kind: 'strings', value });
export const tensorAttr = (value: Tensor): Attribute => ({ kind: 'tensor', value });
