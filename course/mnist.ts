/**
 * MNIST for the exercises that train: the standard training files, of which the last 10,000 images are held out and serve as the test
 * set (the official test set is not needed). They are looked for beside the project, in ../shared/data/mnist; `systole course … --data FOLDER` says where else. Exercises that find none say so and run nothing: drawn digits would not be MNIST.
 */
import { existsSync } from 'node:fs';
import { imageSamples, loadMnist, openFolder, type SampleSet } from 'systole/data';
import { given } from './settings.ts';

export const mnistIsThere = (): boolean => existsSync(given().mnist);

/** What is said instead of figures. */
export const absent = (): string => `not run: ${given().mnist} is absent`;

export interface Digits {
  /** 50,000 images [784] of 0 … 1. */
  readonly train: SampleSet;
  /** 10,000 held out. */
  readonly test: SampleSet;
}

let loaded: Promise<Digits> | undefined;

/** Loads them once. */
export function digits(): Promise<Digits> {
  loaded ??= loadMnist(openFolder(given().mnist), { holdOut: 10000 }).then(({ train, validation }) => ({
    train: flat(imageSamples(train)),
    test: flat(imageSamples(validation!)),
  }));
  return loaded;
}

/** Each input one row. */
export const flat = (set: SampleSet): SampleSet => ({ ...set, inputDims: [set.inputDims.reduce((a, b) => a * b, 1)] });

/** Samples `from` to `to` (not included). */
export function part(set: SampleSet, from: number, to: number): SampleSet {
  const [input, target] = [set.inputDims, set.targetDims].map((dims) => dims.reduce((a, b) => a * b, 1)) as [
    number,
    number,
  ];
  return {
    ...set,
    count: to - from,
    inputs: set.inputs.subarray(from * input, to * input) as SampleSet['inputs'],
    targets: set.targets.subarray(from * target, to * target) as SampleSet['targets'],
  };
}
