/**
 * Exercise 2.10: what the activation changes in a gradient, and a new one. Only the factor G′(z) changes: for y = G(w·x + b) and
 * L = (t − y)², dL/dw = −2x·(t − y)·G′ and dL/db = −2·(t − y)·G′, both with a minus. G = eᶻ would do, but it has no upper bound and neither
 * has its slope. Better: G(z) = sign(z)·ln(1 + |z|) with G′(z) = 1 ÷ (1 + |z|), which does not saturate and whose slope is at most 1. It is registered
 * below as an operator of its own, with kernel and gradient.
 */

import type { Exercise } from 'systole/course';
import { tensorOf } from 'systole/ir';
import {
  abs,
  add,
  checkGradients,
  div,
  exp,
  grad,
  linear,
  losses,
  mul,
  nn,
  optim,
  random,
  registerOperator,
  silu,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  tracked,
  Variable,
} from 'systole/tensor';
import { INPUTS, TABLES } from './1.ts';
import { derivative } from './derivative.ts';

/** dL/dw and dL/db of one neuron y = G(w·x + b) with L = (t − y)², by autograd. */
export async function neuronGradient(
  activation: (z: Tensor) => Tensor,
  { w, x, b, t }: { readonly w: number; readonly x: number; readonly b: number; readonly t: number },
): Promise<[dw: number, db: number]> {
  const [weight, bias] = [w, b].map((v) => tracked(tensor(v, { dtype: 'f64' }))) as [Tensor, Tensor];
  const loss = square(sub(t, activation(add(mul(weight, x), bias))));
  const [dw, db] = grad(loss, [weight, bias]);
  return [await dw!.item(), await db!.item()];
}

const signLogOf = (z: number): number => Math.sign(z) * Math.log1p(Math.abs(z));

const operation = registerOperator({
  name: 'SignLog',
  inputs: ['z'],
  kernels: {
    f32: ([z], [y]) => (y!.data as Float32Array).set((z!.data as Float32Array).map(signLogOf)),
    f64: ([z], [y]) => (y!.data as Float64Array).set((z!.data as Float64Array).map(signLogOf)),
  },
  gradient: ({ inputs: [z], dy: [dy] }) => [div(dy!, add(abs(z!), 1))],
});

/** sign(z)·ln(1 + |z|). */
export const signLog = (z: Tensor): Tensor => operation([z])[0]!;

/** A 2-4-1 network on XOR with the activation, in eager mode; how many rows it has right. */
export async function xorWith(activation: (z: Tensor) => Tensor, seed = 1, steps = 300): Promise<number> {
  const generator = new random.Generator(seed);
  const [hidden, output] = [new nn.Linear(2, 4, { generator }), new nn.Linear(4, 1, { generator })];
  const forward = (x: Tensor): Tensor => output.forward(activation(hidden.forward(x)));
  const adam = new optim.Adam([...hidden.parameters(), ...output.parameters()], { rate: 0.05 });
  const x = tensor(INPUTS);
  const target = tensor(TABLES.XOR, { shape: [4, 1] });
  for (let i = 0; i < steps; i++) adam.minimize(losses.binaryCrossEntropyWithLogits(forward(x), target));
  const logits = await forward(x).data();
  return TABLES.XOR.filter((label, i) => (Number(logits[i]) > 0 ? 1 : 0) === label).length;
}

/** The registered gradient against differences, at points from −5 to 5 (not at 0, where the second derivative jumps). */
export function gradientError(): number {
  const points = Array.from({ length: 100 }, (_, i) => -4.95 + 0.1 * i);
  const z = new Variable(tensorOf('float64', [points.length], points));
  const weight = tensor(points.map(Math.cos), { dtype: 'f64' });
  return checkGradients(() => sum(mul(signLog(z), weight)), [z])[0]!.error;
}

const NEURON = { w: 0.3, x: 0.7, b: 0.1, t: 2 };

export const exercise: Exercise = {
  id: '2.10',
  title: {
    en: 'Activations and gradients; an activation of one’s own',
    zh: '不同激活函数对梯度计算的影响；设计新的激活函数并给出梯度公式',
  },
  rows: 5,
  async show({ print }) {
    const named = {
      eᶻ: exp,
      sign·log: signLog,
      swish: silu,
      linear: (z: Tensor) => linear(z.reshape([1, 1]), tensor([[1]], { dtype: 'f64' })),
    };
    for (const [name, f] of Object.entries(named)) {
      const [dw, db] = await neuronGradient(f, NEURON);
      print(`${name}: dL/dw = ${dw.toFixed(4)}, dL/db = ${db.toFixed(4)}`);
    }
    print(`XOR with sign·log: ${await xorWith(signLog)} of 4 rows`);
  },
  async check({ close, atMost, equal }) {
    const [dw, db] = await neuronGradient(exp, NEURON);
    close('eᶻ: dL/dw', dw, -1.2150910609852188, 1e-9);
    close('eᶻ: dL/db', db, -1.735844372836027, 1e-9);
    atMost('the new gradient against differences, relative', gradientError(), 1e-6);
    equal('XOR, rows right', await xorWith(signLog), 4);
    equal(
      'slopes of swish and of the new one at 0',
      [await derivative(silu, 0), await derivative(signLog, 0)],
      [0.5, 1],
    );
  },
};
