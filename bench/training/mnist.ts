/**
 * Wall time from nothing to an accuracy on held-out MNIST: files, network, compilation, training, and evaluation after each epoch, with
 * the tasks of `systole train`. The last 10,000 images of the training files are held out, since the official test set is not at hand.
 */
import { existsSync } from 'node:fs';
import { type ImageSet, imageSamples, loadMnist, openFolder, type SampleSet } from '#data';
import { prepareTraining, type Task, tasks } from '#flow';
import { judge } from './measure.ts';

const FOLDER = '../shared/data/mnist';
const GOALS = [
  { task: 'mlp', accuracy: 0.97, seconds: 15 },
  { task: 'lenet5', accuracy: 0.985, seconds: 60 },
] as const;

export default async function mnist(): Promise<void> {
  if (!existsSync(FOLDER)) {
    console.log(`skipped: no ${FOLDER} with the files of MNIST.`);
    return;
  }
  for (const { task: name, accuracy, seconds } of GOALS) {
    const task = tasks.get(name)!;
    const start = performance.now();
    const { train, validation } = await loadMnist(openFolder(FOLDER), { holdOut: 10_000 });
    const data = {
      name: { en: 'MNIST', zh: 'MNIST' },
      train: samples(task, train),
      validation: samples(task, validation!),
    };
    const training = prepareTraining(task, data, { hyperparameters: task.defaults, seed: 1 });
    let reached: number | undefined;
    let best = 0;
    for await (const event of training.events()) {
      if (event.kind !== 'epoch') continue;
      const spent = (performance.now() - start) / 1e3;
      best = Math.max(best, event.validation!.accuracy!);
      console.log(`       ${name}: epoch ${event.epoch}, ${(100 * best).toFixed(2)} % after ${spent.toFixed(1)} s`);
      if (best < accuracy) continue;
      reached = spent;
      break;
    }
    const what = `${name}: seconds to ${100 * accuracy} % of ${validation!.count} held-out digits`;
    if (reached === undefined)
      console.log(`MISSED ${what}: ${(100 * best).toFixed(2)} % after ${task.defaults.epochs} epochs`);
    else judge(what, reached, { most: seconds, unit: 's' });
  }
}

function samples({ prepare }: Task, set: ImageSet): SampleSet {
  const { dims, mean, std } = prepare!;
  return { ...imageSamples(set, { mean, deviation: std }), inputDims: dims! };
}
