/**
 * Three statements of a systolic array must agree: registers stepped cycle by cycle (`support/processingElements.ts`), an `mma` in
 * the simulator, and, for whole networks, the stall-free cycles that SCALE-Sim reports.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTopology, type TopologyLayer } from '#data';
import { assembleProgram } from '#isa';
import type { Machine, SystolicUnit } from '#machine';
import { createSimulation } from '#sim';
import { arrayMachine, DATAFLOWS, type Dataflow, matrixCycles, product } from './support/arrayLayer.ts';
import { multiplyOnArray } from './support/processingElements.ts';

describe.each(
  DATAFLOWS.flatMap((dataflow) => (['exposed', 'hidden'] as const).map((preload) => [dataflow, preload] as const)),
)('%s, preload %s', (dataflow, preload) => {
  test('cycles and numbers are those of the registers', () => {
    const sizes = fc.record({
      rows: fc.constantFrom(1, 2, 4, 8),
      columns: fc.integer({ min: 1, max: 6 }),
      p: fc.integer({ min: 1, max: 9 }),
      n: fc.integer({ min: 1, max: 9 }),
      k: fc.integer({ min: 1, max: 12 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
    });
    fc.assert(
      fc.property(sizes, ({ rows, columns, p, n, k, seed }) => {
        let state = seed;
        const value = (): number => {
          state = (Math.imul(state, 1103515245) + 12345) >>> 0;
          return Math.fround(state / 2 ** 31 - 1);
        };
        const a = Array.from({ length: p }, () => Array.from({ length: k }, value));
        const w = Array.from({ length: k }, () => Array.from({ length: n }, value));
        const array = multiplyOnArray(dataflow, preload, rows, columns, a, w);
        const machine = arrayMachine(dataflow, rows, columns, preload);
        const layer = { name: '', pixels: p, filters: n, reduction: k };
        expect(matrixCycles(layer, machine)).toBe(array.cycles);
        expect(multiplied(machine, a, w)).toEqual(array.results);
      }),
      { numRuns: 40 },
    );
  });
});

/** The product in the simulator, with data. */
function multiplied(
  machine: Machine,
  a: readonly (readonly number[])[],
  w: readonly (readonly number[])[],
): number[][] {
  const { columns } = machine.matrix as SystolicUnit;
  const [p, k, n] = [a.length, w.length, w[0]!.length];
  // Weights lie by groups of filters, k-major.
  const packed: number[] = [];
  for (let g = 0; g < n; g += columns) for (const row of w) packed.push(...row.slice(g, g + columns));
  const bytes = 2 ** 20;
  const small: Machine = {
    ...machine,
    nram: { bytes },
    wram: { bytes },
    matrix: { ...machine.matrix, accumulatorBytes: 4 * columns * 4096 },
  };
  const [aBytes, wBytes, cBytes] = [4 * p * k, 4 * k * n, 4 * p * n];
  const text = `
  .input a, 0, f32[${p}, ${k}]
  .input w, ${aBytes}, f32[${k * n}]
  .output c, ${aBytes + wBytes}, f32[${p}, ${n}]
  ${product(p, n, k, columns)}
  li r5, ${aBytes}
  li r6, ${p * k}
  li r7, 4
  cfg.dim R4, 0, r6, r7
  load nram, r0, r0, R4, R4, f32
  li r6, ${k * n}
  cfg.dim R5, 0, r6, r7
  load wram, r0, r5, R5, R5, f32
  sync
  mma r4, r0, r0, R1, R2, R3, r0, r0, f32, clear, drain
  sync
  li r5, ${aBytes + wBytes}
  li r6, ${p * n}
  cfg.dim R6, 0, r6, r7
  store nram, r5, r4, R6, R6, f32
  halt`;
  const simulation = createSimulation(assembleProgram(text, { file: 'product.s', machine: small }), { data: true });
  simulation.writeInput('a', new Uint8Array(Float32Array.from(a.flat()).buffer));
  simulation.writeInput('w', new Uint8Array(Float32Array.from(packed).buffer));
  const run = simulation.run();
  if (run.state !== 'done') throw new Error(run.state);
  const c = new Float32Array(simulation.readOutput('c').slice().buffer, 0, cBytes / 4);
  return Array.from({ length: p }, (_, i) => Array.from(c.subarray(i * n, (i + 1) * n)));
}

const FOLDER = '../shared/data/scale-sim';

/**
 * SCALE-Sim's stall-free cycles, which are the number of the last cycle counted from 0: one less than the cycles that pass.
 * With M pixels, N filters, K elements and an array of R × C: Samajdar et al., section III, as its versions 1 to 3 count.
 */
function scaleSim(dataflow: Dataflow, size: number, { pixels: m, filters: n, reduction: k }: TopologyLayer): number {
  const parts = (extent: number): number => Math.ceil(extent / size);
  switch (dataflow) {
    case 'output-stationary':
      return parts(m) * parts(n) * (k + 2 * size - 2) - 1;
    case 'weight-stationary':
      return parts(k) * parts(n) * (m + 3 * size - 2) - 1;
    case 'input-stationary':
      return parts(k) * parts(m) * (n + 3 * size - 2) - 1;
  }
}

describe.skipIf(!existsSync(FOLDER))(`SCALE-Sim's topologies (skipped where ${FOLDER} is absent)`, () => {
  const layers = new Map<string, TopologyLayer>();
  for (const file of existsSync(FOLDER) ? globSync(`${FOLDER}/*/topologies/**/*.csv`) : []) {
    try {
      for (const layer of readTopology(readFileSync(file, 'utf8'), file)) {
        layers.set(`${layer.pixels} ${layer.filters} ${layer.reduction}`, layer);
      }
    } catch {
      // Templates with gaps; `src/data/topology.test.ts` says which.
    }
  }

  test.each(DATAFLOWS.flatMap((dataflow) => [8, 16, 32, 128].map((size) => [dataflow, size] as const)))(
    '%s, %d rows and columns',
    (dataflow, size) => {
      expect(layers.size).toBeGreaterThan(500);
      const machine = arrayMachine(dataflow, size, size, dataflow === 'output-stationary' ? 'hidden' : 'exposed');
      const wrong: string[] = [];
      for (const layer of layers.values()) {
        const found = matrixCycles(layer, machine) - 1;
        const expected = scaleSim(dataflow, size, layer);
        if (found !== expected) wrong.push(`${layer.name}: ${found}, SCALE-Sim ${expected}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
