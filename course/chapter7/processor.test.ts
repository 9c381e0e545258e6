/** Exercises 7.2 to 7.4: what sets a deep-learning processor's memory, its traffic and its decoding apart from a CPU's. */

import { assembleProgram, byOpcode, classOf, type Program } from 'systole/isa';
import { type Machine, presets, queuesOf } from 'systole/machine';
import { createSimulation, type SimulationEvent, type SimulationResult } from 'systole/sim';
import { describe, expect, test } from 'vitest';
import { LAYERS, rowTiles, serial } from './programs.ts';

const single = presets.get('textbook-single')!;
const LINE = 64;

function run(program: Program): { readonly result: SimulationResult; readonly events: readonly SimulationEvent[] } {
  const events: SimulationEvent[] = [];
  const state = createSimulation(program, { data: false, observer: (event) => events.push(event) }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return { result: state.result, events };
}

const classOfWord = (word: bigint): string => classOf(byOpcode.get(Number(word >> 56n))!);

describe('7.2: 256 KB of weights, swept twice', () => {
  const WEIGHTS = 2 ** 18;
  const lines = WEIGHTS / LINE;

  /** Misses of a fully associative cache that drops the line used longest ago. */
  function missesOfLru(bytes: number, addresses: Iterable<number>): number {
    const cached = new Set<number>();
    let misses = 0;
    for (const address of addresses) {
      const line = Math.floor(address / LINE);
      if (!cached.delete(line)) misses++;
      cached.add(line);
      if (cached.size > bytes / LINE) cached.delete(cached.values().next().value!);
    }
    return misses;
  }

  function* sweeps(times: number): Generator<number> {
    for (let t = 0; t < times; t++) for (let line = 0; line < lines; line++) yield LINE * line;
  }

  test('a cache of half their size misses every line, one of their size the first time only', () => {
    expect(missesOfLru(WEIGHTS / 2, sweeps(2))).toBe(8192);
    expect(missesOfLru(WEIGHTS, sweeps(2))).toBe(4096);
  });

  test('a scratchpad of half their size keeps one half and streams the other', () => {
    const machine: Machine = {
      ...single,
      wram: { bytes: WEIGHTS / 2 },
      dma: { ...single.dma, burstBytes: LINE },
    };
    // 16 KB pieces go through NRAM; what WRAM holds is loaded once.
    const piece = 2 ** 14;
    const text = `
      .dram ${WEIGHTS}
      .fill 0, ${WEIGHTS}, f32 1
      cfg.dimi R0, 0, ${WEIGHTS / 8}, 4
      cfg.dimi R1, 0, ${piece / 4}, 4
      load wram, r0, r0, R0, R0, f32
      loopi 2
        li r1, ${WEIGHTS / 2}
        loopi ${WEIGHTS / 2 / piece}
          load nram, r0, r1, R1, R1, f32
          addi r1, r1, ${piece}
        endloop
      endloop
      halt`;
    const { result } = run(assembleProgram(text, { file: 'sweeps.s', machine }));
    expect(result.total.readBurstBytes / LINE).toBe(6144);
  });
});

describe('7.3: traffic of the layer of 7.8', () => {
  const { rows, inner, columns } = LAYERS['7.8'];
  const [x, w, y] = [4 * rows * inner, 4 * inner * columns, 4 * rows * columns];
  const machine: Machine = { ...single, dma: { ...single.dma, burstBytes: LINE } };
  const program = assembleProgram(
    `
    .dram ${x + w + y}
    .fill 0, ${x + w}, f32 1
    .output y, ${x + w}, f32[${rows}, ${columns}]
    cfg.dimi R0, 0, ${x / 4}, 4
    cfg.dimi R1, 0, ${w / 4}, 4
    cfg.dimi R2, 0, ${y / 4}, 4
    cfg.dimi R3, 0, ${rows}, ${4 * inner}
    cfg.dimi R4, 0, ${inner}, 4
    cfg.dimi R5, 0, ${rows}, ${4 * columns}
    cfg.dimi R5, 4, ${columns}, 64
    li r1, ${x}
    li r2, ${x + w}
    load nram, r0, r0, R0, R0, f32
    load wram, r0, r1, R1, R1, f32
    sync
    mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
    sync
    store nram, r2, r1, R2, R2, f32
    halt`,
    { file: 'layer.s', machine },
  );

  test('three requests of known length, in lines of 64 bytes', () => {
    const { events } = run(program);
    const moved = events.flatMap((event) => {
      if (!('start' in event) || (event.entry.kind !== 'load' && event.entry.kind !== 'store')) return [];
      // At 64 bytes a cycle a line is a cycle.
      return [[event.entry.dram, event.cycle - event.start]];
    });
    expect(moved).toEqual([
      [0, 512],
      [x, 2048],
      [x + w, 256],
    ]);
  });

  test('three instructions ask for all of it', () => {
    const dma = (words: BigUint64Array): number =>
      [...words].filter((word) => ['load', 'store', 'dma'].includes(byOpcode.get(Number(word >> 56n))!.unit)).length;
    expect(dma(program.words)).toBe(3);
    expect(dma(assembleProgram(serial(LAYERS['7.8']), { file: 'serial.s', machine: single }).words)).toBe(3);
  });

  test('in the order of the program, and the same in every run', () => {
    const { events } = run(program);
    const order = events.filter((event) => event.type === 'channel:grant').map((event) => event.pc);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(run(program).events).toEqual(events);
  });
});

describe('7.4: decoding the double-buffered program of 7.9', () => {
  const program = assembleProgram(rowTiles(LAYERS['7.9'], 32), { file: 'layer.s', machine: single });

  test('130 instructions for 133888 cycles', () => {
    const { result, events } = run(program);
    // Moves, products and syncs; the loop counts in hardware, and halt ends it.
    const dispatched = events.filter((event) => event.type === 'dispatch').length;
    const bookkeeping = [...program.words].filter((word) => ['loop', 'halt'].includes(classOfWord(word))).length;
    const decoded = result.dynamicInstructions - bookkeeping;
    expect(decoded).toBe(130);
    expect(dispatched).toBeLessThan(decoded);
    expect(result.cycles / decoded).toBeCloseTo(1029.9076923076923, 6);
  });

  test('control hands them to the queues of compute and DMA', () => {
    expect(queuesOf(single)).toEqual(['dma', 'matrix', 'vector']);
    const { result } = run(program);
    expect(result.units.map((u) => [u.name, u.entries > 0])).toEqual([
      ['dma', true],
      ['matrix', true],
      ['vector', false],
    ]);
    expect(new Set([...program.words].map(classOfWord))).toEqual(new Set(['dispatch', 'sync', 'loop', 'halt']));
  });
});
