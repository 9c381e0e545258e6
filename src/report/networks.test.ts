/** Bounds and reports of published networks: the layer-wise bound of AlexNet term by term, and what must hold of any run. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import type { Model } from '#ir';
import { presets } from '#machine';
import { readModel } from '#onnx';
import { nodeWork } from '#ops';
import { runPasses } from '#passes';
import { PRESETS } from '../../test/support/machines.ts';
import { layerwiseBound } from './layerwiseBound.ts';
import { runReport } from './runReport.ts';

const DATA = new URL('../../../shared/data/', import.meta.url);
const LIGHT = 'onnx-conformance/light';
const absent = existsSync(DATA) ? '' : ' (skipped: ../shared/data is not there)';
const read = (path: string): Model => readModel(new Uint8Array(readFileSync(new URL(path, DATA))));
const single = presets.get('textbook-single')!;

describe('published networks', () => {
  test.skipIf(absent !== '')(`AlexNet, term by term${absent}`, async () => {
    const { model } = await runPasses(read(`${LIGHT}/light_bvlc_alexnet.onnx`), { engine: await createEngine() });
    const { cycles, groups } = layerwiseBound(model, single);
    const matrix = (macs: number): number => macs / 256;
    const memory = (elements: number): number => (4 * elements) / 64;
    const [c1, p1, c2, p2] = [96 * 54 * 54, 96 * 26 * 26, 256 * 26 * 26, 256 * 12 * 12];
    const terms = [
      matrix(c1 * 3 * 11 * 11),
      memory(c1 + c1), // LRN
      memory(c1 + p1), // pooling, which no longer stands behind the convolution
      matrix(c2 * 48 * 5 * 5), // two groups
      memory(c2 + c2),
      memory(c2 + p2),
      matrix(384 * 144 * 256 * 9),
      matrix(384 * 144 * 192 * 9),
      matrix(256 * 144 * 192 * 9), // and its pooling
      memory(9216 + 4096 * (9216 + 1 + 1)),
      memory(4096 + 4096 * (4096 + 1 + 1)),
      memory(4096 + 1000 * (4096 + 1 + 1)),
      memory(2 * 1000), // softmax
    ];
    expect(groups.map((g) => g.cycles)).toEqual(terms);
    expect(cycles).toBe(Math.ceil(terms.reduce((a, b) => a + b)));
  });

  for (const machine of PRESETS) {
    for (const path of [`${LIGHT}/light_squeezenet.onnx`, 'onnx-models/ultraface-rfb-320.onnx']) {
      test.skipIf(absent !== '')(`${path} on ${machine.name}: everything adds up${absent}`, async () => {
        const { program, optimized } = await compileModel(read(path), { machine, engine: await createEngine() });
        const { result } = await executeProgram(program, { data: false });
        const r = runReport({ name: path, program, result, fidelity: 'timing' });
        const sum = (of: (layer: (typeof r.layers)[number]) => number): number =>
          r.layers.reduce((n, layer) => n + of(layer), 0);
        expect(sum((l) => l.cycles) + r.rest).toBe(r.cycles);
        expect(sum((l) => l.bytes.read)).toBe(r.bytes.read);
        expect(sum((l) => l.bytes.write)).toBe(r.bytes.write);
        expect(sum((l) => l.macs)).toBe(r.macs);
        expect(r.macs).toBe(optimized.graph.nodes.reduce((n, node) => n + nodeWork(optimized, node).macs, 0));
        for (const u of r.units) expect(u.busy + u.idle).toBe(r.cycles);
        for (const l of r.layers) expect(l.utilisation ?? 0).toBeLessThanOrEqual(1);
        expect(r.cycles).toBeGreaterThanOrEqual(r.bound.physical);
        // Every node is in one group, or only renames memory.
        const grouped = r.bound.groups.flatMap((g) => g.nodes);
        expect(new Set(grouped).size).toBe(grouped.length);
        const free = optimized.graph.nodes.filter((n) => !grouped.includes(n.name)).map((n) => n.op);
        expect(
          free.filter((op) => !['Reshape', 'Flatten', 'Dropout', 'Squeeze', 'Unsqueeze', 'Identity'].includes(op)),
        ).toEqual([]);
        expect(r.efficiency).toBeGreaterThan(0);
      });
    }
  }
});
