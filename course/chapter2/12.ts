/**
 * Exercise 2.12: the adder of 2.11 without a framework. All that it takes stands in ../plainNetwork.ts: three layers with weights and
 * biases, tanh in between, a sigmoid with cross-entropy for each bit of the sum, and Adam. A run is judged by rows that it has not seen, all
 * five bits right, and by the mean loss over all training rows; below 98 % it has failed. (Programs in circulation print the loss of the
 * last sample alone, leave out the biases, and stop at 61 to 71 % of the rows while that loss looks small.)
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { adam, PlainNetwork } from '../plainNetwork.ts';
import { exactRows, INPUTS, OUTPUTS, type Rows, shuffled, split } from './truthTable.ts';

export interface Report {
  /** Mean over all training rows. */
  readonly loss: number;
  readonly trainExact: number;
  /** Share of the rows that were held out. */
  readonly heldOut: number;
  readonly verdict: 'ok' | 'FAIL';
}

/** Whether a share of held-out rows counts as an adder. */
export const verdict = (heldOut: number): Report['verdict'] => (heldOut >= 0.98 ? 'ok' : 'FAIL');

const network = (seed: number): PlainNetwork =>
  new PlainNetwork([INPUTS, 20, 20, OUTPUTS], {
    hidden: 'tanh',
    loss: 'sigmoid',
    random: new Random(seed),
    precision: 'f64',
  });

/** Rows by their places in a table. */
function take(
  { inputs, sums }: Rows,
  rows: readonly number[],
): { x: Float64Array<ArrayBuffer>; t: Float64Array<ArrayBuffer> } {
  const x = Float64Array.from(rows.flatMap((row) => [...inputs.subarray(row * INPUTS, (row + 1) * INPUTS)]));
  return { x, t: Float64Array.from(rows.flatMap((row) => [...sums.subarray(row * OUTPUTS, (row + 1) * OUTPUTS)])) };
}

export function trainPlain(seed: number, { epochs = 120, batch = 16, rate = 0.01 } = {}): Report {
  const { train, test } = split(seed);
  const net = network(seed);
  const update = adam(net, rate);
  const random = new Random(seed + 1000);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(train.count, random);
    for (let from = 0; from < order.length; from += batch) {
      const rows = order.slice(from, from + batch);
      const { x, t } = take(train, rows);
      net.backward(x, t, rows.length);
      update();
    }
  }
  const exact = (rows: Rows): number => exactRows(net.forward(rows.inputs, rows.count), rows, 0);
  const heldOut = exact(test) / test.count;
  return {
    loss: net.backward(train.inputs, train.sums, train.count),
    trainExact: exact(train),
    heldOut,
    verdict: verdict(heldOut),
  };
}

/** The hand-written gradients against central differences of fourth order: the largest error, relative. */
export function gradientError(seed = 1, h = 1e-3): number {
  const { train } = split(seed);
  const net = network(seed);
  const loss = (): number => net.backward(train.inputs, train.sums, train.count);
  loss();
  const found = net.parameters.map(([values, gradient]) => ({ values, gradient: gradient.slice() }));
  let worst = 0;
  for (const { values, gradient } of found) {
    const floor = 1e-3 * Math.max(...gradient.map(Math.abs));
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const at = (v: number): number => {
        values[i] = v;
        return loss();
      };
      const slope = (8 * (at(value + h) - at(value - h)) - (at(value + 2 * h) - at(value - 2 * h))) / (12 * h);
      values[i] = value;
      worst = Math.max(
        worst,
        Math.abs(slope - gradient[i]!) / Math.max(Math.abs(slope), Math.abs(gradient[i]!), floor),
      );
    }
  }
  return worst;
}

export const exercise: Exercise = {
  id: '2.12',
  title: { en: 'The adder without a framework', zh: '不使用编程框架重新实现 2.11' },
  rows: 4,
  show({ print }) {
    const { loss, trainExact, heldOut, verdict: judged } = trainPlain(1);
    print(`mean loss over the training rows ${loss.toExponential(2)}, ${trainExact} of 358 of them right`);
    print(`held out: ${(100 * heldOut).toFixed(2)} % of 154 rows right: ${judged}`);
  },
  check({ atMost, atLeast, equal, holds }) {
    atMost('gradients against differences, relative', gradientError(), 1e-6);
    for (const seed of [1, 2, 3]) {
      const { loss, trainExact, heldOut, verdict: judged } = trainPlain(seed);
      atLeast(`held-out rows right, seed ${seed}`, heldOut, 0.98);
      equal(`training rows right, seed ${seed}`, trainExact, 358);
      holds(
        `the report has the mean loss (${loss.toExponential(2)}) and a verdict, seed ${seed}`,
        Number.isFinite(loss) && judged === 'ok',
      );
    }
    equal('runs that end at 61 and 71 % are flagged', [verdict(0.61), verdict(0.71)], ['FAIL', 'FAIL']);
    equal('so is one that was stopped after two epochs', trainPlain(1, { epochs: 2 }).verdict, 'FAIL');
  },
};
