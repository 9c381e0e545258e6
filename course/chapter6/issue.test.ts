/**
 * Exercise 6.4: why instruction-level parallelism helps little in a deep-learning processor, and when it does. What an instruction costs to
 * issue is varied: an endless width costs nothing, one instruction a cycle costs 1.
 */

import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { expect, test } from 'vitest';
import { innerSlices, LAYERS, rowTiles, rowTilesSerial } from '../chapter7/programs.ts';

const single = presets.get('textbook-single')!;
const issuing = (cyclesPerInstruction: number): Machine => ({
  ...single,
  control: { ...single.control, cyclesPerInstruction },
});

function cyclesOf(text: string, cost: number): number {
  const program = assembleProgram(text, { file: 'layer.s', machine: issuing(cost) });
  const run = createSimulation(program, { data: false }).run();
  if (run.state !== 'done') throw new Error(run.state);
  return run.result.cycles;
}

const slowerBy = (text: string, cost: number): number => cyclesOf(text, cost) / cyclesOf(text, 0) - 1;

test('a matrix instruction keeps its unit busy so long that the width of issue does not show', () => {
  const doubleBuffered = rowTiles(LAYERS['7.9'], 32);
  expect(cyclesOf(doubleBuffered, 0)).toBe(133888);
  expect(slowerBy(doubleBuffered, 1)).toBeGreaterThan(0);
  expect(slowerBy(doubleBuffered, 1)).toBeLessThanOrEqual(0.002);
});

test('what does show is that units work side by side', () => {
  const serial = cyclesOf(rowTilesSerial(LAYERS['7.9'], 32), 0);
  expect(serial / cyclesOf(rowTiles(LAYERS['7.9'], 32), 0)).toBeCloseTo(157696 / 133888, 12);
  expect(157696 / 133888).toBeCloseTo(1.1778202676864242, 12);
});

test('short instructions are another matter: the more of them, the more issue costs', () => {
  const slices = [8, 32, 256].map((n) => slowerBy(innerSlices(LAYERS['7.8'], n), 4));
  expect(slices).toEqual([...slices].sort((a, b) => a - b));
  expect(slices[0]).toBeLessThan(0.03);
  expect(slices[2]).toBeGreaterThan(0.2);
});
