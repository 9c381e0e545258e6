/** Exercise 6.5: an instruction set for deep learning, encoded and decoded, and a convolutional network that is run with it. */
import fc from 'fast-check';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram, runOnHost } from 'systole/flow';
import { type Attribute, ints, tensorNumbers } from 'systole/ir';
import { classOf, decode, encode, instructions } from 'systole/isa';
import { presets } from 'systole/machine';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../test/support/graphBuilder.ts';
import { instructionOf } from '../../test/support/instructions.ts';

test('decoding gives back what was encoded: 10,000 instructions and more, every opcode among them', {
  timeout: 60_000,
}, () => {
  const each = Math.ceil(10_000 / instructions.length);
  for (const definition of instructions) {
    const check = fc.property(instructionOf(definition), (i) => {
      expect(decode(encode(i))).toEqual(i);
    });
    fc.assert(check, { numRuns: each });
  }
});

/** Mnemonics as they are written, with what stands behind the dot: `vec.add`. */
const written = (unit: string): readonly string[] =>
  instructions
    .filter((d) => d.unit === unit)
    .flatMap((d) => {
      const suffix = d.fields.find((field) => field.suffix === true);
      return suffix === undefined ? [d.mnemonic] : suffix.names!.map((name) => `${d.mnemonic}.${name}`);
    });

test('scalar, matrix, vector and control instructions, several of each', () => {
  const scalar = instructions.filter((d) => ['alu', 'multiply', 'load', 'store'].includes(classOf(d)));
  const control = instructions.filter((d) => ['branch', 'jump', 'loop', 'sync', 'halt'].includes(classOf(d)));
  for (const group of [scalar, control, written('matrix'), written('vector')]) {
    expect(group.length).toBeGreaterThanOrEqual(2);
  }
});

/** LeNet-5 with 28 × 28 images, padding in the first layer, and a fully connected second convolution. */
function leNet5(): GraphBuilder & { readonly output: string } {
  const b = new GraphBuilder(5, 17);
  const conv = (x: string, from: number, to: number, pad: number): string => {
    const attributes: Record<string, Attribute> = { pads: ints([pad, pad, pad, pad]) };
    const weights = b.weights([to, from, 5, 5]);
    return b.node('Tanh', [b.node('Conv', [x, weights, b.constant([to])], attributes)]);
  };
  const pool = (x: string): string => b.node('AveragePool', [x], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const dense = (x: string, from: number, to: number): string =>
    b.node('Gemm', [x, b.weights([from, to], from), b.constant([to])]);
  const x = b.input([1, 1, 28, 28]).name;
  const features = pool(conv(pool(conv(x, 1, 6, 2)), 6, 16, 0));
  const f5 = b.node('Tanh', [dense(b.node('Flatten', [features]), 400, 120)]);
  const f6 = b.node('Tanh', [dense(f5, 120, 84)]);
  return Object.assign(b, { output: dense(f6, 84, 10) });
}

test('LeNet-5 on the simulator gives what the framework gives, in as many multiply-accumulates as it has', async () => {
  const b = leNet5();
  const engine = await sharedEngine();
  const compiled = await compileModel(b.model([b.output]), { machine: presets.get('textbook-single')!, engine });
  const feeds = b.feeds();
  const host = await runOnHost(compiled.model, feeds, engine);
  const { result, outputs } = await executeProgram(compiled.program, { data: true, feeds, engine: async () => engine });
  const [found, expected] = [outputs, host].map((values) => [...tensorNumbers(values.get(b.output)!)]);
  expect(found!.length).toBe(10);
  for (const [i, value] of found!.entries()) expect(Math.abs(value - expected![i]!)).toBeLessThanOrEqual(1e-5);
  expect(result.total.macs).toBe(117600 + 240000 + 48000 + 10080 + 840);
  expect(result.total.hostCycles).toBe(0);
});
