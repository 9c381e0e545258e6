/** Training end to end on what needs no files: the adder's truth table and drawn digits. */
import { describe, expect, test } from 'vitest';
import { drawDigits, imageSamples, sliceImages } from '#data';
import { createEngine } from '#engine';
import { tensorNumbers } from '#ir';
import { openCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { exportTrained } from './export.ts';
import { type EpochEvent, prepareTraining, type Training } from './fit.ts';
import type { TaskData } from './task.ts';
import { tasks } from './tasks.ts';

const adder = tasks.get('adder')!;
const table = (seed: number): TaskData => (adder.data as { make(seed: number): TaskData }).make(seed);

async function epochs(training: Training, count = Number.POSITIVE_INFINITY): Promise<EpochEvent[]> {
  const out: EpochEvent[] = [];
  for await (const event of training.events()) {
    if (event.kind === 'epoch') out.push(event);
    if (out.length >= count) break;
  }
  return out;
}

const start = (seed: number, settings: Partial<typeof adder.defaults> = {}): Training =>
  prepareTraining(adder, table(seed), { hyperparameters: { ...adder.defaults, ...settings }, seed });

describe('the adder', () => {
  test('learns all 512 rows from 358 in at least nine of ten seeds', async () => {
    let whole = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const last = (await epochs(start(seed))).at(-1)!;
      if (last.validation!.exact === 1) whole++;
    }
    expect(whole).toBeGreaterThanOrEqual(9);
  });

  test('is the same for a seed, and another for another', async () => {
    const [a, b, c] = [
      await epochs(start(3, { epochs: 3 })),
      await epochs(start(3, { epochs: 3 })),
      await epochs(start(4, { epochs: 3 })),
    ];
    const losses = (list: EpochEvent[]): number[] => list.map((e) => e.train.loss!);
    expect(losses(a)).toEqual(losses(b));
    expect(losses(a)).not.toEqual(losses(c));
  });

  test('goes on exactly where a checkpoint stood, within an epoch too', async () => {
    const settings = { epochs: 4, batch: 8 };
    const whole = await epochs(start(5, settings));
    const first = start(5, settings);
    let steps = 0;
    for await (const event of first.events()) {
      if (event.kind === 'step' && ++steps === 8) break;
    }
    const saved = openCheckpoint(await saveCheckpoint('adder', first), 'adder');
    expect(saved.head.progress).toMatchObject({ epoch: 1 });
    expect(saved.head.progress.batch).toBeGreaterThan(0);
    const { hyperparameters, seed, progress } = saved.head;
    const second = prepareTraining(adder, table(seed), { hyperparameters, seed, from: progress });
    saved.restore(second);
    const rest = await epochs(second);
    expect(rest.map((e) => e.train)).toEqual(whole.slice(1).map((e) => e.train));
    expect(rest.map((e) => e.validation)).toEqual(whole.slice(1).map((e) => e.validation));
  });

  test('a checkpoint of another task, or none, is refused', async () => {
    const bytes = await saveCheckpoint('adder', start(1, { epochs: 1 }));
    expect(() => openCheckpoint(bytes, 'mlp')).toThrow(expect.objectContaining({ code: 'SYS-FLOW-061' }));
    expect(() => openCheckpoint(new Uint8Array([1, 2, 3]), 'adder')).toThrow(
      expect.objectContaining({ code: 'SYS-DAT-050' }),
    );
  });

  test('stops when it gets no better', async () => {
    const training = prepareTraining(adder, table(1), {
      hyperparameters: { ...adder.defaults, epochs: 50, rate: 1e-9, patience: 3 },
      seed: 1,
    });
    const all = await epochs(training);
    expect(all.at(-1)!.stopped).toBe(true);
    expect(all.length).toBeLessThan(50);
  });
});

describe('early stopping', () => {
  const settings = { ...adder.defaults, epochs: 60, rate: 0.1, patience: 4 };
  const begin = (more: Partial<typeof settings> = {}): Training =>
    prepareTraining(adder, table(2), { hyperparameters: { ...settings, ...more }, seed: 2 });
  const validation = table(2).validation!;

  test('keeps the network of the best epoch, also through a checkpoint; resumed, it ends at once', async () => {
    const training = begin();
    const all = await epochs(training);
    const best = all.findLast((e) => e.best)!;
    expect(all.at(-1)).toMatchObject({ stopped: true, epoch: best.epoch + 4 });
    // The last epoch is worse, or this proves nothing.
    expect(all.at(-1)!.validation!.exact).toBeLessThan(best.validation!.exact!);
    const bytes = await saveCheckpoint('adder', training);

    expect(training.useBest()).toEqual({ epoch: best.epoch, value: best.validation!.exact });
    expect((await training.evaluate(validation)).exact).toBe(best.validation!.exact);

    const saved = openCheckpoint(bytes, 'adder');
    const { hyperparameters, progress } = saved.head;
    expect(hyperparameters.patience).toBe(4);
    const resumed = prepareTraining(adder, table(2), { hyperparameters, seed: 2, from: progress });
    saved.restore(resumed);
    expect(resumed.hasStopped()).toBe(true);
    expect(await epochs(resumed)).toEqual([]);
    expect((await resumed.evaluate(validation)).exact).toBe(all.at(-1)!.validation!.exact);
    resumed.useBest();
    expect((await resumed.evaluate(validation)).exact).toBe(best.validation!.exact);
    // With more patience it goes on.
    const patient = prepareTraining(adder, table(2), {
      hyperparameters: { ...hyperparameters, patience: 6 },
      seed: 2,
      from: progress,
    });
    saved.restore(patient);
    expect((await epochs(patient)).length).toBeGreaterThan(0);
  });

  test('of training that prunes no epoch is the best before all zeros are there', async () => {
    const all = await epochs(begin({ rate: 0.01, epochs: 12, patience: 2, sparsity: 0.5 } as never));
    expect(all.filter((e) => e.best).every((e) => e.sparsity === 0.5)).toBe(true);
    expect(all.at(-1)).toMatchObject({ sparsity: 0.5 });
  });
});

test('a loss that is no number ends training at its step', async () => {
  const run = epochs(start(1, { rate: 1e38, epochs: 50 }));
  await expect(run).rejects.toMatchObject({
    code: 'SYS-FLOW-062',
    params: expect.objectContaining({ epoch: 1, batch: 8, rate: 1e38 }),
  });
});

test('LeNet-5 learns drawn digits, and what is exported answers as what was trained', async () => {
  const task = tasks.get('lenet5')!;
  const { mean, std, dims } = task.prepare!;
  const set = drawDigits({ count: 2400, seed: 7 });
  const samples = (from: number, to: number) => ({
    ...imageSamples(sliceImages(set, from, to), { mean, deviation: std }),
    inputDims: dims!,
  });
  const checked = samples(2000, 2400);
  const data: TaskData = { name: { en: 'drawn', zh: '绘制' }, train: samples(0, 2000), validation: checked };
  const training = prepareTraining(task, data, { hyperparameters: { ...task.defaults, epochs: 6 }, seed: 1 });
  const last = (await epochs(training)).at(-1)!;
  expect(last.validation!.accuracy).toBeGreaterThan(0.9);
  const rows = await training.confusion(data.validation!, 10);
  expect(rows.flatMap((row) => [...row]).reduce((a, b) => a + b)).toBe(400);
  expect(rows.reduce((sum, row, i) => sum + row[i]!, 0) / 400).toBeCloseTo(last.validation!.accuracy!, 6);

  const session = await (await createEngine()).load(await exportTrained(training, task, data, 'lenet5'));
  const { targets } = checked;
  const levels = Float32Array.from(sliceImages(set, 2000, 2400).pixels);
  const bytes = new Uint8Array(levels.buffer);
  const feeds = new Map([['input', { dtype: 'float32' as const, dims: [400, 1, 28, 28], bytes }]]);
  const logits = tensorNumbers((await session.run(feeds)).get('output')!);
  let right = 0;
  for (let i = 0; i < 400; i++) {
    const row = [...logits.subarray(10 * i, 10 * i + 10)];
    if (row.indexOf(Math.max(...row)) === Number(targets[i])) right++;
  }
  expect(right / 400).toBeCloseTo(last.validation!.accuracy!, 6);
});
