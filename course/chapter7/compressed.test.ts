/**
 * Exercise 7.10 as programs with data on `textbook-extended`: the cycles and bytes of the textbook's own schedules, and numbers equal to
 * X·W. Readings (a), decompressed on the way in, and (b), zeros of the weights left out; (c) depends on data that no program knows before it
 * runs, and stands in `table.ts` with its operations stated.
 */

import { presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { describe, expect, test } from 'vitest';
import { compressedProgram, product, type Schedule, sparseLayer, type Weights } from './compressed.ts';

const machine = presets.get('textbook-extended')!;
const layer = sparseLayer(710);
const expected = product(layer);

/** Appendix D.3: schedule, rows of a tile, cycles, cycles of the matrix unit. */
const ROWS: readonly (readonly [reading: string, Weights, Schedule, number, number, number])[] = [
  ['(a) serial', 'dense', 'serial', 64, 147968, 131072],
  ['(a) double-buffered', 'dense', 'overlapped', 32, 132096, 131072],
  ['(a) sliced at both ends', 'dense', 'sliced', 32, 131424, 131072],
  ['(b) serial', 'sparse', 'serial', 64, 49664, 32768],
  ['(b) double-buffered', 'sparse', 'overlapped', 32, 33792, 32768],
  ['(b) sliced at both ends', 'sparse', 'sliced', 32, 33376, 32768],
];

describe.each(ROWS)('%s', (_, weights, schedule, tile, cycles, matrix) => {
  const program = compressedProgram(layer, weights, schedule, tile, machine);

  test(`${cycles} cycles, 1081344 bytes, and X·W`, () => {
    const simulation = createSimulation(program, { data: true });
    const state = simulation.run();
    if (state.state !== 'done') throw new Error('no host here');
    const { result } = state;
    const busy = (unit: string): number => result.units.find(({ name }) => name === unit)!.busy;
    expect(result.cycles).toBe(cycles);
    expect([busy('matrix'), busy('dma')]).toEqual([matrix, 16896]);
    expect(result.total.readBytes + result.total.writeBytes).toBe(1081344);
    expect(result.total.macs).toBe(1024 * 128 * (weights === 'dense' ? 256 : 56));
    expect(new Float32Array(simulation.readOutput('y').slice().buffer)).toEqual(expected);
    expect(createSimulation(program, { data: false }).run()).toEqual(state);
  });
});
