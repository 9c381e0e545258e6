/** Training on pictures: what becomes of them, and that it follows from the seed, dropout and crops included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFolder } from '#data';
import { writeCifar10, writePictures } from '../../../test/support/pictures.ts';
import { openCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { type EpochEvent, prepareTraining, type Training } from './fit.ts';
import { pictureData } from './pictures.ts';
import { batchesOf, identityOf, type TaskData, type TaskSamples } from './task.ts';
import { tasks } from './tasks.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-pictures-'));
  writePictures(join(folder, 'flat'), 7);
  writeCifar10(join(folder, 'cifar'), 20);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const of = (name: string, size: number, limit?: number): Promise<TaskData> =>
  pictureData(openFolder(join(folder, name)), { size, ...(limit === undefined ? {} : { limit }) });

async function epochs(training: Training): Promise<EpochEvent[]> {
  const out: EpochEvent[] = [];
  for await (const event of training.events()) if (event.kind === 'epoch') out.push(event);
  return out;
}

/** Inputs and classes of the first epoch, in its order. */
async function read(set: TaskSamples, epoch = 0): Promise<{ inputs: number[]; labels: number[] }> {
  const out = { inputs: [] as number[], labels: [] as number[] };
  for await (const batch of batchesOf(set, { size: 4, seed: 1, epoch })) {
    out.inputs.push(...(batch.inputs as Float32Array));
    out.labels.push(...Array.from(batch.targets as BigInt64Array, Number));
  }
  return out;
}

test('pictures of any size become inputs of one, standardised; cropped anew in each epoch, but to check on alike', async () => {
  const { train, validation } = await of('flat', 24);
  expect([train.inputDims, train.count, validation!.count]).toEqual([[3, 24, 24], 12, 2]);
  const { inputs, labels } = await read(train);
  expect([inputs.length, labels.filter((l) => l === 0).length]).toEqual([12 * 3 * 24 * 24, 6]);
  // Cold ones are of red 40: (40 ÷ 255 − 0.485) ÷ 0.229.
  const red = inputs.slice(labels.indexOf(0) * 1728, labels.indexOf(0) * 1728 + 576);
  expect(red.reduce((a, b) => a + b) / 576).toBeCloseTo((40 / 255 - 0.485) / 0.229, 1);
  expect(await read(train)).toEqual({ inputs, labels });
  const again = await read(train, 1);
  expect(again.inputs.slice().sort()).not.toEqual(inputs.slice().sort());
  const [checked, later] = [await read(validation!), await read(validation!, 1)];
  expect(later.inputs.slice().sort()).toEqual(checked.inputs.slice().sort());
});

test('a limit takes pictures of every class, and other pictures have another fingerprint', async () => {
  const limited = await of('flat', 24, 4);
  expect((await read(limited.train)).labels.sort()).toEqual([0, 0, 1, 1]);
  const identities = [limited, await of('flat', 24), await of('cifar', 32)].map((data) => identityOf(data).fingerprint);
  expect(new Set(identities).size).toBe(3);
  expect(identityOf(await of('flat', 24, 4)).fingerprint).toBe(identities[0]);
});

test('follows from the seed, and goes on exactly where it stood within an epoch: with dropout, crops and mirroring', async () => {
  const task = tasks.get('squeezenet')!;
  const data = await of('flat', 32);
  const hyperparameters = { ...task.defaults, size: 32, batch: 1, epochs: 2 };
  const whole = await epochs(prepareTraining(task, data, { hyperparameters, seed: 4 }));
  const first = prepareTraining(task, data, { hyperparameters, seed: 4 });
  for await (const event of first.events()) if (event.kind === 'step') break;
  const saved = openCheckpoint(await saveCheckpoint('squeezenet', first), 'squeezenet');
  expect(saved.head.progress).toMatchObject({ epoch: 0, batch: 8 });
  const second = prepareTraining(task, data, { hyperparameters, seed: 4, from: saved.head.progress });
  saved.restore(second);
  const rest = await epochs(second);
  expect(rest.map((e) => [e.train, e.validation])).toEqual(whole.map((e) => [e.train, e.validation]));
});
