/** Exercises 6.7 to 6.10 and the analytic side of 6.13: every figure that was worked out, to its last digit. */

import { presets } from 'systole/machine';
import {
  type AnalyticLayer,
  type ArrayUse,
  arrayOfMachine,
  arrayOfSize,
  attainable,
  layerMacs,
  loadBalance,
  PAPER_ALEXNET,
  ridge,
  roofOf,
  splitLoad,
  type Utilisation,
  utilisation,
} from 'systole/report';
import { describe, expect, test } from 'vitest';
import { RESNET152, VGG19 } from './networks.ts';
import { ATTAINABLE, BALANCE, LAYER_INTENSITIES, LAYERS_AT_256, NETWORKS, RIDGES, UTILISATION } from './table.ts';

const chapter6 = presets.get('textbook-ch6')!;
const VECTOR: ArrayUse = { kind: 'vector-mac', mapping: 'im2col', traffic: 'ideal' };
const SCALAR: ArrayUse = { kind: 'scalar-mac', traffic: 'shift' };

const asked = (use: ArrayUse, multipliers: number, bits = 32, layers = PAPER_ALEXNET): Utilisation =>
  utilisation(layers, arrayOfSize(multipliers, use), { bits, bytesPerCycle: chapter6.dram.bandwidth });

/** The figure is printed with so many digits; a tie may be rounded to either side. */
const expectPrinted = (found: number, printed: number, digits: number): void =>
  expect(Math.abs(found - printed)).toBeLessThanOrEqual(0.5 * 10 ** -digits + 1e-7);

describe('6.8, 6.9', () => {
  const tables = UTILISATION.map((t) => [`${t.exercise} ${Object.values(t.use).join(' ')} ${t.bits} bits`, t] as const);

  test.each(tables)('%s', (_, { use, bits, rows }) => {
    expect(rows.map(([n]) => n)).toEqual([16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
    for (const row of rows) {
      const { layers, total } = asked(use, row[0], bits);
      expect(total.macs).toBe(NETWORKS.alexnet.macs);
      layers.forEach((l, i) => {
        expectPrinted(100 * l.laneUtilisation!, row[i + 1]!, 2);
      });
      expectPrinted(100 * total.laneUtilisation!, row[9], 4);
      expectPrinted(100 * total.busy!, row[10], 4);
      expectPrinted(total.cycles, row[11], 1);
    }
  });

  test('cycles and words of the layers on 256 multipliers', () => {
    const vector = asked(VECTOR, 256).layers;
    expect(vector.map((l) => l.computeCycles)).toEqual(LAYERS_AT_256.vector.cycles);
    expect(vector.map((l) => l.words)).toEqual(LAYERS_AT_256.vector.idealWords);
    const scalar = asked(SCALAR, 256).layers;
    expect(scalar.map((l) => l.computeCycles)).toEqual(LAYERS_AT_256.scalar.cycles);
    expect(scalar.map((l) => l.words)).toEqual(LAYERS_AT_256.scalar.shiftWords);
  });

  test('the machine of chapter 6 has 256 multipliers behind 12.8 bytes a cycle', () => {
    expect(arrayOfMachine(chapter6, VECTOR)).toEqual(arrayOfSize(256, VECTOR));
    expect(arrayOfMachine(chapter6, SCALAR)).toEqual(arrayOfSize(256, SCALAR));
    expect(chapter6.dram.bandwidth).toEqual({ bytes: 64, cycles: 5 });
  });
});

describe.each([
  ['alexnet', PAPER_ALEXNET],
  ['vgg19', VGG19],
  ['resnet152', RESNET152],
] as const)('6.10, 6.13: %s', (name, layers) => {
  const expected = NETWORKS[name];

  test('words and operations a byte', () => {
    const { macs, words, bytes } = asked(VECTOR, 256, 32, layers).total;
    expect({ macs, words }).toEqual({ macs: expected.macs, words: expected.words });
    expectPrinted((2 * macs) / bytes, expected.intensity, 4);
  });

  test('cycles and GFLOP/s of the analytic model', () => {
    const [f32, f16] = [asked(VECTOR, 256, 32, layers).total, asked(VECTOR, 256, 16, layers).total];
    expect([f32.computeCycles, f32.cycles]).toEqual(expected.cycles);
    // A cycle is a nanosecond.
    expectPrinted((2 * f32.macs) / f32.cycles, expected.gflops[0], 3);
    expectPrinted((2 * f16.macs) / f16.cycles, expected.gflops[1], 3);
  });

  test('the roof over it', () => {
    const index = Object.keys(NETWORKS).indexOf(name) as 0 | 1 | 2;
    for (const [n, gflops] of ATTAINABLE) {
      expectPrinted(attainable(roofFor(n), intensityOf(layers)) / 1e9, gflops[index], 2);
    }
  });
});

/** The machine of chapter 6 with another array. */
function roofFor(multipliers: number) {
  const { matrix } = chapter6;
  if (matrix.kind !== 'dot') throw new Error('textbook-ch6 has Tn × Ti');
  return roofOf({ ...chapter6, matrix: { ...matrix, tn: multipliers / matrix.ti } });
}

function intensityOf(layers: readonly AnalyticLayer[]): number {
  const { macs, bytes } = asked(VECTOR, 256, 32, layers).total;
  return (2 * macs) / bytes;
}

test('6.10: ridges, and the layers of AlexNet', () => {
  for (const [n, operations] of RIDGES) expect(ridge(roofFor(n))).toBe(operations);
  expect(ridge(roofOf(presets.get('textbook-single')!))).toBe(8);
  for (const [n, , fullyConnected] of ATTAINABLE) expect(attainable(roofFor(n), 0.5) / 1e9).toBe(fullyConnected);
  PAPER_ALEXNET.forEach((layer, i) => {
    expectPrinted(intensityOf([layer]), LAYER_INTENSITIES[i]!, 4);
  });
});

test('6.7: layers as instructions, and split into tiles of at most 1024 cycles', () => {
  const loads = asked(VECTOR, 256).layers.map((l) => l.computeCycles);
  const { maxOverMean, maxOverMin } = loadBalance(loads);
  expect(maxOverMean).toBeCloseTo(BALANCE.maxOverMean, 10);
  expect(maxOverMin).toBeCloseTo(BALANCE.maxOverMin, 10);
  const tiles = loads.map((load) => splitLoad(load, 1024));
  expect(tiles.map((t) => t.length)).toEqual(BALANCE.tiles);
  expect(tiles.flat().reduce((a, b) => a + b)).toBe(loads.reduce((a, b) => a + b));
  expect(loadBalance(tiles.flat()).maxOverMean).toBeCloseTo(BALANCE.tilesMaxOverMean, 10);
});

test('MACs of AlexNet layer by layer', () => {
  expect(PAPER_ALEXNET.map(layerMacs)).toEqual([
    105415200, 223948800, 149520384, 112140288, 74760192, 37748736, 16777216, 4096000,
  ]);
});
