/** DRAM in banks behind the channel: what a run is counted by, with and without addresses. */
import { expect, test } from 'vitest';
import { assembleProgram, type Program } from '#isa';
import { type Machine, presets } from '#machine';
import { createSimulation, type SimulationEvent } from './index.ts';

const machine = presets.get('textbook-single-ddr4')!;
const { banked, ...plainDram } = machine.dram;
const plain: Machine = { ...machine, dram: plainDram };

function run(text: string, on: Machine, file = 'test.s') {
  const program: Program = assembleProgram(text, { file, machine: on });
  const events: SimulationEvent[] = [];
  const state = createSimulation(program, { data: false, hazards: false, observer: (e) => events.push(e) }).run();
  if (state.state !== 'done') throw new Error('not done');
  return { ...state.result, events };
}

const LOADS = `
.dram 4194304
  li r1, 0
  loopi 8, end
  cfg.dimi R0, 0, 4096, 4
  load nram, r0, r1, R0, R0, f32
  li r2, 16384
  add r1, r1, r2
end:
  halt
`;

test('banks add idle cycles of their own cause, busy ones stay as without banks', () => {
  const [with_, without] = [run(LOADS, machine), run(LOADS, plain)];
  const load = (r: typeof with_) => r.units.find((u) => u.name === 'load')!;
  expect(load(with_).busy).toBe(load(without).busy);
  expect(load(with_).idleBy.dram).toBeGreaterThan(0);
  expect(load(without).idleBy.dram).toBe(0);
  expect(with_.cycles).toBeGreaterThan(without.cycles);
  expect(with_.total.channelCycles).toBe(without.total.channelCycles);
  expect(without.dram).toBeUndefined();
});

test('rows are counted by run and by grant', () => {
  const { dram, events } = run(LOADS, machine);
  // 8 × 16 KB in rows of 4 × 8 KB: half of the transfers find their four rows open.
  expect(dram).toMatchObject({ hits: 8 * 256 - 16, misses: 16, conflicts: 0 });
  const grants = events.filter((e) => e.type === 'channel:grant');
  expect(grants.map((e) => e.dram!.misses)).toEqual([4, 0, 4, 0, 4, 0, 4, 0]);
  expect(dram!.cycles).toBe(grants.reduce((n, e) => n + e.dram!.cycles, 0));
});

test('rows of a transfer that waits are opened under the data of the one before', () => {
  const { dram } = run(LOADS, machine);
  // 256 bursts of four clocks at 6 clocks for 5 cycles, less what rounding to whole cycles takes.
  const ideal = Math.ceil((256 * 4 * 5) / 6);
  expect(dram!.cycles - 8 * ideal).toBeLessThan(60);
});

test('the dialect of the textbook runs on banks: its transfers follow each other', () => {
  const text = 'loop 64\nmove DRAM NRAM 65536\nendloop\nsync\n';
  const result = run(text, machine, 'test.asm');
  const peak = (64 * 65536) / 19.2;
  expect(result.cycles).toBeGreaterThan(peak);
  // Refresh takes 350 ns of 7.8 µs, closing and opening rows some more.
  expect(result.cycles).toBeLessThan(peak * 1.09);
  expect(result.dram!.refreshes).toBe(Math.floor((result.cycles * 1.2) / 9360));
});

test('bytes are those of the bursts that moved: a segment that begins inside one moves both', () => {
  // Rows of 64 B, 256 B apart: 256 segments.
  const moved = (offset: number, mnemonic: 'load' | 'store') => {
    const text = `
.dram 4194304
  li r1, ${offset}
  cfg.dimi R0, 0, 16, 4
  cfg.dimi R0, 1, 256, 256
  cfg.dimi R1, 0, 16, 4
  cfg.dimi R1, 1, 256, 64
  ${mnemonic === 'load' ? 'load nram, r0, r1, R1, R0, f32' : 'store nram, r1, r0, R0, R1, f32'}
  halt
`;
    const { dram, total, rest } = run(text, machine);
    const bytes = { readBytes: dram!.readBytes, writeBytes: dram!.writeBytes };
    expect(rest.dram).toMatchObject(bytes);
    return { ...bytes, counted: total.readBurstBytes + total.writeBurstBytes };
  };
  const whole = 256 * 64;
  expect(moved(0, 'load')).toEqual({ readBytes: whole, writeBytes: 0, counted: whole });
  expect(moved(32, 'load')).toEqual({ readBytes: 2 * whole, writeBytes: 0, counted: whole });
  expect(moved(32, 'store')).toEqual({ readBytes: 0, writeBytes: 2 * whole, counted: whole });
});
