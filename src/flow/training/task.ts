/**
 * A training task: what a network learns, on which data, by which loss. `systole train` and programs run it through `fit`. A task's
 * functions are plain tensor code; `fit` compiles them.
 */
import type { Language } from '#base';
import { type Batch, batches, fingerprint, type OrderOptions, type SampleSet, type SampleStream } from '#data';
import type { Generator, nn, optim, Tensor } from '#tensor';
import type { Precision, Sparsity } from './method.ts';

/** Means over the samples of a batch, or of i64 how many of its samples, by name; every step gives a `loss`. */
export type Metrics = Readonly<Record<string, Tensor>> & { readonly loss: Tensor };

export interface Learner {
  /** What a checkpoint holds. */
  readonly modules: Readonly<Record<string, nn.Module>>;
  readonly optimizers: Readonly<Record<string, optim.Optimizer>>;
  /** One update; its metrics over the batch. */
  step(inputs: Tensor, targets: Tensor): Metrics;
  /** The same without update, in inference mode. */
  evaluate?(inputs: Tensor, targets: Tensor): Metrics;
  /** The class of each sample, where there are classes. */
  classify?(inputs: Tensor): Tensor;
  /** What is exported: the network that a user runs. */
  readonly network: nn.Module;
  /** Sizes of one input of that network, where they are not those of a sample. */
  readonly input?: readonly number[];
  /** Pictures that the network makes, always of the same noise: [count, channels, height, width] of 0 … 1. */
  samples?(count: number): Tensor;
}

/** In memory, or made when their batch comes. */
export type TaskSamples = SampleSet | SampleStream;

/** The batches of an epoch, from number `first` on. */
export async function* batchesOf(
  set: TaskSamples,
  { first = 0, ...order }: OrderOptions & { readonly first?: number },
): AsyncGenerator<Batch> {
  if ('batches' in set) return yield* set.batches({ ...order, first });
  for (const batch of batches(set, order)) if (batch.index >= first) yield batch;
}

export interface TaskData {
  readonly name: Readonly<Record<Language, string>>;
  readonly train: TaskSamples;
  /** What was held out, or the official test set. */
  readonly validation?: TaskSamples;
  readonly classes?: readonly string[];
}

/** What data a training had, to be told from other data. */
export interface DataIdentity {
  readonly name: Readonly<Record<Language, string>>;
  /** Samples to train on, and to check on. */
  readonly train: number;
  readonly validation: number;
  /** Of both. */
  readonly fingerprint: string;
}

export function identityOf({ name, train, validation }: TaskData): DataIdentity {
  const of = (set: TaskSamples): string => ('batches' in set ? set.fingerprint : fingerprint(set));
  const parts = validation === undefined ? [train] : [train, validation];
  return {
    name,
    train: train.count,
    validation: validation?.count ?? 0,
    fingerprint: parts.map(of).join('-'),
  };
}

export interface Hyperparameters {
  readonly epochs: number;
  readonly batch: number;
  /** The learning rate at the start. */
  readonly rate: number;
  /** So many samples alone. */
  readonly limit?: number;
  /** Ends when so many epochs in a row were no better, and keeps what the network was after the best one. */
  readonly patience?: number;
  /** Height and width that pictures are brought to. */
  readonly size?: number;
  /** f32 unless something else is said. */
  readonly precision?: Precision;
  /** Dense unless something is said. */
  readonly sparsity?: Sparsity;
}

export interface Task {
  readonly name: string;
  readonly summary: Readonly<Record<Language, string>>;
  readonly defaults: Hyperparameters;
  /** Which metric of the validation says that an epoch was better: the larger one is, or of loss and distance the smaller. */
  readonly best: 'accuracy' | 'exact' | 'loss' | 'distance';
  /** Of images of digits, of pictures in a folder, or of a truth table that the task makes itself. */
  readonly data: 'digits' | 'pictures' | { readonly make: (seed: number) => TaskData };
  /** How pixels become inputs: levels as fractions of 255, less the mean, over the deviation; one for all channels, or one for each. */
  readonly prepare?: {
    /** Dimensions of an input, where they are not the picture's. */
    readonly dims?: readonly number[];
    readonly mean: number | readonly number[];
    readonly std: number | readonly number[];
  };
  build(context: {
    readonly generator: Generator;
    readonly hyperparameters: Hyperparameters;
    readonly stepsPerEpoch: number;
    /** Of the data, where it has classes. */
    readonly classes: number | undefined;
  }): Learner;
}
