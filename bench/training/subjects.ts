/**
 * The two networks that are measured, with data, initial weights and our training step: MLP 784-512-10 at batch 128, LeNet-5 at batch
 * 64, cross-entropy, plain SGD. The data are random (seeded): time does not depend on them, and every contender gets the same.
 */
import { lenet5, mlp } from '#models';
import { type Compiled, compile, crossEntropy, Generator, type nn, optim, random, type Tensor, tensor } from '#tensor';

export const RATE = 0.05;
const CLASSES = 10;

export interface Subject {
  readonly name: string;
  readonly batch: number;
  /** Shape of a sample. */
  readonly dims: readonly number[];
  build(generator: Generator): nn.Sequential;
}

export const SUBJECTS: readonly Subject[] = [
  { name: 'MLP', batch: 128, dims: [784], build: (generator) => mlp([784, 512, 10], { generator }) },
  { name: 'LeNet-5', batch: 64, dims: [1, 28, 28], build: (generator) => lenet5({ generator }) },
];

/** An array of numbers with its shape. */
export interface Values {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

/** What a peer starts from. */
export interface Start {
  /** Weight and bias of each layer in turn, as PyTorch keeps them. */
  readonly weights: readonly Values[];
  readonly inputs: Values;
  /** One-hot. */
  readonly targets: Values;
}

export interface OurTraining {
  readonly step: Compiled<[Tensor, Tensor], Tensor>;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly start: Start;
  run(steps: number): Promise<void>;
  /** The loss that the last step found. */
  loss(): number;
}

/** Our training of a subject from its initial weights, always the same ones. */
export async function ourTraining(subject: Subject, threads?: number): Promise<OurTraining> {
  const generator = new Generator(1);
  const network = subject.build(generator);
  const optimizer = new optim.SGD(network.parameters(), { rate: RATE });
  const step = compile(
    (x: Tensor, y: Tensor): Tensor => {
      const loss = crossEntropy(network.forward(x) as Tensor, y);
      optimizer.minimize(loss);
      return loss;
    },
    { name: subject.name, ...(threads === undefined ? {} : { threads }) },
  );
  const dims = [subject.batch, ...subject.dims];
  const inputs = (await random.normal(dims, { generator }).data()) as Float32Array;
  const labels = (await random.integers([subject.batch], 0, CLASSES - 1, { generator }).data()) as BigInt64Array;
  const targets = new Float32Array(subject.batch * CLASSES);
  labels.forEach((label, i) => {
    targets[i * CLASSES + Number(label)] = 1;
  });
  const weights = await Promise.all(
    network
      .parameters()
      .map(async (p) => ({ values: Float32Array.from((await p.data()) as Float32Array), dims: p.shape })),
  );
  const [x, y] = [tensor(inputs, { shape: dims }), tensor(labels)];
  let last = Number.NaN;
  return {
    ...{ step, x, y },
    start: { weights, inputs: { values: inputs, dims }, targets: { values: targets, dims: [subject.batch, CLASSES] } },
    async run(steps) {
      let loss: Tensor | undefined;
      for (let i = 0; i < steps; i++) loss = step(x, y);
      if (loss !== undefined) last = await loss.item();
    },
    loss: () => last,
  };
}
