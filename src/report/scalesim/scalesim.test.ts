/**
 * SCALE-Sim's numbers: what SCALE-Sim itself reported for small layers, what it publishes, and what must hold of any layer. Where it
 * differs by a definition (docs/scalesim.md says why) the difference itself is asserted.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
// A test may look below its layer: SCALE-Sim's files are read as users have them.
import { readArrayConfig, readTopology } from '../../data/index.ts';
import { type ArrayDesign, type ArrayLayer, arrayFolds } from './arrayFolds.ts';
import { InputWords } from './inputWords.ts';
import { layerUse } from './layerUse.ts';
import { scaleSimTables } from './reports.ts';

const FLOWS = { ws: 'weight-stationary', os: 'output-stationary', is: 'input-stationary' } as const;

/** On 8 × 8 with scratchpads of 1 kB and as much bandwidth as needed; run with SCALE-Sim 3 (commit 1d62b68, August 2025). */
const SMALL = `Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
a, 8, 8, 3, 3, 2, 5, 1,
b, 9, 7, 3, 2, 3, 11, 2,
c, 10, 10, 3, 3, 1, 9, 4,
d, 5, 5, 5, 5, 4, 20, 1,
e, 12, 6, 1, 1, 17, 8, 1,
f, 11, 8, 4, 4, 3, 3, 3,
`;
/** Number of the last cycle; start, stop and words of ifmap, filter and ofmap scratchpads; words read from DRAM. */
const REPORTED: readonly (readonly [keyof typeof FLOWS, number, readonly number[], readonly number[]])[] = [
  ['ws', 173, [9, 161, 648, 1, 124, 90, 15, 170, 540], [128, 90]],
  ['ws', 227, [9, 214, 576, 1, 198, 198, 15, 222, 528], [189, 198]],
  ['ws', 123, [9, 106, 162, 1, 101, 81, 15, 116, 162], [64, 81]],
  ['ws', 896, [9, 886, 300, 1, 882, 2000, 15, 892, 260], [100, 2000]],
  ['ws', 281, [9, 268, 1224, 1, 196, 136, 15, 281, 1728], [1224, 136]],
  ['ws', 203, [9, 193, 576, 1, 178, 144, 15, 198, 216], [264, 144]],
  ['os', 159, [1, 149, 648, 1, 150, 450, 17, 156, 260], [128, 90]],
  ['os', 127, [1, 120, 576, 1, 116, 396, 17, 122, 240], [189, 198]],
  ['os', 91, [1, 74, 162, 1, 78, 162, 8, 84, 145], [64, 81]],
  ['os', 341, [1, 328, 300, 1, 331, 2000, 106, 337, 68], [100, 2000]],
  ['os', 278, [1, 272, 1224, 1, 272, 1224, 16, 278, 720], [1224, 136]],
  ['os', 123, [1, 104, 576, 1, 112, 288, 47, 118, 68], [264, 144]],
  ['is', 404, [1, 386, 648, 9, 392, 450, 15, 400, 540], [128, 90]],
  ['is', 197, [1, 173, 288, 9, 185, 396, 15, 197, 528], [189, 198]],
  ['is', 123, [1, 70, 81, 9, 110, 162, 15, 116, 162], [64, 81]],
  ['is', 545, [1, 512, 100, 9, 535, 2000, 15, 538, 260], [100, 2000]],
  ['is', 809, [1, 788, 1224, 9, 796, 1224, 15, 809, 1728], [1224, 136]],
  ['is', 299, [1, 283, 576, 9, 293, 288, 15, 295, 216], [264, 144]],
];

test.each(Object.keys(FLOWS) as (keyof typeof FLOWS)[])('as SCALE-Sim reports small layers: %s', (flow) => {
  const design = { ...square(8, 1024), dataflow: FLOWS[flow] };
  const uses = readTopology(SMALL, 'small.csv').map((layer) => layerUse(layer, design));
  const found = uses.map(({ cycles, sram, dram }) => [
    flow,
    cycles - 1,
    [sram.ifmap, sram.filter, sram.ofmap].flatMap((s) => [s.start, s.stop, s.words]),
    [dram.ifmap.words, dram.filter.words],
  ]);
  const expected = REPORTED.filter(([f]) => f === flow);
  if (flow !== 'os') {
    expect(found).toEqual(expected);
    return;
  }
  // Outputs held: it adds rows + columns to the writes of every fold, and shifts sums out through rows that hold none.
  const inputs = (row: readonly unknown[]): unknown => [row[1], (row[2] as number[]).slice(0, 6), row[3]];
  expect(found.map(inputs)).toEqual(expected.map(inputs));
  readTopology(SMALL, 'small.csv').forEach((layer, i) => {
    const { count } = arrayFolds(layer, design);
    expect(uses[i]!.sram.ofmap.words + count * 16).toBe(expected[i]![2][8]);
  });
});

function square(size: number, words: number): ArrayDesign {
  return {
    rows: size,
    columns: size,
    dataflow: 'weight-stationary',
    ifmapWords: words,
    filterWords: words,
    ofmapWords: words,
    bandwidth: undefined,
  };
}

test('as SCALE-Sim publishes for the first layer of AlexNet (its test/general/golden_trace_calc)', () => {
  const [layer] = readTopology(`${SMALL.split('\n')[0]}\nConv1, 224, 224, 11, 11, 3, 96, 4,`, 'alexnet.csv');
  const use = layerUse(layer!, square(32, 65536));
  expect(use).toMatchObject({
    cycles: 112283 + 1,
    stalls: 0,
    mapping: 0.9453125,
    sram: {
      ifmap: { start: 33, stop: 112176, words: 3294225 },
      filter: { start: 1, stop: 109197, words: 34848 },
      ofmap: { start: 63, stop: 112283, words: 3484800 },
    },
    dram: { filter: { words: 34848 }, ofmap: { words: 3484831 - 31 } },
  });
  // It keeps words one by one, not by tiles: half a per cent more.
  expect(1805023 / use.dram.ifmap.words).toBeCloseTo(1.0046, 4);
  expect(100 * use.computeUtilisation * (3119 / (3119 + 31))).toBeCloseTo(90.78000992063485, 10);
});

const FOLDER = '../shared/data/scale-sim/scalesim-project';

describe.skipIf(!existsSync(FOLDER))(
  `the published weight-stationary reports (skipped where ${FOLDER} is absent)`,
  () => {
    const read = (path: string): string => readFileSync(`${FOLDER}/${path}`, 'utf8');
    test('agree in every column that is computed by the same definition', () => {
      const text = read('configs/scale.cfg').replace('CALC', 'USER');
      const layers = readTopology(read('topologies/GEMM_mnk/test_mnk_input.csv'), 'test_mnk_input.csv', 'gemm');
      const tables = scaleSimTables(layers.map((layer) => layerUse(layer, readArrayConfig(text, 'scale.cfg'))));
      const ours = new Map<string, number>();
      const theirs = new Map<string, number>();
      for (const { file, heads, rows } of tables) {
        const [head, row] = read(`test/general/golden_trace_user_ws/${file}`).split('\n');
        expect(`${heads.join(', ')},`).toBe(head);
        row!.split(', ').forEach((cell, i) => {
          if (i === 0) return;
          theirs.set(heads[i]!, Number.parseFloat(cell));
          ours.set(heads[i]!, rows[0]![i] as number);
        });
      }
      const same = ['Mapping Efficiency %', 'SRAM IFMAP Reads', 'SRAM Filter Reads', 'SRAM OFMAP Writes'];
      same.push(
        'SRAM IFMAP Start Cycle',
        'SRAM Filter Start Cycle',
        'SRAM OFMAP Start Cycle',
        'DRAM Filter Stop Cycle',
      );
      same.push('DRAM IFMAP Start Cycle', 'DRAM Filter Start Cycle');
      for (const head of same) expect([head, ours.get(head)]).toEqual([head, theirs.get(head)]);
      const both = (head: string) => [ours.get(head)!, theirs.get(head)!] as const;
      const [cycles, last] = both('Total Cycles');
      const [stalls, theirStalls] = both('Stall Cycles');
      expect(cycles - stalls).toBe(last - theirStalls + 1);
      // Its folds last columns − 1 cycles longer here than in its cycles.
      const [busy, theirBusy] = both('Compute Util %');
      expect(busy * (350 / (350 + 31))).toBeCloseTo(theirBusy, 10);
      // It reads whole lines of 10 words, and each half of the input twice as often as the array passes from one half to the other.
      expect(both('DRAM Filter Reads')).toEqual([32768, 32770]);
      expect(both('DRAM IFMAP Reads')).toEqual([8 * 32768, 16 * 32770]);
      expect(stalls).toBeLessThan(theirStalls);
    });
  },
);

describe.skipIf(!existsSync(FOLDER))(`published topologies (skipped where ${FOLDER} is absent)`, () => {
  test('every small layer has a report, in every dataflow', () => {
    const small = new Map<string, ArrayLayer>();
    for (const file of globSync(`${FOLDER}/topologies/**/*.csv`)) {
      try {
        for (const layer of readTopology(readFileSync(file, 'utf8'), file)) {
          if (layer.pixels * layer.filters * layer.reduction < 3e6)
            small.set(JSON.stringify({ ...layer, name: '' }), layer);
        }
      } catch {
        // Templates with gaps; `src/data/topology.test.ts` says which.
      }
    }
    expect(small.size).toBeGreaterThan(60);
    for (const dataflow of Object.values(FLOWS)) {
      const uses = [...small.values()].map((l) => layerUse(l, { ...square(32, 65536), dataflow, bandwidth: 10 }));
      for (const { rows } of scaleSimTables(uses))
        for (const row of rows) expect(row.every(Number.isFinite)).toBe(true);
    }
  });
});

const layers = fc
  .record({
    filterHeight: fc.integer({ min: 1, max: 4 }),
    filterWidth: fc.integer({ min: 1, max: 4 }),
    moreHeight: fc.integer({ min: 0, max: 6 }),
    moreWidth: fc.integer({ min: 0, max: 6 }),
    channels: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 5 }),
    filters: fc.integer({ min: 1, max: 9 }),
    kept: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ filterHeight, filterWidth, moreHeight, moreWidth, channels, stride, filters, kept }): ArrayLayer => {
    const [height, width] = [filterHeight + moreHeight, filterWidth + moreWidth];
    const outputs = (input: number, filter: number): number => Math.ceil((input - filter + stride) / stride);
    return {
      name: '',
      pixels: outputs(height, filterHeight) * outputs(width, filterWidth),
      filters,
      reduction: filterHeight * filterWidth * channels,
      convolution: { height, width, filterHeight, filterWidth, channels, stride },
      ...(kept === 4 ? {} : { sparsity: { kept, of: 4 } }),
    };
  });

test('distinct words of any piece are those that are met one by one', () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(layers, fc.tuple(fraction, fraction, fraction, fraction), (layer, [a, b, c, d]) => {
      const inputs = new InputWords(layer);
      const piece = (end: number, x: number, y: number): [number, number] => {
        const from = Math.min(end - 1, Math.floor(Math.min(x, y) * end));
        return [from, Math.max(from + 1, Math.ceil(Math.max(x, y) * end))];
      };
      const [p0, p1] = piece(layer.pixels, a, b);
      const [k0, k1] = piece(inputs.reduction, c, d);
      const { channels, filterWidth, width, stride } = layer.convolution!;
      const across = Math.ceil((width - filterWidth + stride) / stride);
      const met = new Set<number>();
      for (let p = p0; p < p1; p++) {
        for (let k = k0; k < k1; k++) {
          if (!inputs.isInside(p, k)) continue;
          const { sparsity: s } = layer;
          const element = s === undefined ? k : Math.floor(k / s.kept) * s.of + (k % s.kept);
          const at = Math.floor(element / channels);
          const y = Math.floor(p / across) * stride + Math.floor(at / filterWidth);
          const x = (p % across) * stride + (at % filterWidth);
          met.add((y * width + x) * channels + (element % channels));
        }
      }
      expect(inputs.count(p0, p1, k0, k1)).toBe(met.size);
    }),
    { numRuns: 300 },
  );
});

test('of any layer: DRAM bounds time, more bandwidth stalls no more, and as much as needed not at all', () => {
  const design = fc.record({
    size: fc.constantFrom(2, 4, 8),
    words: fc.constantFrom(16, 64, 256),
    dataflow: fc.constantFrom(...Object.values(FLOWS)),
    bandwidth: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(layers, design, (layer, { size, words, dataflow, bandwidth }) => {
      const of = (rate: number | undefined) =>
        layerUse(layer, { ...square(size, words), dataflow, bandwidth: rate }, 'csr');
      const [slow, fast, free] = [of(bandwidth), of(2 * bandwidth), of(undefined)];
      expect(free.stalls).toBe(0);
      expect(slow.cycles - slow.stalls).toBe(free.cycles);
      expect(fast.stalls).toBeLessThanOrEqual(slow.stalls);
      for (const operand of ['ifmap', 'filter', 'ofmap'] as const) {
        const { start, stop, words: moved } = slow.dram[operand];
        // No way carries more than it can, and none is done before it began.
        expect(moved).toBeLessThanOrEqual((stop - start + 1) * bandwidth);
        expect(moved).toBe(free.dram[operand].words);
        const { start: first, stop: last } = slow.sram[operand];
        expect(first).toBeLessThanOrEqual(last);
        expect(last).toBeLessThanOrEqual(slow.cycles);
      }
      const all = new InputWords(layer);
      expect(slow.dram.ifmap.words).toBeGreaterThanOrEqual(all.count(0, layer.pixels, 0, all.reduction));
      expect(slow.cyclesWithPrefetch).toBeGreaterThanOrEqual(slow.cycles);
    }),
    { numRuns: 300 },
  );
});
