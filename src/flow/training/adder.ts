/** The 4-bit full adder (exercise 2.11): a 9-20-20-5 network learns the truth table of a + b + carry from 70 % of its rows. */
import type { SampleSet } from '#data';
import { adderMlp } from '#models';
import { all, binaryCrossEntropyWithLogits, eq, Generator, ge, nn, optim, random, sum, type Tensor } from '#tensor';
import type { Metrics, Task, TaskData } from './task.ts';

const BITS = 4;
const ROWS = 2 ** (2 * BITS + 1);
const TRAINING_SHARE = 0.7;

const bits = (value: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (value >> (count - 1 - i)) & 1);

/** Rows of the truth table by number: a3 … a0, b3 … b0, carry as inputs, s4 … s0 as targets. */
function rowsOf(numbers: ArrayLike<number>): SampleSet {
  const count = numbers.length;
  const inputs = new Float32Array(count * (2 * BITS + 1));
  const targets = new Float32Array(count * (BITS + 1));
  for (let i = 0; i < count; i++) {
    const row = numbers[i]!;
    const [a, b, carry] = [row >> (BITS + 1), (row >> 1) & (2 ** BITS - 1), row & 1];
    inputs.set([...bits(a, BITS), ...bits(b, BITS), carry], i * (2 * BITS + 1));
    targets.set(bits(a + b + carry, BITS + 1), i * (BITS + 1));
  }
  return { count, inputs, inputDims: [2 * BITS + 1], targets, targetDims: [BITS + 1] };
}

function truthTable(seed: number): TaskData {
  const order = random.permutation(ROWS, new Generator(seed));
  const trained = Math.floor(ROWS * TRAINING_SHARE);
  return {
    name: {
      en: `the adder's truth table, ${trained} of ${ROWS} rows`,
      zh: `加法器真值表，${ROWS} 行中的 ${trained} 行`,
    },
    train: rowsOf(order.subarray(0, trained)),
    validation: rowsOf(order),
  };
}

export const adder: Task = {
  name: 'adder',
  summary: { en: 'a network 9-20-20-5 that adds two 4-bit numbers', zh: '计算两个 4 位数之和的 9-20-20-5 网络' },
  defaults: { epochs: 150, batch: 16, rate: 0.01 },
  best: 'exact',
  data: { make: truthTable },
  build({ generator, hyperparameters }) {
    // From level variances it learns every row, whatever the seed.
    const network = nn.xavier(adderMlp(), generator);
    const optimizer = new optim.Adam(network.parameters(), { rate: hyperparameters.rate });
    const metrics = (logits: Tensor, sums: Tensor): Metrics => ({
      loss: binaryCrossEntropyWithLogits(logits, sums),
      // A row counts where all five bits are right.
      exact: sum(all(eq(ge(logits, 0), ge(sums, 0.5)), -1)),
    });
    return {
      network,
      modules: { network },
      optimizers: { network: optimizer },
      step(x, sums) {
        const found = metrics(network.forward(x), sums);
        optimizer.minimize(found.loss);
        return found;
      },
      evaluate: (x, sums) => metrics(network.forward(x), sums),
    };
  },
};
