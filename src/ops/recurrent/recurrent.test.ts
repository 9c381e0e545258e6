/** LSTM, GRU and RNN beyond what the registry-wide tests hold: published numbers, and what is refused. */
import { describe, expect, test } from 'vitest';
import {
  type Attribute,
  float,
  floats,
  type GraphNode,
  int,
  string,
  strings,
  type Tensor,
  tensorNumbers,
  tensorOf,
} from '#ir';
import { evaluateNode } from '../evaluate.ts';

const filled = (dims: readonly number[], value: number): Tensor =>
  tensorOf('float64', dims, new Array<number>(dims.reduce((n, d) => n * d, 1)).fill(value));

function run(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Tensor[] {
  const node: GraphNode = {
    name: 'cell',
    op,
    domain: '',
    inputs: inputs.map((t, i) => (t === undefined ? '' : `x${i}`)),
    outputs: op === 'LSTM' ? ['y', 'h', 'c'] : ['y', 'h'],
    attributes: new Map(Object.entries(attributes)),
  };
  return evaluateNode(node, 22, inputs);
}

describe('exercise 3.7: x = 1, h = 0.5, c = 0.2, all weights 0.5, no bias', () => {
  const x = filled([1, 1, 1], 1);
  const weights = [filled([1, 4, 1], 0.5), filled([1, 4, 1], 0.5)];
  const state = [filled([1, 1, 1], 0.5), filled([1, 1, 1], 0.2)];
  const lstm = (inputs: readonly (Tensor | undefined)[]) => run('LSTM', inputs).map((t) => tensorNumbers(t)[0]!);

  test('c_t and h_t', () => {
    const [y, h, c] = lstm([x, ...weights, undefined, undefined, ...state]);
    expect(c).toBeCloseTo(0.56721537910009, 12);
    expect(h).toBeCloseTo(0.34863010460570704, 12);
    expect(y).toBe(h);
  });

  test('the gates and the candidate, each seen through a state that lets it out', () => {
    // With a candidate of tanh(0.75) and c = 0, c_t = i·c̃; with c = 1 more it is f + i·c̃.
    const gate = 0.679178699175393;
    const candidate = 0.6351489523872873;
    const cellAfter = (c: number) => lstm([x, ...weights, undefined, undefined, state[0], filled([1, 1, 1], c)])[2]!;
    expect(cellAfter(0)).toBeCloseTo(gate * candidate, 12);
    expect(cellAfter(1) - cellAfter(0)).toBeCloseTo(gate, 12);
  });

  test('input and forget gate differ where their parameters do', () => {
    // Rows i, o, f, c of W.
    const w = tensorOf('float64', [1, 4, 1], [0.5, 0.5, -0.5, 0.5]);
    const [, , c] = lstm([x, w, weights[1], undefined, undefined, ...state]);
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    expect(c).toBeCloseTo(sigmoid(-0.25) * 0.2 + sigmoid(0.75) * Math.tanh(0.75), 12);
  });
});

describe('refused', () => {
  const inputs = (hidden = 2, gates = 3): Tensor[] => [
    filled([4, 1, 2], 1),
    filled([1, gates * hidden, 2], 1),
    filled([1, gates * hidden, hidden], 1),
  ];
  const refused = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      expect(error).toMatchObject({ code: 'SYS-OPS-001' });
      return (error as Error).message;
    }
    throw new Error('accepted');
  };

  test('an operand that does not fit', () => {
    const [x, w] = inputs();
    const message = refused(() => run('GRU', [x, w, filled([1, 6, 3], 1)]));
    expect(message).toContain('R [1,6,3]');
    expect(message).toContain('[num_directions = 1, 3·hidden_size = 6, hidden_size = 2]');
  });

  test('a hidden_size that the operands contradict', () => {
    expect(refused(() => run('GRU', inputs(), { hidden_size: int(3) }))).toContain('3·hidden_size = 9');
  });

  test('weights of one direction for two', () => {
    const message = refused(() => run('GRU', inputs(), { direction: string('bidirectional') }));
    expect(message).toContain('num_directions = 2');
  });

  test('unknown words', () => {
    expect(refused(() => run('GRU', inputs(), { direction: string('backward') }))).toContain('forward | reverse');
    const activations = (...names: string[]) => ({ activations: strings(names) });
    expect(refused(() => run('GRU', inputs(), activations('Sigmoid', 'Cosine')))).toContain("activation 'Cosine'");
    expect(refused(() => run('GRU', inputs(), activations('Sigmoid')))).toContain('2: 2 for each direction');
    const scaled = { ...activations('Sigmoid', 'ScaledTanh'), activation_alpha: floats([1]) };
    expect(refused(() => run('GRU', inputs(), scaled))).toContain('no activation_beta for ScaledTanh');
    expect(refused(() => run('GRU', inputs(), { layout: int(2) }))).toContain('layout 2');
    expect(refused(() => run('GRU', inputs(), { clip: float(0) }))).toContain('clip 0');
  });

  test('a sequence longer than X', () => {
    const lengths = tensorOf('int32', [1], [5]);
    expect(refused(() => run('GRU', [...inputs(), undefined, lengths]))).toContain('lengths from 0 to 4');
  });
});
