/**
 * The operators that user code registers (`registerOperator`): for each a shape rule, and kernels by element type, plain functions over
 * typed arrays. Their nodes stand in a domain of their own, so that they never shadow a standard operator.
 */
import { diagnostic, nearestName } from '#base';
import { type Attribute, type Tensor as Data, elementCount, type GraphNode, type TensorType, tensorOf } from '#ir';
import { Cell } from './cell.ts';
import { type DType, longName, shortName } from './dtypes.ts';
import { hostEngine } from './host.ts';
import { type Tensor, type TypedArray, typedArray } from './tensor.ts';

/** The domain of nodes of registered operators. */
export const USER_DOMAIN = 'user';

/** The domain of the node that results of a compiled function remember where gradients would flow: they cannot pass. */
export const COMPILED_DOMAIN = 'compiled';

const twice = diagnostic<{ what: string }>('SYS-TEN-070', 'usage', {
  en: (p) => `${p.what} is registered already; a second registration is refused. Choose another name.`,
  zh: (p) => `${p.what} 已注册，拒绝重复注册。请换用其他名称。`,
});

const unknown = diagnostic<{ name: string; nearest: string | undefined }>('SYS-TEN-071', 'usage', {
  en: (p) =>
    `no operator '${p.name}' is registered${p.nearest ? `; did you mean '${p.nearest}'?` : ''}. registerOperator adds one.`,
  zh: (p) => `没有注册算子“${p.name}”${p.nearest ? `；是否指“${p.nearest}”？` : ''}。可用 registerOperator 注册。`,
});

const noKernel = diagnostic<{ name: string; dtype: string; known: string }>('SYS-TEN-072', 'unsupported', {
  en: (p) =>
    `operator ${p.name} has no kernel for ${p.dtype}; it has kernels for: ${p.known || 'no type'}. registerKernel adds one.`,
  zh: (p) => `算子 ${p.name} 没有 ${p.dtype} 的内核；已有：${p.known || '无'}。可用 registerKernel 添加。`,
});

const badCall = diagnostic<{ name: string; found: string; expected: string }>('SYS-TEN-073', 'invalid', {
  en: (p) => `${p.name}: found ${p.found}; its registration says ${p.expected}.`,
  zh: (p) => `${p.name}：发现 ${p.found}；其注册为 ${p.expected}。`,
});

export const notStandard = diagnostic<{ op: string; node: string }>('SYS-TEN-075', 'unsupported', {
  en: (p) =>
    `node '${p.node}' is of operator ${p.op}, which a program registered: an ONNX model can hold standard operators alone. Write it with ` +
    'those to export it.',
  zh: (p) => `节点“${p.node}”属于程序注册的算子 ${p.op}：ONNX 模型只能包含标准算子。请改用标准算子后再导出。`,
});

/** An attribute as user code writes it. */
export type AttributeValue = number | string | readonly number[] | readonly string[];
export type AttributeValues = Readonly<Record<string, AttributeValue>>;

/** What a shape rule sees and says of an operand. */
export interface Signature {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** An operand of a kernel: elements in row-major order (f16 and bf16 as Float32Array, bool as Uint8Array). */
export interface KernelTensor extends Signature {
  readonly data: TypedArray;
}

/** Reads its inputs and fills its outputs, which are zero. */
export type OperatorKernel = (
  inputs: readonly KernelTensor[],
  outputs: readonly KernelTensor[],
  attributes: AttributeValues,
) => void;

export interface RegisteredOperator {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Names with their default, or with undefined where one must be given. */
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  readonly shape: (inputs: readonly Signature[], attributes: AttributeValues) => readonly Signature[];
}

const registered = new Map<string, RegisteredOperator>();
const kernels = new Map<string, Map<DType, OperatorKernel>>();

export function addOperator(op: RegisteredOperator): void {
  if (registered.has(op.name)) throw twice({ what: `operator ${op.name}` });
  registered.set(op.name, op);
  kernels.set(op.name, new Map());
}

/**
 * Adds the kernel of a registered operator for a type of its first input.
 * @throws SYS-TEN-070 there is one; -071 there is no such operator
 */
export function registerKernel(name: string, dtype: DType, kernel: OperatorKernel): void {
  const own = kernels.get(lookupOperator(name).name)!;
  if (own.has(dtype)) throw twice({ what: `the kernel of ${name} for ${dtype}` });
  own.set(dtype, kernel);
}

/**
 * A registered operator.
 * @throws SYS-TEN-071 there is none of this name
 */
export function lookupOperator(name: string): RegisteredOperator {
  const found = registered.get(name);
  if (found === undefined) throw unknown({ name, nearest: nearestName(name, [...registered.keys()]) });
  return found;
}

/**
 * The kernel that runs for a type of the first input.
 * @throws SYS-TEN-071 no such operator; -072 no kernel for the type
 */
export function lookupKernel(name: string, dtype: DType): OperatorKernel {
  const own = kernels.get(lookupOperator(name).name)!;
  const found = own.get(dtype);
  if (found === undefined) throw noKernel({ name, dtype, known: [...own.keys()].join(', ') });
  return found;
}

/** An attribute as graphs hold it; numbers as floats, since a kernel sees no other. */
export function toAttribute(value: AttributeValue): Attribute {
  if (typeof value === 'number') return { kind: 'float', value };
  if (typeof value === 'string') return { kind: 'string', value };
  return typeof value[0] === 'string'
    ? { kind: 'strings', value: value as readonly string[] }
    : { kind: 'floats', value: value as readonly number[] };
}

/** A node's attributes, with defaults. @throws SYS-TEN-073 one that the operator does not have, or lacks */
export function attributesOf(op: RegisteredOperator, node: GraphNode): AttributeValues {
  const values: Record<string, AttributeValue> = {};
  for (const [name, attribute] of node.attributes) {
    if (!Object.hasOwn(op.attributes, name)) {
      const expected = Object.keys(op.attributes).join(', ') || 'no attributes';
      throw badCall({ name: op.name, found: `attribute '${name}'`, expected });
    }
    values[name] = (attribute as { value: AttributeValue }).value;
  }
  for (const [name, otherwise] of Object.entries(op.attributes)) {
    if (name in values) continue;
    if (otherwise === undefined) throw badCall({ name: op.name, found: `no attribute '${name}'`, expected: `one` });
    values[name] = otherwise;
  }
  return values;
}

/**
 * Types of the results.
 * @throws SYS-TEN-073 wrong number of inputs or wrong attributes; what the shape rule throws
 */
export function userTypes(node: GraphNode, inputs: readonly (Tensor | undefined)[]): readonly TensorType[] {
  const op = lookupOperator(node.op);
  if (inputs.length !== op.inputs.length || inputs.some((t) => t === undefined)) {
    throw badCall({ name: op.name, found: `${inputs.length} inputs`, expected: op.inputs.join(', ') });
  }
  const attributes = attributesOf(op, node);
  const signatures = (inputs as readonly Tensor[]).map(({ dtype, shape }) => ({ dtype, shape }));
  return op
    .shape(signatures, attributes)
    .map(({ dtype, shape }) => ({ kind: 'tensor', dtype: longName(dtype), shape }));
}

/** Runs the kernel of a node on data that is at hand. */
export function computeUser(node: GraphNode, data: readonly Data[]): readonly Data[] {
  const op = lookupOperator(node.op);
  const attributes = attributesOf(op, node);
  const signatures = data.map((d) => ({ dtype: shortName(d.dtype), shape: d.dims }));
  const operands = data.map((d, i) => ({ ...signatures[i]!, data: typedArray(d) }));
  const results = op.shape(signatures, attributes);
  const outputs = results.map(({ dtype, shape }) => ({ dtype, shape, data: typedArray(zeros(dtype, shape)) }));
  lookupKernel(op.name, (signatures[0] ?? results[0]!).dtype)(operands, outputs, attributes);
  return outputs.map((t) => tensorOf(longName(t.dtype), t.shape, t.data as ArrayLike<number | bigint>));
}

/** Runs the kernel: at once where the inputs' data is at hand, else when it is. */
export function runUser(node: GraphNode, inputs: readonly Tensor[], types: readonly TensorType[]): readonly Cell[] {
  // A kernel that is missing is told at the call.
  lookupKernel(node.op, inputs[0]?.dtype ?? shortName(types[0]!.dtype));
  const cells = inputs.map((t) => t.source as Cell);
  const ready = cells.map((c) => c.data);
  if (ready.every((d) => d !== undefined)) return computeUser(node, ready).map((d) => Cell.of(d));
  const made = types.map(() => Cell.pending());
  const later = hostEngine().then(async (engine) => {
    const data = await Promise.all(cells.map((c) => c.read(engine)));
    return computeUser(node, data).map((d) => engine.upload(d));
  });
  later.then(
    (all) => Cell.fill(made, all),
    (error) => Cell.fail(made, error),
  );
  return made;
}

const zeros = (dtype: DType, shape: readonly number[]): Data => {
  const count = elementCount(shape);
  return tensorOf(longName(dtype), shape, dtype === 'i64' ? new BigInt64Array(count) : new Float64Array(count));
};
