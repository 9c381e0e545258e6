/**
 * Backpropagation through time (Werbos 1990) for RNN, GRU and LSTM, as nodes of standard operators. Since Y holds the
 * hidden state before every step, the sums that enter the gates are found for all steps at once by one matrix product;
 * only what the gradient of one step owes to the next goes step by step, and the gradients of weights and input are one
 * product each again.
 *
 * Inside, time is the first axis: sequences are [T, B, …], a step is [1, B, …]. A step that lies behind the end of a
 * sequence is masked: it takes nothing and hands on what comes.
 */
import { type GraphNode, int, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import type { Activation } from './activations.ts';
import { activationsOf } from './activations.ts';
import { type CellShape, directionOf, isBatchFirst } from './shapes.ts';

/** The values of one direction. */
export interface DirectionValues {
  readonly node: GraphNode;
  readonly hidden: number;
  /** In the order in which the cell goes through them. */
  readonly order: readonly number[];
  /** W·x + Wb for all gates [T, B, gates·H]. */
  readonly input: Expression;
  /** Hidden state before each step [T, B, H]. */
  readonly before: Expression;
  /** Initial cell state [1, B, H]; undefined for zeros, and where the cell has none. */
  readonly cell: Expression | undefined;
  /** Recurrence weights [gates·H, H] and bias [gates·H]. */
  readonly r: Expression;
  readonly rb: Expression | undefined;
  readonly peepholes: Expression | undefined;
  readonly activations: readonly Activation[];
  readonly clip: number | undefined;
  /** 1 where a step is within its sequence [1, B, 1]; undefined where all are. */
  readonly mask: readonly Expression[] | undefined;
}

/** What the loss owes to the state after a step; undefined for nothing. */
export interface Owed {
  readonly h: Expression | undefined;
  readonly c: Expression | undefined;
}

/** Gradients of one step: of the sums that enter the gates, and of the state before it. */
export interface StepGradients {
  /** Of W·x + Wb [1, B, gates·H]. */
  readonly input: Expression;
  /** Of R·h + Rb; the same where the sums are added. */
  readonly recurrent: Expression;
  readonly before: Owed;
}

/** A cell that can be differentiated: `forward` finds the gates of all steps, `step` gives the gradients of one. */
export interface DifferentiableCell extends CellShape {
  readonly backward: (v: DirectionValues) => {
    step(t: number, owed: { readonly h: Expression; readonly c: Expression | undefined }): StepGradients;
    /** dR where a gate's recurrent input is not the state before the step, from the gates' gradients of all steps. */
    weights?(recurrent: Expression): Expression;
    /** dP [3·H], after all steps. */
    peepholes?(): Expression;
  };
}

const split = (x: Expression, axis: number, parts: number): readonly Expression[] =>
  parts === 1 ? [x] : x.applyAll('Split', [], { axis: int(axis), num_outputs: int(parts) }, parts);

export const concat = (parts: readonly Expression[], axis: number): Expression =>
  parts.length === 1 ? parts[0]! : parts[0]!.apply('Concat', parts.slice(1), { axis: int(axis) });

export const plus = (a: Expression | undefined, b: Expression | undefined): Expression | undefined =>
  a === undefined ? b : b === undefined ? a : a.add(b);

/** The steps of a sequence [T, …], each [1, …]. */
export const stepsOf = (x: Expression): readonly Expression[] => split(x, 0, x.shape[0] as number);

/** Gate `index` of all gates [.., gates·H]. */
export const gateOf = (x: Expression, index: number, hidden: number): Expression =>
  x.shape.at(-1) === hidden ? x : x.slice([x.rank - 1], [index * hidden], [(index + 1) * hidden]);

/** A gate: what its activation gives, and the derivative by its input. */
export interface Gate {
  readonly y: Expression;
  readonly slope: Expression;
}

/** The gate of a sum, clipped first where the node says so. */
export function gate(sum: Expression, activation: Activation, clip: number | undefined): Gate {
  if (clip === undefined) {
    const y = activation.build(sum);
    return { y, slope: activation.slope(sum, y) };
  }
  const x = sum.apply('Clip', [-clip, clip]);
  const y = activation.build(x);
  const within = sum.apply('Abs').less(clip).cast(sum.dtype);
  return { y, slope: activation.slope(x, y).mul(within) };
}

/** R·h for some rows of R, without bias. */
export const timesR = (h: Expression, r: Expression): Expression => h.matMul(r.matrixTranspose());

const flat = (x: Expression): Expression => x.reshape([-1, x.shape.at(-1) as number]);

/** Σ over steps and sequences of gᵀ·v: the gradient of the weights of a product. */
export const outer = (g: Expression, v: Expression): Expression => flat(g).matrixTranspose().matMul(flat(v));

/** Gradients of the inputs of a node, by position. */
export function recurrentGradient(c: GradientContext, cell: DifferentiableCell): readonly (Expression | undefined)[] {
  const batchFirst = isBatchFirst(c, c.node);
  const direction = directionOf(c, c.node);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const timeFirst = (x: Expression): Expression => (batchFirst ? x.transpose([1, 0, 2]) : x);
  const sequence = (y: Expression): Expression => (batchFirst ? y.transpose([1, 2, 0, 3]) : y);
  const x = timeFirst(c.inputs[0]!);
  const hidden = c.inputs[2]!.shape[2];
  const length = x.shape[0];
  if (typeof length !== 'number' || typeof hidden !== 'number' || length === 0) {
    return c.fail(
      { en: `X [${x.shape}] (time first)`, zh: `X [${x.shape}]（时间在前）` },
      { en: 'a known number of steps, at least one, and of neurons', zh: '步数（至少一步）与神经元数已知' },
    );
  }
  const attributes = Object.fromEntries(c.node.attributes);
  const y = sequence(c.outputs[0] ?? c.emit(c.node.op, c.inputs, attributes));
  const functions = activationsOf(c, c.node, cell.activations, directions);
  const mask = c.inputs[4] && stepsOf(stepMask(x, c.inputs[4], length));
  const clip = c.node.attributes.get('clip');
  const [dy, dLast, dCell] = [
    c.dy[0] && sequence(c.dy[0]),
    c.dy[1] && timeFirst(c.dy[1]),
    c.dy[2] && timeFirst(c.dy[2]),
  ];
  const initial = [c.inputs[5] && timeFirst(c.inputs[5]), c.inputs[6] && timeFirst(c.inputs[6])];

  const results = Array.from({ length: directions }, (_, d) => {
    const own = (t: Expression | undefined, axis: number): Expression | undefined =>
      t === undefined || directions === 1 ? t : t.slice([axis], [d], [d + 1]);
    const matrix = (index: number): Expression | undefined => own(c.inputs[index], 0)?.squeeze([0]);
    const backwards = direction === 'reverse' || d === 1;
    const order = Array.from({ length }, (_, s) => (backwards ? length - 1 - s : s));
    const ys = own(y, 1)!.squeeze([1]);
    const [h0, c0] = [own(initial[0], 0), own(initial[1], 0)];
    const w = matrix(1)!;
    const biases = matrix(3);
    const half = (i: number) => biases?.slice([0], [i * cell.gates * hidden], [(i + 1) * cell.gates * hidden]);
    const values: DirectionValues = {
      node: c.node,
      hidden,
      order,
      input: plus(timesR(x, w), half(0))!,
      before: statesBefore(ys, h0, backwards, mask),
      cell: c0,
      r: matrix(2)!,
      rb: half(1),
      peepholes: matrix(7),
      activations: functions[d]!,
      clip: clip?.kind === 'float' ? clip.value : undefined,
      mask,
    };
    const seeds = { dy: own(dy, 1)?.squeeze([1]), last: { h: own(dLast, 0), c: own(dCell, 0) } };
    const found = throughTime(values, cell, seeds);
    return { values, w, ...found };
  });

  const stacked = (pick: (r: (typeof results)[number]) => Expression): Expression =>
    concat(
      results.map((r) => pick(r).unsqueeze([0])),
      0,
    );
  const states = (pick: (r: (typeof results)[number]) => Expression | undefined): Expression =>
    timeFirst(
      concat(
        results.map((r) => pick(r) ?? r.values.before.slice([0], [0], [1]).zeros()),
        0,
      ),
    );
  const sum = (g: Expression): Expression => g.sum([0, 1], false);
  return c.inputs.map((input, i) => {
    if (input === undefined || !c.wanted(i)) return undefined;
    switch (i) {
      case 0: {
        const dx = results.map((r) => r.input.matMul(r.w)).reduce((a, b) => a.add(b));
        return timeFirst(dx);
      }
      case 1:
        return stacked((r) => outer(r.input, x));
      case 2:
        return stacked((r) => r.weights?.(r.recurrent) ?? outer(r.recurrent, r.values.before));
      case 3:
        return stacked((r) => concat([sum(r.input), sum(r.recurrent)], 0));
      case 5:
        return states((r) => r.start.h);
      case 6:
        return states((r) => r.start.c);
      case 7:
        return stacked((r) => r.peepholes!());
      default:
        return undefined;
    }
  });
}

/** All steps of one direction, the last one first. */
function throughTime(
  v: DirectionValues,
  cell: DifferentiableCell,
  seeds: { readonly dy: Expression | undefined; readonly last: Owed },
) {
  const { step, weights, peepholes } = cell.backward(v);
  const dys = seeds.dy && stepsOf(seeds.dy);
  // A sequence of no steps has a final state of zeros.
  const alive = v.mask?.[0];
  let owed: Owed = { h: masked(seeds.last.h, alive), c: masked(seeds.last.c, alive) };
  const gradients: StepGradients[] = [];
  const rest = (value: Expression | undefined, m: Expression | undefined): Expression | undefined =>
    m === undefined || value === undefined ? undefined : value.sub(value.mul(m));
  for (const t of v.order.toReversed()) {
    const m = v.mask?.[t];
    const h = masked(plus(owed.h, masked(dys?.[t], m)), m) ?? v.before.slice([0], [0], [1]).zeros();
    const found = step(t, { h, c: masked(owed.c, m) });
    owed = { h: plus(found.before.h, rest(owed.h, m)), c: plus(found.before.c, rest(owed.c, m)) };
    gradients[t] = found;
  }
  const along = (pick: (g: StepGradients) => Expression): Expression => concat(gradients.map(pick), 0);
  const input = along((g) => g.input);
  const same = gradients.every((g) => g.recurrent === g.input);
  return { input, recurrent: same ? input : along((g) => g.recurrent), start: owed, weights, peepholes };
}

const masked = (value: Expression | undefined, mask: Expression | undefined): Expression | undefined =>
  value === undefined || mask === undefined ? value : value.mul(mask);

/** 1 where a step is within its sequence [T, B, 1]. */
function stepMask(x: Expression, lengths: Expression, length: number): Expression {
  const numbers = Array.from({ length }, (_, t) => t);
  const steps = x.constant(tensorOf('int32', [length, 1, 1], numbers));
  return steps.less(lengths.unsqueeze([0, 2])).cast(x.dtype);
}

/** The hidden state before each step: Y of the step gone through before, at the beginning the initial state. */
function statesBefore(
  ys: Expression,
  h0: Expression | undefined,
  backwards: boolean,
  mask: readonly Expression[] | undefined,
): Expression {
  const length = ys.shape[0] as number;
  const first = h0 ?? ys.slice([0], [0], [1]).zeros();
  if (length === 1) return first;
  if (!backwards) return concat([first, ys.slice([0], [0], [length - 1])], 0);
  const later = ys.slice([0], [1], [length]);
  if (mask === undefined || h0 === undefined) return concat([later, first], 0);
  // The first step of a shorter sequence is its own last one; behind it Y is zero.
  const outside = concat(mask.slice(1), 0).neg().add(1);
  return concat([later.add(outside.mul(h0)), first], 0);
}
