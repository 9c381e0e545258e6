/**
 * The recurrence that RNN, GRU and LSTM share: for each direction and each sequence of the batch, a state goes step by
 * step through a cell. Plain loops, one sequence at a time. Sequences shorter than X (`sequence_lens`) leave zeros
 * behind their end, and run backwards from their own end; one of length 0 leaves a final state of zeros, as ONNX
 * Runtime's LSTM and GRU do (ONNX is silent there).
 */
import { floatAttribute, type GraphNode } from '#ir';
import { costOf, elements, staticDims, type Work } from '../costs.ts';
import {
  type AttributeSpec,
  type CostContext,
  type EvaluateContext,
  type Operator,
  operator,
  type RefTensor,
} from '../define.ts';
import { numbersOf, stridesOf } from '../refTensor.ts';
import { accepted } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { activationsOf } from './activations.ts';
import { type DifferentiableCell, recurrentGradient } from './backward.ts';
import { directionOf, inferRecurrent, isBatchFirst } from './shapes.ts';

/** What a cell computes with, for one direction. */
export interface CellWeights {
  readonly hidden: number;
  /** Recurrence weights [gates·hidden, hidden]. */
  readonly r: Float64Array;
  /** Recurrence bias [gates·hidden]. */
  readonly rb: Float64Array;
  /** Peephole weights [3·hidden]; undefined where there are none. */
  readonly peepholes: Float64Array | undefined;
  readonly activations: readonly ((x: number) => number)[];
  /** Bounds the input of an activation. */
  readonly clip: (x: number) => number;
}

export interface State {
  readonly h: Float64Array;
  /** Cell state; empty where the cell has none. */
  readonly c: Float64Array;
}

export interface Cell extends DifferentiableCell, Pick<Operator, 'name' | 'summary' | 'versions' | 'samples'> {
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** Work of one neuron in one step beside W·x + R·h, their biases and the activations. */
  readonly work: Work;
  /** How often each activation is used in a step. */
  readonly uses: readonly number[];
  readonly costRule: string;
  /** One step: `input` is W·x + Wb for all gates [gates·hidden]. */
  readonly step: (weights: CellWeights, input: Float64Array, state: State, node: GraphNode) => State;
}

/** Row `row` of R times a vector, and its bias. */
export function recurrent(weights: CellWeights, row: number, vector: Float64Array): number {
  let sum = weights.rb[row]!;
  for (let k = 0; k < weights.hidden; k++) sum += weights.r[row * weights.hidden + k]! * vector[k]!;
  return sum;
}

const COMMON: Readonly<Record<string, AttributeSpec>> = {
  activation_alpha: { kind: 'floats', doc: 'alpha of the activations that take one, in their order' },
  activation_beta: { kind: 'floats', doc: 'beta of the activations that take one, in their order' },
  activations: {
    kind: 'strings',
    doc: 'functions of each direction: Sigmoid, Tanh, Relu, Affine, LeakyRelu, ThresholdedRelu, ScaledTanh, HardSigmoid, Elu, Softsign, Softplus',
  },
  clip: { kind: 'float', doc: 'bound of the input of an activation, both ways; default none' },
  direction: { kind: 'string', doc: 'forward (default), reverse, bidirectional' },
  hidden_size: { kind: 'int', doc: 'neurons of the state; default: what R says' },
  layout: { kind: 'int', since: 14, doc: '0 (default): X [seq, batch, input]; 1: X [batch, seq, input]' },
};

/** RNN, GRU or LSTM from its cell. */
export function recurrentOperator(cell: Cell): Operator {
  const hasCellState = cell.inputs.some((p) => p.name === 'initial_c');
  return operator({
    name: cell.name,
    summary: cell.summary,
    versions: cell.versions,
    inputs: cell.inputs,
    outputs: ['Y', 'Y_h', ...(hasCellState ? ['Y_c'] : [])].map((name) => ({ name, type: 'T', arity: 'optional' })),
    types: { T: FLOATS, T1: ['int32'] },
    attributes: { ...COMMON, ...cell.attributes },
    infer: (c) => inferRecurrent(c, cell),
    cost: (c) => cost(c, cell),
    costRule: cell.costRule,
    evaluate: (c) => evaluate(c, cell, hasCellState),
    gradient: (c) => recurrentGradient(c, cell),
    samples: cell.samples,
  });
}

function cost(c: CostContext, cell: Cell) {
  const [, weightRows, inputSize] = staticDims(c.inputs[1]) as [number, number, number];
  const hidden = weightRows / cell.gates;
  const directions = directionOf(accepted, c.node) === 'bidirectional' ? 2 : 1;
  const steps = elements(c.inputs[0]) / Math.max(1, inputSize);
  const macs = steps * (elements(c.inputs[1]) + elements(c.inputs[2]));
  const neurons = steps * directions * hidden;
  const perNeuron = (key: keyof Work): number =>
    neurons * (cell.work[key] ?? 0) +
    activationsOf(accepted, c.node, cell.activations, directions).reduce(
      (sum, own) => sum + own.reduce((n, a, i) => n + (a.work[key] ?? 0) * cell.uses[i]!, 0) * steps * hidden,
      0,
    );
  const clipped = c.node.attributes.has('clip') ? 2 * cell.gates * neurons : 0;
  const peepholes = c.inputs[7] === undefined ? 0 : 3 * neurons;
  const biases = c.inputs[3] === undefined ? 0 : 2 * cell.gates * neurons;
  return costOf(c, {
    macs,
    multiplications: macs + perNeuron('multiplications') + peepholes,
    // K − 1 additions for W·x and R·h together.
    additions: Math.max(0, macs - cell.gates * neurons) + biases + peepholes + perNeuron('additions'),
    comparisons: perNeuron('comparisons') + clipped,
    exponentials: perNeuron('exponentials'),
    divisions: perNeuron('divisions'),
    otherFunctions: perNeuron('otherFunctions'),
  });
}

function evaluate(c: EvaluateContext, cell: Cell, hasCellState: boolean): RefTensor[] {
  const [x, w, r] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]!];
  const batchFirst = isBatchFirst(accepted, c.node);
  const [first, second, inputSize] = x.dims as [number, number, number];
  const [length, batch] = batchFirst ? [second, first] : [first, second];
  const [directions, rows, hidden] = r.dims as [number, number, number];
  const direction = directionOf(accepted, c.node);
  const functions = activationsOf(accepted, c.node, cell.activations, directions);
  const bound = floatAttribute(c.node, 'clip', Number.POSITIVE_INFINITY);
  const lengths = sequenceLengths(c, length, batch);
  const xs = numbersOf(x);
  const xStrides = stridesOf(x.dims);
  const [stepStride, batchStride] = batchFirst ? [xStrides[1]!, xStrides[0]!] : [xStrides[0]!, xStrides[1]!];

  const yDims = batchFirst ? [batch, length, directions, hidden] : [length, directions, batch, hidden];
  const stateDims = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const y = zeros(x, yDims);
  const states = [zeros(x, stateDims), zeros(x, stateDims)] as const;
  const yStrides = stridesOf(yDims);
  const yAt = (t: number, d: number, n: number) =>
    batchFirst
      ? n * yStrides[0]! + t * yStrides[1]! + d * yStrides[2]!
      : t * yStrides[0]! + d * yStrides[1]! + n * yStrides[2]!;
  const stateAt = (d: number, n: number) => (batchFirst ? n * directions + d : d * batch + n) * hidden;
  const initial = (input: number, d: number, n: number): Float64Array => {
    const given = c.inputs[input];
    return given === undefined ? new Float64Array(hidden) : slice(given, stateAt(d, n), hidden);
  };

  for (let d = 0; d < directions; d++) {
    const weights: CellWeights = {
      hidden,
      r: slice(r, d * rows * hidden, rows * hidden),
      rb: biasOf(c, d, rows, 1),
      peepholes: c.inputs[7] === undefined ? undefined : slice(c.inputs[7], d * 3 * hidden, 3 * hidden),
      activations: functions[d]!.map((f) => f.apply),
      clip: (value) => Math.min(Math.max(value, -bound), bound),
    };
    const wd = slice(w, d * rows * inputSize, rows * inputSize);
    const wb = biasOf(c, d, rows, 0);
    const backwards = direction === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      let state: State = { h: initial(5, d, n), c: initial(6, d, n) };
      const steps = lengths[n]!;
      for (let s = 0; s < steps; s++) {
        const t = backwards ? steps - 1 - s : s;
        const projected = project(wd, wb, xs.subarray(t * stepStride + n * batchStride), inputSize);
        state = cell.step(weights, projected, state, c.node);
        y.data.set(state.h, yAt(t, d, n));
      }
      if (steps === 0) continue;
      states[0].data.set(state.h, stateAt(d, n));
      states[1].data.set(state.c, stateAt(d, n));
    }
  }
  return [y, states[0], ...(hasCellState ? [states[1]] : [])].slice(0, c.outputCount);
}

const zeros = (like: RefTensor, dims: readonly number[]) => ({
  dtype: like.dtype,
  dims,
  data: new Float64Array(dims.reduce((n, d) => n * d, 1)),
});

const slice = (t: RefTensor, start: number, count: number): Float64Array => numbersOf(t).slice(start, start + count);

/** Wb (half 0) or Rb (half 1) of a direction; zeros where the node has no biases. */
function biasOf(c: EvaluateContext, direction: number, rows: number, half: number): Float64Array {
  const b = c.inputs[3];
  return b === undefined ? new Float64Array(rows) : slice(b, (2 * direction + half) * rows, rows);
}

/** W·x + Wb. */
function project(w: Float64Array, bias: Float64Array, x: Float64Array, size: number): Float64Array {
  return bias.map((start, row) => {
    let sum = start;
    for (let k = 0; k < size; k++) sum += w[row * size + k]! * x[k]!;
    return sum;
  });
}

function sequenceLengths(c: EvaluateContext, length: number, batch: number): readonly number[] {
  const given = c.inputs[4];
  if (given === undefined) return new Array<number>(batch).fill(length);
  const lengths = [...numbersOf(given)];
  if (!lengths.every((n) => n >= 0 && n <= length)) {
    c.fail(`sequence_lens [${lengths}]`, { en: `lengths from 0 to ${length}`, zh: `0 到 ${length} 之间的长度` });
  }
  return lengths;
}
