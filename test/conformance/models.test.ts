/**
 * Inference and cost on whole networks: every shape becomes known, and the MACs are the published ones.
 * AlexNet and VGG19: figures of the issue; the others: sums over their layers' shapes, held here against change.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readModel } from '#onnx';
import { inferTypes, nodeCost } from '#ops';

const DATA = new URL('../../../shared/data/', import.meta.url);

const NETWORKS = [
  { file: 'onnx-conformance/light/light_bvlc_alexnet.onnx', macs: 654560384 },
  { file: 'onnx-conformance/light/light_vgg19.onnx', macs: 19632062464 },
  { file: 'onnx-conformance/light/light_resnet50.onnx', macs: 4089184256 },
  { file: 'onnx-conformance/light/light_squeezenet.onnx', macs: 349151936 },
  { file: 'onnx-models/mnist-8.onnx', macs: 786560 },
  { file: 'onnx-models/mnist-mlp-bn-pytorch.onnx', macs: 54912 },
  { file: 'onnx-models/ultraface-rfb-320.onnx', macs: 100418560 },
];

describe.skipIf(!existsSync(DATA))('networks (skipped where ../shared/data is absent)', () => {
  test.each(NETWORKS)('$file', ({ file, macs }) => {
    const model = inferTypes(readModel(new Uint8Array(readFileSync(new URL(file, DATA)))));
    const sum = model.graph.nodes.reduce((total, node) => total + nodeCost(model, node).macs, 0);
    expect(sum).toBe(macs);
  });
});
