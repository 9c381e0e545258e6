/** The training loop that exercises share: a classifier, cross-entropy, batches in an order that follows from a seed. */
import { batches, type SampleSet } from 'systole/data';
import { compile, crossEntropy, nn, type optim, random, type Tensor, tensor } from 'systole/tensor';

export type Classifier = nn.Module & { forward(x: Tensor): Tensor };

export interface TrainOptions {
  readonly model: Classifier;
  readonly optimizer: optim.Optimizer;
  readonly train: SampleSet;
  readonly batch: number;
  readonly epochs: number;
  /** Of the order of the batches. */
  readonly seed?: number;
  /** Told after each step (from 1); a result of true ends the training. */
  readonly onStep?: (step: number) => Promise<boolean | undefined> | boolean | undefined;
  readonly onEpoch?: (epoch: number, loss: number) => Promise<void> | void;
}

/** Fully connected layers with ReLU in between. */
export function mlp(sizes: readonly number[], seed = 0, activation: () => nn.Module = nn.relu): nn.Sequential {
  const generator = new random.Generator(seed);
  return new nn.Sequential(
    ...sizes
      .slice(1)
      .flatMap((size, i) => [...(i === 0 ? [] : [activation()]), new nn.Linear(sizes[i]!, size, { generator })]),
  );
}

/** Weights as Glorot and Bengio 2010 have it, biases zero, in place of PyTorch's smaller weights; the model itself. */
export function glorot<M extends nn.Module>(model: M, seed: number): M {
  const generator = new random.Generator(seed);
  for (const [, v] of model.variables()) {
    const [outputs, inputs] = v.shape;
    v.set(
      inputs === undefined
        ? nn.init.constantData(v.shape, 0)
        : nn.init.xavierData(v.shape, inputs, outputs!, generator),
    );
  }
  return model;
}

/** @returns how many steps it took */
export async function train(options: TrainOptions): Promise<number> {
  const { model, optimizer, train: set, batch, epochs, seed = 0, onStep, onEpoch } = options;
  const step = compile((x: Tensor, labels: Tensor) => {
    const loss = crossEntropy(model.forward(x), labels);
    optimizer.minimize(loss);
    return loss;
  });
  let steps = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let loss: Tensor | undefined;
    for (const b of batches(set, { size: batch, seed, epoch, last: 'drop' })) {
      loss = step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets));
      // Steps are started as fast as they are called; waiting now and then keeps the queue short.
      if (++steps % 20 === 0) await loss.item();
      if (onStep !== undefined && (await onStep(steps))) return steps;
    }
    await onEpoch?.(epoch, loss === undefined ? Number.NaN : await loss.item());
  }
  return steps;
}

/** What a classifier says, again and again: for each sample the place of the largest output. */
export function predictor(model: Classifier): (set: SampleSet) => Promise<readonly number[]> {
  const predict = compile((x: Tensor) => model.forward(x).argMax(-1));
  return async (set) => {
    const size = set.inputDims.reduce((a, b) => a * b, 1);
    const chunk = 5000;
    const labels: number[] = [];
    for (let from = 0; from < set.count; from += chunk) {
      const count = Math.min(chunk, set.count - from);
      const inputs = set.inputs.subarray(from * size, (from + count) * size);
      const found = await predict(tensor(inputs as Float32Array, { shape: [count, ...set.inputDims] })).data();
      for (let i = 0; i < count; i++) labels.push(Number(found[i]));
    }
    return labels;
  };
}

/** The share of samples that a classifier has right. */
export function judge(model: Classifier): (set: SampleSet) => Promise<number> {
  const predict = predictor(model);
  return async (set) => {
    const labels = await predict(set);
    return labels.filter((label, i) => label === Number(set.targets[i])).length / set.count;
  };
}
