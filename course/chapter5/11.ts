/**
 * Exercise 5.11: why fusing operators helps, and which networks gain most. An intermediate that stays on the chip is neither written to
 * DRAM nor read back, and fewer kernels are started. So what gains is what moves much and computes little: thin convolutions with
 * normalisation, activation and residuals in between (MobileNet, ResNet), by half or more. AlexNet's traffic is its weights, which fusion
 * leaves as they are, and VGG19 computes longer than it moves. Batch 1, f32; convolutions and products take in what follows them alone.
 */

import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { type Model, type Tensor, tensorNumbers, tensorOf } from 'systole/ir';
import { runPasses } from 'systole/passes';
import { fusionReport, fusionSpeedUp, summarize } from 'systole/report';
import { alexnet, mobilenetV1, Net, resnet152, vgg19 } from '../networks.ts';

export const NETWORKS = { AlexNet: alexnet, VGG19: vgg19, ResNet152: resnet152, MobileNetV1: mobilenetV1 } as const;

/** Operations a byte at which the machine computes as long as it moves. */
const RIDGE = 40;

/** A residual block with random weights, and how far its outputs move when it is fused. */
export async function fusedDifference(seed = 3): Promise<number> {
  const net = new Net('block', [1, 8, 12, 12]);
  const y = net.relu('relu1', net.batchNorm('bn1', net.conv('conv1', 'x', [8, 8, 3], { padding: 1, bias: false }), 8));
  const z = net.batchNorm('bn2', net.conv('conv2', y, [8, 8, 3], { padding: 1, bias: false }), 8);
  const model = withRandomWeights(net.model(net.relu('relu2', net.add('sum', z, 'x'))), seed);
  const fused = (await runPasses(model)).model;
  const random = new Random(seed + 1);
  const x = tensorOf(
    'float32',
    [1, 8, 12, 12],
    Float32Array.from({ length: 1152 }, () => random.normal()),
  );
  const run = async (m: Model, optimize: boolean): Promise<Float64Array> => {
    const session = await (await sharedEngine()).load(m, { optimize });
    const [out] = (await session.run(new Map([['x', x]]))).values();
    await session.release();
    return tensorNumbers(out!);
  };
  const [a, b] = [await run(model, false), await run(fused, true)];
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
}

function withRandomWeights(model: Model, seed: number): Model {
  const random = new Random(seed);
  const constants = new Map<string, Tensor>();
  for (const [name, { dims }] of model.graph.constants) {
    const count = dims.reduce((a, b) => a * b, 1);
    const value = (): number =>
      name.endsWith('var') ? 0.5 + random.uniform() : random.normal() / Math.sqrt(count / dims[0]!) / 2;
    constants.set(name, tensorOf('float32', dims, Float32Array.from({ length: count }, value)));
  }
  return { ...model, graph: { ...model.graph, constants } };
}

const reports = () => Object.values(NETWORKS).map((network) => fusionReport(network()));

export const exercise: Exercise = {
  id: '5.11',
  title: { en: 'What fusing operators saves', zh: '算子融合为何提高效率；对哪些网络加速比更大' },
  rows: 8,
  show({ print }) {
    for (const [name, network] of Object.entries(NETWORKS)) {
      const report = fusionReport(network());
      const { unfused, fused } = report;
      print(
        `${name}: ${unfused.operations} kernels become ${fused.operations}, ${unfused.words} words ${fused.words}: ` +
          `${(unfused.words / fused.words).toFixed(2)} times less traffic, ${fusionSpeedUp(report, RIDGE).toFixed(2)} times faster at ${RIDGE} operations a byte`,
      );
    }
  },
  async check({ equal, close, atMost }) {
    const all = reports();
    equal(
      'words, unfused and fused',
      all.map((r) => [r.unfused.words, r.fused.words]),
      [
        [63401744, 62415376],
        [206320656, 176600080],
        [232602640, 119104528],
        [34641680, 14470928],
      ],
    );
    const mobilenet = summarize(mobilenetV1()).totals;
    equal('MobileNetV1: parameters and MACs', [mobilenet.parameters, mobilenet.macs], [4231976, 568740352]);
    close(
      'ratios',
      all.map((r) => r.unfused.words / r.fused.words),
      [1.0158, 1.1683, 1.9529, 2.3939],
      1e-4,
    );
    equal(
      'operators',
      all.map((r) => [r.unfused.operations, r.fused.operations]),
      [
        [18, 11],
        [42, 24],
        [514, 158],
        [83, 29],
      ],
    );
    close(
      'speed-up at 40 operations a byte',
      all.map((r) => fusionSpeedUp(r, RIDGE)),
      [1.0158, 1, 1.6162, 2.3939],
      1e-4,
    );
    atMost('a fused block and the same unfused', await fusedDifference(), 1e-6);
  },
};
