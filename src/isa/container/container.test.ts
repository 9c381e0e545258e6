/** `.dlp` files: what is written is read, and nothing damaged passes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SystoleError } from '#base';
import { presets } from '#machine';
import { errorOf, errorText } from '../../../test/support/errorText.ts';
import { assemble } from '../assembler/assemble.ts';
import type { ConstantSegment, Program, TensorSlot } from '../program.ts';
import { readProgram } from './read.ts';
import { writeProgram, writeProgramChunks } from './write.ts';

const file = 'net.dlp';
const constant = (address: number, bytes: Uint8Array): ConstantSegment => ({
  name: `c${address}`,
  address,
  bytes: bytes.length,
  data: () => bytes,
});
const slot = (name: string, address: number): TensorSlot => ({
  name,
  dtype: 'float32',
  dims: [2, 3],
  strides: [12, 4],
  address,
});
const random = Uint8Array.from({ length: 1001 }, (_, i) => (i * i * 37 + i) & 255);

const program: Program = {
  name: '网络 net',
  machine: presets.get('systolic-16x16')!,
  words: assemble('li r1, 1.5f\nhost 0\nhalt', { file }).words,
  dramBytes: 1 << 20,
  constants: [
    constant(0, random),
    constant(4096, new Uint8Array(5000)),
    constant(16384, new Uint8Array(new Float32Array(100).fill(0.1).buffer)),
    constant(32768, new Uint8Array(new Float64Array(100).fill(0.1).buffer)),
    constant(65536, Uint8Array.of(1, 2, 3)),
    constant(65540, new Uint8Array(0)),
  ],
  inputs: [slot('x', 512)],
  outputs: [slot('y', 1024)],
  host: [{ name: 'tail', onnx: random.subarray(3, 100), inputs: [slot('x', 512)], outputs: [], cycles: 1234 }],
  layers: [
    {
      index: 0,
      name: 'conv',
      nodes: ['conv', 'relu'],
      op: 'Conv+Relu',
      where: 'host',
      onHost: [
        {
          name: 'conv',
          op: 'Conv',
          merged: [],
          reason: { en: 'because', zh: '因为' },
          estimate: { en: 'a guess', zh: '估计' },
        },
      ],
      macs: 19632062464,
      vectorOps: 1,
      inputBytes: 2,
      weightBytes: 3,
      outputBytes: 4,
      outputShape: [1, 2],
      loops: [{ dim: 'oc', tiles: 4, size: 128 }],
      from: 0,
      to: 3,
    },
  ],
  layerwise: {
    cycles: 9,
    groups: [
      { name: 'conv', op: 'Conv', nodes: ['conv'], macs: 7, vectorOps: 0, bytes: 1, cycles: 8.4, bound: 'memory' },
    ],
  },
  compulsory: { readBytes: 5, writeBytes: 6 },
};

/** With constants as their bytes, so that two programs compare. */
const plain = (p: Program) => ({
  ...p,
  constants: p.constants.map((c) => ({ ...c, data: [...c.data()] })),
  host: p.host.map((h) => ({ ...h, onnx: [...h.onnx] })),
});

it('reads what it wrote, from any alignment', () => {
  const bytes = writeProgram(program);
  expect(plain(readProgram(bytes))).toEqual(plain(program));
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(plain(readProgram(shifted.subarray(3)))).toEqual(plain(program));
});

it('stores repeated contents as a fill and hands out the rest in place, aligned', () => {
  const bytes = writeProgram(program);
  expect(bytes.length).toBeLessThan(8000);
  const read = readProgram(bytes);
  const first = read.constants[0]!.data();
  expect(first.buffer).toBe(bytes.buffer);
  expect(first.byteOffset % 64).toBe(0);
  expect(read.words.buffer).toBe(bytes.buffer);
});

it('fetches constants one at a time, each once', () => {
  let fetched = 0;
  const counted = (data: () => Uint8Array) => (): Uint8Array => {
    fetched++;
    return data();
  };
  const lazy = { ...program, constants: program.constants.map((c) => ({ ...c, data: counted(c.data) })) };
  const chunks = writeProgramChunks(lazy);
  chunks.next();
  expect(fetched).toBe(0);
  for (const _ of chunks);
  expect(fetched).toBe(program.constants.length);
});

it('answers foreign, cut-off, damaged and newer files with a code', async () => {
  const good = writeProgram(program);
  const changed = (at: number, flip = 255): Uint8Array => {
    const bytes = good.slice();
    bytes[at < 0 ? bytes.length + at : at]! ^= flip;
    return bytes;
  };
  const withSlot = (s: Partial<TensorSlot>) => writeProgram({ ...program, inputs: [{ ...slot('x', 512), ...s }] });
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array(0)],
    ['text', new TextEncoder().encode('hello, world')],
    ['another format', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0)],
    ['damaged by a text transfer', changed(4, 0x0d ^ 0x0a)],
    ['newer version', changed(8, 1 ^ 9)],
    ['cut off', good.subarray(0, good.length - 1)],
    ['cut off after the magic', good.subarray(0, 8)],
    ['damaged words', changed(64)],
    ['damaged constant', changed(200)],
    ['damaged table', changed(-30)],
    ['damaged footer', changed(-24)],
    ['constant behind DRAM', writeProgram({ ...program, dramBytes: 40000 })],
    ['tensor behind DRAM', withSlot({ address: (1 << 20) - 20 })],
    ['tensor before DRAM', withSlot({ address: 0, strides: [-12, 4] })],
    ['ranks that differ', withSlot({ strides: [4] })],
    ['fractional dimension', withSlot({ dims: [2, 1.5] })],
    ['layer behind the program', writeProgram({ ...program, layers: [{ ...program.layers[0]!, to: 4 }] })],
    ['DRAM beyond the machine', writeProgram({ ...program, dramBytes: 2 ** 32 })],
    ['machine without a scratchpad', writeProgram({ ...program, machine: { ...program.machine, wram: { bytes: 4 } } })],
    [
      'machine with an unknown key',
      writeProgram({ ...program, machine: Object.assign({ colour: 1 }, program.machine) }),
    ],
  ];
  const parts = cases.map(([what, bytes]) => `=== ${what}\n${errorText(errorOf(() => readProgram(bytes, file)))}`);
  await expect(`# vitest run src/isa -u\n${parts.join('\n\n')}\n`).toMatchFileSnapshot('../goldens/program-errors.txt');
});

it('never reads a damaged file as something else', () => {
  const good = writeProgram(program);
  const expected = JSON.stringify(plain({ ...program, words: new BigUint64Array(0) }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (edits) => {
      const bytes = good.slice();
      for (const [at, value] of edits) bytes[at] = value;
      try {
        // Bytes between sections are padding: changing them changes nothing.
        const read = readProgram(bytes, file);
        expect(JSON.stringify(plain({ ...read, words: new BigUint64Array(0) }))).toBe(expected);
        expect(read.words).toEqual(program.words);
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        expect(error.code).toMatch(/^SYS-DLP-/);
      }
    }),
    { numRuns: 500 },
  );
  for (let n = 0; n < good.length; n += 7) {
    expect(errorOf(() => readProgram(good.subarray(0, n), file)).code).toMatch(/^SYS-DLP-00[13]$/);
  }
});
