/** The functional model on hand-written programs: what it computes, what it traces, and where it traps. */
import { describe, expect, test } from 'vitest';
import { encode, type HostPart, type TensorSlot } from '#isa';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { runFunctional } from './functional.ts';

const machine = machineWith('textbook-single', {});
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const values = (bytes: Uint8Array | undefined) => [...new Float32Array(bytes!.slice().buffer)];

test('loops, records and order: sums of squares of the rows of a matrix', async () => {
  const program = assembled(
    `
    .dram 4096
    .input x, 0, f32[3, 4]
    .output y, 256, f32[3]
      cfg.dimi R0, 0, 4, 4
      cfg.dimi R2, 0, 4, 0              # C: reduces d0
      li r2, 256
      li r4, 64
      loopi 3
        load nram, r3, r1, R0, R0, f32
        signal load, 0
        wait vector, 0
        vec.mul r4, r3, r3, R0, R0, R2, f32, record, add, init
        signal vector, 1
        wait store, 1
        store nram, r2, r4, R1, R1, f32
        addi r1, r1, 16
        addi r2, r2, 4
        addi r3, r3, 512
        addi r4, r4, 4
      endloop
      halt`,
    machine,
  );
  const inputs = new Map([['x', floats(1, 2, 3, 4, 0, 0, 0, -1, 0.5, 0.5, 0, 0)]]);
  const { outputs, trace, memories, executed } = await runFunctional(program, { inputs });
  expect(values(outputs.get('y'))).toEqual([30, 1, 0.5]);
  expect(values(memories.nram.read(64, 12))).toEqual([30, 1, 0.5]);
  expect(memories.dram.pieces().map((p) => [p.address, p.bytes.length])).toEqual([[256, 12]]);
  expect(executed).toBe(5 + 3 * 11 + 1);
  // On a machine with one DMA queue, loads and stores share it.
  expect([...trace.keys()].sort()).toEqual(['dma', 'vector']);
  const transfers = trace.get('dma')!;
  expect(transfers.map((s) => s.pc)).toEqual([5, 6, 10, 11, 5, 6, 10, 11, 5, 6, 10, 11]);
  // Each turn loads from elsewhere; its signal is always the same.
  expect(new Set(transfers.filter((s) => s.pc === 5).map((s) => s.hash)).size).toBe(3);
  expect(new Set(transfers.filter((s) => s.pc === 6).map((s) => s.hash)).size).toBe(1);
});

test('what stands later in a queue does not wait for other queues', async () => {
  const program = assembled(
    `
    .dram 64
    .output y, 0, f32[1]
      li r1, 2.5f
      wait vector, 0                    # signalled by an entry that control dispatches later
      vec.mov r0, r0, r0, R0, R0, R0, f32
      signal vector, 1
      wait store, 1
      store nram, r0, r0, R0, R0, f32
      load nram, r0, r2, R0, R0, f32
      signal load, 0
      halt`,
    machineWith('systolic-16x16', {}),
    { constants: [{ name: 'c', address: 32, bytes: 4, data: () => floats(7) }] },
  );
  // Loads from address 32: r2 is 0 as written, so the program reads what nobody wrote, which traps.
  await expect(runFunctional(program)).rejects.toMatchObject({ code: 'SYS-SIM-071', place: { instruction: 6 } });
  const mended = assembled(
    `
    .dram 64
    .output y, 0, f32[1]
      li r2, 32
      wait vector, 0
      vec.add r0, r0, r2, R0, R0, R0, f32, scalar
      signal vector, 1
      wait store, 1
      store nram, r0, r0, R0, R0, f32
      load nram, r0, r2, R0, R0, f32
      signal load, 0
      halt`,
    machineWith('systolic-16x16', {}),
    { constants: program.constants },
  );
  // The scalar is r2's bits, 32 · 2⁻¹⁴⁹, which disappears beside 7.
  expect(values((await runFunctional(mended)).outputs.get('y'))).toEqual([7]);
});

test('a host part gets dense tensors and control waits for it', async () => {
  const slot = (name: string, address: number, strides: number[]): TensorSlot => ({
    name,
    dtype: 'float32',
    dims: [2, 2],
    strides,
    address,
  });
  const part: HostPart = {
    name: 'double',
    onnx: new Uint8Array(0),
    inputs: [slot('x', 0, [4, 8])],
    outputs: [slot('y', 64, [8, 4])],
    cycles: 1,
  };
  const program = assembled('.dram 128\n nop\n halt', machine, {
    words: BigUint64Array.of(
      encode({ mnemonic: 'host', fields: { part: 0 } }),
      encode({ mnemonic: 'halt', fields: {} }),
    ),
    inputs: [slot('x', 0, [4, 8])],
    outputs: part.outputs,
    host: [part],
  } as const);
  const { outputs, memories } = await runFunctional(program, {
    inputs: new Map([['x', floats(1, 2, 3, 4)]]),
    host: (_part, [x]) => [floats(...values(x).map((v) => 2 * v))],
  });
  expect(values(memories.dram.read(0, 16))).toEqual([1, 3, 2, 4]);
  expect(values(outputs.get('y'))).toEqual([2, 4, 6, 8]);
});

describe('traps', () => {
  const loops = (n: number, body: string) => `${'loopi 1\n'.repeat(n)}${body}\n${'endloop\n'.repeat(n)}`;
  const nested = `${loops(4, 'call r5, sub')}halt\nsub: ${loops(1, 'nop')}ret r5`;
  test.each([
    {
      name: 'an address outside',
      code: 'SYS-SIM-070',
      at: 1,
      text: 'li r1, -4\nvec.mov r0, r1, r0, R0, R0, R0, f32\nhalt',
    },
    { name: 'a word nobody wrote', code: 'SYS-SIM-071', at: 0, text: 'vec.mov r0, r0, r0, R0, R0, R0, f32\nhalt' },
    { name: 'no halt', code: 'SYS-SIM-072', at: 1, text: 'nop' },
    { name: 'five loops', code: 'SYS-SIM-072', at: 6, text: nested },
    { name: 'half a scalar word', code: 'SYS-SIM-072', at: 0, text: 'lw r1, r0, 2\nhalt' },
    { name: 'a deadlock', code: 'SYS-SIM-073', at: 0, text: 'wait vector, 3\nhalt' },
    { name: 'too many signals', code: 'SYS-SIM-074', at: 1, text: 'loopi 256\nsignal load, 0\nendloop\nhalt' },
    { name: 'two signallers', code: 'SYS-SIM-078', at: 1, text: 'signal load, 0\nsignal matrix, 0\nhalt' },
  ])('$name: $code', async ({ code, at, text }) => {
    const run = runFunctional(assembled(`.dram 64\n${text}`, machine));
    await expect(run).rejects.toMatchObject({ code, place: { instruction: at } });
  });
  test('an endless loop', async () => {
    const run = runFunctional(assembled('.dram 64\nhere: jmp here', machine), { maxInstructions: 1000 });
    await expect(run).rejects.toMatchObject({ code: 'SYS-SIM-075' });
    const idle = runFunctional(assembled('.dram 64\nhere: jmp here', machine));
    await expect(idle).rejects.toMatchObject({ code: 'SYS-SIM-079' });
  });
});
