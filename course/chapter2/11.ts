/**
 * Exercise 2.11: a multilayer perceptron as a 4-bit full adder. First without training: hidden unit k = 1 … 31 is 1 where the sum is at least k,
 * which is one threshold, and bit j of the sum turns on at odd multiples of 2ʲ and off at even ones, so it is the sum of hidden units
 * with signs. 9-31-5, 470 parameters, all 512 rows right. Then trained: 9-20-20-5, tanh, cross-entropy of each bit, Adam, on 358 rows;
 * judged on the 154 others, a row counting only where all five bits are right.
 */

import type { Exercise } from 'systole/course';
import { batches, type SampleSet } from 'systole/data';
import { adderModel } from 'systole/flow';
import { elementCount } from 'systole/ir';
import { binaryCrossEntropyWithLogits, compile, fromModel, nn, optim, type Tensor, tensor } from 'systole/tensor';
import { glorot, mlp } from '../training.ts';
import { all, exactRows, INPUTS, OUTPUTS, ROWS, type Rows, split, TRAINED } from './truthTable.ts';

/** With Glorot's weights and biases of zero: with PyTorch's smaller weights, training more often ends short of all rows. */
export const adderNetwork = (seed: number): nn.Sequential =>
  glorot(mlp([INPUTS, 20, 20, OUTPUTS], seed, nn.tanh), seed);

const samples = ({ count, inputs, sums }: Rows): SampleSet => ({
  count,
  inputs: Float32Array.from(inputs),
  inputDims: [INPUTS],
  targets: Float32Array.from(sums),
  targetDims: [OUTPUTS],
});

export interface Trained {
  readonly network: nn.Sequential;
  /** Until every row of `train` was right, or until the last. */
  readonly epochs: number;
  readonly exact: (rows: Rows) => Promise<number>;
}

/** Trains until all rows are right, at most so many epochs. */
export async function trainAdder(train: Rows, seed: number, { epochs = 120, stop = true } = {}): Promise<Trained> {
  const network = adderNetwork(seed);
  const adam = new optim.Adam(network.parameters(), { rate: 0.01 });
  const step = compile((x: Tensor, sums: Tensor) => {
    const loss = binaryCrossEntropyWithLogits(network.forward(x), sums);
    adam.minimize(loss);
    return loss;
  });
  const forward = compile((x: Tensor) => network.forward(x));
  const exact = async (rows: Rows): Promise<number> => {
    const x = tensor(Float32Array.from(rows.inputs), { shape: [rows.count, INPUTS] });
    return exactRows((await forward(x).data()) as Float32Array, rows, 0);
  };
  const set = samples(train);
  let epoch = 0;
  while (epoch < epochs) {
    for (const b of batches(set, { size: 16, seed, epoch, last: 'keep' })) {
      step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets, { shape: b.targetDims }));
    }
    epoch++;
    if ((await exact(train)) === train.count && stop) break;
  }
  return { network, epochs: epoch, exact };
}

/** The network in closed form, as a graph: rows that are right, and its parameters. */
export async function constructed(): Promise<{ readonly exact: number; readonly parameters: number }> {
  const model = adderModel();
  const parameters = [...model.graph.constants.values()].reduce((sum, { dims }) => sum + elementCount(dims), 0);
  const rows = all();
  const network = fromModel(model);
  const x = tensor(Float32Array.from(rows.inputs), { shape: [rows.count, INPUTS] });
  const [sums] = [network.forward(x)].flat() as Tensor[];
  return { exact: exactRows((await sums!.data()) as Float32Array, rows, 0.5), parameters };
}

const SEEDS = [1, 2, 3];

export const exercise: Exercise = {
  id: '2.11',
  title: { en: 'A perceptron as a 4-bit full adder', zh: '设计 MLP 实现 4 位全加器（训练、测试）' },
  rows: 6,
  async show({ print }) {
    const { exact, parameters } = await constructed();
    print(`constructed, 9-31-5: ${parameters} parameters, ${exact} of ${ROWS} rows`);
    const { train, test } = split(1);
    const trained = await trainAdder(train, 1);
    print(
      `trained on ${TRAINED} rows, ${trained.epochs} epochs: ${await trained.exact(test)} of the ${test.count} others are right`,
    );
  },
  async check({ equal, atLeast }) {
    const table = all();
    equal('rows, inputs, outputs', [table.count, table.inputs.length / ROWS, table.sums.length / ROWS], [512, 9, 5]);
    const closed = await constructed();
    equal('constructed network, rows right', closed.exact, 512);
    equal('its parameters', closed.parameters, 470);
    equal('parameters of 9-20-20-5', adderNetwork(1).size, 725);
    const whole = await trainAdder(table, 1);
    equal('trained on all rows, rows right', await whole.exact(table), 512);
    const heldOut: number[] = [];
    for (const seed of SEEDS) {
      const { train, test } = split(seed);
      const { exact } = await trainAdder(train, seed, { stop: false });
      heldOut.push((await exact(test)) / test.count);
      atLeast(`held-out rows right, seed ${seed}`, heldOut.at(-1)!, 0.98);
    }
    equal('held-out rows right, the best seed', Math.max(...heldOut), 1);
  },
};
