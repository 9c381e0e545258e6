/**
 * The shape rule of RNN, GRU and LSTM: every axis of every operand has a name, all axes of one name have one size, and
 * some are multiples of `hidden_size` (its gates stand below each other). ONNX RNN-22, GRU-22, LSTM-22.
 */
import { type Dim, type GraphNode, intAttribute, stringAttribute, type TensorType } from '#ir';
import type { InferContext, Inferred, ParameterSpec } from '../define.ts';
import { inputType, mayEqual, type Refuse, type Shape, shapeText, tighter } from '../shapes.ts';
import { activationsOf } from './activations.ts';

/** An axis: a size by its ONNX name, or so many times `hidden_size`. */
type Axis = 'seq_length' | 'batch_size' | 'input_size' | 'hidden_size' | 'num_directions' | number;

/** What distinguishes the three operators to the shape rule. */
export interface CellShape {
  /** Rows of W and R, in `hidden_size`. */
  readonly gates: number;
  /** Names of the functions of one direction. */
  readonly activations: readonly string[];
  readonly inputs: readonly ParameterSpec[];
}

const DIRECTIONS = ['forward', 'reverse', 'bidirectional'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export function directionOf(c: Refuse, node: GraphNode): Direction {
  const name = stringAttribute(node, 'direction', 'forward');
  return DIRECTIONS.find((d) => d === name) ?? c.fail(`direction '${name}'`, DIRECTIONS.join(' | '));
}

/** Whether the batch is the first axis (`layout` 1, since opset 14). */
export function isBatchFirst(c: Refuse, node: GraphNode): boolean {
  const layout = intAttribute(node, 'layout', 0);
  if (layout !== 0 && layout !== 1) c.fail(`layout ${layout}`, '0 | 1');
  return layout === 1;
}

const axesOf = (name: string, gates: number, batchFirst: boolean): readonly Axis[] => {
  switch (name) {
    case 'X':
      return batchFirst ? ['batch_size', 'seq_length', 'input_size'] : ['seq_length', 'batch_size', 'input_size'];
    case 'W':
      return ['num_directions', gates, 'input_size'];
    case 'R':
      return ['num_directions', gates, 'hidden_size'];
    case 'B':
      return ['num_directions', 2 * gates];
    case 'sequence_lens':
      return ['batch_size'];
    case 'P':
      return ['num_directions', 3];
    case 'Y':
      return batchFirst
        ? ['batch_size', 'seq_length', 'num_directions', 'hidden_size']
        : ['seq_length', 'num_directions', 'batch_size', 'hidden_size'];
    default:
      // initial_h, initial_c, Y_h, Y_c
      return batchFirst
        ? ['batch_size', 'num_directions', 'hidden_size']
        : ['num_directions', 'batch_size', 'hidden_size'];
  }
};

export function inferRecurrent(c: InferContext, cell: CellShape): Inferred {
  const directions = directionOf(c, c.node) === 'bidirectional' ? 2 : 1;
  activationsOf(c, c.node, cell.activations, directions);
  const clip = c.node.attributes.get('clip');
  if (clip?.kind === 'float' && !(clip.value > 0)) c.fail(`clip ${clip.value}`, 'clip > 0');
  const batchFirst = isBatchFirst(c, c.node);
  const sizes = new Map<Axis, Dim>([['num_directions', directions]]);
  const hidden = intAttribute(c.node, 'hidden_size');
  if (hidden !== undefined) sizes.set('hidden_size', hidden);
  // Twice: a size that an operand tells may be asked of an earlier one.
  for (let round = 0; round < 2; round++) {
    cell.inputs.forEach(({ name }, i) => {
      const shape = c.inputs[i]?.shape;
      if (shape !== undefined) bindAxes(c, name, shape, axesOf(name, cell.gates, batchFirst), sizes);
    });
  }
  const { dtype } = inputType(c, 0);
  const output = (name: string): TensorType => ({
    kind: 'tensor',
    dtype,
    shape: axesOf(name, cell.gates, batchFirst).map((axis) => sizes.get(axis) ?? null),
  });
  return { types: ['Y', 'Y_h', 'Y_c'].slice(0, c.node.outputs.length).map(output) };
}

/** Enters the sizes of one operand; refuses what contradicts the others. */
function bindAxes(c: Refuse, name: string, shape: Shape, axes: readonly Axis[], sizes: Map<Axis, Dim>): void {
  const refuse = () =>
    c.fail(`${name} ${shapeText(shape)}`, `[${axes.map((axis) => axisText(axis, sizes)).join(', ')}]`);
  if (shape.length !== axes.length) refuse();
  axes.forEach((axis, i) => {
    const size = shape[i]!;
    if (typeof axis === 'number') {
      if (typeof size !== 'number') return;
      const hidden = sizes.get('hidden_size') ?? null;
      if (size % axis !== 0 || !mayEqual(hidden, size / axis)) refuse();
      sizes.set('hidden_size', size / axis);
    } else {
      const known = sizes.get(axis) ?? null;
      if (!mayEqual(known, size)) refuse();
      sizes.set(axis, tighter(known, size));
    }
  });
}

function axisText(axis: Axis, sizes: ReadonlyMap<Axis, Dim>): string {
  const [name, factor] = typeof axis === 'number' ? (['hidden_size', axis] as const) : [axis, 1];
  const size = sizes.get(name) ?? null;
  const text = factor === 1 ? name : `${factor}·${name}`;
  return typeof size === 'number' ? `${text} = ${factor * size}` : text;
}
