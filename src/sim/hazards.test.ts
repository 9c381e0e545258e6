/** Programs that must be stopped, and look-alikes that must not; in both fidelities, which give one verdict. */
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { type Machine, presets } from '#machine';
import { errorOf as errorFrom } from '../../test/support/errorText.ts';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import { runFunctional } from './functional.ts';
import type { SimulationOptions } from './run.ts';

const two = machineWith('textbook-single', { dma: { queues: 2 } });

/** Instructions take their time, so that distance in the program is distance in time. */
const slow = machineWith('textbook-single', { control: { cyclesPerInstruction: 1 }, dma: { queues: 2 } });

/** R0: 16 contiguous f32. R2: 4 × 4, rows 64 B apart: a column of 4 channels out of 16. Constants at 0…4095. */
const PRELUDE = `
.dram 65536
.fill 0, 4096, f32 1
.node "tile"
  cfg.dimi R0, 0, 16, 4
  cfg.clear R1
  cfg.dimi R2, 0, 4, 4
  cfg.dimi R2, 1, 4, 64
  li r1, 0x1000
  li r2, 64
  li r3, 128
`;

function run(text: string, machine: Machine = two, options: Partial<SimulationOptions> = {}): void {
  const program = assembled(PRELUDE + text, machine);
  const [timing, data] = [false, true].map((withData) => {
    try {
      createSimulation(program, { data: withData, ...options }).run();
    } catch (error) {
      return error;
    }
    return undefined;
  });
  expect(timing).toEqual(data);
  if (timing !== undefined) throw timing;
}

function errorOf(text: string, machine: Machine = two, options: Partial<SimulationOptions> = {}): SystoleError {
  try {
    run(text, machine, options);
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('the program was not stopped');
}

describe('races', () => {
  test('read after write without a semaphore, although the timing is lucky', () => {
    // The load is long over when the vec starts, since control spends 1000 nops between.
    const late = `load nram, r0, r0, R0, R0, f32\nloopi 1000\nnop\nendloop\nvec.mov r3, r0, r0, R0, R0, R0, f32\nhalt`;
    const error = errorOf(late, slow);
    expect(error.code).toBe('SYS-SIM-031');
    expect(error.params).toMatchObject({ memory: 'NRAM', address: 0, access: 'read', otherAccess: 'write' });
    expect(error.place).toMatchObject({ instruction: 10, node: 'tile' });
    expect(error.message).toContain("instruction 7 (node 'tile')");
    expect(error.text('zh')).toContain('信号量');
    const ordered = late.replace('loopi', 'signal load, 3\nloopi').replace('vec.mov', 'wait vector, 3\nvec.mov');
    expect(() => run(ordered, slow)).not.toThrow();
  });

  test('write after read: a buffer is loaded again although the vector unit may still read it', () => {
    const text = (order: string) => `
      load nram, r0, r0, R0, R0, f32
      signal load, 0
      wait vector, 0
      vec.mov r3, r0, r0, R0, R0, R0, f32
      ${order}
      load nram, r0, r0, R0, R0, f32
      halt`;
    // Long after, so that the reader comes first in this run.
    const later = 'loopi 100\nnop\nendloop';
    expect(errorOf(text(later), slow).params).toMatchObject({
      access: 'write',
      otherAccess: 'read',
      otherUnit: 'vector',
    });
    expect(() => run(text(`signal vector, 1\n${later}\nwait load, 1`), slow)).not.toThrow();
    // At once: whichever comes first, it is a race.
    expect(errorOf(text('')).code).toBe('SYS-SIM-031');
    // On the machine with the most units, too.
    const { cluster } = presets.get('textbook-cluster')!;
    const five: Machine = { ...slow, cluster: { ...cluster!, cores: 1 } };
    expect(errorOf(text(later), five).params).toMatchObject({ access: 'write', otherUnit: 'vector' });
  });

  test('write after write between load and vector', () => {
    const text = `
      load nram, r0, r0, R0, R0, f32
      sync
      vec.mov r3, r0, r0, R0, R0, R0, f32
      load nram, r3, r0, R0, R0, f32
      halt`;
    expect(errorOf(text).params).toMatchObject({ address: 128, otherAccess: 'write' });
  });

  test('through DRAM: a load of what a store writes', () => {
    const text = `
      load nram, r0, r0, R0, R0, f32
      sync
      store nram, r1, r0, R0, R0, f32
      load nram, r3, r1, R0, R0, f32
      halt`;
    expect(errorOf(text).params).toMatchObject({ memory: 'DRAM', address: 4096 });
    // One DMA queue is one unit: in order by itself.
    expect(() => run(text, machineWith('textbook-single', {}))).not.toThrow();
    expect(() =>
      run(text.replace('      load nram, r3', '      signal store, 0\n      wait load, 0\n      load nram, r3')),
    ).not.toThrow();
  });

  test('order is transitive: load → vector → store', () => {
    const chain = `
      load nram, r0, r0, R0, R0, f32
      signal load, 0
      wait vector, 0
      vec.mov r2, r0, r0, R0, R0, R0, f32
      signal vector, 1
      wait store, 1
      store nram, r1, r0, R0, R0, f32
      signal store, 2
      wait load, 2
      load nram, r0, r1, R0, R0, f32
      halt`;
    expect(() => run(chain)).not.toThrow();
  });

  test('the k-th wait pairs with the k-th signal: the one before does not cover a later write', () => {
    const text = `
      load nram, r0, r0, R0, R0, f32
      signal load, 0
      load nram, r2, r0, R0, R0, f32
      signal load, 0
      wait vector, 0
      vec.mov r3, r2, r0, R0, R0, R0, f32
      halt`;
    expect(errorOf(text).params).toMatchObject({ address: 64 });
    expect(() => run(text.replace('wait vector, 0', 'wait vector, 0\nwait vector, 0'))).not.toThrow();
  });

  test('interleaved channel slices do not overlap', () => {
    const text = (base: string) => `
      li r4, ${base}
      load nram, r0, r0, R2, R2, f32      # channels 0–3 of 4 pixels
      vec.mov r4, r5, r0, R2, R2, R2, f32 # channels … of the same pixels
      halt`;
    const init = `li r5, 2048\ncfg.dimi R3, 0, 64, 4\nload nram, r5, r0, R3, R3, f32\nsync\n`;
    expect(() => run(init + text('16'))).not.toThrow();
    expect(errorOf(init + text('12')).code).toBe('SYS-SIM-031');
  });
});

describe('memory', () => {
  test('a read of what nobody wrote, to the word', () => {
    // 16 words are loaded, 17 are read.
    const text = `
      load nram, r0, r0, R0, R0, f32
      sync
      cfg.dimi R3, 0, 17, 4
      vec.mov r3, r0, r0, R3, R3, R3, f32
      halt`;
    const error = errorOf(text);
    expect(error.code).toBe('SYS-SIM-030');
    expect(error.params).toMatchObject({ memory: 'NRAM', address: 64, operand: 'A' });
    expect(() => run(text.replace('17', '16'))).not.toThrow();
  });

  test('accumulators that were never written, and bias', () => {
    const mma = (flags: string) => `
      load nram, r0, r0, R0, R0, f32
      load wram, r0, r0, R0, R0, f32
      sync
      cfg.clear R4                       # 1 pixel
      cfg.dimi R5, 0, 16, 4              # 16 to reduce
      cfg.clear R6
      cfg.dimi R6, 4, 1, 64              # 1 filter
      li r7, 256
      mma r3, r0, r0, R4, R5, R6, r0, r7, f32${flags}
      halt`;
    expect(() => run(mma(', clear, drain'))).not.toThrow();
    expect(errorOf(mma(', drain')).params).toMatchObject({ memory: 'ARAM', address: 0 });
    expect(errorOf(mma(', clear, drain, bias')).params).toMatchObject({
      memory: 'WRAM',
      address: 256,
      operand: 'bias',
    });
  });

  test('DRAM that neither constant, input nor store filled', () => {
    expect(errorOf('load nram, r0, r1, R0, R0, f32\nhalt').params).toMatchObject({ memory: 'DRAM', address: 4096 });
  });

  test('padding is not read', () => {
    // 16 columns of which 4…11 lie inside; the base lies before the constants and wraps.
    const text = `
      li r4, -16
      li r5, 4
      li r6, 12
      cfg.dimi R3, 0, 16, 4
      cfg.bound R3, 0, r5, r6
      load nram, r0, r4, R0, R3, f32
      sync
      vec.mov r3, r0, r0, R0, R0, R0, f32
      halt`;
    expect(() => run(text)).not.toThrow();
    expect(errorOf(text.replace('li r5, 4', 'li r5, 3')).code).toBe('SYS-SIM-020');
  });

  test('an output that was not written whole', () => {
    const text = `.output y, 0x1000, f32[17]\nload nram, r0, r0, R0, R0, f32\nsync\nstore nram, r1, r0, R0, R0, f32\nhalt`;
    expect(errorOf(text).params).toMatchObject({ memory: 'DRAM', address: 4160, operand: "'y'" });
    expect(() => run(text.replace('[17]', '[16]'))).not.toThrow();
  });

  test('out of range, by one word', () => {
    const text = 'li r4, 131072 - 60\nload nram, r4, r0, R0, R0, f32\nhalt';
    const error = errorOf(text);
    expect(error.code).toBe('SYS-SIM-020');
    expect(error.params).toMatchObject({ memory: 'NRAM', from: 131012, to: 131076, bytes: 131072 });
    expect(() => run(text.replace('- 60', '- 64'))).not.toThrow();
  });

  test('unaligned', () => {
    expect(errorOf('li r4, 2\nload nram, r4, r0, R0, R0, f32\nhalt').code).toBe('SYS-SIM-021');
    expect(() => run('li r4, 2\nload nram, r4, r0, R0, R0, i16\nhalt')).not.toThrow();
  });

  test('more cycles than are counted exactly', () => {
    const slow: Machine = { ...two, dram: { ...two.dram, latencyCycles: 2 ** 52 } };
    const loads = (n: number) => `${'load nram, r0, r0, R0, R0, f32\n'.repeat(n)}halt`;
    expect(() => run(loads(1), slow)).not.toThrow();
    expect(errorOf(loads(2), slow).code).toBe('SYS-SIM-035');
  });

  test('more elements than the processor counts', async () => {
    // 2^20 − 1 squared elements at one place.
    const text = `
      cfg.dimi R0, 0, 1048575, 0
      cfg.dimi R0, 1, 1048575, 0
      load nram, r0, r0, R0, R0, f32
      halt`;
    expect(errorOf(text)).toMatchObject({ code: 'SYS-SIM-034', params: { most: 2 ** 31 - 1 } });
    await expect(runFunctional(assembled(`.dram 64\n${text}`, two))).rejects.toMatchObject({ code: 'SYS-SIM-034' });
    const mma = (filters: number) => `
      cfg.dimi R11, 0, 1048575, 0
      cfg.dimi R11, 1, 2048, 0
      cfg.dimi R12, 0, 131072, 0
      cfg.dimi R13, 4, ${filters}, 0
      mma r0, r0, r0, R11, R12, R13, r0, r0, f32
      halt`;
    expect(errorOf(mma(2)).code).toBe('SYS-SIM-034');
    // One filter is counted, and then found outside of WRAM.
    expect(errorOf(mma(1)).code).toBe('SYS-SIM-020');
  });

  test('operands may be in place, but not overlap in part', () => {
    const text = (c: string) => `
      cfg.dimi R3, 0, 32, 4
      load nram, r0, r0, R3, R3, f32
      sync
      li r4, ${c}
      vec.mov r4, r0, r0, R0, R0, R0, f32
      halt`;
    expect(() => run(text('0'))).not.toThrow();
    expect(() => run(text('64'))).not.toThrow();
    expect(errorOf(text('4')).code).toBe('SYS-SIM-032');
    // Not the hazard detector's business: the units count on it, so that it is always on.
    expect(errorOf(text('4'), two, { hazards: false }).code).toBe('SYS-SIM-032');
  });

  test('in place each element has a word of its own: no chain through the lanes', async () => {
    const text = (dims: string, rest: string) => `
      cfg.dimi R3, 0, 32, 4
      load nram, r0, r0, R3, R3, f32
      sync
      cfg.clear R4
      ${dims}
      li r4, 64
      vec.add r4, r4, r0, R4, R0, R4, f32, ${rest}
      halt`;
    const refused = async (dims: string, rest = 'record'): Promise<void> => {
      expect(errorOf(text(dims, rest))).toMatchObject({ code: 'SYS-SIM-033', params: { operand: 'A', address: 64 } });
      const program = assembled(PRELUDE + text(dims, rest), two);
      await expect(runFunctional(program)).rejects.toMatchObject({ code: 'SYS-SIM-080' });
    };
    const passes = async (dims: string, rest = 'record'): Promise<void> => {
      expect(() => run(text(dims, rest))).not.toThrow();
      await runFunctional(assembled(PRELUDE + text(dims, rest), two));
    };
    await refused('cfg.dimi R4, 0, 16, 0');
    await refused('cfg.dimi R4, 1, 16, 0');
    await refused('cfg.dimi R4, 0, 16, 0', 'scalar, add');
    await refused('cfg.dimi R4, 0, 4, 4\ncfg.dimi R4, 1, 2, 12');
    await passes('cfg.dimi R4, 0, 16, 4');
    await passes('cfg.dimi R4, 0, 16, 4', 'scalar, add');
    await passes('cfg.dimi R4, 0, 1, 0');
    // Words 0, 2, 4 and 3, 5, 7: apart, although the steps interlock.
    await passes('cfg.dimi R4, 0, 3, 8\ncfg.dimi R4, 1, 2, 12');
  });

  test('of several results for one word the last stays', async () => {
    const text = `
      .const 4096, f32 1, 2, 3, 4, 5, 6
      .output y, 8192, f32[3]
      cfg.dimi R3, 0, 6, 4
      load nram, r0, r1, R3, R3, f32
      sync
      cfg.dimi R4, 0, 3, 4
      cfg.dimi R4, 1, 2, 12
      cfg.dimi R5, 0, 3, 4
      cfg.dimi R5, 1, 2, 4               # 1 2 3 at words 0 1 2, then 4 5 6 at words 1 2 3
      cfg.clear R6
      cfg.dimi R6, 0, 6, 0               # all six at one word
      vec.mov r2, r0, r0, R4, R0, R5, f32
      li r4, 72
      vec.mov r4, r0, r0, R3, R0, R6, f32
      sync
      cfg.dimi R7, 0, 3, 4
      li r5, 8192
      store nram, r5, r2, R7, R7, f32
      halt`;
    const program = assembled(PRELUDE + text, two);
    const simulation = createSimulation(program, { data: true });
    simulation.run();
    const { outputs } = await runFunctional(program);
    for (const y of [simulation.readOutput('y'), outputs.get('y')!]) {
      expect([...new Float32Array(y.slice().buffer)]).toEqual([1, 4, 6]);
    }
  });
});

test('memory does not grow with the length of a run', () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Every entry races with nothing and is ordered by nothing: no sync lets anyone forget.
  const text = (count: number) => `
    load nram, r0, r0, R0, R0, f32
    sync
    loopi ${count}
    vec.mov r3, r0, r0, R0, R0, R0, f32
    load nram, r2, r0, R0, R0, f32
    endloop
    halt`;
  const heapAfter = (count: number): number => {
    const simulation = createSimulation(assembled(PRELUDE + text(count), two), { data: false });
    simulation.run();
    collect();
    const used = process.memoryUsage().heapUsed;
    // It is alive while it is measured.
    expect(simulation.run().state).toBe('done');
    return used;
  };
  heapAfter(1000);
  const short = heapAfter(1000);
  expect(heapAfter(150_000) - short).toBeLessThan(1e6);
});

describe('semaphores and control', () => {
  test('deadlock names every blocked unit', () => {
    const error = errorOf('wait vector, 2\nwait load, 5\nsignal vector, 5\nhalt');
    expect(error.code).toBe('SYS-SIM-042');
    expect(error.params).toMatchObject({
      blocked: [
        { unit: 'load', instruction: 8, node: 'tile' },
        { unit: 'vector', instruction: 7, node: 'tile' },
        { unit: 'control', instruction: 10 },
      ],
    });
    expect(error.message).toContain('semaphore 2');
    expect(error.message).toContain("'halt'");
  });

  test('deadlock before a full queue', () => {
    const shallow = machineWith('textbook-single', { control: { queueDepth: 2 }, dma: { queues: 2 } });
    const error = errorOf('wait load, 0\nwait load, 0\nwait load, 0\nsignal vector, 0\nhalt', shallow);
    expect(error.message).toContain('full load queue');
  });

  test('overflow, second signaller, second waiter', () => {
    expect(errorOf('loopi 256\nsignal load, 1\nendloop\nhalt').code).toBe('SYS-SIM-040');
    expect(() => run('loopi 255\nsignal load, 1\nendloop\nhalt')).not.toThrow();
    expect(errorOf('signal load, 1\nsignal vector, 1\nhalt').code).toBe('SYS-SIM-041');
    expect(errorOf('signal load, 1\nwait matrix, 1\nwait vector, 1\nhalt').code).toBe('SYS-SIM-041');
    // On one DMA queue both names are one queue.
    expect(() => run('signal load, 1\nsignal store, 1\nhalt', machineWith('textbook-single', {}))).not.toThrow();
  });

  test('control that goes wrong', () => {
    expect(errorOf('nop').code).toBe('SYS-SIM-010');
    expect(errorOf('li r4, -5\nret r4\nhalt').code).toBe('SYS-SIM-010');
    expect(errorOf('again: jmp again\nhalt', two, { maxInstructions: 10_000 }).code).toBe('SYS-SIM-012');
    expect(errorOf('lw r4, r0, 2\nhalt').code).toBe('SYS-SIM-013');
    expect(errorOf('lw r4, r0, 65536\nhalt').code).toBe('SYS-SIM-013');
    expect(errorOf('host 0\nhalt').code).toMatch(/SYS-(SIM-015|ASM)/);
    expect(errorOf('vec.mov r3, r0, r0, R0, R0, R0, i64\nhalt').code).toBe('SYS-SIM-110');
    expect(errorOf('vec.exp r3, r0, r0, R0, R0, R0, i8\nhalt').code).toBe('SYS-SIM-111');
    expect(errorOf('vec.quant r3, r0, r0, R0, R0, R0, f32, scalar\nhalt').code).toBe('SYS-SIM-111');
    expect(errorOf('vec.mov r3, r0, r0, R0, R0, R0, f32, sat\nhalt').code).toBe('SYS-SIM-112');
    expect(errorOf('vec.select r3, r0, r0, R0, R0, R0, f32, scalar, add\nhalt').code).toBe('SYS-SIM-113');
    expect(errorOf('vec.add r3, r0, r0, R0, R0, R0, f32\nhalt').code).toBe('SYS-SIM-016');
    const nest =
      'loopi 2\ncall r9, inner\nendloop\nhalt\ninner: loopi 2\nloopi 2\nloopi 2\nloopi 2\nnop\nendloop\nendloop\nendloop\nendloop\nret r9';
    expect(errorOf(nest).code).toBe('SYS-SIM-011');
  });

  test('an endless loop that gives no work is noticed without a limit of one’s own, slow work is not', () => {
    const timed = (text: string) => createSimulation(assembled(PRELUDE + text, two), { data: false }).run();
    expect(errorFrom(() => timed('again: jmp again'))).toMatchObject({ code: 'SYS-SIM-022' });
    const busy = 'loopi 2\nsignal load, 1\nwait matrix, 1\nloopi 10_500_000\nnop\nendloop\nendloop\nhalt';
    expect(() => timed(busy)).not.toThrow();
  });
});
