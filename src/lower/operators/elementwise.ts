/**
 * Lowering of element-wise operators to the vector unit: one kernel for a node and for all element-wise nodes behind it that
 * read nothing else but what is there already.
 */
import { floatAttribute, type GraphNode, namesRead, staticShape, tensorNumbers, typeOf } from '#ir';
import type { VectorFunction } from '#isa';
import { isFloating } from '../elementTypes.ts';
import { add, apply, type Expression, inOrder, mul, sub } from '../formula/expression.ts';
import { type ElementwiseStep, needsBeside } from '../kernels/elementwise.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { notComputed, toHost } from '../reasons.ts';
import type { View } from '../views.ts';
import { elementOf, Kernels, operandOf, readValue, rounded } from './formulas.ts';
import { type Arguments, acceptsType, FUNCTIONS } from './functions.ts';
import { stepsInTwoPlaces } from './twoPlaces.ts';

/** Every operand takes buffers and records of a kernel; what goes beyond is done in several. */
const MOST_OPERANDS = 6;
/** A kernel of several nodes may have more, since it fits or the last of them are left out. */
const MOST_FUSED_OPERANDS = 8;
/** Instructions of a kernel: a chain goes on in another one beyond. */
const MOST_STEPS = 48;

/** Operators whose operands may be taken in parts. */
const IN_PARTS: Readonly<Record<string, 'add' | 'max' | 'min'>> = { Sum: 'add', Max: 'max', Min: 'min', Mean: 'add' };

const isRefusal = (e: Expression | ToHost): e is ToHost => 'host' in e;

/** Operands of kernels by value name, so that a value that is read twice is one operand. */
class Operands {
  readonly #p: Planner;
  readonly #known = new Map<string, Expression>();

  constructor(p: Planner) {
    this.#p = p;
  }

  of(name: string): Expression {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const e = readValue(this.#p, name);
    this.#known.set(name, e);
    return e;
  }

  set(name: string, e: Expression): void {
    this.#known.set(name, e);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }
}

/** A constant of one element that no rank of its own gives to the result. */
function numberOf(p: Planner, name: string, rank: number): number | undefined {
  const c = p.constant(name);
  return c !== undefined && c.dims.length <= rank && c.dims.every((d) => d === 1) ? tensorNumbers(c)[0] : undefined;
}

function argumentsOf(p: Planner, node: GraphNode, operands: Operands): Arguments {
  const name = (i: number): string => node.inputs[i] ?? '';
  const rank = p.dims(node.outputs[0]!).length;
  return {
    node,
    p,
    at: (i) => operands.of(name(i)),
    operand: (i) => numberOf(p, name(i), rank) ?? operands.of(name(i)),
    has: (i) => name(i) !== '',
    result: elementOf(p.dtype(node.outputs[0]!))!,
  };
}

/** Why the types of a node keep it from the vector unit. */
function typeRefusal(p: Planner, node: GraphNode): ToHost | undefined {
  const f = FUNCTIONS[node.op]!;
  for (const [i, name] of node.inputs.entries())
    if (name !== '' && !acceptsType(f, p.dtype(name), i)) return notComputed(p.dtype(name));
  const result = p.dtype(node.outputs[0]!);
  return elementOf(result) === undefined ? notComputed(result) : undefined;
}

const sizeOf = (root: Expression): { readonly operands: number; readonly steps: number } => {
  const all = inOrder(root);
  const operands = all.filter((e) => e.kind === 'input').length;
  return { operands, steps: all.length - operands };
};

/** A value with the element-wise nodes behind it that are computed along. */
interface Stage {
  readonly root: Expression;
  readonly nodes: readonly GraphNode[];
  readonly output: string;
}

/** The stages of a chain of element-wise nodes behind a value: the value itself, then a node more at a time. */
function stagesBehind(p: Planner, output: string, root: Expression): readonly Stage[] {
  const dims = p.dims(output).join();
  const operands = new Operands(p);
  operands.set(output, rounded(root, p.dtype(output)));
  const stages: Stage[] = [{ root, nodes: [], output }];
  for (;;) {
    const last = stages.at(-1)!;
    const reader = readerOf(p, last.output);
    if (reader === undefined || !isFunction(p, reader)) break;
    const next = reader.outputs[0]!;
    if (staticShape(typeOf(p.graph, next))?.join() !== dims) break;
    const taken = takenAlong(p, reader, operands, last.output);
    const made = taken && FUNCTIONS[reader.op]!.of(argumentsOf(p, reader, operands));
    if (taken === undefined || made === undefined || isRefusal(made)) break;
    const size = sizeOf(made);
    if (size.operands > MOST_FUSED_OPERANDS || size.steps > MOST_STEPS) break;
    stages.push({ root: made, nodes: [...last.nodes, ...taken, reader], output: next });
    operands.set(next, rounded(made, p.dtype(next)));
  }
  return stages;
}

/** Whether a node is element-wise, in types that the vector unit has, and yet to be done. */
const isFunction = (p: Planner, node: GraphNode): boolean =>
  FUNCTIONS[node.op] !== undefined &&
  node.domain === '' &&
  !p.isDone(node) &&
  staticShape(typeOf(p.graph, node.outputs[0]!)) !== undefined &&
  typeRefusal(p, node) === undefined;

/**
 * Makes operands of what a node reads: values that exist, `known`, and values that element-wise nodes make for it alone, which are
 * computed along. @returns those nodes, or undefined where something else is missing
 */
function takenAlong(p: Planner, node: GraphNode, operands: Operands, known?: string): GraphNode[] | undefined {
  const taken: GraphNode[] = [];
  for (const name of node.inputs) {
    if (name === '' || name === known || p.isMade(name) || operands.has(name)) continue;
    const producer = p.producerOf(name);
    if (producer === undefined || readerOf(p, name) !== node || !p.isAhead(producer) || !isFunction(p, producer))
      return undefined;
    const before = takenAlong(p, producer, operands);
    const made = before && FUNCTIONS[producer.op]!.of(argumentsOf(p, producer, operands));
    if (before === undefined || made === undefined || isRefusal(made)) return undefined;
    operands.set(name, rounded(made, p.dtype(name)));
    taken.push(...before, producer);
  }
  return taken;
}

/** The only node that reads a value, be it twice, where the value is nothing else. */
function readerOf(p: Planner, name: string): GraphNode | undefined {
  const [reader, ...others] = p.consumers(name);
  if (reader === undefined || others.length > 0 || p.isOutput(name)) return undefined;
  // Read in a subgraph it is the host's.
  return namesRead(reader).every((n) => n !== name || reader.inputs.includes(n)) ? reader : undefined;
}

/**
 * One kernel for a formula that makes a node's first output and for as much of what follows as fits.
 * @param reduced axes that its reductions take away
 * @param before kernels that must run first
 */
export function finish(
  p: Planner,
  node: GraphNode,
  root: Expression,
  { reduced, before }: { readonly reduced?: readonly boolean[]; readonly before?: Kernels } = {},
): ToHost | undefined {
  const outDims = p.dims(node.outputs[0]!);
  const views = inOrder(root).flatMap((e) => (e.kind === 'input' ? [e.view] : []));
  // The result lies as the largest operand does, so that neither is walked against the grain.
  const like = views.find((v) => v.dims.length === outDims.length && v.dims.every((d, i) => d === outDims[i]));
  const stages = [...stagesBehind(p, node.outputs[0]!, root)].reverse();
  let refused: ToHost | undefined;
  for (const { root: e, nodes, output } of stages) {
    const kernels = before?.copy() ?? new Kernels(p, node);
    kernels.formula(outDims, reduced ?? outDims.map(() => false), e, p.output(output, like ?? 'row-major'));
    const all = [node, ...nodes, ...p.absorbed(inOrder(e))];
    refused = (all.length === 1 ? kernels.slower : undefined) ?? kernels.commit(all);
    if (refused !== undefined) continue;
    for (const n of nodes) p.fuse(n);
    return undefined;
  }
  return refused;
}

export const lowerElementwise: Lowering = (node, p) => {
  const refused = typeRefusal(p, node);
  if (refused !== undefined) return refused;
  const operands = new Operands(p);
  const by = IN_PARTS[node.op];
  const computed = node.inputs.filter((name) => numberOf(p, name, p.dims(node.outputs[0]!).length) === undefined);
  if (by !== undefined && new Set(computed).size > MOST_OPERANDS) return inParts(p, node, by);
  const root = FUNCTIONS[node.op]!.of(argumentsOf(p, node, operands));
  return isRefusal(root) ? root : finish(p, node, root);
};

/**
 * DequantizeLinear: its readers compute it along, which is cheaper than to write floats and read them. It has a kernel of its own where
 * floats are asked for.
 */
export const lowerDequantizeLinear: Lowering = (node, p) => {
  const [out] = node.outputs as [string];
  if (p.isOutput(out)) return lowerElementwise(node, p);
  const refused = typeRefusal(p, node);
  if (refused !== undefined) return refused;
  const made = FUNCTIONS[node.op]!.of(argumentsOf(p, node, new Operands(p)));
  if (isRefusal(made)) return made;
  const dims = p.dims(out);
  const kernels = new Kernels(p, node);
  kernels.formula(
    dims,
    dims.map(() => false),
    made,
    p.output(out, p.view(node.inputs[0]!)),
  );
  if (kernels.refused !== undefined) return kernels.refused;
  p.defer(out, { node, root: rounded(made, p.dtype(out)), make: () => kernels.commit() });
  return undefined;
};

/** Stands for the memory of what a kernel has made so far. */
const UNPLACED: View['buffer'] = { name: '', bytes: 0, address: 0, first: 0, last: 0, pinned: false };

/** Operators of two operands. */
export const BINARY: Readonly<Record<string, VectorFunction>> = {
  Add: 'add',
  Sum: 'add',
  Sub: 'sub',
  Mul: 'mul',
  Div: 'div',
  Max: 'max',
  Min: 'min',
};

/** The steps of an operator of one operand on what a kernel has made so far; undefined where it is none that `stepsOfNodes` does. */
export const unarySteps = (node: GraphNode, p: Planner): ElementwiseStep[] | undefined =>
  node.inputs[0] === undefined ? undefined : stepsOfNodes([node], node.inputs[0], p);

/**
 * The steps of operators that together make one value of another, `name`, which a kernel has made so far.
 * @param nodes in order; what they read is `name`, what others of them make, and numbers
 * @returns undefined where one is no element-wise function, has computed parameters, or where values between them need more room than one
 * tile, which halves never have: a node rounds once, and steps round what they leave
 */
function stepsOfNodes(nodes: readonly GraphNode[], name: string, p: Planner): ElementwiseStep[] | undefined {
  const operands = new Operands(p);
  // Steps round what they leave, whatever the type.
  const dtype = isFloating(p.dtype(name)) ? 'float32' : p.slotType(name);
  const x = operandOf({ buffer: UNPLACED, offset: 0, dtype, dims: p.dims(name), strides: [] });
  operands.set(name, x);
  let root = x;
  for (const node of nodes) {
    const f = FUNCTIONS[node.op];
    const output = node.outputs[0]!;
    if (f === undefined || typeRefusal(p, node) !== undefined) return undefined;
    const isKnown = (n: string): boolean =>
      n === '' || operands.has(n) || numberOf(p, n, p.dims(output).length) !== undefined;
    if (!node.inputs.every(isKnown)) return undefined;
    const made = f.of(argumentsOf(p, node, operands));
    if (isRefusal(made)) return undefined;
    operands.set(output, made);
    root = made;
  }
  const steps = stepsInTwoPlaces(x, root);
  const isRounded = isFloating(p.dtype(name)) && p.dtype(name) !== 'float32';
  return steps !== undefined && isRounded && needsBeside(steps) ? undefined : steps;
}

/** Nodes that together make one value of another one, nobody else reading anything between, and their steps. */
export interface Meeting {
  readonly nodes: readonly GraphNode[];
  readonly steps: readonly ElementwiseStep[];
}

/** The most nodes between a value and where its readers meet again. */
const MOST_MEETING = 8;

/**
 * The element-wise nodes behind a value that several of them read, up to where all meet again, as in x · sigmoid(x); undefined where they
 * do not, or not in one tile's room.
 */
export function meetingBehind(p: Planner, name: string): Meeting | undefined {
  if (p.isOutput(name)) return undefined;
  const nodes: GraphNode[] = [];
  const values = new Set([name]);
  const isInside = (node: GraphNode): boolean => nodes.includes(node);
  const dims = p.dims(name).join();
  /** Reads nothing that is computed elsewhere. */
  const isReady = (node: GraphNode): boolean =>
    namesRead(node).every((n) => n === '' || values.has(n) || p.constant(n) !== undefined);
  while (nodes.length < MOST_MEETING) {
    const next = [...values].flatMap((v) => p.consumers(v)).find((n) => !isInside(n) && isReady(n) && isFunction(p, n));
    const output = next?.outputs[0];
    if (next === undefined || output === undefined || next.outputs.length > 1) return undefined;
    if (p.dims(output).join() !== dims || p.dtype(output) !== p.dtype(name)) return undefined;
    nodes.push(next);
    values.add(output);
    const isOpen = (v: string): boolean => p.isOutput(v) || !p.consumers(v).every(isInside);
    const open = [...values].filter(isOpen);
    if (open.length > 1 || open[0] !== output) continue;
    const steps = stepsOfNodes(nodes, name, p);
    return steps && { nodes, steps };
  }
  return undefined;
}

/** A sum, maximum or minimum of many: a kernel takes as many operands as it can, and the next goes on from there. */
function inParts(p: Planner, node: GraphNode, by: 'add' | 'max' | 'min'): ToHost | undefined {
  const dims = p.dims(node.outputs[0]!);
  const kernels = new Kernels(p, node);
  const views = node.inputs.map((name) => p.view(name));
  let e = operandOf(views[0]!);
  let count = 1;
  for (const view of views.slice(1)) {
    if (count === MOST_OPERANDS) {
      const part = kernels.temporary(dims, view.dtype);
      kernels.formula(
        dims,
        dims.map(() => false),
        e,
        part,
      );
      e = operandOf(part);
      count = 1;
    }
    e = apply(by, e, operandOf(view));
    count++;
  }
  return finish(p, node, node.op === 'Mean' ? mul(e, 1 / views.length) : e, { before: kernels });
}

/**
 * BatchNormalization that no convolution took in: a multiplication and an addition for each channel, by numbers that f32 operations give in
 * the order of ONNX Runtime's kernel, so that what is quantised behind it gets the same codes.
 */
export const lowerBatchNorm: Lowering = (node, p) => {
  const [x, ...parameters] = node.inputs as [string, string, string, string, string];
  for (const name of [x, ...parameters]) if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  if (node.outputs.slice(1).some((o) => o !== '' && (p.consumers(o).length > 0 || p.isOutput(o)))) {
    return toHost('it trains: its running statistics are outputs', '它处于训练模式：其滑动统计量是输出');
  }
  const rank = p.dims(x).length;
  const epsilon = Math.fround(floatAttribute(node, 'epsilon', 1e-5));
  const [scale, bias, mean, variance] = parameters.map((n) => p.constant(n));
  if (scale && bias && mean && variance) {
    const channels = p.dims(x)[1] ?? 1;
    const folded = (): { a: Float32Array; b: Float32Array } => {
      const [s, t, m, v] = [scale, bias, mean, variance].map(tensorNumbers) as Float64Array[];
      const a = new Float32Array(channels);
      const b = new Float32Array(channels);
      for (let i = 0; i < channels; i++) {
        const deviation = Math.fround(Math.sqrt(Math.fround(v![i]! + epsilon)));
        a[i] = Math.fround(1 / deviation) * s![i]!;
        b[i] = t![i]! - Math.fround(m![i]! * a[i]!);
      }
      return { a, b };
    };
    const shape = Array.from({ length: rank }, (_, i) => (i === 1 ? channels : 1));
    const factor = operandOf(p.floatConstant(`${node.name}.factor`, shape, () => folded().a));
    const shift = operandOf(p.floatConstant(`${node.name}.shift`, shape, () => folded().b));
    return finish(p, node, add(mul(operandOf(p.view(x)), factor), shift));
  }
  // The same of computed ones.
  const [s, t, m, v] = parameters.map((name) => operandOf(perChannel(p.view(name), rank))) as [
    Expression,
    Expression,
    Expression,
    Expression,
  ];
  const factor = mul(apply('recip', apply('sqrt', add(v, epsilon))), s);
  return finish(p, node, add(mul(operandOf(p.view(x)), factor), sub(t, mul(m, factor))));
};

/** A parameter of each channel against images of a rank. */
export const perChannel = (v: View, rank: number): View => ({
  ...v,
  dims: [...v.dims, ...Array<number>(Math.max(0, rank - 2)).fill(1)],
  strides: [...v.strides, ...Array<number>(Math.max(0, rank - 2)).fill(0)],
});
