/** Instructions that have sizes only: what they take, and where they are refused. Cycles are worked out beside each. */
import { describe, expect, test } from 'vitest';
import { assembleProgram } from '#isa';
import { type Machine, presets } from '#machine';
import { errorOf } from '../../test/support/errorText.ts';
import { createSimulation } from './cycle.ts';
import { createDebugger } from './debugger.ts';
import { runFunctional } from './functional.ts';

const single = presets.get('textbook-single')!;
const cluster = presets.get('textbook-cluster')!;
const program = (text: string, machine: Machine) => assembleProgram(text, { file: 'x.asm', machine });

function run(text: string, machine: Machine = single) {
  const state = createSimulation(program(text, machine), { data: false }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return state.result;
}

test('operations take the rate of their bits', () => {
  // ⌈1000 ÷ 256⌉ = 4; four times the rate in i8; the fastest of 16 bits; without such types that of f32.
  const quad = presets.get('textbook-single-i8x4')!;
  const matrix = { ...quad.matrix, types: { f16: { tn: 16, ti: 16 }, i16: { tn: 16, ti: 32 } } } as Machine['matrix'];
  const cycles = (type: string, machine: Machine) => run(`compute ${type} 1000`, machine).cycles;
  expect(['mac_32', 'mac_16', 'mac_8', 'add_8'].map((type) => cycles(type, quad))).toEqual([4, 4, 1, 1]);
  expect(['mac_32', 'mac_16', 'mac_8'].map((type) => cycles(type, { ...quad, matrix }))).toEqual([4, 2, 4]);
  expect(run('compute mac_8 1000', quad).total).toMatchObject({ macs: 1000, i8Macs: 1000 });
  expect(run('compute mac_32 1000', quad).total).toMatchObject({ macs: 1000, i8Macs: 0 });
});

describe('transfers', () => {
  test('whole cycles of the channel, one after the other', () => {
    // ⌈100 ÷ 64⌉ + ⌈1 ÷ 64⌉ = 2 + 1.
    expect(run('move DRAM NRAM 100\nmove NRAM DRAM 1')).toMatchObject({
      cycles: 3,
      total: { readBytes: 100, writeBytes: 1 },
    });
  });

  test('of all cores follow each other without gaps, multicast goes once, SharedRAM is one', () => {
    // ⌈4 · 100 ÷ 128⌉ = 4; ⌈100 ÷ 128⌉ = 1; 1.
    expect(run('move DRAM NRAM 100', cluster)).toMatchObject({ cycles: 4, total: { readBytes: 400 } });
    expect(run('move DRAM NRAM 100 mc', cluster)).toMatchObject({ cycles: 1, total: { readBytes: 100 } });
    expect(run('move DRAM SHARED 100', cluster)).toMatchObject({ cycles: 1, total: { readBytes: 100 } });
    expect(run('move NRAM DRAM 100', cluster)).toMatchObject({ cycles: 4, total: { writeBytes: 400 } });
  });

  test('links carry their own, one port carries all', () => {
    const { sharedRam } = cluster.cluster!;
    const onePort: Machine = { ...cluster, cluster: { cores: 4, sharedRam: { ...sharedRam, ports: 'one' } } };
    // ⌈1001 ÷ 1000⌉ = 2, on each of four links; ⌈4004 ÷ 1000⌉ = 5 on one port, ⌈1001 ÷ 1000⌉ = 2 by multicast.
    expect(run('move SHARED NRAM 1001', cluster).cycles).toBe(2);
    expect(run('move SHARED NRAM 1001', onePort).cycles).toBe(5);
    expect(run('move SHARED WRAM 1001 mc', onePort).cycles).toBe(2);
    expect(run('move NRAM SHARED 1001', onePort).cycles).toBe(5);
  });

  test('links and channel work side by side', () => {
    // Channel ⌈12800 ÷ 128⌉ = 100, links ⌈50000 ÷ 1000⌉ = 50.
    const { cycles, units } = run('move DRAM SHARED 12800\nmove SHARED NRAM 50000', cluster);
    expect(cycles).toBe(100);
    expect(units.find((u) => u.name === 'link')).toMatchObject({ busy: 50, entries: 1 });
  });

  test('bursts and latencies are those of the machine', () => {
    const slow: Machine = {
      ...single,
      dma: { ...single.dma, burstBytes: 64, setupCycles: 3 },
      dram: { ...single.dram, latencyCycles: 10 },
    };
    // 3 + ⌈128 ÷ 64⌉ + 10.
    expect(run('move DRAM NRAM 65', slow)).toMatchObject({
      cycles: 15,
      total: { readBytes: 65, readBurstBytes: 128 },
    });
  });
});

test('every type of operation takes the lanes alike; only multiply-accumulates are counted as such', () => {
  // ⌈257 ÷ 256⌉ = 2 each.
  expect(run('compute MAC_32 257\ncompute ADD_16 257\ncompute MAC_8 257')).toMatchObject({
    cycles: 6,
    total: { macs: 514, otherOps: 257 },
  });
  expect(run('compute MAC_32 257', cluster)).toMatchObject({ cycles: 2, total: { macs: 1028 } });
});

test('without sync units overlap, with it nothing does', () => {
  expect(run('move DRAM NRAM 6400\ncompute MAC_32 25600').cycles).toBe(100);
  expect(run('move DRAM NRAM 6400\nsync\ncompute MAC_32 25600').cycles).toBe(200);
});

test('queues of the ideal machines never stall the stream', () => {
  // All transfers are handed over before the first operation: max(5000 · 100, 5000 · 100), not their sum.
  const text = 'loop 5000\nmove DRAM NRAM 6400\nendloop\nloop 5000\ncompute MAC_32 25600\nendloop';
  expect(run(text).cycles).toBe(500_000);
});

describe('refused', () => {
  const words = (text: string, machine: Machine) => assembleProgram(text, { file: 'x.s', machine });
  const timed = (text: string, machine: Machine) =>
    errorOf(() => createSimulation(words(text, machine), { data: false }).run());

  test('with data, by both models', async () => {
    const p = program('move DRAM NRAM 4', single);
    const expected = { code: 'SYS-SIM-009', place: { instruction: 0 } };
    expect(errorOf(() => createSimulation(p, { data: true }))).toMatchObject(expected);
    await expect(runFunctional(p)).rejects.toMatchObject(expected);
  });

  test('along a path that is not there', () => {
    for (const path of ['nram, wram', 'dram, dram', 'shared, shared']) {
      expect(timed(`dma.linear ${path}, 4\nhalt`, cluster).code).toBe('SYS-SIM-017');
    }
    expect(timed('dma.linear nram, dram, 4, mc\nhalt', cluster).code).toBe('SYS-SIM-017');
    expect(timed('dma.linear dram, shared, 4, mc\nhalt', cluster).code).toBe('SYS-SIM-017');
    expect(timed('dma.linear dram, shared, 4\nhalt', single).code).toBe('SYS-SIM-018');
  });

  test('on several cores, what only one stream of a core can do', () => {
    for (const own of [
      'load nram, r0, r0, R0, R0, f32',
      'csr r1, core',
      'signal.to load, 0, r0',
      'put nram, r0, r0, R0, R0, f32',
    ]) {
      expect(timed(`dma.linear dram, nram, 4\n${own}\nhalt`, cluster).code).toBe('SYS-SIM-019');
    }
    const meets = words('dma.linear dram, nram, 4\nbarrier chip\nsync chip\nhalt', cluster);
    expect(createSimulation(meets, { data: false }).run()).toMatchObject({ result: { cycles: 1 } });
  });
});

test('a program that never waits for its units is stopped before the simulator has no room', () => {
  const ahead = 'loop 16777215\nmove DRAM NRAM 64\ncompute MAC_32 256\nendloop';
  expect(errorOf(() => run(ahead))).toMatchObject({ code: 'SYS-SIM-036', params: { queue: 'dma', most: 2 ** 19 } });
  expect(run(ahead.replace('16777215', '200000')).cycles).toBe(200_000);
});

describe('operands with places', () => {
  const text =
    'move DRAM NRAM[0] 64\nsync\nloop 6\nmove DRAM NRAM[64, 0] 64\ncompute MAC_32 256 NRAM[0, 64] 64\nsync\nendloop';

  test('count their executions through a checkpoint', () => {
    const whole = createSimulation(program(text, single), { data: false });
    const broken = createSimulation(program(text, single), { data: false });
    const answer = whole.run();
    let saved = broken.save();
    for (let state = broken.run(1); state.state === 'running'; ) {
      saved = broken.save();
      // What is restored each time is another simulation, which knows nothing but the state.
      const next = createSimulation(program(text, single), { data: false });
      next.restore(saved);
      expect(next.run()).toEqual(answer);
      state = broken.run(1);
    }
  });

  test('are what a watchpoint sees', async () => {
    const session = createDebugger(program(text, single), { data: false });
    const id = session.breakpoints.add({ kind: 'access', memory: 'nram', mode: 'write', from: 64, to: 65 });
    // The first load takes cycle 0, the second begins behind the sync.
    expect(await session.continue()).toMatchObject({ cycle: 1, reasons: [{ kind: 'breakpoint', id }] });
  });
});
