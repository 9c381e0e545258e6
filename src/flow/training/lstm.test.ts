/** The LSTM on drawn digits: it learns, and what is exported takes pictures as they are. */
import { expect, test } from 'vitest';
import { drawDigits, imageSamples, sliceImages } from '#data';
import { createEngine } from '#engine';
import { tensorNumbers, tensorOf } from '#ir';
import { exportTrained } from './export.ts';
import { prepareTraining } from './fit.ts';
import type { TaskData } from './task.ts';
import { tasks } from './tasks.ts';

test('reads digits row by row', async () => {
  const task = tasks.get('lstm')!;
  const { dims, mean, std } = task.prepare!;
  const set = drawDigits({ count: 1400, seed: 7 });
  const samples = (from: number, to: number) => ({
    ...imageSamples(sliceImages(set, from, to), { mean, deviation: std }),
    inputDims: dims!,
  });
  const checked = samples(1200, 1400);
  const data: TaskData = { name: { en: 'drawn', zh: '绘制' }, train: samples(0, 1200), validation: checked };
  const training = prepareTraining(task, data, {
    hyperparameters: { ...task.defaults, batch: 32, epochs: 4 },
    seed: 1,
  });
  const accuracies: number[] = [];
  for await (const event of training.events()) {
    if (event.kind === 'epoch') accuracies.push(event.validation!.accuracy!);
  }
  expect(accuracies.at(-1)).toBeGreaterThan(0.6);
  expect(accuracies.at(-1)).toBeGreaterThan(accuracies[0]!);

  const session = await (await createEngine()).load(await exportTrained(training, task, data, 'lstm'));
  const pictures = tensorOf('float32', [200, 1, 28, 28], Float32Array.from(sliceImages(set, 1200, 1400).pixels));
  const logits = tensorNumbers((await session.run(new Map([['input', pictures]]))).get('output')!);
  const labels = checked.targets;
  let right = 0;
  for (let i = 0; i < 200; i++) {
    const row = [...logits.subarray(10 * i, 10 * i + 10)];
    if (row.indexOf(Math.max(...row)) === Number(labels[i])) right++;
  }
  expect(right / 200).toBeCloseTo(accuracies.at(-1)!, 2);
});
