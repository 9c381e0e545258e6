/**
 * The one way in which an operation comes about: a node of a standard operator over tensors. Types are checked and inferred at once,
 * so that an error is thrown at the line that made it; then the node runs (eager) or is recorded (while `compile` traces). Where
 * gradients flow, the result remembers its node.
 */
import { diagnostic } from '#base';
import { DATA_TYPES, type DataType, type GraphNode, int, type TensorType } from '#ir';
import {
  type Attributes,
  BUILD_OPSET,
  type InferContext,
  type Inferred,
  inferNode,
  type Operator,
  operatorOf,
  type Phrase,
  shapeValueOf,
} from '#ops';
import { isPromise } from './arguments.ts';
import { autocastOperands } from './autocast.ts';
import { type Call, earlierCall, keepCall, nodeOf } from './calls.ts';
import { isFloat } from './dtypes.ts';
import { runEager } from './eager.ts';
import { follow } from './sizes.ts';
import { Tensor } from './tensor.ts';
import { currentTrace, foreign } from './trace.ts';
import { notStandard, runUser, USER_DOMAIN, userTypes } from './userOperators.ts';
import { Variable } from './variable.ts';

const refused = diagnostic<{ op: string; found: Phrase; expected: Phrase; inputs: string }>('SYS-TEN-004', 'invalid', {
  en: (p) => `${p.op} of ${p.inputs}: found ${text(p.found, 'en')}; expected ${text(p.expected, 'en')}.`,
  zh: (p) => `${p.op}（${p.inputs}）：发现 ${text(p.found, 'zh')}；应为 ${text(p.expected, 'zh')}。`,
});

const unknownOperator = diagnostic<{ op: string; opset: number }>('SYS-TEN-005', 'unsupported', {
  en: (p) =>
    `operator ${p.op} is not known at opset ${p.opset}. docs/ops lists the operators; registerOperator adds one.`,
  zh: (p) => `opset ${p.opset} 中没有算子 ${p.op}。docs/ops 列出全部算子；可用 registerOperator 添加。`,
});

const text = (p: Phrase, language: 'en' | 'zh'): string => (typeof p === 'string' ? p : p[language]);

let recording = true;

/** Runs `f` with gradients off (or on): what it computes counts as constant. `f` is synchronous. */
export function withGradients<T>(on: boolean, f: () => T): T {
  const before = recording;
  recording = on;
  try {
    return f();
  } finally {
    recording = before;
  }
}

/** Whether operations remember their nodes for gradients. */
export const isRecording = (): boolean => recording;

const asynchronous = diagnostic<Record<string, never>>('SYS-TEN-130', 'usage', {
  en: () =>
    'the function given to noGrad is asynchronous: what follows its first await would record gradients again. Compute in a synchronous ' +
    'function, and await its result outside.',
  zh: () => '传给 noGrad 的函数是异步的：第一个 await 之后又会记录梯度。请在同步函数中计算，在外部等待结果。',
});

/**
 * Runs `f` without recording gradients: what it computes counts as constant.
 * @throws SYS-TEN-130 `f` is asynchronous
 */
export function noGrad<T>(f: () => T): T {
  const result = withGradients(false, f);
  if (isPromise(result)) {
    // Who hears of the mistake need not hear how the function ends.
    result.then(undefined, () => {});
    throw asynchronous({});
  }
  return result;
}

/** A node and its outputs. */
export function applyAll(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  outputs: number,
): readonly Tensor[] {
  // Absent operands at the end are left out: some rules count those that are named.
  const given =
    inputs.at(-1) === undefined ? inputs.slice(0, inputs.findLastIndex((t) => t !== undefined) + 1) : inputs;
  return applyNode(nodeOf(op, given, attributes, outputs), BUILD_OPSET, given);
}

/** A node of one output. */
export const apply = (op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes = {}): Tensor =>
  applyAll(op, inputs, attributes, 1)[0]!;

export const castTo = (x: Tensor, dtype: DataType): Tensor =>
  x.dataType === dtype ? x : apply('Cast', [x], { to: int(DATA_TYPES.indexOf(dtype) + 1) });

/**
 * The node as it stands, under its own opset; its input and output names only say which are there.
 * @throws SYS-TEN-004 the inputs break the operator's rules; SYS-TEN-005 the operator is not known
 */
export function applyNode(node: GraphNode, opset: number, given: readonly (Tensor | undefined)[]): readonly Tensor[] {
  if (node.domain === USER_DOMAIN) return applyUser(node, opset, given);
  const op = operatorOf(node, opset);
  if (op === undefined) throw unknownOperator({ op: node.op, opset });
  // A variable is read once here: what it becomes later does not change what was computed.
  const read = given.map((t) => (t instanceof Variable ? t.read() : t));
  const inputs = autocastOperands(node.op, read, castTo);
  const earlier = earlierCall(node, op, opset, inputs);
  const { call, found } =
    earlier?.inferred === undefined
      ? inferred(op, node, opset, inputs, earlier)
      : { call: earlier, found: earlier.inferred };
  if (currentTrace() === undefined) {
    const leaked = inputs.find((t) => t !== undefined && 'trace' in t.source);
    if (leaked !== undefined) throw foreign({ shape: `${leaked}` });
  }
  const types = found.types as readonly TensorType[];
  const followed = follow(node, opset, inputs, found);
  if (followed?.constants !== undefined) return followed.constants;
  const tracked = recording && inputs.some((t) => t?.tracked) && op.gradient !== 'zero';
  const trace = currentTrace();
  const sources =
    trace === undefined ? runEager(node, opset, inputs, types.length, call) : trace.record(node, opset, inputs, types);
  const results = sources.map((source, i) => {
    const type = types[i]!;
    return new Tensor({ type, source, sizes: followed?.sizes[i], tracked: tracked && isFloat(type.dtype) });
  });
  return tracked ? remembered(node, opset, inputs, results) : results;
}

/** A node of an operator that user code registered. @throws SYS-TEN-075 in an export; what `userTypes` throws */
function applyUser(node: GraphNode, opset: number, given: readonly (Tensor | undefined)[]): readonly Tensor[] {
  const inputs = given.map((t) => (t instanceof Variable ? t.read() : t));
  const trace = currentTrace();
  // Its shape rule would ask for a size that the export leaves open, and the model could not hold it anyway.
  const isOpen = inputs.some((t) => t?.dims.some((d) => typeof d !== 'number'));
  if (isOpen && trace?.isExport) throw notStandard({ op: node.op, node: node.name });
  const types = userTypes(node, inputs);
  const tracked = recording && inputs.some((t) => t?.tracked);
  const sources =
    trace === undefined ? runUser(node, inputs as readonly Tensor[], types) : trace.record(node, opset, inputs, types);
  const results = sources.map(
    (source, i) => new Tensor({ type: types[i]!, source, tracked: tracked && isFloat(types[i]!.dtype) }),
  );
  return tracked ? remembered(node, opset, inputs, results) : results;
}

/** The results, knowing the node that made them. */
function remembered(
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  results: readonly Tensor[],
): readonly Tensor[] {
  const origin = { node, opset, inputs, outputs: results };
  for (const result of results) result.origin = origin;
  return results;
}

/** The types of a node's results, kept for its next call where they follow from those of its operands alone. */
function inferred(
  op: Operator,
  node: GraphNode,
  opset: number,
  inputs: readonly (Tensor | undefined)[],
  earlier: Call | undefined,
): { readonly call: Call | undefined; readonly found: Inferred } {
  const fail: InferContext['fail'] = (found, expected) => {
    const shapes = inputs.map((t) => (t === undefined ? '–' : `${t.dtype}[${t.dims.join(', ')}]`)).join(', ');
    throw refused({ op: node.op, found, expected, inputs: shapes });
  };
  let byTypes = true;
  const known = {
    constant: (i: number) => {
      byTypes = false;
      return inputs[i]?.known;
    },
    shapeValue: (i: number) => {
      byTypes = false;
      const values = inputs[i]?.sizes?.values;
      if (values !== undefined) return values;
      const data = inputs[i]?.known;
      return data === undefined ? undefined : shapeValueOf(data);
    },
  };
  const types = inputs.map((t) => t?.type);
  const found = inferNode(op, node, opset, types, known, fail);
  const isStatic = types.every((t) => t === undefined || t.shape?.every((d) => typeof d === 'number'));
  if (earlier !== undefined || !isStatic) return { call: earlier, found };
  const call: Call = { op, opset, types, inferred: byTypes ? found : undefined, entry: undefined };
  keepCall(node, call);
  return { call, found };
}
