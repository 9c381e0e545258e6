/**
 * Exercise 3.7: the gates of an LSTM. Each looks at the input x and the state h with weights and biases of its own:
 *   i = σ(Uⁱ·x + Wⁱ·h + bⁱ)   how much of the candidate is let in        f = σ(Uᶠ·x + Wᶠ·h + bᶠ)   how much of the cell is kept
 *   o = σ(Uᵒ·x + Wᵒ·h + bᵒ)   how much of the cell is shown              c̃ = tanh(Uᶜ·x + Wᶜ·h + bᶜ)  the candidate
 *   c ← f ⊙ c + i ⊙ c̃,  h ← o ⊙ tanh(c). Input and forget gate are two gates: what one lets in, the other need not forget.
 */

import type { Exercise } from 'systole/course';
import { int } from 'systole/ir';
import {
  add,
  applyNode,
  concat,
  matMul,
  maximum,
  mul,
  random,
  sigmoid,
  type Tensor,
  tanh,
  tensor,
  withReference,
} from 'systole/tensor';

export const GATES = ['input', 'output', 'forget', 'candidate'] as const;
type Gate = (typeof GATES)[number];

/** What a gate looks at: U [inputs, hidden], W [hidden, hidden], b [hidden]. */
export interface GateParameters {
  readonly u: Tensor;
  readonly w: Tensor;
  readonly b: Tensor;
}

export type LstmParameters = Readonly<Record<Gate, GateParameters>>;

/** One step, x [N, inputs], h and c [N, hidden]. */
export function lstmCell(x: Tensor, h: Tensor, c: Tensor, parameters: LstmParameters) {
  const look = ({ u, w, b }: GateParameters): Tensor => add(add(matMul(x, u), matMul(h, w)), b);
  const [input, output, forget] = (['input', 'output', 'forget'] as const).map((gate) =>
    sigmoid(look(parameters[gate])),
  );
  const candidate = tanh(look(parameters.candidate));
  const cell = add(mul(forget!, c), mul(input!, candidate));
  return { input: input!, output: output!, forget: forget!, candidate, cell, hidden: mul(output!, tanh(cell)) };
}

/** Four gates, each with a row for every input and state value and a bias. */
export const lstmSize = (inputs: number, hidden: number): number => 4 * (hidden * (inputs + hidden) + hidden);

const f64 = (values: readonly (readonly number[])[]): Tensor => tensor(values, { dtype: 'f64' });

/** x = 1, h = ½, c = 0.2; all weights ½, no bias. */
function example() {
  const gate = { u: f64([[0.5]]), w: f64([[0.5]]), b: f64([[0]]) };
  return lstmCell(f64([[1]]), f64([[0.5]]), f64([[0.2]]), { input: gate, output: gate, forget: gate, candidate: gate });
}

/** The cell and the operator LSTM on the same random numbers, both by the operators' reference in f64. */
function besideOperator(inputs: number, hidden: number) {
  const generator = new random.Generator(7);
  const draw = (...shape: number[]): Tensor => random.normal(shape, { generator, dtype: 'f64' });
  const gates = GATES.map(() => ({ u: draw(inputs, hidden), w: draw(hidden, hidden), b: draw(hidden) }));
  const parameters = Object.fromEntries(GATES.map((gate, i) => [gate, gates[i]])) as Record<Gate, GateParameters>;
  const [x, h, c] = [draw(2, inputs), draw(2, hidden), draw(2, hidden)];
  const own = lstmCell(x, h, c, parameters);
  // The operator wants the gates in the order i, o, f, c, transposed and below one another, and two biases.
  const below = (of: (g: GateParameters) => Tensor): Tensor => concat(gates.map(of)).unsqueeze(0);
  const biases = below(({ b }) => b);
  const node = {
    name: 'lstm',
    op: 'LSTM',
    domain: '',
    inputs: ['x', 'w', 'r', 'b', '', 'h', 'c'],
    outputs: ['y', 'yh', 'yc'],
    attributes: new Map([['hidden_size', int(hidden)]]),
  };
  const [, state, cell] = applyNode(node, 20, [
    x.unsqueeze(0),
    below(({ u }) => u.transpose()),
    below(({ w }) => w.transpose()),
    concat([biases, mul(biases, 0)], 1),
    undefined,
    h.unsqueeze(0),
    c.unsqueeze(0),
  ]);
  return { own, operator: { state: state!.squeeze(0), cell: cell!.squeeze(0) } };
}

/** The largest difference from the operator, and between input and forget gate, whose parameters differ. */
export async function differences(inputs: number, hidden: number): Promise<{ operator: number; gates: number }> {
  const found = withReference(() => {
    const { own, operator } = besideOperator(inputs, hidden);
    const most = (a: Tensor, b: Tensor): Tensor => a.sub(b).abs().max();
    const off = maximum(most(own.hidden, operator.state), most(own.cell, operator.cell));
    return { operator: off, gates: most(own.input, own.forget) };
  });
  return { operator: await found.operator.item(), gates: await found.gates.item() };
}

export const exercise: Exercise = {
  id: '3.7',
  title: { en: 'The gates of an LSTM', zh: '简述 LSTM 三个门的作用并给出公式' },
  rows: 4,
  async show({ print }) {
    for (const [name, value] of Object.entries(example())) print(`${name}: ${await value.item()}`);
    print(`10 inputs, 20 hidden: ${lstmSize(10, 20)} parameters`);
  },
  async check({ close, equal, atMost, atLeast }) {
    const { input, output, forget, candidate, cell, hidden } = example();
    const gates = await Promise.all([input, output, forget].map((g) => g.item()));
    close('the gates', gates, [0.679178699175393, 0.679178699175393, 0.679178699175393], 1e-12);
    const rest = await Promise.all([candidate, cell, hidden].map((t) => t.item()));
    close('candidate, cell, state', rest, [0.6351489523872873, 0.56721537910009, 0.34863010460570704], 1e-12);
    equal('parameters, 10 inputs and 20 hidden', lstmSize(10, 20), 2480);
    const found = await differences(3, 4);
    atMost('difference from the operator LSTM', found.operator, 1e-12);
    atLeast('input and forget gate differ where their parameters do', found.gates, 0.01);
  },
};
