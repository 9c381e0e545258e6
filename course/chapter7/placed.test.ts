/** Exercises 7.9 and 7.12 with the places of operands: what is said of the program where one of its lines is wrong. */

import { presets } from 'systole/machine';
import { expect, it } from 'vitest';
import { errorOf } from '../../test/support/errorText.ts';
import { doubleBuffered79, pipelined712 } from './placed.ts';
import { run } from './schedule.ts';

const codeOf = (text: string, machine = 'textbook-single') => errorOf(() => run(text, presets.get(machine)!));

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

it('reads what nobody has brought, where a tile of X is left out', () => {
  const wrong = pipelined712().replace('move DRAM SHARED[65536] 32768', 'move DRAM SHARED[0] 32768');
  expect(codeOf(wrong, 'textbook-cluster')).toMatchObject({
    code: 'SYS-SIM-030',
    params: { memory: 'SharedRAM', address: 65536 },
  });
});
