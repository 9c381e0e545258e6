/**
 * LSTM, GRU and RNN unrolled: what the input adds to the gates is one product for all steps, what the state adds one for each. A step's
 * state is written where the sequence of all states has it.
 */
import { floatAttribute, type GraphNode, intAttribute, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import { type Activation, activationsOf } from '../recurrent/activations.ts';
import { directionOf, isBatchFirst } from '../recurrent/shapes.ts';
import { accepted } from '../shapes.ts';
import { dimsOf, type Expansion, type ExpansionContext, integersOf, joined, notExpanded } from './expansion.ts';

interface States {
  readonly h: Expression;
  /** Cell state; of LSTM alone. */
  readonly c: Expression | undefined;
}

/** One direction of a layer. Sums of a step are [1, batch, gates · hidden]. */
interface Layer {
  readonly node: GraphNode;
  readonly hidden: number;
  /** Wb + Rb, or Wb alone where Rb stands within the reset gate. */
  readonly recurrence: (h: Expression) => Expression;
  /** Transposed recurrence weights of some gates [hidden, count · hidden], and their bias. */
  readonly weights: (from: number, to: number) => Expression;
  readonly bias: (from: number, to: number) => Expression | undefined;
  readonly peepholes: readonly Expression[] | undefined;
  readonly activations: readonly Activation[];
  readonly gate: (sum: Expression, activation: Activation) => Expression;
}

/** What the input adds to a gate in this step. */
type Input = (gate: number) => Expression;

const columns = (x: Expression, index: number, hidden: number): Expression =>
  x.slice([x.rank - 1], [index * hidden], [(index + 1) * hidden]);

function lstmStep(v: Layer, input: Input, { h, c }: States): States {
  const [f, g, out] = v.activations as [Activation, Activation, Activation];
  const reached = v.recurrence(h);
  // All names first, so that what follows is element-wise in one piece.
  const parts = [0, 1, 2, 3].map((index) => [input(index), columns(reached, index, v.hidden)] as const);
  const sum = (index: number, cell?: Expression): Expression => {
    const [given, own] = parts[index]!;
    const peephole = v.peepholes?.[index];
    return peephole === undefined || cell === undefined ? given.add(own) : given.add(own).add(peephole.mul(cell));
  };
  const i = v.gate(sum(0, c), f);
  const coupled = intAttribute(v.node, 'input_forget', 0) !== 0;
  const forget = coupled ? i.neg().add(1) : v.gate(sum(2, c), f);
  const cell = forget.mul(c!).add(i.mul(v.gate(sum(3), g)));
  return { h: v.gate(sum(1, cell), f).mul(out.build(cell)), c: cell };
}

function gruStep(v: Layer, input: Input, { h }: States): States {
  const [f, g] = v.activations as [Activation, Activation];
  const after = intAttribute(v.node, 'linear_before_reset', 0) !== 0;
  // Where all gates take the state as it is, all are one product.
  const gates = after ? v.recurrence(h) : h.matMul(v.weights(0, 2));
  const parts = [0, 1].map((index) => [input(index), columns(gates, index, v.hidden)] as const);
  const own = after ? columns(gates, 2, v.hidden) : undefined;
  const now = input(2);
  const z = v.gate(parts[0]![0].add(parts[0]![1]), f);
  const r = v.gate(parts[1]![0].add(parts[1]![1]), f);
  const bias = v.bias(2, 3);
  const linear = own ?? r.mul(h).matMul(v.weights(2, 3));
  const reached = after ? r.mul(bias === undefined ? linear : linear.add(bias)) : linear;
  const candidate = v.gate(now.add(reached), g);
  return { h: z.neg().add(1).mul(candidate).add(z.mul(h)), c: undefined };
}

const rnnStep = (v: Layer, input: Input, { h }: States): States => ({
  h: v.gate(input(0).add(v.recurrence(h)), v.activations[0]!),
  c: undefined,
});

const CELLS = {
  LSTM: { gates: 4, activations: ['Sigmoid', 'Tanh', 'Tanh'], step: lstmStep },
  GRU: { gates: 3, activations: ['Sigmoid', 'Tanh'], step: gruStep },
  RNN: { gates: 1, activations: ['Tanh'], step: rnnStep },
} as const;

/** The most steps that become code of their own. */
const MOST_STEPS = 512;

export const recurrent: Expansion = (c) => {
  const cell = CELLS[c.node.op as keyof typeof CELLS];
  const x0 = c.inputs[0]!;
  if (x0.dtype !== 'float32') return notExpanded(`it computes in ${x0.dtype}`, `它以 ${x0.dtype} 计算`);
  const batchFirst = isBatchFirst(accepted, c.node);
  const timeFirst = (x: Expression): Expression => (batchFirst ? x.transpose([1, 0, 2]) : x);
  const x = timeFirst(x0);
  const [length, batch] = dimsOf(x) as [number, number, number];
  const hidden = dimsOf(c.inputs[2]!)[2]!;
  if (length > MOST_STEPS)
    return notExpanded(
      `it has ${length} steps; up to ${MOST_STEPS} are unrolled`,
      `它有 ${length} 个时间步；最多展开 ${MOST_STEPS} 步`,
    );
  const lengths = c.inputs[4] === undefined ? [] : integersOf(c.inputs[4]);
  if (lengths === undefined || lengths.some((n) => n !== length))
    return notExpanded(
      'its sequences end at different steps, or at computed ones',
      '其序列在不同的步结束，或长度是计算得到的',
    );
  const direction = directionOf(accepted, c.node);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const functions = activationsOf(accepted, c.node, cell.activations, directions);
  const found = Array.from({ length: directions }, (_, d) => {
    const backwards = direction === 'reverse' || d === 1;
    const layer = layerOf(c, cell.gates, d, hidden, functions[d]!);
    const initial = (input: number): Expression => {
      const given = c.inputs[input];
      const zeros = (): Expression =>
        c.constant(tensorOf('float32', [1, batch, hidden], new Float32Array(batch * hidden)));
      if (given === undefined) return zeros();
      const own = timeFirst(given);
      return directions === 1 ? own : own.slice([0], [d], [d + 1]);
    };
    let state: States = { h: initial(5), c: c.node.op === 'LSTM' ? initial(6) : undefined };
    const all = inputOf(c, x, cell.gates, d, hidden);
    const states: Expression[] = [];
    for (let s = 0; s < length; s++) {
      const t = backwards ? length - 1 - s : s;
      const now = length === 1 ? all : all.slice([0], [t], [t + 1]);
      state = cell.step(layer, (gate) => (cell.gates === 1 ? now : columns(now, gate, hidden)), state);
      states[t] = state.h;
    }
    return { states, last: state };
  });
  const sequence = joined(
    found.map(({ states }) =>
      joined(
        states.map((h) => h.reshape([1, 1, batch, hidden])),
        0,
      ),
    ),
    1,
  );
  const lasts = (pick: (s: States) => Expression): Expression =>
    timeFirst(
      joined(
        found.map((f) => pick(f.last)),
        0,
      ),
    );
  return [
    c.isRead(0) ? (batchFirst ? sequence.transpose([2, 0, 1, 3]) : sequence) : undefined,
    c.isRead(1) ? lasts((s) => s.h) : undefined,
    c.isRead(2) ? lasts((s) => s.c!) : undefined,
  ];
};

/** A direction's own part of an operand [directions, …]. */
function ownPart(c: ExpansionContext, input: number, d: number): Expression | undefined {
  const all = c.inputs[input];
  if (all === undefined) return undefined;
  const [directions, ...rest] = dimsOf(all) as [number, ...number[]];
  return (directions === 1 ? all : all.slice([0], [d], [d + 1])).reshape(rest);
}

/** x·Wᵀ with the biases that are added to it, [steps, batch, gates · hidden]. */
function inputOf(c: ExpansionContext, x: Expression, gates: number, d: number, hidden: number): Expression {
  const product = x.matMul(ownPart(c, 1, d)!.matrixTranspose());
  const biases = ownPart(c, 3, d);
  if (biases === undefined) return product;
  const rows = gates * hidden;
  const [w, r] = [biases.slice([0], [0], [rows]), biases.slice([0], [rows], [2 * rows])];
  if (!hasBiasInside(c.node)) return product.add(w.add(r));
  // The candidate's recurrent bias stands within the reset gate.
  const outside = joined([r.slice([0], [0], [2 * hidden]), r.slice([0], [0], [hidden]).mul(0)], 0);
  return product.add(w.add(outside));
}

/** A function of two numbers that is asked once for each pair. */
function once<T>(make: (from: number, to: number) => T): (from: number, to: number) => T {
  const made = new Map<string, T>();
  return (from, to) => {
    const key = `${from} ${to}`;
    if (!made.has(key)) made.set(key, make(from, to));
    return made.get(key)!;
  };
}

const hasBiasInside = (node: GraphNode): boolean =>
  node.op === 'GRU' && intAttribute(node, 'linear_before_reset', 0) !== 0;

function layerOf(
  c: ExpansionContext,
  gates: number,
  d: number,
  hidden: number,
  activations: readonly Activation[],
): Layer {
  const transposed = ownPart(c, 2, d)!.matrixTranspose();
  const biases = ownPart(c, 3, d);
  const bound = floatAttribute(c.node, 'clip');
  // The same constants at every step.
  const weights = once((from: number, to: number) => transposed.slice([1], [from * hidden], [to * hidden]));
  const bias = once((from: number, to: number) =>
    hasBiasInside(c.node) ? biases?.slice([0], [(gates + from) * hidden], [(gates + to) * hidden]) : undefined,
  );
  const peepholes = ownPart(c, 7, d);
  return {
    node: c.node,
    hidden,
    recurrence: (h) => h.matMul(transposed),
    weights,
    bias,
    peepholes: peepholes && [0, 1, 2].map((k) => peepholes.slice([0], [k * hidden], [(k + 1) * hidden])),
    activations,
    gate: (sum, activation) => activation.build(bound === undefined ? sum : sum.apply('Clip', [-bound, bound])),
  };
}
