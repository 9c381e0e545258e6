/** Directives: what a program that stands alone says about machine, DRAM and layers. */
import { expect, it } from 'vitest';
import { disassembleProgram } from '../disassembleProgram.ts';
import { assembleProgram } from './program.ts';

const text = `
.machine systolic-16x16
.equ IN, 0x100
.input x, IN, f32[1, 2, 3]
.output "y 1", IN + 64, i64[2]
.const 0, f32 1, -2.5, inf
.const 64, bf16 1.5, nan
.fill 128, 12, f32 0.5
.fill 0x1000, 3, 255
.node "first one"
nop
mma r1, r2, r3, R0, R1, R2, r4, r5, f32
.node second
nop
halt`;

it('assembles a program that stands alone', () => {
  const p = assembleProgram(text, { file: 'dir/example.s' });
  expect(p.name).toBe('example');
  expect(p.machine.name).toBe('systolic-16x16');
  expect(p.dramBytes).toBe(0x1040);
  expect(p.inputs).toEqual([{ name: 'x', dtype: 'float32', dims: [1, 2, 3], strides: [24, 12, 4], address: 256 }]);
  expect(p.outputs).toEqual([{ name: 'y 1', dtype: 'int64', dims: [2], strides: [8], address: 320 }]);
  const data = p.constants.map((c) => [c.address, c.bytes, [...c.data()]] as const);
  expect(data.map(([address, bytes]) => [address, bytes])).toEqual([
    [0, 12],
    [64, 4],
    [128, 12],
    [4096, 3],
  ]);
  expect([...new Float32Array(Uint8Array.from(data[0]![2]).buffer)]).toEqual([1, -2.5, Number.POSITIVE_INFINITY]);
  expect(data[1]![2]).toEqual([0xc0, 0x3f, 0xc0, 0x7f]);
  expect([...new Float32Array(Uint8Array.from(data[2]![2]).buffer)]).toEqual([0.5, 0.5, 0.5]);
  expect(data[3]![2]).toEqual([255, 255, 255]);
  expect(p.layers.map((l) => [l.name, l.where, l.from, l.to])).toEqual([
    ['first one', 'matrix', 0, 2],
    ['second', 'none', 2, 4],
  ]);
});

it('disassembles to a program with the same words and tensors', () => {
  const p = assembleProgram(text, { file: 'example.s' });
  const q = assembleProgram(disassembleProgram(p).text, { file: 'example.s', machine: p.machine });
  expect(q.words).toEqual(p.words);
  expect(q.inputs).toEqual(p.inputs);
  expect(q.outputs).toEqual(p.outputs);
  expect(q.layers).toEqual(p.layers);
  expect(q.dramBytes).toBe(p.dramBytes);
});
