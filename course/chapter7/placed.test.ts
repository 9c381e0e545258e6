/** Exercises 7.7, 7.9 and 7.12 with the places of operands: what fits, what races, and the bytes that are used. */

import { assembleProgram, memoryUses } from 'systole/isa';
import { presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { describe, expect, it, test } from 'vitest';
import { errorOf } from '../../test/support/errorText.ts';
import { doubleBuffered79, pipelined712, SERIAL_7_7 } from './placed.ts';

const assembled = (text: string, machine: string) =>
  assembleProgram(text, { file: 'placed.asm', machine: presets.get(machine)! });

/** Cycles, and bytes used of each memory that is judged. */
function judged(text: string, machine = 'textbook-single') {
  const program = assembled(text, machine);
  const run = createSimulation(program, { data: false }).run();
  if (run.state !== 'done') throw new Error(run.state);
  const used = memoryUses(program).flatMap((m) => (m.judged ? [[m.memory, m.usedBytes] as const] : []));
  return { cycles: run.result.cycles, used: Object.fromEntries(used) };
}

const codeOf = (text: string, machine = 'textbook-single') =>
  errorOf(() => createSimulation(assembled(text, machine), { data: false }).run());

test('7.7 serial', () => {
  expect(judged(SERIAL_7_7)).toEqual({ cycles: 34, used: { dram: 2052, nram: 1028, wram: 1024 } });
});

describe('7.9 double-buffered', () => {
  test.each([
    [32, 133888, 98304],
    [16, 133504, 49152],
    [8, 133312, 24576],
  ])('row tiles of %d take %d cycles and %d bytes of NRAM', (rows, cycles, nram) => {
    expect(judged(doubleBuffered79(rows))).toEqual({ cycles, used: { nram, wram: 131072 } });
  });

  it('does not fit with row tiles of 64', () => {
    // 2 · (65536 + 32768) = 196608 bytes.
    expect(errorOf(() => assembled(doubleBuffered79(64), 'textbook-single'))).toMatchObject({
      code: 'SYS-ASM-062',
      params: { memory: 'NRAM', capacity: 131072 },
    });
  });

  it('races where a tile is loaded over the one that is computed', () => {
    const wrong = doubleBuffered79(32).replace('move DRAM NRAM[0, 32768]', 'move DRAM NRAM[32768, 0]');
    expect(codeOf(wrong)).toMatchObject({ code: 'SYS-SIM-031', params: { memory: 'NRAM', textbook: true } });
  });

  it('reads too soon without a sync between load and computation', () => {
    const wrong = doubleBuffered79(32).replace('sync\n', '');
    expect(codeOf(wrong)).toMatchObject({ code: 'SYS-SIM-030', params: { memory: 'NRAM', address: 0 } });
  });

  it('races without a sync between computation and the next load over what it reads', () => {
    const wrong = doubleBuffered79(32).replace('sync\nloop', 'loop');
    expect(codeOf(wrong)).toMatchObject({ code: 'SYS-SIM-031', params: { otherUnit: 'matrix', unit: 'dma' } });
  });
});

describe('7.12, the best given program', () => {
  it('is free of races and takes what the exercise says', () => {
    expect(judged(pipelined712(), 'textbook-cluster')).toEqual({
      cycles: 525504,
      used: { nram: 98304, wram: 262144, shared: 1048576 },
    });
  });

  it('reads what nobody has brought, where a tile of X is left out', () => {
    const wrong = pipelined712().replace('move DRAM SHARED[65536] 32768', 'move DRAM SHARED[0] 32768');
    expect(codeOf(wrong, 'textbook-cluster')).toMatchObject({
      code: 'SYS-SIM-030',
      params: { memory: 'SharedRAM', address: 65536 },
    });
  });
});
