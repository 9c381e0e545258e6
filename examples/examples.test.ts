/** The examples run, and say what they promise. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Random, roundHalfEven } from '#base';
import { parseSpace, spaceOf } from '#explore';
import { assembleProgram } from '#isa';
import { presets, resolveMachine } from '#machine';
import { createSimulation, runFunctional } from '#sim';
import { runNetwork } from './01-run-a-network.ts';
import { learnToAdd } from './09-train-an-adder.ts';

test('01: a network of your own', async () => {
  const { answer, cycles, text } = await runNetwork();
  // x · w = [1 + 4 + 9, −1 + 0 + 3] and its negative, which relu turns to 0.
  expect(answer).toEqual([14, 2, 0, 0]);
  expect(cycles).toBeGreaterThan(0);
  expect(text).toContain('MatMul+Relu');
});

test('02: assembly by hand', () => {
  const text = readFileSync(new URL('./02-vector.s', import.meta.url), 'utf8');
  const simulation = createSimulation(assembleProgram(text, { file: '02-vector.s' }), { data: true });
  const x = Float32Array.from({ length: 256 }, (_, i) => i / 256);
  simulation.writeInput('x', new Uint8Array(x.buffer));
  expect(simulation.run().state).toBe('done');
  const y = new Float32Array(simulation.readOutput('y').slice().buffer);
  y.forEach((value, i) => {
    expect(value).toBeCloseTo(2 * Math.exp(x[i]!), 5);
  });
});

test('03: the textbook’s dialect on four cores', () => {
  const text = readFileSync(new URL('./03-four-cores.asm', import.meta.url), 'utf8');
  const machine = presets.get('textbook-cluster')!;
  const run = createSimulation(assembleProgram(text, { file: '03-four-cores.asm', machine }), { data: false }).run();
  expect(run).toMatchObject({ state: 'done', result: { cycles: 1520 } });
});

test('04: where operands lie', () => {
  const text = readFileSync(new URL('./04-double-buffer.asm', import.meta.url), 'utf8');
  const run = createSimulation(assembleProgram(text, { file: '04-double-buffer.asm' }), { data: false }).run();
  expect(run).toMatchObject({ state: 'done', result: { cycles: 133888 } });
});

test('05: a convolution by Winograd beside the same by nine weights', () => {
  const text = readFileSync(new URL('./05-winograd.s', import.meta.url), 'utf8');
  const simulation = createSimulation(assembleProgram(text, { file: '05-winograd.s' }), { data: true });
  const random = new Random(5);
  const x = new Float32Array(10 * 10 * 16);
  for (let i = 0; i < x.length; i++) {
    const [row, column] = [Math.floor(i / 160), Math.floor(i / 16) % 10];
    if (row % 9 !== 0 && column % 9 !== 0) x[i] = random.normal();
  }
  const w = Float32Array.from({ length: 3 * 3 * 16 * 16 }, () => random.normal() / 12);
  simulation.writeInput('x', new Uint8Array(x.buffer));
  simulation.writeInput('w', new Uint8Array(w.buffer));
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const [direct, winograd] = ['direct', 'winograd'].map(
    (name) => new Float32Array(simulation.readOutput(name).slice().buffer),
  ) as [Float32Array, Float32Array];
  let most = 0;
  for (let y = 0; y < 8; y++) {
    for (let i = 0; i < 8; i++) {
      for (let n = 0; n < 16; n++) {
        let exact = 0;
        for (let k = 0; k < 9; k++) {
          const at = ((y + Math.floor(k / 3)) * 10 + i + (k % 3)) * 16;
          for (let c = 0; c < 16; c++) exact += x[at + c]! * w[(k * 16 + c) * 16 + n]!;
        }
        const at = (y * 8 + i) * 16 + n;
        most = Math.max(most, Math.abs(direct[at]! - exact), Math.abs(winograd[at]! - exact));
      }
    }
  }
  expect(most).toBeLessThan(2e-6);
  const cycles = Object.fromEntries(state.result.layers.map(({ busy }, i) => [names(text)[i], busy]));
  // 64 pixels × 9 chunks of 16; 16 positions × 16 tiles × 1 chunk, and 16 channels or tiles × 4 cycles a transform.
  expect(cycles).toEqual({
    direct: { matrix: 576, dma: 64 },
    weights: { winograd: 64 },
    inputs: { winograd: 64 },
    products: { matrix: 256 },
    outputs: { winograd: 64, dma: 64 },
  });
});

/** The nodes of an assembly text, in order. */
const names = (text: string): string[] => [...text.matchAll(/^\.node "(.*)"/gm)].map(([, name]) => name!);

test('06: a quantised layer in one mma', () => {
  const text = readFileSync(new URL('./06-integers.s', import.meta.url), 'utf8');
  const simulation = createSimulation(assembleProgram(text, { file: '06-integers.s' }), { data: true });
  const random = new Random(6);
  const x = Uint8Array.from({ length: 12 * 64 }, () => random.integer(0, 255));
  const w = Int8Array.from({ length: 64 * 40 }, () => random.integer(-128, 127));
  const bias = Int32Array.from({ length: 40 }, () => random.integer(-9999, 9999));
  const scale = Float32Array.from({ length: 40 }, () => 0.001 + random.uniform() / 1000);
  for (const [name, data] of Object.entries({ x, w, bias, scale })) {
    simulation.writeInput(name, new Uint8Array(data.buffer));
  }
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const expected = Array.from({ length: 12 * 40 }, (_, i) => {
    const [p, n] = [Math.floor(i / 40), i % 40];
    let sum = bias[n]!;
    for (let k = 0; k < 64; k++) sum += (x[64 * p + k]! - 128) * w[n < 32 ? 32 * k + n : 2048 + 8 * k + n - 32]!;
    const scaled = Math.fround(Math.max(0, sum) * scale[n]!);
    return Math.min(255, roundHalfEven(scaled) + 7);
  });
  expect([...simulation.readOutput('y')]).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(50);
  // 12 pixels × 2 groups of 32 filters × 2 chunks of 32.
  expect(state.result.units.find((u) => u.name === 'matrix')).toMatchObject({ busy: 48 });
});

test('07: four cores with a program each', async () => {
  const text = readFileSync(new URL('./07-many-cores.s', import.meta.url), 'utf8');
  const program = assembleProgram(text, { file: '07-many-cores.s' });
  const random = new Random(7);
  const x = Float32Array.from({ length: 32 * 256 }, () => random.normal());
  const w = Float32Array.from({ length: 256 * 128 }, () => random.normal() / 16);
  const inputs = new Map([
    ['x', new Uint8Array(x.buffer)],
    ['w', new Uint8Array(w.buffer)],
  ]);
  const run = (cores?: number) => {
    const simulation = createSimulation({ ...program, ...(cores === undefined ? {} : { cores }) }, { data: true });
    for (const [name, bytes] of inputs) simulation.writeInput(name, bytes);
    const state = simulation.run();
    if (state.state !== 'done') throw new Error(state.state);
    return { y: new Float32Array(simulation.readOutput('y').slice().buffer), ...state.result };
  };
  const { y, cycles, units, total } = run();
  let most = 0;
  for (let i = 0; i < 32; i++) {
    for (let n = 0; n < 128; n++) {
      let exact = 0;
      for (let k = 0; k < 256; k++) exact += x[256 * i + k]! * w[128 * k + n]!;
      most = Math.max(most, Math.abs(y[128 * i + n]! - exact));
    }
  }
  expect(most).toBeLessThan(4e-6);
  const functional = await runFunctional(program, { inputs });
  expect(new Float32Array(functional.outputs.get('y')!.slice().buffer)).toEqual(y);
  // x takes the channel for 256 cycles, the first pieces of w 32 each; the last of them is that of core 0, which then has work for
  // 8 · 32 pixels · 4 chunks and stores 2 KB: 16 cycles above the 1408 that all bytes take. The textbook's dialect needs 1520 in
  // eight tiles, and 1409 at best.
  expect(cycles).toBe(256 + 4 * 32 + 8 * 128 + 16);
  expect(units.filter((u) => u.name === 'matrix').map((u) => u.busy)).toEqual([1024, 1024, 1024, 1024]);
  expect(total.readBytes + total.writeBytes).toBe(1408 * 128);
});

test('08: a sum of two quantised tensors in the vector unit', () => {
  const text = readFileSync(new URL('./08-vector-types.s', import.meta.url), 'utf8');
  const simulation = createSimulation(assembleProgram(text, { file: '08-vector-types.s' }), { data: true });
  const random = new Random(7);
  const [a, b] = [0, 1].map(() => Int8Array.from({ length: 256 }, () => random.integer(-128, 127))) as [
    Int8Array,
    Int8Array,
  ];
  for (const [name, data] of Object.entries({ a, b })) simulation.writeInput(name, new Uint8Array(data.buffer));
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const f = Math.fround;
  const expected = Array.from(a, (x, i) => {
    const sum = f(f((x - 3) * f(0.05)) + f((b[i]! + 10) * f(0.02)));
    return Math.max(-128, Math.min(127, roundHalfEven(f(sum / f(0.06))) + 5));
  });
  expect([...new Int8Array(simulation.readOutput('y').slice().buffer)]).toEqual(expected);
  expect(expected).toContain(127);
  // Three passes of 256 ÷ 64 lanes, and a division of four cycles each.
  expect(state.result.units.find((u) => u.name === 'vector')).toMatchObject({ busy: 28 });
});

test('09: a network learns to add, and the processor runs it', async () => {
  const lines: string[] = [];
  const { right, sum, cycles } = await learnToAdd((line) => lines.push(line));
  expect({ right, sum }).toEqual({ right: 512, sum: 15 });
  expect(cycles).toBeGreaterThan(0);
  expect(lines).toHaveLength(5);
});

test.each([
  ['11-four-square-millimetres.yaml', 3072],
  ['12-two-thousand-machines.yaml', 2000],
])('%s: a space of designs', async (name, size) => {
  const read = (file: string): string => readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
  const space = await spaceOf(parseSpace(read(name), name), {
    machine: (word) => resolveMachine(word.endsWith('.json') ? { text: read(word), file: word } : word),
    model: async (network) => ({ network }),
  });
  expect(space.size).toBe(size);
});
