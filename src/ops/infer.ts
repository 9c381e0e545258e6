/**
 * Type and shape inference over a model: asks each operator's rule in order, and follows small integer tensors element
 * by element (Shape → Gather → Concat → Reshape), so that computed shapes become known. Subgraphs of If, Loop and Scan
 * are not descended into: their nodes keep the declared types, and read outer values that are typed here.
 */
import { diagnostic, SystoleError } from '#base';
import {
  type Dim,
  elementCount,
  type GraphNode,
  type Model,
  staticShape,
  type Tensor,
  type TensorType,
  tensorOf,
  typeOf,
  typeText,
  type ValueType,
} from '#ir';
import { bindDims } from './bindDims.ts';
import type { Inferred } from './define.ts';
import { evaluateNode } from './evaluate.ts';
import { inferNode, type Known, shapeValueOf } from './inferNode.ts';
import { onnxOpset, operatorIn } from './registry.ts';
import { mayEqual, tighter } from './shapes.ts';

const disagrees = diagnostic<{ node: string; op: string; value: string; declared: string; inferred: string }>(
  'SYS-OPS-004',
  'invalid',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}): its output '${p.value}' is declared as ${p.declared}, but its inputs make it ` +
      `${p.inferred}. Correct the declaration, or the shapes of the inputs.`,
    zh: (p) =>
      `节点 '${p.node}'（${p.op}）：输出 '${p.value}' 声明为 ${p.declared}，但由其输入得到 ${p.inferred}。` +
      '请修正声明或输入的形状。',
  },
);

export interface InferOptions {
  /** Sizes of symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /**
   * Declared types of inner values and outputs: checked against the inferred ones (default), or used only where
   * nothing is inferred, for models whose input shapes were changed after export.
   */
  readonly declared?: 'check' | 'fallback';
}

/**
 * The model with the types of all values that can be known.
 * @throws SYS-OPS-001 a node breaks its operator's rules; SYS-OPS-002, -003 wrong `dims`; SYS-OPS-004 a declared type
 * contradicts the inferred one
 */
export function inferTypes(model: Model, options: InferOptions = {}): Model {
  const bound = bindDims(model, options.dims ?? {});
  const { graph } = bound;
  const opset = onnxOpset(bound);
  const declared = new Map(graph.types);
  for (const output of graph.outputs) if (output.type !== undefined) declared.set(output.name, output.type);

  const types = new Map<string, ValueType>();
  const constants = new Map(graph.constants);
  const values = new Map<string, readonly Dim[]>();
  for (const input of graph.inputs) if (input.type !== undefined) types.set(input.name, input.type);
  for (const name of constants.keys()) types.set(name, typeOf(graph, name)!);

  for (const node of graph.nodes) {
    const inferred = ruleOf(node);
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const type = settle(node, name, inferred?.types[i], declared.get(name), options.declared ?? 'check');
      if (type !== undefined) types.set(name, type);
      const constant = inferred?.constants?.[i];
      if (constant !== undefined) constants.set(name, constant);
      const value = inferred?.values?.[i];
      if (value !== undefined) values.set(name, value);
    });
  }

  function ruleOf(node: GraphNode): Inferred | undefined {
    const op = operatorIn(bound, node);
    const inputs = node.inputs.map((name) => (name === '' ? undefined : types.get(name)));
    // A rule is asked only where all its inputs are tensors of known element type.
    if (op === undefined || !inputs.every((t, i) => node.inputs[i] === '' || t?.kind === 'tensor')) return undefined;
    const known = knownOf(node, inputs as TensorType[]);
    const inferred = inferNode(op, node, opset, inputs as (TensorType | undefined)[], known);
    return inferred.constants === undefined ? { ...inferred, ...followed(node, opset, inferred, known) } : inferred;
  }

  function knownOf(node: GraphNode, inputs: readonly (TensorType | undefined)[]): Known {
    return {
      constant(i) {
        const name = node.inputs[i] ?? '';
        return constants.get(name) ?? asTensor(values.get(name), inputs[i]);
      },
      shapeValue(i) {
        const name = node.inputs[i] ?? '';
        const constant = constants.get(name);
        return values.get(name) ?? (constant === undefined ? undefined : shapeValueOf(constant));
      },
    };
  }

  const inputNames = new Set(graph.inputs.map((v) => v.name));
  const outputNames = new Set(graph.outputs.map((v) => v.name));
  const isInner = (name: string) => !inputNames.has(name) && !outputNames.has(name) && !graph.constants.has(name);
  return {
    ...bound,
    graph: {
      ...graph,
      outputs: graph.outputs.map((v) => ({ name: v.name, type: types.get(v.name) ?? v.type })),
      types: new Map([...types].filter(([name]) => isInner(name))),
    },
  };
}

/** Most elements of tensors that are followed through a node by evaluating it. */
const FOLLOWED_ELEMENTS = 256;

/**
 * The outputs of a node whose inputs are small and known: shape computations that leave the integers (a size scaled by
 * a float and rounded) or take an operator whose rule does not follow values.
 */
function followed(node: GraphNode, opset: number, inferred: Inferred, known: Known): Pick<Inferred, 'constants'> {
  const isKnown = (i: number): boolean => inferred.values?.[i]?.every((d) => typeof d === 'number') ?? false;
  const isSmall = (type: TensorType | undefined): boolean => {
    const dims = staticShape(type);
    return dims !== undefined && elementCount(dims) <= FOLLOWED_ELEMENTS;
  };
  if (node.inputs.length === 0 || inferred.types.every((_, i) => isKnown(i)) || !inferred.types.every(isSmall))
    return {};
  const inputs = node.inputs.map((name, i) => (name === '' ? undefined : known.constant(i)));
  const usable = inputs.every((t, i) => node.inputs[i] === '' || (t && elementCount(t.dims) <= FOLLOWED_ELEMENTS));
  if (!usable) return {};
  try {
    return { constants: evaluateNode(node, opset, inputs) };
  } catch (error) {
    // What cannot be evaluated stays unknown here; running the node says why.
    if (error instanceof SystoleError && error.kind !== 'internal') return {};
    throw error;
  }
}

/** A followed value as a constant, where all its elements are numbers. */
function asTensor(value: readonly Dim[] | undefined, type: TensorType | undefined): Tensor | undefined {
  if (value === undefined || type?.shape === undefined) return undefined;
  if (!value.every((d) => typeof d === 'number')) return undefined;
  return tensorOf(type.dtype, type.shape.length === 0 ? [] : [value.length], value as readonly number[]);
}

/** The type of an output from what is inferred and what is declared. */
function settle(
  node: GraphNode,
  value: string,
  inferred: TensorType | undefined,
  declared: ValueType | undefined,
  rule: 'check' | 'fallback',
): ValueType | undefined {
  if (inferred === undefined || declared === undefined) return inferred ?? declared;
  const merged = mergeTypes(inferred, declared);
  if (merged !== undefined) return merged;
  if (rule === 'fallback') return inferred;
  const texts = { declared: typeText(declared), inferred: typeText(inferred) };
  throw disagrees({ node: node.name, op: node.op, value, ...texts }, { node: node.name });
}

/** What two statements about one value say together; undefined where they contradict each other. */
export function mergeTypes(a: TensorType, b: ValueType): TensorType | undefined {
  if (b.kind !== 'tensor' || a.dtype !== b.dtype) return undefined;
  if (a.shape === undefined || b.shape === undefined) return { ...a, shape: a.shape ?? b.shape };
  const other = b.shape;
  if (a.shape.length !== other.length || !a.shape.every((d, i) => mayEqual(d, other[i]!))) return undefined;
  return { ...a, shape: a.shape.map((d, i) => tighter(d, other[i]!)) };
}
