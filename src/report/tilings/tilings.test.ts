/** Tilings of random layers: what their loops compute is the plain convolution, what they count is the closed form. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '#base';
import { convolution, product } from '../analytic/layers.ts';
import { executeNest, executePlain } from './execute.ts';
import { type Convolution, nestOf, ORDER_NAMES } from './nest.ts';
import { tiledLayer, usualTile } from './ofLayer.ts';
import { nestText } from './print.ts';
import { tilingReport } from './tilings.ts';
import { leastWords, tilingWords } from './words.ts';

const size = (max: number) => fc.integer({ min: 1, max });

test('random layers and tiles: sums, words and MACs', () => {
  const layer = fc.record({ o: size(7), c: size(6), h: size(6), w: size(6), k: size(3), s: size(3) });
  const share = fc.record({ o: size(7), c: size(6), h: size(6), w: size(6) });
  fc.assert(
    fc.property(layer, share, fc.integer(), (l, t, seed) => {
      const c: Convolution = {
        ...{ filters: l.o, channels: l.c, output: [l.h, l.w], kernel: [l.k, 4 - l.k], stride: [l.s, 4 - l.s] },
      };
      const tile = { o: Math.min(t.o, l.o), c: Math.min(t.c, l.c), h: Math.min(t.h, l.h), w: Math.min(t.w, l.w) };
      const random = new Random(seed >>> 0);
      const numbers = (length: number): Int32Array => Int32Array.from({ length }, () => random.integer(-2e9, 2e9));
      const [rows, columns] = [0, 1].map((i) => (c.output[i]! - 1) * c.stride[i]! + c.kernel[i]!) as [number, number];
      const data = {
        input: numbers(l.c * rows * columns),
        weights: numbers(l.o * l.c * c.kernel[0] * c.kernel[1]),
      };
      const plain = executePlain(c, data);
      for (const order of ORDER_NAMES) {
        const nest = nestOf(c, tile, order);
        const found = executeNest(nest, data);
        expect(found.output).toEqual(plain);
        expect(found.macs).toBe(l.o * l.c * l.h * l.w * c.kernel[0] * c.kernel[1]);
        expect(found.words).toEqual(tilingWords(nest));
        expect(found.tiles).toBe(nest.loops.reduce((n, { trips }) => n * trips, 1));
        // Where a window is wider than its step, halos only add; elsewhere tiles leave out what no window sees.
        const isDense = c.stride.every((s, axis) => s <= c.kernel[axis]!);
        if (isDense) expect(found.words.total).toBeGreaterThanOrEqual(leastWords(c));
      }
    }),
    { numRuns: 200 },
  );
});

test('text says where each tile is fetched, and when partial sums come back', () => {
  const c: Convolution = { filters: 4, channels: 4, output: [4, 4], kernel: [3, 3], stride: [2, 1] };
  expect(nestText(nestOf(c, { o: 2, c: 2, h: 2, w: 4 }, 'weight-stationary'))).toEqual([
    'for o0 = 0; o0 < 4; o0 += 2:  # 2 tiles',
    '  for c0 = 0; c0 < 4; c0 += 2:  # 2 tiles',
    '    load W[o0.., c0.., :, :]',
    '    for h0 = 0; h0 < 4; h0 += 2:  # 2 tiles',
    '      load X[c0.., h0·2.., w0..]',
    '      Y[o0.., h0.., w0..] = c0 == 0 ? 0 : load',
    '      for w0 = 0; w0 < 4; w0 += 4:  # 1 tile',
    '        for o, c, h, w in the tile (2, 2, 2, 4), kh < 3, kw < 3:',
    '          Y[o, h, w] += W[o, c, kh, kw] · X[c, h·2 + kh, w + kw]',
    '      store Y[o0.., h0.., w0..]',
  ]);
  const [first] = nestText(nestOf(c, { o: 4, c: 4, h: 4, w: 4 }, 'output-stationary'));
  expect(first).toBe('load X[c0.., h0·2.., w0..]');
});

test('groups count each, and what the loops cannot be is refused', () => {
  const grouped = { name: 'g', groups: 2, channels: 8, filters: 8, input: [6, 6], output: [4, 4], kernel: [3, 3] };
  const layer = tiledLayer(convolution(grouped));
  const report = tilingReport(layer, usualTile(layer.convolution));
  expect(report.least).toBe(2 * leastWords(layer.convolution));
  expect(report.orders.map((o) => o.counted)).toEqual(report.orders.map((o) => o.words));
  const rows = tiledLayer(product({ name: 'fc', rows: 3, inner: 5, columns: 7 })).convolution;
  expect(rows).toMatchObject({ filters: 7, channels: 5, output: [3, 1], kernel: [1, 1] });
  const refused = (change: object) => () => tiledLayer(convolution({ ...grouped, ...change }));
  expect(refused({ batch: 2 })).toThrow(expect.objectContaining({ code: 'SYS-REPORT-011' }));
  expect(refused({ dilation: [2, 2] })).toThrow(expect.objectContaining({ code: 'SYS-REPORT-011' }));
  expect(() => nestOf(layer.convolution, { o: 1, c: 1, h: 5, w: 1 }, 'input-stationary')).toThrow(
    expect.objectContaining({ code: 'SYS-REPORT-010' }),
  );
});
