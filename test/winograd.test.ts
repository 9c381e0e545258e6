/**
 * Convolution by the Winograd unit: exact where all numbers are small integers, elsewhere within a bound that is worked out for each
 * element; its time against the direct product; and what is refused.
 */
import { describe, expect, test } from 'vitest';
import { Random, type SystoleError } from '#base';
import { WINOGRAD_OUTPUTS, type WinogradTile } from '#isa';
import { type Machine, presets } from '#machine';
import { createSimulation, runFunctional } from '#sim';
import { winogradCycles } from '#timing';
import { assembled, machineWith } from './support/processor.ts';
import { directProgram, type Layer, winogradProgram } from './support/winogradProgram.ts';

const machine = machineWith('textbook-single', {
  nram: { bytes: 2 ** 20 },
  wram: { bytes: 2 ** 20 },
  winograd: { lanes: 16, tileCycles: { f2: 4, f4: 6 }, pipelineCycles: 0 },
});
const TILES: readonly WinogradTile[] = ['f2', 'f4'];

interface Operands {
  readonly x: Float32Array;
  readonly w: Float32Array;
}

function operands({ height, width, channels, filters }: Layer, value: () => number): Operands {
  const x = new Float32Array((height + 2) * (width + 2) * channels);
  for (let y = 1; y <= height; y++) {
    for (let i = 1; i <= width; i++) {
      for (let c = 0; c < channels; c++) x[(y * (width + 2) + i) * channels + c] = value();
    }
  }
  return { x, w: Float32Array.from({ length: 9 * channels * filters }, value) };
}

/** In f64. */
function reference({ height, width, channels, filters }: Layer, { x, w }: Operands): Float64Array {
  const out = new Float64Array(height * width * filters);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width; i++) {
      for (let n = 0; n < filters; n++) {
        let sum = 0;
        for (let k = 0; k < 9; k++) {
          const at = ((y + Math.floor(k / 3)) * (width + 2) + i + (k % 3)) * channels;
          for (let c = 0; c < channels; c++) sum += x[at + c]! * w[(k * channels + c) * filters + n]!;
        }
        out[(y * width + i) * filters + n] = sum;
      }
    }
  }
  return out;
}

function run(text: string, { x, w }: Operands, on: Machine = machine) {
  const program = assembled(text, on);
  const simulation = createSimulation(program, { data: true });
  simulation.writeInput('x', new Uint8Array(x.buffer));
  simulation.writeInput('w', new Uint8Array(w.buffer));
  const state = simulation.run();
  if (state.state !== 'done') throw new Error('no host here');
  expect(createSimulation(program, { data: false }).run()).toEqual(state);
  const busy = (unit: string): number => state.result.units.find(({ name }) => name === unit)!.busy;
  return { y: new Float32Array(simulation.readOutput('y').slice().buffer), result: state.result, busy, program };
}

const small: Layer = { height: 8, width: 12, channels: 5, filters: 7 };
const large: Layer = { height: 16, width: 16, channels: 64, filters: 16 };

test.each(TILES)('%s: on small integers exact (f4 to its sixths), and alike in both models', async (tile) => {
  const random = new Random(3);
  const data = operands(small, () => random.integer(-4, 4));
  const { y, program } = run(winogradProgram(small, tile, machine), data);
  const exact = reference(small, data);
  // f4 multiplies weights by 1/6 and 1/24.
  y.forEach((value, i) => {
    if (tile === 'f2') expect(value).toBe(exact[i]);
    else expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-3);
  });
  const inputs = new Map(Object.entries(data).map(([name, values]) => [name, new Uint8Array(values.buffer)]));
  const functional = await runFunctional(program, { inputs });
  expect(new Float32Array(functional.outputs.get('y')!.slice().buffer)).toEqual(y);
});

/** The matrices of Lavin and Gray, section 4, with absolute values: lines of Bᵀ, G, Aᵀ. */
const MATRICES = {
  f2: {
    b: [
      [1, 0, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 0, 1],
    ],
    g: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, 1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    a: [
      [1, 1, 1, 0],
      [0, 1, 1, 1],
    ],
    // Roundings on the longest way through a line.
    roundings: { input: 1, weight: 2, output: 2 },
  },
  f4: {
    b: [
      [4, 0, 5, 0, 1, 0],
      [0, 4, 4, 1, 1, 0],
      [0, 4, 4, 1, 1, 0],
      [0, 2, 1, 2, 1, 0],
      [0, 2, 1, 2, 1, 0],
      [0, 4, 0, 5, 0, 1],
    ],
    g: [
      [1 / 4, 0, 0],
      [1 / 6, 1 / 6, 1 / 6],
      [1 / 6, 1 / 6, 1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    a: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, 1, 2, 2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, 1, 8, 8, 1],
    ],
    roundings: { input: 3, weight: 4, output: 3 },
  },
} as const;

type Matrix = readonly (readonly number[])[];
const times = (p: Matrix, q: Matrix): number[][] =>
  p.map((row) => q[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * q[k]![j]!, 0)));
const turned = (p: Matrix): number[][] => p[0]!.map((_, j) => p.map((row) => row[j]!));
/** t p tᵀ. */
const around = (t: Matrix, p: Matrix): number[][] => times(times(t, p), turned(t));

/**
 * What f32 can be off by, element by element: every number is a sum of products over the absolute values of its operands, and with n
 * roundings on the longest way the error is at most n·u/(1 − n·u) of that (Higham, Accuracy and Stability of Numerical Algorithms,
 * 2002, lemma 3.1), u = 2⁻²⁴.
 */
function bound(layer: Layer, tile: WinogradTile, { x, w }: Operands): Float64Array {
  const { height, width, channels, filters } = layer;
  const { a, b, g, roundings } = MATRICES[tile];
  const m = WINOGRAD_OUTPUTS[tile];
  const side = Array.from({ length: m + 2 }, (_, i) => i);
  const three = [0, 1, 2];
  const u = Array.from({ length: channels }, (_, c) =>
    Array.from({ length: filters }, (_, n) =>
      around(
        g,
        three.map((i) => three.map((j) => Math.abs(w[((3 * i + j) * channels + c) * filters + n]!))),
      ),
    ),
  );
  // Products, a tree of 16 and an accumulation for each chunk.
  const sums = 1 + 4 + Math.ceil(channels / 16);
  const n = 2 * (roundings.input + roundings.weight + roundings.output) + sums;
  const gamma = (n * 2 ** -24) / (1 - n * 2 ** -24);
  const out = new Float64Array(height * width * filters);
  for (let ty = 0; ty < height; ty += m) {
    for (let tx = 0; tx < width; tx += m) {
      const v = Array.from({ length: channels }, (_, c) =>
        around(
          b,
          side.map((i) => side.map((j) => Math.abs(x[((ty + i) * (width + 2) + tx + j) * channels + c]!))),
        ),
      );
      for (let f = 0; f < filters; f++) {
        const products = side.map((i) =>
          side.map((j) => v.reduce((sum, at, c) => sum + at[i]![j]! * u[c]![f]![i]![j]!, 0)),
        );
        around(a, products).forEach((line, i) => {
          line.forEach((value, j) => {
            out[((ty + i) * width + tx + j) * filters + f] = gamma * value;
          });
        });
      }
    }
  }
  return out;
}

test('errors on 64 channels of normal numbers: within the bound, and as ARCHITECTURE.md states', () => {
  const random = new Random(11);
  const data = operands(large, () => random.normal());
  const exact = reference(large, data);
  const scale = Math.sqrt(exact.reduce((sum, v) => sum + v * v, 0) / exact.length);
  const worst = (y: Float32Array): number =>
    y.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i]!)), 0) / scale;
  const direct = worst(run(directProgram(large, machine), data).y);
  const errors = TILES.map((tile) => {
    const { y } = run(winogradProgram(large, tile, machine), data);
    const most = bound(large, tile, data);
    y.forEach((value, i) => {
      expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(most[i]!);
    });
    return worst(y);
  });
  console.log(`largest error ÷ root mean square: direct ${direct}, f2 ${errors[0]}, f4 ${errors[1]}`);
  expect(direct).toBeLessThan(1.5e-6);
  expect(errors[0]).toBeLessThan(1.5e-6);
  expect(errors[1]).toBeLessThan(3e-5);
});

test.each(TILES)('%s: time is that of the parts', (tile) => {
  const data = operands(large, () => 1);
  const direct = run(directProgram(large, machine), data);
  const fast = run(winogradProgram(large, tile, machine), data);
  const m = WINOGRAD_OUTPUTS[tile];
  const positions = (m + 2) ** 2;
  const tiles = (16 / m) ** 2;
  expect(direct.busy('matrix')).toBe(16 * 16 * 9 * 4);
  expect(fast.busy('matrix')).toBe(positions * tiles * 4);
  const cycles = { f2: 4, f4: 6 }[tile];
  const transforms = [
    { transform: 'weight', sizes: [16, 64, 1] },
    { transform: 'input', sizes: [64, 16 / m, 16 / m] },
    { transform: 'output', sizes: [16, 16 / m, 16 / m] },
  ] as const;
  expect(transforms.map(({ transform, sizes }) => winogradCycles(machine, { transform, tile, sizes }))).toEqual([
    64 * cycles,
    4 * tiles * cycles,
    tiles * cycles,
  ]);
  expect(fast.busy('winograd')).toBe((64 + 5 * tiles) * cycles);
  // Loads and stores are the same; kernels, inputs, products and outputs wait for each other here.
  const rest = direct.result.cycles - direct.busy('matrix');
  expect(fast.result.cycles).toBe(rest + fast.busy('winograd') + fast.busy('matrix'));
  expect(fast.result.cycles).toBeLessThan(direct.result.cycles);
  expect(fast.result.total.winogradOps).toBeGreaterThan(0);
});

describe('what is refused, by both models', () => {
  const text = (body: string): string => `.dram 4096
    cfg.dimi R0, 0, 64, 4
    cfg.dimi R1, 3, 4, 4
    cfg.dimi R1, 4, 4, 16
    cfg.dimi R2, 3, 1, 4
    cfg.dimi R2, 4, 1, 16
    li r1, 64
    ${body}
    halt`;
  const plain = presets.get('textbook-single')!;
  const f4 = machineWith('textbook-single', { winograd: { lanes: 1, tileCycles: { f4: 6 }, pipelineCycles: 0 } });
  test.each([
    ['no unit', 'wino.input r1, r0, R2, R1, f32, f2', plain, 'SYS-SIM-172', 'SYS-SIM-172'],
    ['no queue', 'wait winograd, 0', plain, 'SYS-SIM-172', 'SYS-SIM-172'],
    ['no such semaphore', 'wait vector, 16', plain, 'SYS-SIM-172', 'SYS-SIM-172'],
    ['no links', 'signal link, 0', plain, 'SYS-SIM-172', 'SYS-SIM-172'],
    ['no such tile', 'wino.input r1, r0, R2, R1, f32, f2', f4, 'SYS-SIM-177', 'SYS-SIM-177'],
    ['another size', 'wino.input r1, r0, R2, R1, f32, f4', machine, 'SYS-SIM-178', 'SYS-SIM-178'],
    ['another type', 'wino.input r1, r0, R2, R1, i8, f2', machine, 'SYS-SIM-014', 'SYS-SIM-072'],
    ['in place', 'wino.input r0, r0, R2, R1, f32, f2', machine, 'SYS-SIM-032', 'SYS-SIM-080'],
    ['over each other', 'li r1, 60\nwino.input r1, r0, R2, R1, f32, f2', machine, 'SYS-SIM-032', 'SYS-SIM-080'],
    ['outside', 'li r1, 2097152\nwino.output r0, r1, R2, R1, f32, f2', machine, 'SYS-SIM-020', 'SYS-SIM-070'],
    ['unwritten', 'wino.input r1, r0, R2, R1, f32, f2', machine, 'SYS-SIM-030', 'SYS-SIM-071'],
  ])('%s', async (_, body, on, cycle, functional) => {
    const program = assembled(text(body), on);
    for (const data of [true, false]) {
      expect(() => createSimulation(program, { data }).run()).toThrow(expect.objectContaining({ code: cycle }));
    }
    const error = await runFunctional(program).then(
      () => undefined,
      (e: SystoleError) => e,
    );
    expect(error?.code).toBe(functional);
    expect(error?.text('zh')).not.toContain('undefined');
  });

  test('a semaphore that the machine has', async () => {
    const program = assembled(text('signal vector, 31\nwait load, 31'), presets.get('textbook-extended')!);
    expect(createSimulation(program, { data: true }).run().state).toBe('done');
    await runFunctional(program);
  });

  test('a race between a transform and a load', () => {
    const body = `.const 0, f32 1, 2, 3, 4
      cfg.dimi R3, 0, 4, 4
      load nram, r0, r0, R3, R3, f32
      sync
      cfg.dimi R4, 0, 16, 0
      vec.mov r1, r0, r0, R4, R0, R0, f32
      sync
      li r2, 512
      wino.input r2, r1, R2, R1, f32, f2
      load nram, r1, r0, R3, R3, f32`;
    const program = assembled(text(body), machine);
    expect(() => createSimulation(program, { data: false }).run()).toThrow(
      expect.objectContaining({ code: 'SYS-SIM-031' }),
    );
  });
});
