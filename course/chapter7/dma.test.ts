/**
 * Exercise 7.6: what the DMA does with a descriptor. A 256 × 128 matrix of f32 lies in DRAM; columns of it are gathered into NRAM.
 * In bursts of 64 bytes every segment costs a whole one; in plain bytes only what it holds.
 */

import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { expect, test } from 'vitest';
import { errorOf } from '../../test/support/errorText.ts';

const single = presets.get('textbook-single')!;
const bursts: Machine = { ...single, dma: { ...single.dma, burstBytes: 64 } };

const ROWS = 256;
const COLUMNS = 128;

/** Gathers `columns` columns from `from` on, row by row, and stores them densely. */
const gather = (columns: number, from = 0, rows = ROWS): string => `
  .input matrix, 0, f32[${ROWS}, ${COLUMNS}]
  .output columns, ${4 * ROWS * COLUMNS}, f32[${ROWS}, ${columns}]
  .dram ${4 * ROWS * (COLUMNS + columns)}
  cfg.dimi R1, 0, ${columns}, 4
  cfg.dimi R1, 1, ${rows}, ${4 * COLUMNS}
  cfg.dimi R2, 0, ${columns}, 4
  cfg.dimi R2, 1, ${rows}, ${4 * columns}
  li r1, ${4 * from}
  load nram, r0, r1, R2, R1, f32`;

const cyclesOf = (text: string, machine: Machine): number => {
  const program = assembleProgram(`${text}\n  halt`, { file: 'gather.s', machine });
  const run = createSimulation(program, { data: false, hazards: false }).run();
  if (run.state !== 'done') throw new Error(run.state);
  return run.result.cycles;
};

test('256 segments of 64 bytes take as long as one block', () => {
  expect(cyclesOf(gather(16), bursts)).toBe(256);
  expect(cyclesOf(gather(16), single)).toBe(256);
});

test('256 segments of 4 bytes take a burst each, or 16 cycles without bursts', () => {
  expect(cyclesOf(gather(1), bursts)).toBe(256);
  expect(cyclesOf(gather(1), single)).toBe(16);
});

test('what is gathered is what stands there', () => {
  const text = `${gather(16, 32)}
  sync
  li r2, ${4 * ROWS * COLUMNS}
  store nram, r2, r0, R2, R2, f32
  halt`;
  const simulation = createSimulation(assembleProgram(text, { file: 'gather.s', machine: bursts }), { data: true });
  const matrix = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => i);
  simulation.writeInput('matrix', new Uint8Array(matrix.buffer));
  expect(simulation.run().state).toBe('done');
  const columns = new Float32Array(simulation.readOutput('columns').slice().buffer);
  expect([...columns]).toEqual(
    Array.from({ length: ROWS * 16 }, (_, i) => Math.floor(i / 16) * COLUMNS + 32 + (i % 16)),
  );
});

test('a descriptor that leaves DRAM is refused', () => {
  expect(errorOf(() => cyclesOf(gather(16, 0, 2 * ROWS), bursts)).code).toBe('SYS-SIM-020');
});

test('computation goes on beside it: the longer of the two', () => {
  const beside = (elements: number): string => `${gather(16)}
  li r3, 65536
  cfg.dimi R3, 0, ${elements}, 4
  vec.mov r3, r3, r3, R3, R3, R3, f32`;
  // The vector unit takes 64 elements a cycle.
  expect(cyclesOf(beside(64 * 100), bursts)).toBe(256);
  expect(cyclesOf(beside(64 * 200), bursts)).toBe(256);
  expect(cyclesOf(`${beside(64 * 200)}\n${'  vec.mov r3, r3, r3, R3, R3, R3, f32\n'.repeat(2)}`, bursts)).toBe(600);
});
