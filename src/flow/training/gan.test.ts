/** The GAN on drawn digits: both sides learn, nothing depends on chance, and what it makes can be looked at and exported. */
import { expect, test } from 'vitest';
import { drawDigits, imageSamples, sliceImages } from '#data';
import { createEngine } from '#engine';
import { tensorNumbers, tensorOf } from '#ir';
import { openCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { exportTrained } from './export.ts';
import { type EpochEvent, prepareTraining, type Training } from './fit.ts';
import { checkMakesPictures } from './sheet.ts';
import type { TaskData } from './task.ts';
import { tasks } from './tasks.ts';

const task = tasks.get('gan')!;
const { dims, mean, std } = task.prepare!;
const set = drawDigits({ count: 320, seed: 7 });
const samples = (from: number, to: number) => ({
  ...imageSamples(sliceImages(set, from, to), { mean, deviation: std }),
  inputDims: dims!,
});
const data: TaskData = { name: { en: 'drawn', zh: '绘制' }, train: samples(0, 256), validation: samples(256, 320) };
const hyperparameters = { ...task.defaults, batch: 32, epochs: 3 };
const start = (): Training => prepareTraining(task, data, { hyperparameters, seed: 1 });

async function epochs(training: Training, count = Number.POSITIVE_INFINITY): Promise<EpochEvent[]> {
  const out: EpochEvent[] = [];
  for await (const event of training.events()) {
    if (event.kind === 'epoch') out.push(event);
    if (out.length >= count) break;
  }
  return out;
}

test('pictures come nearer to digits, neither side wins outright, and a checkpoint resumes exactly', async () => {
  const whole = start();
  const before = await whole.evaluate(data.validation!);
  const all = await epochs(whole);
  const last = all.at(-1)!;
  expect(last.validation!.distance).toBeLessThan(before.distance!);
  for (const { train } of all) {
    expect(train.loss).toBeCloseTo(train.discriminator! + train.generator!, 4);
    expect(train.real).toBeGreaterThan(train.made!);
    expect(train.made).toBeGreaterThan(0);
  }
  const first = start();
  await epochs(first, 1);
  const saved = openCheckpoint(await saveCheckpoint('gan', first), 'gan');
  const second = prepareTraining(task, data, { hyperparameters, seed: 1, from: saved.head.progress });
  saved.restore(second);
  const rest = await epochs(second);
  expect(rest.map((e) => [e.train, e.validation])).toEqual(all.slice(1).map((e) => [e.train, e.validation]));

  const sheet = await whole.sheet(2, 3);
  expect([sheet.width, sheet.height, sheet.channels]).toEqual([88, 58, 1]);
  expect(new Set(sheet.pixels).size).toBeGreaterThan(10);
  // The column between the first two pictures is empty.
  expect([0, 20, 57].map((y) => sheet.pixels[y * sheet.width + 28])).toEqual([0, 0, 0]);

  const session = await (await createEngine()).load(await exportTrained(whole, task, data, 'gan'));
  const noise = tensorOf('float32', [2, 64, 1, 1], new Float32Array(128).fill(0.5));
  const made = (await session.run(new Map([['input', noise]]))).get('output')!;
  expect(made.dims).toEqual([2, 1, 32, 32]);
  expect(Math.max(...tensorNumbers(made))).toBeLessThanOrEqual(1);
});

test('tasks without pictures say so', () => {
  const { learner } = prepareTraining(tasks.get('mlp')!, data, { hyperparameters, seed: 1 });
  expect(() => checkMakesPictures(learner, 'mlp')).toThrow(expect.objectContaining({ code: 'SYS-FLOW-071' }));
});
