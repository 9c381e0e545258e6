/** What an `mma` may not ask for, answered by both models; and what integers do at their ends, worked out beside each. */
import { describe, expect, test } from 'vitest';
import type { Machine } from '#machine';
import { errorOf } from '../../test/support/errorText.ts';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { createSimulation } from './cycle.ts';
import { runFunctional } from './functional.ts';

const machineOf = (types: object): Machine =>
  machineWith('textbook-single', {
    matrix: {
      kind: 'dot',
      tn: 4,
      ti: 4,
      lanePacking: 'run',
      accumulatorBytes: 64,
      pipelineCycles: 0,
      types,
    } as Machine['matrix'],
  });
const bytes = machineOf({ i8: { tn: 3, ti: 4 }, i16: { tn: 4, ti: 4 } });

const ANY = 'u8 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16';

/** One neuron a and one weight w, at 0; bias and scale at WRAM 8 and 12; the result at NRAM 16. */
const program = (machine: Machine, data: string, body: string, type = 'i32') =>
  assembled(
    `.dram 128
     .const 0, ${data}
     .output y, 64, ${type}[1]
     cfg.dimi R1, 0, 4, 4
     load nram, r0, r0, R1, R1, f32
     load wram, r0, r0, R1, R1, f32
     sync
     cfg.dimi R3, 4, 1, 8
     li r5, 16
     li r6, 4
     li r9, 8
     ${body}
     sync
     li r10, 64
     cfg.dimi R4, 0, 1, 8
     store nram, r10, r5, R4, R4, ${type}
     halt`,
    machine,
  );

describe.each([
  ['a type that the machine does not compute', 'SYS-SIM-100', 'mma r5, r0, r6, R0, R2, R3, r0, r9, f16, clear, drain'],
  ['a type that no machine computes', 'SYS-SIM-100', 'mma r5, r0, r6, R0, R2, R3, r0, r9, i32, clear, drain'],
  ['integers of floats', 'SYS-SIM-101', 'mma r5, r0, r6, R0, R2, R3, r0, r9, f32, clear, drain, to i8'],
  ['a zero point of A', 'SYS-SIM-102', 'cfg.quant -1, 0, 0\nmma r5, r0, r6, R0, R2, R3, r0, r9, u8, clear, drain'],
  ['a zero point of W', 'SYS-SIM-102', 'cfg.quant 0, 128, 0\nmma r5, r0, r6, R0, R2, R3, r0, r9, i8, clear, drain'],
  [
    'a zero point of C',
    'SYS-SIM-102',
    'cfg.quant 0, 0, 256\nmma r5, r0, r6, R0, R2, R3, r0, r9, u8, clear, drain, to u8',
  ],
  ['a zero point of i16', 'SYS-SIM-102', 'cfg.quant 1, 0, 0\nmma r5, r0, r6, R0, R2, R3, r0, r9, i16, clear, drain'],
  [
    'weights of 8 bits beside i16',
    'SYS-SIM-103',
    'cfg.quant 0, 0, 0, weights u8\nmma r5, r0, r6, R0, R2, R3, r0, r9, i16, clear, drain',
  ],
])('%s', (_, code, body) => {
  test('is refused', async () => {
    const made = program(bytes, ANY, body);
    const error = errorOf(() => createSimulation(made, { data: false }).run());
    expect(error).toMatchObject({ code, place: { instruction: made.words.length - 6 } });
    await expect(runFunctional(made)).rejects.toMatchObject({ code: 'SYS-SIM-072' });
  });
});

test('names what the machine computes', () => {
  const made = program(bytes, ANY, 'mma r5, r0, r6, R0, R2, R3, r0, r9, f16, clear, drain');
  expect(errorOf(() => createSimulation(made, { data: false }).run()).message).toContain('computes f32, i8, u8, i16.');
});

test('there are whole accumulator entries of a type only', async () => {
  // 64 bytes: 5 entries of 3 sums of 4 bytes, 2 entries of 4 sums of 8.
  for (const [type, entries] of [
    ['i8', 5],
    ['i16', 2],
  ] as const) {
    const at = (entry: number) =>
      program(
        bytes,
        ANY,
        `li r7, ${entry}\nmma r5, r0, r6, R0, R2, R3, r7, r9, ${type}, clear\nload nram, r5, r0, R0, R0, i64`,
        'i64',
      );
    expect(createSimulation(at(entries - 1), { data: true }).run().state).toBe('done');
    await runFunctional(at(entries - 1));
    expect(errorOf(() => createSimulation(at(entries), { data: false }).run())).toMatchObject({ code: 'SYS-SIM-020' });
    await expect(runFunctional(at(entries))).rejects.toMatchObject({ code: 'SYS-SIM-070' });
  }
});

/** The result in both models. */
async function result(data: string, body: string, type = 'i32'): Promise<bigint> {
  const made = program(bytes, data, body, type);
  const simulation = createSimulation(made, { data: true });
  expect(simulation.run().state).toBe('done');
  const y = simulation.readOutput('y');
  expect((await runFunctional(made)).outputs.get('y')).toEqual(y);
  const view = new DataView(y.buffer, y.byteOffset);
  switch (type) {
    case 'i64':
      return view.getBigInt64(0, true);
    case 'i32':
      return BigInt(view.getInt32(0, true));
    case 'i8':
      return BigInt(view.getInt8(0));
    default:
      return BigInt(view.getUint8(0));
  }
}

/** A word of neurons, one of weights, bias, scale. */
const data = (bias: number, scale: number): string => {
  const words = new DataView(new ArrayBuffer(16));
  words.setUint8(0, 200);
  words.setUint8(4, 100);
  words.setInt32(8, bias, true);
  words.setFloat32(12, scale, true);
  return `u8 ${Array.from({ length: 16 }, (_, i) => words.getUint8(i)).join(', ')}`;
};
const mma = 'mma r5, r0, r6, R0, R2, R3, r0, r9, u8, clear, drain';

test('operands less their zero points', async () => {
  // 200 · 100; (200 − 255) · (100 − 128); as i8 the 200 is −56: (−56 + 128) · (100 − 3).
  expect(await result(data(0, 0), mma)).toBe(20000n);
  expect(await result(data(0, 0), `cfg.quant 255, 127, 0, weights i8\n${mma}`)).toBe(55n * 27n);
  expect(await result(data(0, 0), `cfg.quant -128, 3, 0, weights u8\n${mma.replace('u8', 'i8')}`)).toBe(72n * 97n);
});

test('bias wraps around, clamp and leaky work on sums', async () => {
  expect(await result(data(2 ** 31 - 1, 0), `${mma}, bias`)).toBe(-(2n ** 31n) + 19999n);
  expect(await result(data(-30000, 0), `li r1, -5\nli r2, 7\ncfg.act r1, r2\n${mma}, bias, clamp`)).toBe(-5n);
  expect(await result(data(30000, 0), `li r1, -5\nli r2, 7\ncfg.act r1, r2\n${mma}, bias, clamp`)).toBe(7n);
  // −10001 · 0.5 = −5000.5, ties to even.
  expect(await result(data(-30001, 0), `li r1, 0.5f\ncfg.act r1, r0\n${mma}, bias, leaky`)).toBe(-5000n);
  expect(await result(data(-30003, 0), `li r1, 0.5f\ncfg.act r1, r0\n${mma}, bias, leaky`)).toBe(-5002n);
});

test('scaled sums are rounded to even, moved by their zero point and saturated', async () => {
  // 20000 · 2⁻⁶ = 312.5 → 312, less 200; 20000 · 2⁻³ is far above.
  expect(await result(data(0, 2 ** -6), `cfg.quant 0, 0, 0\n${mma}, to u8, bias`, 'u8')).toBe(255n);
  expect(await result(data(-12960, 2 ** -6), `cfg.quant 0, 0, 10\n${mma}, to u8, bias`, 'u8')).toBe(120n);
  expect(await result(data(-12832, 2 ** -6), `cfg.quant 0, 0, 10\n${mma}, to i8, bias`, 'i8')).toBe(122n);
  expect(await result(data(-30000, 2 ** -3), `cfg.quant 0, 0, 10\n${mma}, to i8, bias`, 'i8')).toBe(-128n);
  expect(await result(data(0, Number.NaN), `cfg.quant 0, 0, 10\n${mma}, to u8, bias`, 'u8')).toBe(0n);
});

test('sums of i16 have 64 bits', async () => {
  const ends = `i16 ${new Array(8).fill(-32768).join(', ')}`;
  const body = 'cfg.dimi R2, 0, 2, 2\nmma r5, r0, r6, R0, R2, R3, r0, r9, i16, clear, drain';
  // 2 · 2³⁰ does not fit 32 bits.
  expect(await result(ends, body, 'i64')).toBe(2n ** 31n);
});
