/** Lowering of element-wise operators to the vector unit. What follows with the same shape and one operand is fused in. */

import { floatAttribute, type GraphNode, tensorNumbers } from '#ir';
import type { VectorFunction } from '#isa';
import { type ElementwiseStep, elementwiseDims, planElementwise } from '../kernels/elementwise.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, notFloat, toHost, unplanned } from '../reasons.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { View } from '../views.ts';
import { clipLimits } from './fuse.ts';
import { vectorJob } from './jobs.ts';

type Scalars = readonly { readonly f: VectorFunction; readonly scalar?: number }[];

/** Operators of one operand as steps of vector functions; undefined where parameters are not constant. */
const UNARY: Readonly<Record<string, (node: GraphNode, p: Planner) => Scalars | undefined>> = {
  Relu: () => [{ f: 'max', scalar: 0 }],
  LeakyRelu: (n) => [{ f: 'leaky', scalar: floatAttribute(n, 'alpha', 0.01) }],
  Sigmoid: () => [{ f: 'sigmoid' }],
  Tanh: () => [{ f: 'tanh' }],
  Exp: () => [{ f: 'exp' }],
  Log: () => [{ f: 'log' }],
  Sqrt: () => [{ f: 'sqrt' }],
  Reciprocal: () => [{ f: 'recip' }],
  Abs: () => [{ f: 'abs' }],
  Neg: () => [{ f: 'neg' }],
  Clip: (n, p) => {
    const limits = clipLimits(n, p);
    return (
      limits && [
        ...(limits.low > Number.NEGATIVE_INFINITY ? [{ f: 'max' as const, scalar: limits.low }] : []),
        ...(limits.high < Number.POSITIVE_INFINITY ? [{ f: 'min' as const, scalar: limits.high }] : []),
        ...(limits.low === Number.NEGATIVE_INFINITY && limits.high === Number.POSITIVE_INFINITY
          ? [{ f: 'mov' as const }]
          : []),
      ]
    );
  },
  HardSigmoid: (n) => [
    { f: 'mul', scalar: floatAttribute(n, 'alpha', 0.2) },
    { f: 'add', scalar: floatAttribute(n, 'beta', 0.5) },
    { f: 'max', scalar: 0 },
    { f: 'min', scalar: 1 },
  ],
};

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

/** The steps of an operator of one operand on what a kernel has made so far; undefined where it is none, or has computed parameters. */
export const unarySteps = (node: GraphNode, p: Planner): ElementwiseStep[] | undefined =>
  UNARY[node.op]?.(node, p)?.map((s) => step('out', s));

/** Operators of one operand that may follow on the result. */
function fuseBehind(p: Planner, output: string): { steps: ElementwiseStep[]; nodes: GraphNode[]; output: string } {
  const steps: ElementwiseStep[] = [];
  const nodes: GraphNode[] = [];
  let name = output;
  for (;;) {
    const reader = p.onlyConsumer(name);
    if (reader === undefined || reader.domain !== '' || reader.inputs[0] !== name) break;
    const unary = unarySteps(reader, p);
    if (unary === undefined) break;
    steps.push(...unary);
    nodes.push(reader);
    name = reader.outputs[0]!;
  }
  return { steps, nodes, output: name };
}

const step = (a: number | 'out', s: Scalars[number]): ElementwiseStep => ({
  f: s.f,
  a,
  ...(s.scalar === undefined ? {} : { b: { scalar: s.scalar } }),
});

/** @param before jobs that make some of the inputs, done once it is clear that the node stays on the processor */
function finish(
  p: Planner,
  node: GraphNode,
  inputs: readonly View[],
  first: readonly ElementwiseStep[],
  before: readonly (() => void)[] = [],
): ToHost | undefined {
  const behind = fuseBehind(p, node.outputs[0]!);
  const nodes = [node, ...behind.nodes];
  // The result lies as the largest operand does, so that neither is walked against the grain.
  const outDims = p.dims(node.outputs[0]!);
  const like = inputs.find((v) => v.dims.length === outDims.length && v.dims.every((d, i) => d === outDims[i]));
  const output = p.output(behind.output, like ?? 'row-major');
  const plan = (): VectorKernel | undefined =>
    planElementwise({ inputs, output, steps: [...first, ...behind.steps] }, p.machine);
  if (plan() === undefined) return unplanned(p.machine, elementwiseDims({ inputs, output }).length);
  for (const n of behind.nodes) p.fuse(n);
  for (const job of before) job();
  vectorJob(p, nodes, plan, { reads: inputs, writes: [output] });
  return undefined;
}

export const lowerUnary: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!p.isFloat(name)) return notFloat(p.dtype(name));
  const unary = UNARY[node.op]!(node, p);
  if (unary === undefined)
    return toHost('its limits are computed, not constant, or cross', '其上下限是计算得到的而不是常量，或上下限交叉');
  return finish(
    p,
    node,
    [p.view(name)],
    unary.map((s, i) => step(i === 0 ? 0 : 'out', s)),
  );
};

/** Every operand takes buffers and records of a kernel; what goes beyond is done in several. */
const MOST_OPERANDS = 6;

export const lowerBinary: Lowering = (node, p) => {
  const names = node.inputs.filter((n) => n !== '');
  for (const name of names) if (!p.isFloat(name)) return notFloat(p.dtype(name));
  const f = BINARY[node.op]!;
  // A constant of one element at the second place is a scalar of the instruction.
  const scalar = (name: string): number | undefined => {
    const c = p.constant(name);
    return c?.dims.every((d) => d === 1) ? tensorNumbers(c)[0] : undefined;
  };
  const [first, ...rest] = names as [string, ...string[]];
  const outDims = p.dims(node.outputs[0]!);
  let inputs: View[] = [p.view(first)];
  let steps: ElementwiseStep[] = [];
  const before: (() => void)[] = [];
  for (const name of rest) {
    const s = p.dims(name).length <= outDims.length ? scalar(name) : undefined;
    if (s === undefined && inputs.length === MOST_OPERANDS) {
      const part = p.temporary(`${node.name}.part${before.length}`, outDims);
      const kernel = { inputs, output: part, steps };
      const plan = (): VectorKernel | undefined => planElementwise(kernel, p.machine);
      if (plan() === undefined) return unplanned(p.machine, elementwiseDims(kernel).length);
      before.push(() => vectorJob(p, [node], plan, { reads: kernel.inputs, writes: [part], op: node.op }));
      inputs = [part];
      steps = [];
    }
    const a = steps.length === 0 ? 0 : 'out';
    if (s === undefined) inputs.push(p.view(name));
    steps.push({ f, a, b: s === undefined ? inputs.length - 1 : { scalar: s } });
  }
  if (steps.length === 0) steps.push({ f: 'mov', a: 0 });
  return finish(p, node, inputs, steps, before);
};

/** PRelu: the slope is an operand. */
export const lowerPrelu: Lowering = (node, p) => {
  const [x, slope] = node.inputs as [string, string];
  for (const name of [x, slope]) if (!p.isFloat(name)) return notFloat(p.dtype(name));
  return finish(p, node, [p.view(x), p.view(slope)], [{ f: 'leaky', a: 0, b: 1 }]);
};

/** BatchNormalization that no convolution took in: a multiplication and an addition for each channel. */
export const lowerBatchNorm: Lowering = (node, p) => {
  const [x, ...parameters] = node.inputs as [string, string, string, string, string];
  if (!p.isFloat(x)) return notFloat(p.dtype(x));
  if (node.outputs.slice(1).some((o) => o !== '' && (p.consumers(o).length > 0 || p.isOutput(o)))) {
    return toHost('it trains: its running statistics are outputs', '它处于训练模式：其滑动统计量是输出');
  }
  const [scale, bias, mean, variance] = parameters.map((n) => p.constant(n));
  if (!scale || !bias || !mean || !variance) return computed('its parameters are', '其参数');
  const dims = p.dims(x);
  const channels = dims[1] ?? 1;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const folded = (): { a: Float32Array; b: Float32Array } => {
    const [s, t, m, v] = [scale, bias, mean, variance].map(tensorNumbers) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const a = new Float32Array(channels);
    const b = new Float32Array(channels);
    for (let i = 0; i < channels; i++) {
      const factor = s[i]! / Math.sqrt(v[i]! + epsilon);
      a[i] = factor;
      b[i] = t[i]! - m[i]! * factor;
    }
    return { a, b };
  };
  const shape = dims.map((_, i) => (i === 1 ? channels : 1));
  const factor = p.floatConstant(`${node.name}.factor`, shape, () => folded().a);
  const shift = p.floatConstant(`${node.name}.shift`, shape, () => folded().b);
  return finish(
    p,
    node,
    [p.view(x), factor, shift],
    [
      { f: 'mul', a: 0, b: 1 },
      { f: 'add', a: 'out', b: 2 },
    ],
  );
};
