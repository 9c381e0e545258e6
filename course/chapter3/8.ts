/**
 * Exercise 3.8: how a GAN is trained. Generator and discriminator play min_G max_D V = E_x[log D(x)] + E_z[log(1 − D(G(z)))]. In turn: with G
 * fixed, D takes some steps towards telling samples from G's; with D fixed, G takes one towards passing for them (in practice towards a
 * larger log D(G(z)), whose gradient does not vanish while D wins). For given densities p of the data and q of G the best D is
 * p ÷ (p + q), and with it V = −log 4 + 2·JSD(p, q): least where q = p, where D says ½ everywhere (Goodfellow et al., arXiv:1406.2661).
 */

import type { Exercise } from 'systole/course';
import { compile, losses, nn, ones, optim, random, type Tensor, zeros } from 'systole/tensor';

/** The best discriminator of two discrete densities, the value of the game with it, and their Jensen–Shannon divergence. */
export function solveGame(p: readonly number[], q: readonly number[]) {
  const divergence = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, v, i) => (v === 0 ? sum : sum + v * Math.log(v / b[i]!)), 0);
  const middle = p.map((v, i) => (v + q[i]!) / 2);
  const best = p.map((v, i) => v / (v + q[i]!));
  const value = p.reduce((sum, v, i) => sum + v * Math.log(best[i]!) + q[i]! * Math.log(1 - best[i]!), 0);
  return { best, value, jsd: (divergence(p, middle) + divergence(q, middle)) / 2 };
}

export interface GanRun {
  readonly mean: number;
  readonly deviation: number;
}

/** Trains a generator of numbers N(3, 1) out of noise N(0, 1). */
export async function trainGan(seed: number, steps = 1500, batch = 128): Promise<GanRun> {
  const generator = new random.Generator(seed);
  const linear = (inputs: number, outputs: number): nn.Linear => new nn.Linear(inputs, outputs, { generator });
  const G = new nn.Sequential(linear(1, 16), nn.tanh(), linear(16, 1));
  const D = new nn.Sequential(linear(1, 16), nn.leakyRelu(0.2), linear(16, 16), nn.leakyRelu(0.2), linear(16, 1));
  const [optG, optD] = [G, D].map((net) => new optim.Adam(net.parameters(), { rate: 2e-3, betas: [0.5, 0.99] }));
  const noise = (): Tensor => random.normal([batch, 1], { generator });
  const [real, fake] = [ones([batch, 1]), zeros([batch, 1])];

  const discriminate = compile(() => {
    const truth = losses.binaryCrossEntropyWithLogits(
      D.forward(random.normal([batch, 1], { mean: 3, generator })),
      real,
    );
    const lies = losses.binaryCrossEntropyWithLogits(D.forward(G.forward(noise())), fake);
    const loss = truth.add(lies);
    optD!.minimize(loss);
    return loss;
  });
  const generate = compile(() => {
    const loss = losses.binaryCrossEntropyWithLogits(D.forward(G.forward(noise())), real);
    optG!.minimize(loss);
    return loss;
  });
  for (let step = 0; step < steps; step++) {
    discriminate();
    const loss = generate();
    if (step % 20 === 0) await loss.item();
  }
  const made = G.forward(random.normal([10000, 1], { generator }));
  return { mean: await made.mean().item(), deviation: await made.std().item() };
}

const P = [0.5, 0.3, 0.2];
const Q = [0.2, 0.3, 0.5];

export const exercise: Exercise = {
  id: '3.8',
  title: { en: 'How a GAN is trained', zh: '简述 GAN 的训练过程' },
  rows: 5,
  async show({ print }) {
    const { best, value, jsd } = solveGame(P, Q);
    print(`p = ${P}, q = ${Q}: best D = ${best.map((v) => v.toFixed(4))}, V = ${value}, JSD = ${jsd}`);
    const { mean, deviation } = await trainGan(1);
    print(`a generator of N(3, 1), after 1500 steps: mean ${mean.toFixed(3)}, deviation ${deviation.toFixed(3)}`);
  },
  async check({ close, atMost }) {
    const { best, value, jsd } = solveGame(P, Q);
    close('the best discriminator', best, [0.7142857142857143, 0.5, 0.2857142857142857], 1e-12);
    close('V', value, -1.2534657323553273, 1e-12);
    close('V = −log 4 + 2·JSD', value, 2 * jsd - Math.log(4), 1e-12);
    close('JSD', jsd, 0.06641431438228168, 1e-12);
    close('V where p = q', solveGame(P, P).value, -1.3862943611198906, 1e-12);
    const errors: number[] = [];
    for (const seed of [1, 2, 3]) errors.push(Math.abs((await trainGan(seed)).mean - 3));
    atMost(
      `error of the mean, the best of three seeds (${errors.map((e) => e.toFixed(3)).join(', ')})`,
      Math.min(...errors),
      0.5,
    );
  },
};
