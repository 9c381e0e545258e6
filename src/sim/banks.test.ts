/** Banks of the scratchpads: who waits for whom, and for how long. */
import { expect, test } from 'vitest';
import { assembleProgram } from '#isa';
import { type Machine, presets } from '#machine';
import { createSimulation, type SimulationEvent } from './index.ts';

const base = presets.get('textbook-single')!;
/** NRAM of 128 KB in four banks of 32 KB. */
const banked: Machine = { ...base, nram: { ...base.nram, banks: 4 }, dma: { ...base.dma, queues: 2 } };

function run(text: string, machine: Machine) {
  const program = assembleProgram(text, { file: 'test.s', machine });
  const started = new Map<number, number>();
  const observer = (e: SimulationEvent): void => {
    if ('entry' in e && e.type.endsWith(':start')) started.set(e.pc, e.cycle);
  };
  const state = createSimulation(program, { data: false, hazards: false, observer }).run();
  if (state.state !== 'done') throw new Error('not done');
  return { ...state.result, starts: [...started.values()] };
}

/** 4096 words to an address of NRAM (256 cycles), and 2000 groups of the vector unit from another. */
const twoUnits = (pad: number, vector: number): string => `
.dram 65536
  li r1, 0
  li r2, ${pad}
  li r3, ${vector}
  cfg.dimi R0, 0, 4096, 4
  cfg.dimi R1, 0, 640, 4
  load nram, r2, r1, R0, R0, f32
  vec.abs r3, r3, r0, R1, R1, R1, f32
  halt
`;

test('units with banks of their own go at once', () => {
  const { starts, units } = run(twoUnits(0, 32768), banked);
  expect(starts).toEqual([0, 0]);
  expect(units.every((u) => u.idleBy.bank === 0)).toBe(true);
});

test('two that come at once for a bank: the unit of lower number goes first, the other waits to its end', () => {
  const { starts, units } = run(twoUnits(0, 16384), banked);
  expect(starts).toEqual([0, 256]);
  const vector = units.find((u) => u.name === 'vector')!;
  expect(vector.idleBy.bank).toBe(256);
  expect(vector.busy + vector.idle).toBe(266);
});

test('an operand holds every bank from its first byte to its last', () => {
  // 16 KB from the last 64 bytes of bank 0 on reach into bank 1.
  expect(run(twoUnits(32768 - 64, 32768), banked).starts).toEqual([0, 256]);
  expect(run(twoUnits(32768 - 16384, 32768), banked).starts).toEqual([0, 0]);
});

test('without banks all go at once', () => {
  expect(run(twoUnits(0, 0), { ...banked, nram: base.nram }).starts).toEqual([0, 0]);
});

test('who has waited longest goes first, and those behind wait for it', () => {
  // The store waits for the vector unit from 0 on; a second vec would find its bank free at 10, but comes later.
  const text = `
.dram 65536
  li r1, 0
  li r2, 0
  cfg.dimi R0, 0, 1024, 4
  cfg.dimi R1, 0, 640, 4
  vec.abs r2, r2, r0, R1, R1, R1, f32
  vec.abs r2, r2, r0, R1, R1, R1, f32
  store nram, r1, r2, R0, R0, f32
  halt
`;
  const { starts } = run(text, { ...banked, control: { ...banked.control, cyclesPerInstruction: 1 } });
  // Instructions 4, 5 and 6 end at cycles 5, 6, 7: the first vec takes 5 … 15, the store came at 7, the second vec at 15.
  expect(starts).toEqual([5, 15, 15 + 64]);
});
