/**
 * Exercise 7.5: out-of-order execution. The layer of 7.9, rows in 32 tiles, as real programs with addresses: load, multiply, store, 32 times,
 * with neither semaphores nor sync between them. What orders them is the scoreboard of the machine.
 */

import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { expect, test } from 'vitest';

const TILE = 32;
const TILES = 32;
const INNER = 256;
const COLUMNS = 128;
const X = 4 * TILE * INNER;
const Y = 4 * TILE * COLUMNS;
const W_AT = X * TILES;
const Y_AT = W_AT + 4 * INNER * COLUMNS;

const single = presets.get('textbook-single')!;
type Scoreboard = NonNullable<Machine['control']['scoreboard']>;
const withScoreboard = (order: Scoreboard['order'], versions: number): Machine => ({
  ...single,
  control: { ...single.control, scoreboard: { order, versions, entries: 256 } },
});

/** @param buffers of X and of Y in NRAM that the tiles take in turn */
const layer = (buffers: 1 | 2): string => `
  .dram ${Y_AT + Y * TILES}
  .input x, 0, f32[${TILE * TILES}, ${INNER}]
  .input w, ${W_AT}, f32[${INNER}, ${COLUMNS}]
  .output y, ${Y_AT}, f32[${TILE * TILES}, ${COLUMNS}]
  # W of a group of 16 filters lies row by row of these 16.
  cfg.dimi R0, 0, 16, 4
  cfg.dimi R0, 1, ${INNER}, ${4 * COLUMNS}
  cfg.dimi R0, 2, ${COLUMNS / 16}, 64
  cfg.dimi R1, 0, ${INNER * COLUMNS}, 4
  cfg.dimi R1, 0, 16, 4
  cfg.dimi R1, 1, ${INNER}, 64
  cfg.dimi R1, 2, ${COLUMNS / 16}, ${64 * INNER}
  cfg.dimi R2, 0, ${TILE * INNER}, 4        # a tile of X
  cfg.dimi R3, 0, ${TILE * COLUMNS}, 4      # a tile of Y
  cfg.dimi R4, 0, ${TILE}, ${4 * INNER}     # pixels are rows
  cfg.dimi R5, 0, ${INNER}, 4
  cfg.dimi R6, 0, ${TILE}, ${4 * COLUMNS}
  cfg.dimi R6, 4, ${COLUMNS}, 64
  li r1, ${W_AT}
  load wram, r0, r1, R1, R0, f32
  li r2, 0                                  # X in DRAM
  li r3, ${Y_AT}                            # Y in DRAM
  li r4, 0                                  # X in NRAM
  li r5, ${buffers * X}                     # Y in NRAM
  li r6, ${buffers === 2 ? X : 0}
  li r7, ${buffers === 2 ? buffers * X + (buffers * X + Y) : 2 * buffers * X}
  loopi ${TILES}
    load nram, r4, r2, R2, R2, f32
    mma r5, r4, r0, R4, R5, R6, r0, r0, f32, clear, drain
    store nram, r3, r5, R3, R3, f32
    addi r2, r2, ${X}
    addi r3, r3, ${Y}
    sub r4, r6, r4
    sub r5, r7, r5
  endloop
  halt`;

const programOf = (buffers: 1 | 2, machine: Machine) => assembleProgram(layer(buffers), { file: 'layer.s', machine });

function cyclesOf(buffers: 1 | 2, machine: Machine): number {
  const state = createSimulation(programOf(buffers, machine), { data: false }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return state.result.cycles;
}

const SERIAL = 157696;
const OVERLAPPED = 133888;

test.each([
  ['in order, two buffers: the store of a tile holds up the load of the next', 2, 'in-order', 1, SERIAL],
  ['out of order, one buffer: the next tile has nowhere to go', 1, 'out-of-order', 1, SERIAL],
  ['out of order, two buffers', 2, 'out-of-order', 1, OVERLAPPED],
  ['out of order, one buffer renamed', 1, 'out-of-order', 2, OVERLAPPED],
  ['in order, one buffer renamed: the queue is in the way', 1, 'in-order', 2, SERIAL],
] as const)('%s', (_, buffers, order, versions, cycles) => {
  expect(cyclesOf(buffers, withScoreboard(order, versions))).toBe(cycles);
});

test('what out-of-order execution with renaming gains', () => {
  const serial = cyclesOf(1, withScoreboard('out-of-order', 1));
  expect(serial / cyclesOf(1, withScoreboard('out-of-order', 2))).toBeCloseTo(1.1778202676864242, 12);
});

test('without a scoreboard nothing lets the product wait for its operands', () => {
  expect(() => cyclesOf(1, single)).toThrow(/reads NRAM address 0, which nobody has written/);
});

test('results are those of the sequential program', { timeout: 120_000 }, async () => {
  const data = (n: number, f: (i: number) => number) =>
    new Uint8Array(Float32Array.from({ length: n }, (_, i) => f(i)).buffer);
  const x = data(TILE * TILES * INNER, (i) => (i * 7) % 5);
  const w = data(INNER * COLUMNS, (i) => ((i * 3) % 7) - 3);
  const values = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);
  const expected = new Float32Array(TILE * TILES * COLUMNS);
  const [xs, ws] = [values(x), values(w)];
  for (let r = 0; r < TILE * TILES; r++) {
    for (let k = 0; k < INNER; k++) {
      for (let c = 0; c < COLUMNS; c++) expected[r * COLUMNS + c]! += xs[r * INNER + k]! * ws[k * COLUMNS + c]!;
    }
  }
  for (const versions of [1, 2]) {
    const simulation = createSimulation(programOf(1, withScoreboard('out-of-order', versions)), { data: true });
    simulation.writeInput('x', x);
    simulation.writeInput('w', w);
    expect(simulation.run().state).toBe('done');
    expect(values(simulation.readOutput('y'))).toEqual(expected);
  }
});
