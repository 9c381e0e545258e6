/** Precision and sparsity of any task's training: what they do to a learner, and that checkpoints resume exactly with them. */
import { describe, expect, test } from 'vitest';
import { packWeights } from '#isa';
import { nn, optim, sparsity, type Variable } from '#tensor';
import { openCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { type EpochEvent, prepareTraining, type Training } from './fit.ts';
import { sparsityOf } from './method.ts';
import type { Hyperparameters, TaskData } from './task.ts';
import { tasks } from './tasks.ts';

const adder = tasks.get('adder')!;
const table = (adder.data as { make(seed: number): TaskData }).make(1);

const start = (settings: Partial<Hyperparameters>): Training =>
  prepareTraining(adder, table, { hyperparameters: { ...adder.defaults, epochs: 4, ...settings }, seed: 1 });

async function epochs(training: Training): Promise<EpochEvent[]> {
  const out: EpochEvent[] = [];
  for await (const event of training.events()) if (event.kind === 'epoch') out.push(event);
  return out;
}

test.each(['f16', 'bf16'] as const)('%s trains as f32 does, within rounding', async (precision) => {
  const training = start({ precision });
  const [exact, found] = [await epochs(start({})), await epochs(training)];
  for (const [i, { train, validation }] of found.entries()) {
    expect(train.loss).not.toBe(exact[i]!.train.loss);
    expect(train.loss).toBeCloseTo(exact[i]!.train.loss!, 1);
    expect(validation!.loss).toBeCloseTo(exact[i]!.validation!.loss!, 1);
  }
  for (const v of training.learner.network.parameters()) expect(v.dtype).toBe('f32');
  expect(training.learner.optimizers.network!.scaler !== undefined).toBe(precision === 'f16');
});

describe('sparsity', () => {
  test('grows to what is asked for, exactly in every layer', async () => {
    const training = start({ sparsity: 0.5, epochs: 8 });
    const shares = (await epochs(training)).map((e) => e.sparsity!);
    expect(shares.at(-1)).toBe(0.5);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect((await sparsity.zeroCounts(training.learner.network)).map((c) => c.zeros)).toEqual([90, 200, 50]);
  });

  test('2:4 leaves weights that mma.sparse takes', async () => {
    // The adder's first layer has nine inputs: it stays dense.
    const training = start({ sparsity: '2:4' });
    await epochs(training);
    const network = training.learner.network as nn.Module;
    expect((await sparsity.zeroCounts(network)).map((c) => c.zeros)).toEqual([0, 200, 50]);
    for (const weight of network.parameters().filter((v) => v.rank === 2 && v.shape[1]! % 4 === 0)) {
      const packed = packWeights('two4', await byReduction(weight), weight.shape[0]!, 16);
      expect(packed).toHaveProperty('bytes');
    }
  });

  test('of a convolution it runs along the channels, as the processor lays them', async () => {
    const network = new nn.Conv(8, 6, 3);
    const optimizer = new optim.SGD(network.parameters());
    const schedule = sparsity.cubicSparsity({ begin: 0, end: 0 });
    await new sparsity.Pruner(optimizer, { schedule, pattern: '2:4' }).update();
    expect(await sparsity.zeroCounts(network)).toEqual([{ name: 'weight', zeros: 216, size: 432 }]);
    expect(packWeights('two4', await byReduction(network.weight), 6, 4)).toHaveProperty('bytes');
  });

  test.each([
    ['0.5', 0.5],
    ['2:4', '2:4'],
  ])('%s is a sparsity', (text, value) => {
    expect(sparsityOf(text)).toBe(value);
  });

  test.each(['0', '1', '', 'half', '4:8'])("'%s' is none", (text) => {
    expect(() => sparsityOf(text)).toThrow(expect.objectContaining({ code: 'SYS-FLOW-070' }));
  });
});

test.each([{ precision: 'f16', sparsity: 0.5 }, { sparsity: '2:4' }] as const)('%j resumes exactly', async (method) => {
  const settings = { ...method, batch: 8, epochs: 3 };
  const whole = start(settings);
  const all = await epochs(whole);
  const first = start(settings);
  let steps = 0;
  for await (const event of first.events()) if (event.kind === 'step' && ++steps === 8) break;
  const saved = openCheckpoint(await saveCheckpoint('adder', first), 'adder');
  const { hyperparameters, seed, progress } = saved.head;
  const second = prepareTraining(adder, table, { hyperparameters, seed, from: progress });
  saved.restore(second);
  const rest = await epochs(second);
  expect(rest.map((e) => e.validation)).toEqual(all.slice(1).map((e) => e.validation));
  expect(await second.learner.network.state()).toEqual(await whole.learner.network.state());
});

/** Weights as K × N, the reduction over (kernel places, channels) with channels innermost. */
async function byReduction(weight: Variable): Promise<Float32Array> {
  const values = (await weight.data()) as Float32Array;
  const [outputs, inputs] = weight.shape as [number, number];
  const places = values.length / outputs / inputs;
  return values.map((_, i) => {
    const [k, n] = [Math.floor(i / outputs), i % outputs];
    return values[(n * inputs + (k % inputs)) * places + Math.floor(k / inputs)]!;
  });
}
