/**
 * Expansions: a node written out in standard operators, of the model's own operator set. Lowering expands what it has no kernel for;
 * a pass expands operators that are not known otherwise. A rule gets expressions and answers with the node's outputs, or with the reason
 * why this use of the operator is not written out. Shapes are static; what follows from constants alone is a constant.
 */
import {
  type DataType,
  type GraphNode,
  type Model,
  staticShape,
  type Tensor,
  type TensorType,
  tensorIntegers,
  typeOf,
} from '#ir';
import { evaluateNode } from '../evaluate.ts';
import { type Attributes, type Builder, Expression } from '../expression.ts';
import { inferNode, shapeValueOf } from '../inferNode.ts';
import { onnxOpset, operatorOf } from '../registry.ts';

/** Why a use of an operator is not expanded. */
export interface NotExpanded {
  readonly en: string;
  readonly zh: string;
}

export const notExpanded = (en: string, zh: string): NotExpanded => ({ en, zh });
export const isNotExpanded = <T extends object>(x: T | NotExpanded): x is NotExpanded => 'en' in x;

export interface ExpansionContext {
  readonly node: GraphNode;
  readonly opset: number;
  /** By position; undefined where absent. */
  readonly inputs: readonly (Expression | undefined)[];
  /** Dimensions of the outputs by position; undefined where the node does not name them or their shape is not known. */
  readonly outputs: readonly (readonly number[] | undefined)[];
  /** Whether anybody reads an output. */
  isRead(output: number): boolean;
  constant(value: Tensor): Expression;
}

/** The outputs by position, undefined for those that nobody reads; or why not. */
export type Expansion = (c: ExpansionContext) => readonly (Expression | undefined)[] | NotExpanded;

/** Dimensions of an expression, all known. */
export const dimsOf = (e: Expression): readonly number[] => e.shape as readonly number[];

/** Integers of a constant input. */
export const integersOf = (e: Expression | undefined): number[] | undefined =>
  e?.known === undefined ? undefined : tensorIntegers(e.known).map(Number);

export const joined = (parts: readonly Expression[], axis: number): Expression =>
  parts.length === 1
    ? parts[0]!
    : parts[0]!.apply('Concat', parts.slice(1), { axis: { kind: 'int', value: BigInt(axis) } });

/** Elements start, start + step, … below end of one axis. */
export function strided(x: Expression, axis: number, start: number, end: number, step: number): Expression {
  if (start === 0 && step === 1 && end >= dimsOf(x)[axis]!) return x;
  return x.apply('Slice', [x.int64s([start]), x.int64s([end]), x.int64s([axis]), x.int64s([step])]);
}

/** Y[…, j, …] = Σ_k matrix[j, k]·x[…, k, …] along one axis. */
export function alongAxis(x: Expression, matrix: Expression, axis: number): Expression {
  const rank = x.rank;
  if (axis === rank - 1) return x.matMul(matrix.matrixTranspose());
  const last = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
  // The axis before the last, so that the product takes the others as its batch and columns.
  const perm = [...last.slice(0, -1), axis, last.at(-1)!];
  const back = perm.map((_, i) => perm.indexOf(i));
  return matrix.matMul(x.transpose(perm)).transpose(back);
}

export interface Expanded {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly types: ReadonlyMap<string, TensorType>;
}

/** What a rule needs and the model's operator set does not have. */
class LackingOperator extends Error {}

/** Writes the nodes of an expansion down, in the form that an operator set wants. */
class Writer implements Builder {
  readonly nodes: GraphNode[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly types = new Map<string, TensorType>();
  readonly #prefix: string;
  readonly #opset: number;

  constructor(prefix: string, opset: number) {
    this.#prefix = prefix;
    this.#opset = opset;
  }

  constant(value: Tensor): Expression {
    const name = `${this.#prefix}/c${this.constants.size}`;
    this.constants.set(name, value);
    return new Expression(this, name, { kind: 'tensor', dtype: value.dtype, shape: value.dims }, value);
  }

  emit(
    op: string,
    inputs: readonly (Expression | undefined)[],
    attributes: Attributes,
    outputs: number,
  ): readonly Expression[] {
    const written = inOpset(op, inputs, attributes, this.#opset);
    const present = written.inputs.map((e) => e?.known);
    const isKnown = written.inputs.every((e) => e === undefined || e.known !== undefined);
    const name = `${this.#prefix}/${this.nodes.length}`;
    const node: GraphNode = {
      name,
      op: written.op,
      domain: '',
      inputs: written.inputs.map((e) => (e === undefined ? '' : (e.handle as string))),
      outputs: Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : `${name}.${i}`)),
      attributes: new Map(Object.entries(written.attributes).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]]))),
    };
    if (isKnown) return evaluateNode(node, this.#opset, present).map((t) => this.constant(t));
    const definition = operatorOf(node, this.#opset);
    if (definition === undefined) throw new LackingOperator(written.op);
    const { types } = inferNode(
      definition,
      node,
      this.#opset,
      written.inputs.map((e) => e?.type),
      {
        constant: (i) => present[i],
        shapeValue: (i) => (present[i] === undefined ? undefined : shapeValueOf(present[i])),
      },
    );
    this.nodes.push(node);
    return node.outputs.map((handle, i) => {
      const type = types[i]!;
      this.types.set(handle, type);
      return new Expression(this, handle, type);
    });
  }
}

/** Operators whose form has changed, as the set at hand has them. What is not here has been the same since opset 7. */
function inOpset(
  op: string,
  inputs: readonly (Expression | undefined)[],
  attributes: Attributes,
  opset: number,
): { readonly op: string; readonly inputs: readonly (Expression | undefined)[]; readonly attributes: Attributes } {
  const list = (i: number): { kind: 'ints'; value: bigint[] } => ({
    kind: 'ints',
    value: tensorIntegers(inputs[i]!.known!),
  });
  switch (op) {
    case 'Reshape': {
      const { allowzero, ...rest } = attributes;
      return {
        op,
        inputs,
        attributes: opset < 14 ? rest : { ...rest, ...(allowzero === undefined ? {} : { allowzero }) },
      };
    }
    case 'Unsqueeze':
    case 'Squeeze':
      return opset < 13 ? { op, inputs: [inputs[0]], attributes: { axes: list(1) } } : { op, inputs, attributes };
    case 'Slice':
      // Slices had no steps before.
      if (opset < 10 && inputs[4] !== undefined && list(4).value.some((step) => step !== 1n)) {
        const [axis] = list(3).value;
        return {
          op: 'Gather',
          inputs: [inputs[0], stepped(inputs)],
          attributes: { axis: { kind: 'int', value: axis! } },
        };
      }
      return opset < 10
        ? { op, inputs: [inputs[0]], attributes: { starts: list(1), ends: list(2), axes: list(3) } }
        : { op, inputs, attributes };
    case 'ReduceSum':
    case 'ReduceMean':
      return opset < (op === 'ReduceSum' ? 13 : 18) && inputs[1] !== undefined
        ? { op, inputs: [inputs[0]], attributes: { ...attributes, axes: list(1) } }
        : { op, inputs, attributes };
    case 'Clip': {
      if (opset >= 11) return { op, inputs, attributes };
      const limit = (i: number) => ({
        kind: 'float' as const,
        value: Number(inputs[i]!.known && scalarOf(inputs[i]!)),
      });
      return { op, inputs: [inputs[0]], attributes: { min: limit(1), max: limit(2) } };
    }
    case 'Pad':
      return opset < 11
        ? { op, inputs: [inputs[0]], attributes: { ...attributes, pads: list(1) } }
        : { op, inputs, attributes };
    default:
      return { op, inputs, attributes };
  }
}

/** The elements that a Slice of one axis takes. */
function stepped([x, ...rest]: readonly (Expression | undefined)[]): Expression {
  const [start, end, axis, step] = rest.map((e) => Number(tensorIntegers(e!.known!)[0])) as [
    number,
    number,
    number,
    number,
  ];
  const last = Math.min(end, dimsOf(x!)[axis]!);
  return x!.int64s(Array.from({ length: Math.max(0, Math.ceil((last - start) / step)) }, (_, i) => start + i * step));
}

const scalarOf = (e: Expression): number =>
  new Float32Array((e.known as { bytes: Uint8Array }).bytes.slice().buffer)[0]!;

/**
 * A node written out. What a rule does not write in half precision is written in float32, between casts of operands and results: an operator
 * rounds what it gives, and nothing on the way there.
 * @returns undefined where a shape is not static, so that nothing can be said
 */
export function expandNode(
  model: Model,
  node: GraphNode,
  rule: Expansion,
  isRead: (name: string) => boolean,
): Expanded | NotExpanded | undefined {
  const made = written(model, node, rule, isRead, false);
  if (made === undefined || !isNotExpanded(made)) return made;
  const isOfHalves = node.inputs.some((name) => isHalf(dtypeOf(model, name)));
  return isOfHalves ? written(model, node, rule, isRead, true) : made;
}

const dtypeOf = ({ graph }: Model, name: string): DataType | undefined => {
  const type = typeOf(graph, name);
  return type?.kind === 'tensor' ? type.dtype : undefined;
};

const isHalf = (dtype: DataType | undefined): boolean => dtype === 'float16' || dtype === 'bfloat16';

/** Floats in which units multiply, sum and round once: rules that leave it at that write them as they are. */
export const isUnitFloat = (e: Expression): boolean => e.dtype === 'float32' || isHalf(e.dtype);

function written(
  model: Model,
  node: GraphNode,
  rule: Expansion,
  isRead: (name: string) => boolean,
  widened: boolean,
): Expanded | NotExpanded | undefined {
  const { graph } = model;
  const writer = new Writer(node.name === '' ? node.outputs[0]! : node.name, onnxOpset(model));
  const inputs: (Expression | undefined)[] = [];
  for (const name of node.inputs) {
    if (name === '') {
      inputs.push(undefined);
      continue;
    }
    const type = typeOf(graph, name);
    const shape = staticShape(type);
    if (type?.kind !== 'tensor' || shape === undefined) return undefined;
    const input = new Expression(writer, name, { ...type, shape }, graph.constants.get(name));
    inputs.push(widened && isHalf(input.dtype) ? input.cast('float32') : input);
  }
  const context: ExpansionContext = {
    node,
    opset: onnxOpset(model),
    inputs,
    outputs: node.outputs.map((name) => (name === '' ? undefined : staticShape(typeOf(graph, name)))),
    isRead: (i) => (node.outputs[i] ?? '') !== '' && isRead(node.outputs[i]!),
    constant: (value) => writer.constant(value),
  };
  const made = attempted(rule, context);
  if (isNotExpanded(made)) return made;
  // Types of what no other part of Systole knows are those of its operands.
  const half = node.inputs.map((name) => dtypeOf(model, name)).find(isHalf);
  const narrowed = made.map((e, i) => {
    const dtype = dtypeOf(model, node.outputs[i] ?? '') ?? half;
    return widened && e !== undefined && dtype !== undefined && isHalf(dtype) ? e.cast(dtype) : e;
  });
  return named(writer, node, narrowed);
}

function attempted(rule: Expansion, c: ExpansionContext): ReturnType<Expansion> {
  try {
    return rule(c);
  } catch (error) {
    if (!(error instanceof LackingOperator)) throw error;
    const { message: op } = error;
    return notExpanded(
      `written out it needs ${op}, which operator set ${c.opset} does not have`,
      `展开需要 ${op}，而算子集 ${c.opset} 没有该算子`,
    );
  }
}

/** The outputs under the names that the node gives them. */
function named(writer: Writer, node: GraphNode, made: readonly (Expression | undefined)[]): Expanded {
  const names = new Map<string, string>();
  const copies: GraphNode[] = [];
  node.outputs.forEach((name, i) => {
    const value = made[i];
    if (name === '' || value === undefined) return;
    const from = value.handle as string;
    if (writer.types.has(from) && !names.has(from)) names.set(from, name);
    else
      copies.push({
        name: `${node.name}/as ${i}`,
        op: 'Identity',
        domain: '',
        inputs: [names.get(from) ?? from],
        outputs: [name],
        attributes: new Map(),
      });
  });
  const rename = (name: string): string => names.get(name) ?? name;
  const nodes = writer.nodes.map((n) => ({ ...n, inputs: n.inputs.map(rename), outputs: n.outputs.map(rename) }));
  const types = new Map([...writer.types].map(([name, type]) => [rename(name), type]));
  const read = new Set([...nodes, ...copies].flatMap((n) => n.inputs));
  const constants = new Map([...writer.constants].filter(([name]) => read.has(name)));
  return { nodes: [...nodes, ...copies], constants, types };
}
