/**
 * The scoreboard, by hand-worked cycles. The machine: control costs nothing; a transfer of 64 bytes takes 16 cycles of one channel; a
 * vector operation of 16 elements takes 4. `course/chapter7/5.ts` has exercise 7.5, and random programs hold it against
 * plain sets of bytes (`test/clocked.test.ts`).
 */
import { describe, expect, test } from 'vitest';
import type { Machine } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import type { SimulationEvent } from './events.ts';

type Scoreboard = NonNullable<Machine['control']['scoreboard']>;

const machine = (scoreboard: Partial<Scoreboard> = {}): Machine =>
  machineWith('textbook-single', {
    control: { scoreboard: { order: 'in-order', versions: 1, entries: 64, ...scoreboard } },
    vector: { lanes: 4 },
    dma: { queues: 2 },
    dram: { bandwidth: { bytes: 4, cycles: 1 } },
  });

/** 16 words at r0 = 0, r1 = 64, r2 = 128, r3 = 192 of NRAM and DRAM. */
const PRELUDE = `
  .dram 4096
  .fill 0, 1024, f32 1
  cfg.dimi R0, 0, 16, 4
  li r1, 64
  li r2, 128
  li r3, 192
`;
const load = (at: string): string => `load nram, ${at}, r0, R0, R0, f32\n`;
const store = (at: string, to: string): string => `store nram, ${to}, ${at}, R0, R0, f32\n`;
const copy = (from: string, to: string): string => `vec.mov ${to}, ${from}, r0, R0, R0, R0, f32\n`;

function run(text: string, scoreboard: Partial<Scoreboard> = {}) {
  const spans: [unit: string, start: number, end: number][] = [];
  const observer = (event: SimulationEvent): void => {
    if ('start' in event) spans.push([event.unit, event.start, event.cycle]);
  };
  const program = assembled(`${PRELUDE}${text}halt`, machine(scoreboard));
  const state = createSimulation(program, { data: true, observer }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return { ...state.result, of: (unit: string) => spans.filter(([name]) => name === unit).map(([, start]) => start) };
}

describe('dependences', () => {
  test('a reader waits for the writer of its bytes, and for nobody else', () => {
    const r = run(load('r0') + load('r1') + copy('r0', 'r2') + copy('r1', 'r3'));
    expect(r.of('vector')).toEqual([16, 32]);
    expect(r.units.find((u) => u.name === 'vector')!.idleBy).toMatchObject({ semaphore: 0, dependence: 16 + 12 });
  });

  test('a writer waits for readers and writers of its bytes', () => {
    // The second load waits for the copy out of the buffer, the second copy for the load.
    expect(run(load('r0') + copy('r0', 'r2') + load('r0') + copy('r0', 'r3')).of('vector')).toEqual([16, 36]);
    expect(run(load('r0') + load('r0')).of('load')).toEqual([0, 16]);
  });

  test('a common byte is enough', () => {
    const beside = 'li r4, 60\nload nram, r4, r0, R0, R0, f32\n';
    expect(run(load('r0') + copy('r0', 'r2') + beside).of('load')).toEqual([0, 20]);
    expect(run(load('r0') + copy('r0', 'r2') + load('r1')).of('load')).toEqual([0, 16]);
  });

  test('DRAM counts, too', () => {
    // The load reads what the store writes.
    const r = run(load('r0') + store('r0', 'r0') + load('r1'));
    expect(r.of('load')).toEqual([0, 32]);
  });
});

describe('out of order', () => {
  const text = load('r0') + copy('r0', 'r1') + store('r1', 'r3') + copy('r2', 'r2') + load('r2') + store('r2', 'r2');

  test('a unit takes the oldest entry that is ready', () => {
    const queue = `${load('r2')}sync\n${load('r0')}${copy('r0', 'r1')}${copy('r2', 'r3')}`;
    expect(run(queue).of('vector')).toEqual([32, 36]);
    expect(run(queue, { order: 'out-of-order' }).of('vector')).toEqual([16, 32]);
  });

  test('nothing passes a wait or a signal', () => {
    const queue = `${load('r2')}sync\n${load('r0')}${copy('r0', 'r1')}signal vector, 0\n${copy('r2', 'r3')}`;
    expect(run(queue, { order: 'out-of-order' }).of('vector')).toEqual([32, 36, 36]);
  });

  test('memory that nobody has written is still found', () => {
    for (const order of ['in-order', 'out-of-order'] as const) {
      expect(() => run(text, { order })).toThrow(/reads NRAM address 128, which nobody has written/);
    }
  });
});

describe('versions', () => {
  const rounds = (n: number): string => (load('r0') + copy('r0', 'r1') + copy('r0', 'r2')).repeat(n);

  test('a load goes on as long as fewer versions than there may be are live', () => {
    // Two copies out of each version take 8 cycles, a load 16: one version more than the one in use hides all of them.
    expect(run(rounds(3)).of('load')).toEqual([0, 24, 48]);
    expect(run(rounds(3), { versions: 2 }).of('load')).toEqual([0, 16, 32]);
  });

  test('a slow reader holds its version, and with it the second load behind it', () => {
    const slow = 'cfg.dimi R1, 0, 16, 4\ncfg.dimi R1, 1, 100, 0\ncfg.dimi R2, 0, 16, 4\ncfg.dimi R2, 1, 100, 0\n';
    const sum = 'vec.mov r1, r0, r0, R1, R1, R2, f32, add, init\n';
    const text = slow + load('r0') + sum + load('r0') + load('r0') + load('r0');
    // The sum reads from 16 to 416.
    expect(run(text).of('load')).toEqual([0, 416, 432, 448]);
    // Of the loads behind it none is read: each is dead when the next comes, and only the version of the sum stays.
    expect(run(text, { versions: 2 }).of('load')).toEqual([0, 16, 32, 48]);
    const read = slow + load('r0') + sum + load('r0') + store('r0', 'r1') + sum + load('r0');
    // The second sum waits for the vector unit, so both versions live until the first is over.
    expect(run(read, { versions: 2 }).of('load')).toEqual([0, 16, 416]);
    expect(run(read, { versions: 3 }).of('load')).toEqual([0, 16, 32]);
  });

  test('a range that is overwritten in part is not renamed', () => {
    const half = 'cfg.dimi R3, 0, 8, 4\nload nram, r0, r0, R3, R3, f32\n';
    expect(run(load('r0') + copy('r0', 'r1') + half, { versions: 4 }).of('load')).toEqual([0, 20]);
  });

  test('an entry that is ahead takes effect behind those that it overtook', () => {
    const program = (versions: number) =>
      assembled(
        `${PRELUDE}.fill 1024, 64, f32 2
        .output y, 2048, f32[16]
        .output z, 2112, f32[16]
        li r4, 1024
        li r5, 2048
        li r6, 2112
        cfg.dimi R1, 0, 16, 4
        cfg.dimi R1, 1, 100, 0
        load nram, r2, r0, R0, R0, f32
        sync
        vec.mov r3, r2, r0, R1, R1, R1, f32, max, init   # keeps the vector unit busy
        load nram, r0, r0, R0, R0, f32
        vec.mov r1, r0, r0, R0, R0, R0, f32
        load nram, r0, r4, R0, R0, f32                   # is over before the copy begins
        store nram, r5, r1, R0, R0, f32
        store nram, r6, r0, R0, R0, f32
        halt`,
        machine({ versions }),
      );
    for (const versions of [1, 2]) {
      const simulation = createSimulation(program(versions), { data: true });
      simulation.run();
      const values = (name: string) => new Float32Array(simulation.readOutput(name).slice().buffer);
      expect(new Set(values('y'))).toEqual(new Set([1]));
      expect(new Set(values('z'))).toEqual(new Set([2]));
    }
  });
});

describe('limits', () => {
  test('control waits while the scoreboard is full', () => {
    const text = load('r0') + load('r1') + load('r2') + copy('r3', 'r3').replace('r3, r3', 'r3, r0');
    const [all, two] = [run(text), run(text, { entries: 2 })];
    expect(all.of('vector')).toEqual([16]);
    // The copy is the fourth: it comes in when the second load is over.
    expect(two.of('vector')).toEqual([32]);
    expect(two.control.queue).toBeGreaterThan(0);
  });

  test('semaphores against the order of dispatch end in a deadlock that names both sides', () => {
    // The store reads before the copy writes, says dispatch; the semaphore says the contrary.
    const text = `${load('r0')}${load('r1')}sync\nwait store, 0\n${store('r1', 'r2')}${copy('r0', 'r1')}signal vector, 0\n`;
    expect(() => run(text)).toThrow(
      /the store queue waits for semaphore 0 .*the vector queue waits at instruction \d+ for an entry dispatched before it/,
    );
  });
});
