/**
 * fit: the loop of training. An async generator, so that whoever runs it (command, page, test) sees every step, may stop at any, and
 * decides what is shown and saved. Deterministic for a seed: the order of the samples follows from seed and epoch, random numbers from
 * seed and count.
 */
import { diagnostic } from '#base';
import { type Batch, batchCount, type RgbImage } from '#data';
import { compile, Generator, noGrad, sparsity, type Tensor, tensor } from '#tensor';
import { BestEpoch, type BestRecord, type ModuleStates } from './best.ts';
import { prepareMethod } from './method.ts';
import { checkMakesPictures, sheetOf } from './sheet.ts';
import {
  batchesOf,
  type DataIdentity,
  type Hyperparameters,
  identityOf,
  type Learner,
  type Metrics,
  type Task,
  type TaskData,
  type TaskSamples,
} from './task.ts';

interface Divergence {
  readonly loss: string;
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  readonly rate: number;
  readonly precision: string;
}

// A checkpoint keeps its rate, and the order of the samples follows from the seed: whoever resumes it arrives here again.
const diverged = diagnostic<Divergence>('SYS-FLOW-062', 'invalid', {
  en: (p) =>
    `training diverged: the loss is ${p.loss} by batch ${p.batch} of ${p.batches} of epoch ${p.epoch}. Begin anew with a learning rate below ` +
    `${p.rate}${p.precision === 'f16' ? ', or in bf16 or f32 in the place of f16' : ''}; a checkpoint keeps its rate, so that resuming it ends here again.`,
  zh: (p) =>
    `训练发散：第 ${p.epoch} 个 epoch 的第 ${p.batch}/${p.batches} 批时损失为 ${p.loss}。请用小于 ${p.rate} 的学习率重新开始` +
    `${p.precision === 'f16' ? '，或改用 bf16 或 f32' : ''}；检查点保留其学习率，从它继续仍会如此。`,
});

/** Means of metrics over the samples seen. */
export type Means = Readonly<Record<string, number>>;

/** Where training stands: with the modules' and optimisers' values all that is needed to go on exactly. */
export interface Progress {
  /** The epoch that runs, from 0. */
  readonly epoch: number;
  /** Batches of it that are done. */
  readonly batch: number;
  /** Sums of the metrics over the samples of this epoch so far. */
  readonly sums: Means;
  readonly samples: number;
  readonly draws: number;
  readonly best: BestRecord | undefined;
}

export interface StepEvent {
  readonly kind: 'step';
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  /** Of this epoch so far. */
  readonly means: Means;
  readonly samplesPerSecond: number;
  /** Seconds to the end of all epochs, at this speed. */
  readonly secondsLeft: number;
}

export interface EpochEvent {
  readonly kind: 'epoch';
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  readonly train: Means;
  readonly validation: Means | undefined;
  readonly rate: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Whether the validation was better than in every epoch before; of training that prunes, than in those since all zeros are there. */
  readonly best: boolean;
  /** Whether training ends here since it got no better. */
  readonly stopped: boolean;
  /** The share of weights that are zero, where training prunes. */
  readonly sparsity?: number;
}

export type TrainingEvent = StepEvent | EpochEvent;

export interface FitOptions {
  readonly hyperparameters: Hyperparameters;
  readonly seed: number;
  /** Where a checkpoint stood. */
  readonly from?: Progress;
}

export interface Training {
  readonly learner: Learner;
  readonly hyperparameters: Hyperparameters;
  readonly seed: number;
  readonly data: DataIdentity;
  /** Where it stands; changes with every event. */
  progress(): Progress;
  /**
   * Trains to the last epoch, or until patience runs out; at once where it has run out already.
   * @throws SYS-FLOW-062 the loss is no finite number
   */
  events(): AsyncGenerator<TrainingEvent, void, undefined>;
  /** Whether patience has run out. */
  hasStopped(): boolean;
  /** What the modules were after the best epoch: kept where there is patience. */
  bestStates(): ModuleStates | undefined;
  /** Takes over what a checkpoint says of it. */
  keepBest(states: ModuleStates): void;
  /** Puts the best epoch's values into the modules, and tells which it was; undefined, and nothing is done, where they were not kept. */
  useBest(): BestRecord | undefined;
  /** Means over a set, in inference mode. */
  evaluate(set: TaskSamples): Promise<Means>;
  /** Class by class: rows are what samples are, columns what they were taken for. */
  confusion(set: TaskSamples, classes: number): Promise<readonly Int32Array[]>;
  /**
   * Pictures that the network makes, side by side.
   * @throws SYS-FLOW-071 it makes none
   */
  sheet(rows: number, columns: number): Promise<RgbImage>;
}

/** So many samples are evaluated at once. */
const EVALUATION_BATCH = 500;
/** Metrics are read every so many steps, so that the host engine need not wait for us at each. */
const READ_EVERY = 8;

const ofValues = (values: Batch['inputs'], dims: readonly number[]): Tensor => tensor(values, { shape: dims });

/** Makes the network of a task and what trains it. */
export function prepareTraining(task: Task, data: TaskData, options: FitOptions): Training {
  const { hyperparameters, seed } = options;
  const { patience } = hyperparameters;
  const { train, validation } = data;
  const generator = new Generator(seed);
  const stepsPerEpoch = batchCount(train.count, { size: hyperparameters.batch });
  const learner = task.build({ generator, hyperparameters, stepsPerEpoch, classes: data.classes?.length });
  if (options.from !== undefined) generator.state = { seed, draws: options.from.draws };
  const modules = Object.values(learner.modules);
  const setMode = (training: boolean): void => {
    for (const module of modules) module.train(training);
  };
  const method = prepareMethod(learner, hyperparameters, stepsPerEpoch * hyperparameters.epochs);
  const step = compile((x: Tensor, y: Tensor) => method.within(() => learner.step(x, y)), {
    name: `${task.name}_step`,
  });
  const check = compile((x: Tensor, y: Tensor) => method.within(() => noGrad(() => learner.evaluate!(x, y))), {
    name: `${task.name}_check`,
  });
  const classify = compile((x: Tensor) => method.within(() => noGrad(() => learner.classify!(x))), {
    name: `${task.name}_classify`,
  });

  let { epoch, batch, sums, samples } = options.from ?? { epoch: 0, batch: 0, sums: {} as Means, samples: 0 };
  const best = new BestEpoch(learner.modules, {
    isSmallerBetter: task.best === 'loss' || task.best === 'distance',
    keeps: patience !== undefined,
    record: options.from?.best,
  });
  /** Epochs in which zeros are still to come are no candidates: their network is not the one that was asked for. */
  const isSettled = (): boolean => method.isSettled(epoch * stepsPerEpoch);
  const hasStopped = (): boolean =>
    patience !== undefined && isSettled() && epoch - (best.record?.epoch ?? 0) >= patience;

  // What does not fit in memory is evaluated in no larger batches than it is trained in.
  const evaluationOrder = (set: TaskSamples) => ({ size: 'batches' in set ? hyperparameters.batch : EVALUATION_BATCH });

  const evaluate = async (set: TaskSamples): Promise<Means> => {
    setMode(false);
    const total = new Sums();
    for await (const part of batchesOf(set, evaluationOrder(set))) {
      const metrics = check(ofValues(part.inputs, part.inputDims), ofValues(part.targets, part.targetDims));
      total.add(await sumsOf(metrics, part.count), part.count);
    }
    setMode(true);
    return total.means();
  };

  async function* events(): AsyncGenerator<TrainingEvent, void, undefined> {
    setMode(true);
    while (epoch < hyperparameters.epochs && !hasStopped()) {
      const total = new Sums(sums, samples);
      const started = performance.now();
      let seen = 0;
      let waiting: { readonly metrics: Metrics; readonly count: number }[] = [];
      const settle = async (): Promise<void> => {
        for (const { metrics, count } of waiting) total.add(await sumsOf(metrics, count), count);
        waiting = [];
        const { loss } = total.means();
        if (!Number.isFinite(loss)) {
          const { rate, precision = 'f32' } = hyperparameters;
          throw diverged({ loss: `${loss}`, epoch: epoch + 1, batch, batches: stepsPerEpoch, rate, precision });
        }
        [sums, samples] = [total.sums, total.samples];
      };
      const order = { size: hyperparameters.batch, seed, epoch, first: batch };
      for await (const part of batchesOf(train, order)) {
        const metrics = step(ofValues(part.inputs, part.inputDims), ofValues(part.targets, part.targetDims));
        await method.afterUpdate();
        waiting.push({ metrics, count: part.count });
        batch = part.index + 1;
        seen += part.count;
        if (waiting.length < READ_EVERY && batch < stepsPerEpoch) continue;
        await settle();
        const perSecond = (seen / (performance.now() - started)) * 1e3;
        const left = (hyperparameters.epochs - epoch) * train.count - batch * hyperparameters.batch;
        yield {
          kind: 'step',
          epoch: epoch + 1,
          batch,
          batches: stepsPerEpoch,
          means: total.means(),
          samplesPerSecond: perSecond,
          secondsLeft: Math.max(0, left) / perSecond,
        };
      }
      const seconds = (performance.now() - started) / 1e3;
      const checked =
        validation !== undefined && learner.evaluate !== undefined ? await evaluate(validation) : undefined;
      const judged = (checked ?? total.means())[task.best]!;
      epoch++;
      [batch, sums, samples] = [0, {}, 0];
      const isBest = isSettled() && (await best.judge(epoch, judged));
      yield {
        kind: 'epoch',
        epoch,
        epochs: hyperparameters.epochs,
        train: total.means(),
        validation: checked,
        rate: Object.values(learner.optimizers)[0]!.rate(),
        seconds,
        samplesPerSecond: seen / seconds,
        best: isBest,
        stopped: hasStopped(),
        ...(method.prunes ? { sparsity: await zeroShare(learner) } : {}),
      };
    }
  }

  return {
    learner,
    hyperparameters,
    seed,
    data: identityOf(data),
    progress: () => ({ epoch, batch, sums, samples, draws: generator.draws, best: best.record }),
    events,
    hasStopped,
    bestStates: () => best.states,
    keepBest: (states) => best.restore(states),
    useBest: () => best.use(),
    evaluate,
    async confusion(set, classes) {
      setMode(false);
      const rows = Array.from({ length: classes }, () => new Int32Array(classes));
      for await (const part of batchesOf(set, evaluationOrder(set))) {
        const found = await classify(ofValues(part.inputs, part.inputDims)).data();
        part.targets.forEach((target: number | bigint, i: number) => {
          rows[Number(target)]![Number(found[i])]!++;
        });
      }
      setMode(true);
      return rows;
    },
    async sheet(rows, columns) {
      const maker: Learner = learner;
      checkMakesPictures(maker, task.name);
      setMode(false);
      const pictures = noGrad(() => maker.samples(rows * columns));
      setMode(true);
      return sheetOf(pictures, columns);
    },
  };
}

/** Over a batch of `count` samples: of a mean its multiple; of a count of samples (an integer) the count itself, so that shares are exact. */
async function sumsOf(metrics: Metrics, count: number): Promise<Means> {
  const entries = Object.entries(metrics).map(async ([name, metric]) => {
    const value = await metric.item();
    return [name, metric.dtype === 'i64' ? value : value * count] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Of all weight tensors of the modules. */
async function zeroShare({ modules }: Learner): Promise<number> {
  const counts = (await Promise.all(Object.values(modules).map(sparsity.zeroCounts))).flat();
  const total = (of: (c: sparsity.ZeroCount) => number): number => counts.reduce((sum, c) => sum + of(c), 0);
  return total((c) => c.zeros) / total((c) => c.size);
}

/** Sums over samples. */
class Sums {
  sums: Means;
  samples: number;

  constructor(sums: Means = {}, samples = 0) {
    this.sums = sums;
    this.samples = samples;
  }

  add(sums: Means, samples: number): void {
    this.sums = Object.fromEntries(Object.entries(sums).map(([name, v]) => [name, (this.sums[name] ?? 0) + v]));
    this.samples += samples;
  }

  means(): Means {
    return Object.fromEntries(Object.entries(this.sums).map(([name, v]) => [name, v / this.samples]));
  }
}
