/** The optimised model gives the host's outputs: random small graphs, and published models. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine, hostValues } from '#engine';
import { elementCount, type Model, printModel, staticShape, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { readModel } from '#onnx';
import { nodeCost } from '#ops';
import { runPasses } from '#passes';
import { randomModel } from '../../test/support/randomGraphs.ts';

const engine = await createEngine();

/** Largest difference, relative to the largest magnitude of the output. */
async function distance(before: Model, after: Model, low = -1, high = 1): Promise<number> {
  const random = new Random(7);
  const feeds = new Map<string, Tensor>();
  for (const { name, type } of before.graph.inputs) {
    const dims = staticShape(type)!;
    const data = Float32Array.from({ length: elementCount(dims) }, () => low + (high - low) * random.uniform());
    feeds.set(name, tensorOf('float32', dims, data));
  }
  expect(after.graph.outputs.map((v) => v.name)).toEqual(before.graph.outputs.map((v) => v.name));
  const expected = await hostValues(before, feeds, undefined, engine);
  const found = await hostValues(after, feeds, undefined, engine);
  let worst = 0;
  for (const [name, value] of expected) {
    const [a, b] = [tensorNumbers(value), tensorNumbers(found.get(name)!)];
    expect(found.get(name)!.dims).toEqual(value.dims);
    const scale = a.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
    a.forEach((v, i) => {
      worst = Math.max(worst, Object.is(v, b[i]) ? 0 : Math.abs(v - b[i]!) / scale);
    });
  }
  return worst;
}

test('300 random graphs keep their outputs within 1e-5', async () => {
  const ops = { before: 0, after: 0 };
  await fc.assert(
    fc.asyncProperty(randomModel, async (model) => {
      const optimized = await runPasses(model, { engine });
      ops.before += model.graph.nodes.length;
      ops.after += optimized.model.graph.nodes.length;
      const far = await distance(model, optimized.model);
      if (!(far < 1e-5)) throw new Error(`${far} apart:\n${printModel(model)}\n${printModel(optimized.model)}`);
    }),
    { numRuns: 300 },
  );
  // The generator makes work for the passes: more than a third of all nodes go.
  expect(ops.after).toBeLessThan(0.67 * ops.before);
});

const shared = new URL('../../../shared/data/', import.meta.url);
const MODELS = {
  'onnx-models/mnist-8.onnx': { nodes: 8, low: 0, high: 255 },
  'onnx-models/mnist-mlp-bn-pytorch.onnx': { nodes: 3, low: 0, high: 1 },
  'onnx-models/ultraface-rfb-320.onnx': { nodes: 125, low: -1, high: 1 },
  'onnx-conformance/light/light_squeezenet.onnx': { nodes: 65, low: -1, high: 1 },
  'onnx-conformance/light/light_resnet50.onnx': { nodes: 123, low: -1, high: 1 },
  'onnx-conformance/light/light_bvlc_alexnet.onnx': { nodes: 22, low: -1, high: 1 },
};

for (const [path, { nodes, low, high }] of Object.entries(MODELS)) {
  const file = new URL(path, shared);
  test.skipIf(!existsSync(file))(`${path} (skipped where ../shared/data is absent)`, async () => {
    const model = readModel(readFileSync(file));
    const { model: optimized } = await runPasses(model, { engine });
    expect(optimized.graph.nodes.length).toBe(nodes);
    expect(optimized.graph.nodes.filter((n) => n.op === 'BatchNormalization' || n.op === 'Dropout')).toEqual([]);
    expect(await distance(model, optimized, low, high)).toBeLessThan(1e-5);
  });
}

const vgg = new URL('onnx-conformance/light/light_vgg19.onnx', shared);
test.skipIf(!existsSync(vgg))(
  '143 million equal weights cost nothing (skipped where ../shared/data is absent)',
  async () => {
    const start = performance.now();
    const { model } = await runPasses(readModel(readFileSync(vgg)), { engine });
    expect(performance.now() - start).toBeLessThan(2000);
    const tensors = [...model.graph.constants.values()];
    const dense = tensors.reduce((sum, t) => sum + ('bytes' in t ? t.bytes.length : 0), 0);
    expect(dense).toBeLessThan(1e5);
    // Figures of the network: torchvision's VGG-19 and its published multiply-accumulate count.
    const weights = tensors.filter((t) => t.dtype === 'float32');
    expect(weights.reduce((sum, t) => sum + elementCount(t.dims), 0)).toBe(143667240);
    expect(model.graph.nodes.reduce((sum, n) => sum + nodeCost(model, n).macs, 0)).toBe(19632062464);
  },
);
