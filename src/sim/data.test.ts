/** Runs with data: inputs, outputs, host calls, and the same cycles as without. */
import { describe, expect, test } from 'vitest';
import type { Program, TensorSlot } from '#isa';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';

const machine = machineWith('systolic-16x16', {});
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const values = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)];

/** y = x·W + b for x[2, 3], W[3, 2]; then z = y + y. */
const program = assembled(
  `
  .dram 4096
  .input x, 0, f32[2, 3]
  .const 64, f32 1, 2, 3, 4, 5, 6        # W, k-major
  .const 128, f32 0.5, -0.5              # b
  .output y, 256, f32[2, 2]
  .output z, 512, f32[2, 2]
  .node "gemm"
    cfg.dimi R0, 0, 6, 4                 # six words
    cfg.dimi R1, 0, 2, 4                 # two
    cfg.dimi R2, 0, 2, 12                # pixels: rows of x
    cfg.dimi R3, 0, 3, 4                 # reduction
    cfg.dimi R4, 0, 2, 8                 # results: rows of y
    cfg.dimi R4, 4, 2, 0                 # two filters
    cfg.dimi R5, 0, 4, 4                 # four words
    li r1, 64
    li r2, 128
    li r3, 256
    li r4, 512
    load wram, r0, r1, R0, R0, f32
    load wram, r1, r2, R1, R1, f32
    load nram, r0, r0, R0, R0, f32
    signal load, 0
    wait matrix, 0
    mma r1, r0, r0, R2, R3, R4, r0, r1, f32, clear, drain, bias
    signal matrix, 1
    wait store, 1
    store nram, r3, r1, R5, R5, f32
  .node "add"
    signal matrix, 2
    wait vector, 2
    vec.add r2, r1, r1, R5, R5, R5, f32, record
    signal vector, 3
    wait store, 3
    store nram, r4, r2, R5, R5, f32
    halt`,
  machine,
);

describe('a product with bias, then a sum', () => {
  test('computes', () => {
    const simulation = createSimulation(program, { data: true });
    simulation.writeInput('x', floats(1, 0, 0, 1, 2, 3));
    const state = simulation.run();
    // [1 0 0]·W = [1 2]; [1 2 3]·W = [1 + 6 + 15, 2 + 8 + 18].
    expect(values(simulation.readOutput('y'))).toEqual([1.5, 1.5, 22.5, 27.5]);
    expect(values(simulation.readOutput('z'))).toEqual([3, 3, 45, 55]);
    const timed = createSimulation(program, { data: false }).run();
    expect(timed).toEqual(state);
    expect(simulation.run()).toEqual(state);
    expect(state).toMatchObject({
      state: 'done',
      result: { total: { macs: 12, vectorOps: 4, readBytes: 56, writeBytes: 32 } },
    });
  });

  test('missing, unknown and misshapen tensors are named', () => {
    const simulation = createSimulation(program, { data: true });
    expect(() => simulation.run()).toThrow(/input 'x' was not given/);
    expect(() => simulation.writeInput('w', floats(1))).toThrow(/no input 'w': its inputs are x/);
    expect(() => simulation.writeInput('x', floats(1))).toThrow(/got 4 bytes, expected 24 for float32\[2, 3\]/);
    expect(() => simulation.readOutput('q')).toThrow(/no output 'q': its outputs are y, z/);
    expect(() => createSimulation(program, { data: false }).readOutput('y')).toThrow(/counts time only/);
  });
});

describe('host calls', () => {
  const slot = (name: string, address: number): TensorSlot => ({
    name,
    dtype: 'float32',
    dims: [4],
    strides: [4],
    address,
  });
  /** As above, with a host part between: z lies where the host put it. */
  const base = assembled(
    `
    .dram 4096
    .input x, 0, f32[4]
    .output z, 512, f32[4]
    cfg.dimi R0, 0, 4, 4
    li r3, 256
    li r4, 512
    nop
    load nram, r0, r3, R0, R0, f32
    signal load, 0
    wait vector, 0
    vec.add r3, r0, r0, R0, R0, R0, f32, record
    signal vector, 1
    wait store, 1
    store nram, r4, r3, R0, R0, f32
    halt`,
    machine,
  );
  const words = base.words.slice();
  words[3] = 0x0400000000000000n;
  const withHost: Program = {
    ...base,
    words,
    host: [{ name: 'square', onnx: new Uint8Array(), inputs: [slot('x', 0)], outputs: [slot('y', 256)], cycles: 77 }],
  };

  test('the caller does them; time is the same without data', () => {
    const simulation = createSimulation(withHost, { data: true });
    simulation.writeInput('x', floats(1, 2, 3, 4));
    expect(simulation.run()).toEqual({ state: 'host', part: 0 });
    const x = values(simulation.readTensor(withHost.host[0]!.inputs[0]!));
    simulation.writeTensor(withHost.host[0]!.outputs[0]!, floats(...x.map((v) => v * v)));
    const state = simulation.run();
    expect(values(simulation.readOutput('z'))).toEqual([2, 8, 18, 32]);
    expect(createSimulation(withHost, { data: false, hazards: true }).run()).toEqual(state);
    expect(state).toMatchObject({ result: { total: { hostCycles: 77 } } });
  });

  test('a part that does not exist, or that reads what nobody wrote', () => {
    expect(() => createSimulation({ ...withHost, host: [] }, { data: false }).run()).toThrow(
      /host part that the program does not have/,
    );
    const part = { ...withHost.host[0]!, inputs: [slot('t', 1024)] };
    expect(() => createSimulation({ ...withHost, host: [part] }, { data: false, hazards: true }).run()).toThrow(
      /operand 't' reads DRAM address 1024/,
    );
  });
});
