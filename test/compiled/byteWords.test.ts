/**
 * Integers of 8 bits on vector units that have lanes of f32 alone: in words of their own (`formula/words.ts`). The codes of the host to
 * the last bit, busy cycles and traffic as predicted and no races (`runCompiled`), and nothing left to the host.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel } from '#flow';
import { type Attribute, ints, type Tensor, tensorOf } from '#ir';
import { type Machine, presets } from '#machine';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';

type Byte = 'int8' | 'uint8';

/** Machines that multiply bytes, with f32 lanes alone, and a host that no call is worth. */
const machines: readonly Machine[] = [presets.get('gemmini-16x16')!, presets.get('tpu-v1')!, ...MACHINES].map((m) => {
  const { types: _, ...vector } = m.vector;
  return { ...m, name: `${m.name}-words`, vector, host: { ...m.host, latencyCycles: 10_000_000 } };
});

const RANGES = { int8: [-128, 127], uint8: [0, 255] } as const;

const scalar = (g: GraphBuilder, type: 'float32' | Byte, value: number): string => g.keep(tensorOf(type, [], [value]));

const quantise = (g: GraphBuilder, x: string, type: Byte, scale: number, zero: number): string =>
  g.node('QuantizeLinear', [x, scalar(g, 'float32', scale), scalar(g, type, zero)]);

const dequantise = (g: GraphBuilder, x: string, type: Byte, scale: number, zero: number): string =>
  g.node('DequantizeLinear', [x, scalar(g, 'float32', scale), scalar(g, type, zero)]);

/** All codes of a type, in an order of their own. */
function codes(g: GraphBuilder, type: Byte, dims: readonly number[]): { name: string; value: Tensor } {
  const count = dims.reduce((n, d) => n * d, 1);
  const [least] = RANGES[type];
  const value = tensorOf(
    type,
    dims,
    Array.from({ length: count }, (_, i) => least + ((i * 37) % 256)),
  );
  return { name: g.input(dims, type).name, value };
}

const CASES: Readonly<Record<string, (g: GraphBuilder, type: Byte, zero: number) => readonly string[]>> = {
  'codes to floats and back': (g, type, zero) => {
    const { name, value } = codes(g, type, [2, 5, 7, 11]);
    g.set(name, value);
    const x = dequantise(g, name, type, 0.03, zero);
    return [x, quantise(g, g.node('Sigmoid', [x]), type, 0.004, zero)];
  },
  'floats at ties, beyond both ends': (g, type, zero) => {
    const x = g.input([3, 90]).name;
    const values = Array.from({ length: 270 }, (_, i) => (i - 135) * (i % 3 === 0 ? 0.5 : 1.37));
    g.set(x, tensorOf('float32', [3, 90], values));
    return [quantise(g, x, type, 0.5, zero), quantise(g, x, type, 1, zero), quantise(g, x, type, 0.37, zero)];
  },
  'a residual sum': (g, type, zero) => {
    const [a, b] = [codes(g, type, [1, 6, 9, 10]), codes(g, type, [1, 6, 9, 10])];
    for (const { name, value } of [a, b]) g.set(name, value);
    const sum = g.node('Add', [
      dequantise(g, a.name, type, 0.02, zero),
      dequantise(g, b.name, type, 0.031, zero > 0 ? zero - 1 : zero + 1),
    ]);
    return [quantise(g, g.node('Relu', [sum]), type, 0.04, zero)];
  },
  'codes clipped, chosen and compared': (g, type, zero) => {
    const [a, b] = [codes(g, type, [4, 33]), codes(g, type, [4, 33])];
    g.set(a.name, a.value);
    g.set(
      b.name,
      tensorOf(
        type,
        [4, 33],
        [...Array(132).keys()].map((i) => RANGES[type][0] + ((i * 91) % 256)),
      ),
    );
    const clipped = g.node('Clip', [a.name, scalar(g, type, zero), scalar(g, type, 100)]);
    const [x, y] = [dequantise(g, a.name, type, 0.1, zero), dequantise(g, b.name, type, 0.1, 3)];
    return [clipped, g.node('Where', [g.node('Greater', [x, y]), x, y])];
  },
  'maxima over windows, padded': (g, type, zero) => {
    const { name, value } = codes(g, type, [2, 5, 14, 13]);
    g.set(name, value);
    const window = { kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: ints([1, 0, 2, 1]) };
    const pooled = g.node('MaxPool', [name], window);
    return [pooled, g.node('MaxPool', [name], { kernel_shape: ints([5, 5]) }), dequantise(g, pooled, type, 0.5, zero)];
  },
  'a mean of codes along rows': (g, type, zero) => {
    const { name, value } = codes(g, type, [3, 40]);
    g.set(name, value);
    return [
      g.node('ReduceMax', [dequantise(g, name, type, 0.1, zero)], { axes: ints([1]) } as Record<string, Attribute>),
    ];
  },
};

test.each(
  Object.entries(CASES).flatMap(([name, make]) =>
    (['int8', 'uint8'] as const).map((type) => [name, type, make] as const),
  ),
)('%s, %s', async (_, type, make) => {
  for (const [i, machine] of machines.entries()) {
    const zero = [0, type === 'int8' ? -128 : 128, 5][i % 3]!;
    const g = new GraphBuilder(i, 17);
    const outputs = make(g, type, zero);
    const { faults, compiled } = await runCompiled(g.model(outputs), machine, g.feeds());
    expect(faults, `${machine.name}, zero point ${zero}`).toEqual([]);
    expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
  }
});

test('maxima over windows stay on the processor where that is predicted to be faster than a call of the host', async () => {
  const engine = await sharedEngine();
  const g = new GraphBuilder(1, 17);
  const window = { kernel_shape: ints([3, 3]), strides: ints([2, 2]) };
  const pooled = g.node('MaxPool', [g.input([1, 64, 112, 112], 'int8').name], window);
  const on = async (name: string): Promise<readonly string[]> => {
    const { program } = await compileModel(g.model([pooled]), { machine: presets.get(name)!, engine });
    return program.layers.flatMap((l) => l.onHost?.map((h) => h.reason.en) ?? [l.where]);
  };
  expect(await on('tpu-v1')).toEqual(['vector']);
  expect(await on('gemmini-16x16')).toEqual([expect.stringContaining('longer there than a call of the host')]);
});
