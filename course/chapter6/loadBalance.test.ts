/**
 * Exercise 6.7 on executed programs: instructions of whole layers load their unit unevenly; cut into tiles of at most 1024 cycles by a
 * sequencer with loop counters they are even, and compute the same.
 */

import { assembleProgram } from 'systole/isa';
import { presets } from 'systole/machine';
import { LoadRecorder, type UnitLoads } from 'systole/report';
import { createSimulation } from 'systole/sim';
import { expect, test } from 'vitest';
import { BALANCE, LAYERS_AT_256 } from './table.ts';

const machine = presets.get('textbook-single')!;
const MULTIPLIERS = 256;
const TILE = 1024;

function run(text: string, data = false) {
  const program = assembleProgram(text, { file: 'layers.s', machine });
  const recorder = new LoadRecorder();
  const simulation = createSimulation(program, { data, observer: recorder.observer });
  for (const { name, dims } of data ? program.inputs : []) {
    const values = Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i));
    simulation.writeInput(name, new Uint8Array(values.buffer));
  }
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  return { simulation, cycles: state.result.cycles, loads: recorder.report(program, TILE) };
}

const matrixOf = (units: readonly UnitLoads[]): UnitLoads => units.find((u) => u.unit === 'matrix')!;

/** A layer of so many cycles as one instruction, or as a loop of tiles and what remains. */
const whole = (cycles: number): string => `compute MAC_32 ${MULTIPLIERS * cycles}`;
const tiled = (cycles: number): string => {
  const [full, rest] = [Math.floor(cycles / TILE), cycles % TILE];
  return [...(full > 0 ? [`loop ${full}`, whole(TILE), 'endloop'] : []), ...(rest > 0 ? [whole(rest)] : [])].join('\n');
};

test('AlexNet, a layer an instruction: 2.5 times the mean at most, 54 times the least', () => {
  const { cycles, loads } = run(LAYERS_AT_256.vector.cycles.map(whole).join('\n'));
  expect(loads.instructions.map((i) => i.max)).toEqual(LAYERS_AT_256.vector.cycles);
  const { balance, split } = matrixOf(loads.units);
  expect(balance.maxOverMean).toBeCloseTo(BALANCE.maxOverMean, 10);
  expect(balance.maxOverMin).toBeCloseTo(BALANCE.maxOverMin, 10);
  // What the report foresees of splitting them is what the split program does.
  const after = run(LAYERS_AT_256.vector.cycles.map(tiled).join('\n'));
  expect(matrixOf(after.loads.units).balance).toEqual(split);
  expect(after.cycles).toBe(cycles);
});

test('the same in tiles: all but even', () => {
  const counts = LAYERS_AT_256.vector.cycles.map((cycles) => matrixOf(run(tiled(cycles)).loads.units).balance.count);
  expect(counts).toEqual(BALANCE.tiles);
  const { loads } = run(LAYERS_AT_256.vector.cycles.map(tiled).join('\n'));
  const { balance } = matrixOf(loads.units);
  expect(balance.count).toBe(counts.reduce((a, b) => a + b));
  expect(balance.max).toBe(TILE);
  expect(balance.maxOverMean).toBeCloseTo(BALANCE.tilesMaxOverMean, 10);
});

const ROWS = 32;
const INNER = 256;
const COLUMNS = 128;

/** X·W with bias-free sums; `products` multiplies with X at r0, W at r0, Y at r1. */
const product = (products: string): string => `
  .dram 65536 * 4
  .input x, 0, f32[${ROWS}, ${INNER}]
  .input w, ${4 * ROWS * INNER}, f32[${INNER * COLUMNS}]
  .output y, ${4 * (ROWS * INNER + INNER * COLUMNS)}, f32[${ROWS}, ${COLUMNS}]
  cfg.dimi R0, 0, ${ROWS * INNER}, 4
  cfg.dimi R1, 0, ${INNER * COLUMNS}, 4
  cfg.dimi R2, 0, ${INNER}, 4
  cfg.dimi R3, 0, ${ROWS * COLUMNS}, 4
  li r1, ${4 * ROWS * INNER}
  li r2, ${4 * (ROWS * INNER + INNER * COLUMNS)}
  load nram, r0, r0, R0, R0, f32
  load wram, r0, r1, R1, R1, f32
  sync
${products}
  sync
  store nram, r2, r1, R3, R3, f32
  halt`;

const pixels = (rows: number): string => `
  cfg.dimi R4, 0, ${rows}, ${4 * INNER}
  cfg.dimi R5, 0, ${rows}, ${4 * COLUMNS}
  cfg.dimi R5, 4, ${COLUMNS}, 64`;

test('one large instruction and its tiles leave the same numbers, bit for bit', () => {
  const large = run(product(`${pixels(ROWS)}\n  mma r1, r0, r0, R4, R2, R5, r0, r0, f32, clear, drain`), true);
  const tiles = run(
    product(`${pixels(8)}
  li r3, 0
  li r4, ${4 * ROWS * INNER}
  loopi ${ROWS / 8}
    mma r4, r3, r0, R4, R2, R5, r0, r0, f32, clear, drain
    addi r3, r3, ${8 * 4 * INNER}
    addi r4, r4, ${8 * 4 * COLUMNS}
  endloop`),
    true,
  );
  expect(matrixOf(large.loads.units).balance).toMatchObject({ count: 1, max: 4096 });
  expect(matrixOf(tiles.loads.units).balance).toMatchObject({ count: 4, max: TILE, maxOverMean: 1 });
  const y = large.simulation.readOutput('y');
  expect(tiles.simulation.readOutput('y')).toEqual(y);
  expect(new Set(new Float32Array(y.slice().buffer)).size).toBeGreaterThan(1000);
});
