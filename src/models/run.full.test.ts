/** Training of the deep networks; and the large networks at the size that they are made for: exported, in ONNX Runtime, the same outputs as operation by operation. */
import { expect, test } from 'vitest';
import { compile, crossEntropy, Generator, optim, random, type Tensor, tensor } from '#tensor';
import { runBothWays } from '../../test/support/networkRun.ts';
import { densenet121, findModel, mobileNetV2, resnet18, resnet50, squeezeNet11 } from './index.ts';

const LARGE = ['alexnet-paper', 'alexnet', 'vgg16', 'vgg19', 'resnet50', 'resnet101', 'resnet152', 'vit-b-16'];

test.each(LARGE)('%s', async (name) => {
  const { build, inputs } = findModel(name);
  expect(await runBothWays(build({ generator: new Generator(5) }), inputs, 1)).toBeLessThan(1e-4);
});

/** Networks with batch normalisation or many layers over one fixed batch of small pictures: the loss falls, in training mode. */
test.each([
  ['ResNet18', resnet18, 20],
  ['ResNet50', resnet50, 20],
  ['MobileNetV2', mobileNetV2, 20],
  // Without normalisation, and with half of the last maps dropped.
  ['SqueezeNet 1.1', squeezeNet11, 200],
  ['DenseNet121', densenet121, 20],
] as const)('%s learns a batch', async (_, build, steps) => {
  const network = build({ classes: 4, generator: new Generator(9) });
  const x = random.normal([8, 3, 64, 64], { generator: new Generator(2) });
  const labels = tensor([0, 1, 2, 3, 0, 1, 2, 3], { dtype: 'i64' });
  const adam = new optim.Adam(network.parameters(), { rate: 3e-4 });
  const step = compile((images: Tensor, wanted: Tensor) => {
    const loss = crossEntropy(network.forward(images), wanted);
    adam.minimize(loss);
    return loss;
  });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await step(x, labels).item());
  expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.5);
});
