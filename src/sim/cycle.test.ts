/**
 * The cycle model against cycles worked out by hand. The machine: every instruction 1 cycle, taken branch 2 more; wait and
 * signal 1, signals visible 1 after; a transfer of n bytes: setup 2, channel ⌈n ÷ 4⌉, latency 10; vec: 3 + ⌈d0 ÷ 4⌉.
 */
import { describe, expect, test } from 'vitest';
import type { HostPart, Program } from '#isa';
import type { Machine } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import type { SimulationEvent } from './events.ts';
import type { SimulationOptions } from './run.ts';

const small = machineWith('textbook-single', {
  control: { cyclesPerInstruction: 1, branchPenalty: 2, queueCycles: 1, signalLatency: 1, queueDepth: 4 },
  vector: { lanes: 4, pipelineCycles: 3 },
  dma: { queues: 2, setupCycles: 2 },
  dram: { bandwidth: { bytes: 4, cycles: 1 }, latencyCycles: 10 },
});

/** R0: 16 contiguous f32, 64 B. R1: 1 element. */
const PRELUDE = `
.dram 65536
.fill 0, 4096, f32 1
  cfg.dimi R0, 0, 16, 4
  cfg.clear R1
  li r1, 0x1000
`;
/** Cycle at which the first instruction behind the prelude begins. */
const T0 = 3;

function run(
  text: string,
  options: Partial<SimulationOptions> = {},
  machine: Machine = small,
  more?: Partial<Program>,
) {
  const events: SimulationEvent[] = [];
  const program = assembled(PRELUDE + text, machine, more);
  const observer = (event: SimulationEvent) => void events.push(event);
  const simulation = createSimulation(program, { data: false, hazards: true, observer, ...options });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error('the test has no host');
  const spans = events.flatMap((e) =>
    'start' in e && e.entry.kind !== 'wait' && e.entry.kind !== 'signal' ? [[e.unit, e.start, e.cycle] as const] : [],
  );
  return { ...state.result, events, spans };
}

describe('control', () => {
  test('an instruction takes its cycle, halt too', () => {
    // 3 + nop + halt.
    const r = run('nop\nhalt');
    expect(r.cycles).toBe(T0 + 2);
    expect(r.dynamicInstructions).toBe(5);
  });

  test('a taken branch costs 2 more, one not taken does not', () => {
    // li, then 5 × addi, 4 bne taken (3 each), 1 not (1), halt.
    const r = run('li r2, 5\nagain: addi r2, r2, -1\nbne r2, r0, again\nhalt');
    expect(r.cycles).toBe(T0 + 1 + 5 + 4 * 3 + 1 + 1);
  });

  test('hardware loops are free, also nested ones that end together', () => {
    // loopi; 3 × (loopi; 4 × nop); halt.
    const r = run('loopi 3\nloopi 4\nnop\nendloop\nendloop\nhalt');
    expect(r.dynamicInstructions).toBe(3 + 1 + 3 * (1 + 4) + 1);
    expect(r.cycles).toBe(T0 + 1 + 3 * 5 + 1);
  });

  test('a loop of count 0 or less is skipped', () => {
    expect(run('li r2, -3\nloop r2\nnop\nnop\nendloop\nhalt').cycles).toBe(T0 + 3);
    // A skipped loop at the end of another still ends its round: loopi 2, 2 × loop, halt.
    expect(run('loopi 2\nloop r0\nnop\nendloop\nendloop\nhalt').cycles).toBe(T0 + 1 + 2 + 1);
  });

  test('call and return', () => {
    // call 3, nop, ret 3, halt 1.
    expect(run('call r9, sub\nhalt\nsub: nop\nret r9').cycles).toBe(T0 + 3 + 1 + 3 + 1);
  });

  test('scalar arithmetic wraps; scalar memory keeps words', () => {
    const text = `
      li r2, 0x7fffffff
      addi r2, r2, 1          # -2^31
      muli r3, r2, 2          # 0
      li r4, -7
      min r5, r2, r4
      sub r5, r5, r2          # 0
      or r6, r3, r5
      sw r4, r0, 8
      lw r7, r0, 8
      sub r7, r7, r4          # 0
      or r6, r6, r7
      addi r0, r0, 5          # stays 0
      or r6, r6, r0
      li r8, 3
      mad r8, r8, r4, r8      # -18
      addi r8, r8, 18
      or r6, r6, r8
      beq r6, r0, good
      bad: jmp bad
      good: halt`;
    expect(() => run(text, { maxInstructions: 1000 })).not.toThrow();
  });
});

describe('queues and units', () => {
  test('a transfer: setup, channel, latency', () => {
    // Dispatched at 4; setup 4–6; channel 6–22; latency until 32.
    const r = run('load nram, r0, r0, R0, R0, f32\nhalt');
    expect(r.spans).toEqual([['load', T0 + 1, T0 + 29]]);
    expect(r.cycles).toBe(T0 + 29);
    expect(r.total).toMatchObject({ readBytes: 64, writeBytes: 0, entries: 1 });
  });

  test('units overlap', () => {
    // load NRAM[0], wait until it is there, then vec on it while a second load fills NRAM[64…].
    const r = run(`
      load nram, r0, r0, R0, R0, f32       # pop 4, end 32
      signal load, 0                       # pop 32, visible 33, done 33
      wait vector, 0                       # pop 33, done 34
      vec.mov r1, r0, r0, R0, R0, R0, f32  # 34, 3 + 4 → 41
      li r2, 64
      load nram, r2, r0, R0, R0, f32       # 33 … 61
      halt`);
    expect(r.spans).toEqual([
      ['load', 4, 32],
      ['vector', 34, 41],
      ['load', 33, 61],
    ]);
    expect(r.cycles).toBe(61);
    const vector = r.units.find((u) => u.name === 'vector')!;
    // wait 1 + vec 7; empty until the wait's dispatch at 6, semaphore until 33, tail 61 − 41.
    expect(vector).toMatchObject({ busy: 8, idle: 53, idleBy: { empty: 6, semaphore: 27, channel: 0, tail: 20 } });
  });

  test('control stalls at a full queue until the head is popped', () => {
    // Dispatch at 4, 5, …: the first is popped at once, four wait, the sixth (dispatch at 9) waits for the pop at 32.
    const load = 'load nram, r0, r0, R0, R0, f32\n';
    const r = run(`${load.repeat(6)}nop\nhalt`);
    const stall = r.events.filter((e) => e.type.startsWith('control:'));
    expect(stall.map((e) => [e.type, e.cycle]).slice(0, 2)).toEqual([
      ['control:stall', 9],
      ['control:resume', 32],
    ]);
    expect(r.cycles).toBe(4 + 6 * 28);
    // nop and halt follow at 32; control waits for the rest from 34.
    expect(stall.slice(2).map((e) => [e.type, e.cycle])).toEqual([
      ['control:stall', 34],
      ['control:resume', r.cycles],
    ]);
  });

  test('sync waits for all units', () => {
    // load 4–32; sync ends at 32; the vec is dispatched at 33 and takes 7.
    const r = run('load nram, r0, r0, R0, R0, f32\nsync\nvec.mov r1, r0, r0, R0, R0, R0, f32\nhalt');
    expect(r.spans).toEqual([
      ['load', 4, 32],
      ['vector', 33, 40],
    ]);
  });

  test('ping-pong: two buffers, loads run ahead of the vector unit by one', () => {
    const r = run(
      `
      li r10, 0
      li r11, 64
      load nram, r10, r0, R0, R0, f32
      signal load, 0
      loopi 3
        load nram, r11, r0, R0, R0, f32
        signal load, 0
        wait vector, 0
        vec.add r1, r10, r10, R0, R0, R0, f32, record
        signal vector, 1
        wait load, 1
        xor r10, r10, r11
        xor r11, r10, r11
        xor r10, r10, r11
      endloop
      wait vector, 0
      halt`,
      {},
      { ...small, control: { ...small.control, queueDepth: 16 } },
    );
    const loads = r.spans.filter(([unit]) => unit === 'load');
    const vecs = r.spans.filter(([unit]) => unit === 'vector');
    // The first load: pop 6, end 34; signal 34–35; the second 35–63; the vec waits 35–36 (signal visible at 35), runs 36–43.
    expect(loads.slice(0, 2)).toEqual([
      ['load', 6, 34],
      ['load', 35, 63],
    ]);
    expect(vecs[0]).toEqual(['vector', 36, 43]);
    // Every later load follows the one before: signal 1 and wait 1 between them.
    expect(loads.slice(2).map(([, start]) => start)).toEqual([65, 95]);
    expect(vecs.length).toBe(3);
  });
});

describe('DRAM channel', () => {
  // A load and a store that ask at once; the store's source was written by a vec long before.
  const text = `
    load nram, r0, r0, R0, R0, f32        # 4–32
    sync
    li r2, 8192                           # 32–33
    li r3, 128                            # 33–34
    store nram, r2, r0, R0, R0, f32       # dispatched 35, asks at 37
    load nram, r3, r0, R0, R0, f32        # dispatched 36, asks at 38
    halt`;

  test('whole transfers in order of asking', () => {
    // Store: 37 channel to 53, end 63. Load: channel 53, end 53 + 26 = 79; it waited 15.
    const r = run(text);
    expect(r.spans.slice(1)).toEqual([
      ['store', 35, 63],
      ['load', 36, 79],
    ]);
    expect(r.units[0]).toMatchObject({ name: 'load', busy: 56, idleBy: { channel: 15 } });
  });

  test('the load first at a tie', () => {
    // Instructions that take no time: both asked at 2 after the sync at 28.
    const r = run(text, {}, { ...small, control: { ...small.control, cyclesPerInstruction: 0 } });
    expect(r.spans).toEqual([
      ['load', 0, 28],
      ['load', 28, 56],
      ['store', 28, 72],
    ]);
  });

  test('one DMA queue: loads and stores take turns in order', () => {
    const r = run(text, {}, { ...small, dma: { ...small.dma, queues: 1 } });
    expect(r.spans.slice(1)).toEqual([
      ['dma', 35, 63],
      ['dma', 63, 91],
    ]);
    expect(r.units.map((u) => u.name)).toEqual(['dma', 'matrix', 'vector']);
  });
});

describe('layers and host', () => {
  const part: HostPart = { name: 'h', onnx: new Uint8Array(), inputs: [], outputs: [], cycles: 100 };

  test('cycles of layers and the rest add up; work is counted where it belongs', () => {
    const r = run(
      `
      .node "first"
      load nram, r0, r0, R0, R0, f32       # 4–32
      sync
      .node "second"
      vec.mov r1, r0, r0, R0, R0, R0, f32  # 33–40
      sync
      .node "third"
      nop
      halt`,
    );
    expect(r.layers.map((l) => [l.cycles, l.readBytes, l.vectorOps])).toEqual([
      [32, 64, 0],
      [8, 0, 16],
      [0, 0, 0],
    ]);
    expect(r.rest.cycles).toBe(r.cycles - 40);
    expect(r.layers[1]!.busy).toEqual({ vector: 7 });
  });

  test('a host call synchronises and takes its time', () => {
    // `host` by its word: the assembler has no host parts.
    const program = assembled(`${PRELUDE}load nram, r0, r0, R0, R0, f32\nnop\nhalt`, small);
    program.words[4] = 0x0400000000000000n;
    const simulation = createSimulation({ ...program, host: [part] }, { data: false, hazards: true });
    const state = simulation.run();
    // load 4–32, host 32–132, halt 1.
    expect(state).toMatchObject({ state: 'done', result: { cycles: 133, total: { hostCycles: 100 } } });
  });
});

test('the same program with ideal control takes only what its units take', () => {
  const ideal = machineWith('textbook-single', {});
  // 64 B ÷ 64 B = 1, then 16 elements on 64 lanes = 1, then store 1.
  const r = run(
    `
    load nram, r0, r0, R0, R0, f32
    signal load, 0
    wait vector, 0
    vec.mov r1, r0, r0, R0, R0, R0, f32
    signal vector, 1
    wait store, 1
    store nram, r1, r1, R0, R0, f32
    halt`,
    {},
    ideal,
  );
  expect(r.cycles).toBe(3);
});

describe('what control spends its cycles on', () => {
  const stores = (control: Partial<Machine['control']>) =>
    run(
      `
      load nram, r0, r0, R0, R0, f32
      sync
      loopi 6
        vec.mov r0, r0, r0, R0, R0, R0, f32
      endloop
      halt`,
      {},
      { ...small, control: { ...small.control, ...control } },
    );

  test('a queue with a depth of its own stalls control at that depth, others at theirs', () => {
    // Six entries: one executes, so many wait, and control stands before the queue for the rest.
    const depths = [1, 2, 3, 6].map((vector) => stores({ queueDepths: { vector, matrix: 1 } }).control.queue);
    expect(depths).toEqual([...depths].sort((a, b) => b - a));
    expect(new Set(depths).size).toBe(4);
    expect(depths[3]).toBe(0);
    expect(stores({ queueDepths: { matrix: 1 } }).control).toEqual(stores({}).control);
  });

  test('its cycles add up to the total, by what they went to', () => {
    for (const control of [{}, { queueDepths: { vector: 1 } }]) {
      const result = stores(control);
      expect(Object.values(result.control).reduce((n, cycles) => n + cycles)).toBe(result.cycles);
      expect(result.control.issue).toBe(result.dynamicInstructions);
      expect(result.control.sync).toBeGreaterThan(0);
    }
  });

  test('products and records that are used at once cost their latency', () => {
    const code = `
      li r1, 4
      mul r2, r1, r1
      cfg.dim R0, 0, r2, r1
      load nram, r0, r0, R0, R0, f32
      halt`;
    const withPipeline = (multiplyCycles: number, configCycles: number) =>
      run(
        code,
        {},
        {
          ...small,
          control: { ...small.control, pipeline: { aluCycles: 1, multiplyCycles, loadCycles: 1, configCycles } },
        },
      ).control.data;
    expect([withPipeline(1, 1), withPipeline(4, 1), withPipeline(1, 3), withPipeline(4, 3)]).toEqual([0, 3, 2, 5]);
  });
});
