/**
 * Exercise 2.11: a multilayer perceptron as a 4-bit full adder: once constructed (9-31-5, no training), once trained (9-20-20-5) on 358 of
 * the 512 rows and judged on the 154 others, a row counting only where all five bits are right.
 */
import { defineExercise } from 'systole/course';
import { batches, type SampleSet } from 'systole/data';
import { adderModel } from 'systole/flow';
import { elementCount } from 'systole/ir';
import { charts } from 'systole/report';
import { binaryCrossEntropyWithLogits, compile, fromModel, nn, optim, type Tensor, tensor } from 'systole/tensor';
import { glorot, mlp } from '../training.ts';
import { all, exactRows, INPUTS, OUTPUTS, ROWS, type Rows, split, TRAINED } from './truthTable.ts';

/** With Glorot's weights and biases of zero: with PyTorch's smaller weights, training more often ends short of all rows. */
export const adderNetwork = (seed: number): nn.Sequential =>
  glorot(mlp([INPUTS, 20, 20, OUTPUTS], seed, nn.tanh), seed);

const samples = ({ count, inputs, sums }: Rows): SampleSet => ({
  count,
  inputs: Float32Array.from(inputs),
  inputDims: [INPUTS],
  targets: Float32Array.from(sums),
  targetDims: [OUTPUTS],
});

export interface Trained {
  readonly network: nn.Sequential;
  /** Until every row of `train` was right, or until the last. */
  readonly epochs: number;
  readonly exact: (rows: Rows) => Promise<number>;
}

export interface TrainOptions {
  readonly epochs?: number;
  /** End where all rows of `train` are right. */
  readonly stop?: boolean;
  readonly rate?: number;
  readonly onEpoch?: (epoch: number, exact: number, trained: Trained['exact']) => Promise<void> | void;
}

/** Trains, at most so many epochs. */
export async function trainAdder(
  train: Rows,
  seed: number,
  { epochs = 120, stop = true, rate = 0.01, onEpoch }: TrainOptions = {},
): Promise<Trained> {
  const network = adderNetwork(seed);
  const adam = new optim.Adam(network.parameters(), { rate });
  const step = compile((x: Tensor, sums: Tensor) => {
    const loss = binaryCrossEntropyWithLogits(network.forward(x), sums);
    adam.minimize(loss);
    return loss;
  });
  const forward = compile((x: Tensor) => network.forward(x));
  const exact = async (rows: Rows): Promise<number> => {
    const x = tensor(Float32Array.from(rows.inputs), { shape: [rows.count, INPUTS] });
    return exactRows((await forward(x).data()) as Float32Array, rows, 0);
  };
  const set = samples(train);
  let epoch = 0;
  while (epoch < epochs) {
    for (const b of batches(set, { size: 16, seed, epoch, last: 'keep' })) {
      step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets, { shape: b.targetDims }));
    }
    epoch++;
    const right = await exact(train);
    await onEpoch?.(epoch, right, exact);
    if (right === train.count && stop) break;
  }
  return { network, epochs: epoch, exact };
}

/** The network in closed form, as a graph: rows that are right, and its parameters. */
export async function constructed(): Promise<{ readonly exact: number; readonly parameters: number }> {
  const model = adderModel();
  const parameters = [...model.graph.constants.values()].reduce((sum, { dims }) => sum + elementCount(dims), 0);
  const rows = all();
  const network = fromModel(model);
  const x = tensor(Float32Array.from(rows.inputs), { shape: [rows.count, INPUTS] });
  const [sums] = [network.forward(x)].flat() as Tensor[];
  return { exact: exactRows((await sums!.data()) as Float32Array, rows, 0.5), parameters };
}

const SEEDS = [1, 2, 3];

export const exercise = defineExercise({
  id: '2.11',
  title: { en: 'A perceptron as a 4-bit full adder', zh: '设计 MLP 实现 4 位全加器（训练、测试）' },
  asked: {
    en: 'Design a multilayer perceptron that adds two numbers of 4 bits and a carry; train it and test it on rows that it has not seen.',
    zh: '设计一个多层感知机，实现两个 4 位数与一个进位的相加；训练它，并用未见过的行进行测试。',
  },
  explanation: {
    en: String.raw`The table has $2^9=512$ rows: $a_3\dots a_0$, $b_3\dots b_0$, carry $c$ in, five bits of $s=a+b+c$ out.

**Without training.** Hidden unit $k=1\dots31$ is one threshold on a weighted sum of the inputs, $h_k=[\,8a_3+4a_2+2a_1+a_0+8b_3+\dots+b_0+c\ge k\,]$, so $h_1\dots h_s$ are 1 and the others 0. Bit $j$ of
$s$ turns on at odd multiples of $2^j$ and off at even ones, so it is a sum of hidden units with signs:
$$s_j=\sum_{m\ge1}(-1)^{m+1}h_{m2^j}.$$
9-31-5 has $31\cdot10+5\cdot32=470$ parameters and is exact.

**With training.** 9-20-20-5 (725 parameters), tanh, a sigmoid with cross-entropy for each bit, Adam with $\eta=0.01$, batches of 16, 120 epochs on 358 rows. A row counts only
where all five bits are right. Which rows are held out and where the weights begin decides whether the last one or two are missed, so several seeds are run and each
is reported.`,
    zh: String.raw`真值表有 $2^9=512$ 行：输入 $a_3\dots a_0$、$b_3\dots b_0$ 与进位 $c$，输出 $s=a+b+c$ 的五位。

**不经训练。** 隐层单元 $k=1\dots31$ 是对输入加权和的一个阈值，$h_k=[\,8a_3+4a_2+2a_1+a_0+8b_3+\dots+b_0+c\ge k\,]$，于是 $h_1\dots h_s$ 为 1，其余为 0。
$s$ 的第 $j$ 位在 $2^j$ 的奇数倍处变为 1，在偶数倍处变为 0，因此是隐层单元的带符号和：
$$s_j=\sum_{m\ge1}(-1)^{m+1}h_{m2^j}$$
9-31-5 有 $31\cdot10+5\cdot32=470$ 个参数，结果完全精确。

**经过训练。** 9-20-20-5（725 个参数），tanh，每一位用 sigmoid 加交叉熵，Adam，$\eta=0.01$，批大小 16，在 358 行上训练 120 轮。五位全对的行才算对。
留出哪些行、权重从何处开始，决定了最后一两行是否会错，所以用多个种子运行并逐一报告。`,
  },
  code: [
    {
      path: 'src/flow/embedded/adder.ts',
      words: { en: 'the constructed network as a graph', zh: '构造出的网络（计算图）' },
    },
    { path: 'examples/09-train-an-adder.ts', words: { en: 'the same as an example', zh: '相应的示例程序' } },
  ],
  rows: 6,
  answeredBy: 'program',
  parameters: {
    seed: {
      kind: 'whole',
      words: { en: 'seed of split, weights and order', zh: '划分、权重与次序的种子' },
      default: 1,
      least: 0,
      most: 1e6,
    },
    epochs: { kind: 'whole', words: { en: 'epochs', zh: '训练轮数' }, default: 120, least: 1, most: 1000 },
    rate: {
      kind: 'real',
      words: { en: 'learning rate of Adam', zh: 'Adam 的学习率' },
      default: 0.01,
      least: 1e-5,
      most: 1,
    },
  },
  async show({ print, picture, language }, { seed, epochs, rate }) {
    const { exact, parameters } = await constructed();
    print({
      en: `Constructed, 9-31-5: ${parameters} parameters, ${exact} of ${ROWS} rows right.`,
      zh: `构造，9-31-5：${parameters} 个参数，${ROWS} 行中 ${exact} 行正确。`,
    });
    const { train, test } = split(seed);
    const curves: [trained: [number, number][], held: [number, number][]] = [[], []];
    const trained = await trainAdder(train, seed, {
      ...{ epochs, rate, stop: false },
      onEpoch: async (epoch, right, exactOf) => {
        curves[0].push([epoch, (100 * right) / train.count]);
        curves[1].push([epoch, (100 * (await exactOf(test))) / test.count]);
      },
    });
    const held = await trained.exact(test);
    print({
      en: `Trained on ${TRAINED} rows, ${trained.epochs} epochs: ${curves[0].at(-1)![1].toFixed(2)} % of them and ${held} of the ${test.count} others are right (${((100 * held) / test.count).toFixed(2)} %).`,
      zh: `在 ${TRAINED} 行上训练 ${trained.epochs} 轮：其中 ${curves[0].at(-1)![1].toFixed(2)} % 正确，其余 ${test.count} 行中 ${held} 行正确（${((100 * held) / test.count).toFixed(2)} %）。`,
    });
    const english = language === 'en';
    const { linesPicture } = await charts();
    const plot = linesPicture(
      [
        { name: english ? 'trained rows' : '训练行', points: curves[0] },
        { name: english ? 'held-out rows' : '留出行', points: curves[1] },
      ],
      {
        title: english ? 'Rows with all five bits right' : '五位全对的行',
        x: english ? 'epoch' : '轮次',
        y: '%',
      },
    );
    picture('training', plot, {
      en: 'Share of rows that are right by epoch, of those trained on and of those held out; the second follows the first',
      zh: '各轮次中正确行的比例（训练行与留出行）；后者随前者上升',
    });
  },
  async check(check) {
    const table = all();
    const shape = [table.count, table.inputs.length / ROWS, table.sums.length / ROWS];
    check.row(1).equal('rows, inputs, outputs', shape, [512, 9, 5]);
    const closed = await constructed();
    check.row(2).equal('constructed network, rows right', closed.exact, 512);
    check.row(3).equal('its parameters', closed.parameters, 470);
    check.row(4).equal('parameters of 9-20-20-5', adderNetwork(1).size, 725);
    const whole = await trainAdder(table, 1);
    check.row(5).equal('trained on all rows, rows right', await whole.exact(table), 512);
    const heldOut: number[] = [];
    for (const seed of SEEDS) {
      const { train, test } = split(seed);
      const { exact } = await trainAdder(train, seed, { stop: false });
      heldOut.push((await exact(test)) / test.count);
      check.row(6).atLeast(`held-out rows right, seed ${seed}`, heldOut.at(-1)!, 0.98);
    }
    check.row(6).equal('held-out rows right, the best seed', Math.max(...heldOut), 1);
  },
});
