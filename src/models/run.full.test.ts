/** The large networks at the size that they are made for: exported, in ONNX Runtime, the same outputs as operation by operation. */
import { expect, test } from 'vitest';
import { Generator } from '#tensor';
import { runBothWays } from '../../test/support/networkRun.ts';
import { findModel } from './index.ts';

const LARGE = ['alexnet-paper', 'alexnet', 'vgg16', 'vgg19', 'resnet50', 'resnet101', 'resnet152', 'vit-b-16'];

test.each(LARGE)('%s', async (name) => {
  const { build, inputs } = findModel(name);
  expect(await runBothWays(build({ generator: new Generator(5) }), inputs, 1)).toBeLessThan(1e-4);
});
