/**
 * Predicted against simulated on every test machine: layers that need many tiles, ragged and padded, of every kind of kernel.
 * Busy cycles, channel cycles and bytes must be equal to the last one (that all other compiled tests hold, too, see
 * `runCompiled`); the total time is an estimate and must be near, on an ideal machine almost equal.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { type Attribute, int, ints } from '#ir';
import type { Machine } from '#machine';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';
import { predictionFaults } from '../support/predictionFaults.ts';

/** Strides, pads and dilations of a random window that fits an image. */
function windowOf(b: GraphBuilder, kernel: number): Record<string, Attribute> {
  const { random } = b;
  const each = (low: number, high: number): Attribute => ints([random.integer(low, high), random.integer(low, high)]);
  return {
    strides: each(1, 2),
    pads: ints(Array.from({ length: 4 }, () => random.integer(0, Math.floor(kernel / 2)))),
    dilations: kernel > 1 ? each(1, 2) : ints([1, 1]),
  };
}

function image(b: GraphBuilder, channels: number, kernel: number): string {
  const { random } = b;
  const size = (): number => random.integer(kernel * 2, 40);
  return b.input([random.pick([1, 1, 3]), channels, size(), size()]).name;
}

function convolution(b: GraphBuilder, group: number): string {
  const { random } = b;
  const kernel = random.pick([1, 1, 3, 5]);
  const [per, filters] = [random.integer(1, 90), group * random.integer(1, 90)];
  const bias = b.oneIn(2) ? [b.constant([filters])] : [];
  const operands = [image(b, group * per, kernel), b.weights([filters, per, kernel, kernel]), ...bias];
  return b.node('Conv', operands, { ...windowOf(b, kernel), group: int(group) });
}

const size = (b: GraphBuilder): number => b.random.integer(1, 300);

/** One layer of each kind of kernel, of random size. */
const LAYERS: Readonly<Record<string, (b: GraphBuilder) => string>> = {
  convolution: (b) => convolution(b, 1),
  'another convolution': (b) => convolution(b, 1),
  'grouped convolution': (b) => convolution(b, b.random.integer(2, 4)),
  'depthwise convolution': (b) => {
    const [channels, kernel] = [b.random.integer(2, 90), b.random.pick([3, 5])];
    const operands = [image(b, channels, kernel), b.weights([channels, 1, kernel, kernel]), b.constant([channels])];
    return b.node('Relu', [b.node('Conv', operands, { ...windowOf(b, kernel), group: int(channels) })]);
  },
  gemm: (b) => {
    const [m, k, n] = [b.random.integer(1, 60), size(b), size(b)];
    return b.node('Gemm', [b.input([m, k]).name, b.weights([n, k], k), b.constant([n])], { transB: int(1) });
  },
  'gemm with a sum behind it': (b) => {
    const [m, k, n] = [b.random.integer(1, 60), size(b), b.random.integer(1, 90)];
    return b.node('Gemm', [b.input([k, m]).name, b.weights([k, n]), b.input([m, 1]).name], { transA: int(1) });
  },
  'product of activations': (b) => {
    const [m, k, n] = [b.random.integer(1, 90), b.random.integer(1, 90), b.random.integer(1, 90)];
    const left = b.input([3, m, k]).name;
    if (b.oneIn(2)) return b.node('MatMul', [left, b.input([3, k, n]).name]);
    return b.node('MatMul', [left, b.node('Transpose', [b.input([n, k]).name])]);
  },
  'maximum over windows': (b) =>
    b.node('MaxPool', [image(b, size(b), 3)], {
      kernel_shape: ints([3, 2]),
      pads: ints([1, 0, 0, 1]),
      strides: ints([2, 1]),
    }),
  'mean over windows': (b) =>
    b.node('AveragePool', [image(b, size(b), 3)], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }),
  'element-wise chain': (b) => {
    const c = size(b);
    return b.node('Sigmoid', [b.node('Mul', [b.node('Add', [image(b, c, 3), b.constant([c, 1, 1])]), b.scalar(2)])]);
  },
  'broadcast sum': (b) => {
    const [m, n] = [size(b), size(b)];
    return b.node('Add', [b.input([5, m, 1]).name, b.input([m, n]).name]);
  },
  softmax: (b) => b.node('Softmax', [b.input([size(b), size(b)]).name], { axis: int(b.random.integer(0, 1)) }),
  'log-softmax': (b) => b.node('LogSoftmax', [b.input([7, size(b), 11]).name], { axis: int(1) }),
  'mean over an axis': (b) =>
    b.node('ReduceMean', [b.input([size(b), 40, 30]).name], { axes: ints([b.random.integer(0, 2)]) }),
  'sum over all': (b) => b.node('ReduceSum', [b.input([size(b), 70, 9]).name]),
  'normalisation over channels': (b) => b.node('LRN', [image(b, b.random.integer(5, 60), 3)], { size: int(5) }),
  padding: (b) => b.node('Pad', [image(b, b.random.integer(1, 40), 3), b.int64s([0, 1, 2, 3, 0, 0, 4, -1])]),
  transposition: (b) => b.node('Transpose', [b.input([size(b), size(b)]).name]),
  concatenation: (b) => b.node('Concat', [b.input([9, size(b)]).name, b.input([9, size(b)]).name], { axis: int(1) }),
};

/** The estimate of the total time is off by at most this factor; where control is free and queues are deep, which it leaves out, by this. */
const FAR = 2.5;
const NEAR = 1.005;

const isIdeal = ({ control }: Machine): boolean => control.cyclesPerInstruction === 0 && control.queueDepth >= 1024;

test.each(MACHINES.map((m) => [m.name, m] as const))('layers on %s', async (name, machine) => {
  const engine = await sharedEngine();
  let [worst, where] = [1, ''];
  for (const [i, [layer, make]] of Object.entries(LAYERS).entries()) {
    for (let seed = 0; seed < 3; seed++) {
      const b = new GraphBuilder(100 * seed + i, 12);
      const output = make(b);
      const { program } = await compileModel(b.model([output]), { machine, engine });
      const { result } = await executeProgram(program, { data: false });
      const loops = JSON.stringify(program.layers.map((l) => l.loops));
      expect(predictionFaults(program, result), `${layer}, seed ${seed}: ${loops}`).toEqual([]);
      if (program.layers.some((l) => l.where === 'host')) continue;
      const cycles = program.layers.reduce((n, l) => n + l.predicted!.cycles, 0);
      const off = Math.max(result.cycles / cycles, cycles / result.cycles);
      if (off > worst)
        [worst, where] = [off, `${layer}, seed ${seed}: ${cycles} predicted, ${result.cycles} run, ${loops}`];
    }
  }
  console.log(`${name}: total times differ by a factor of at most ${worst.toFixed(2)} (${where})`);
  expect(worst, where).toBeLessThan(isIdeal(machine) ? NEAR : FAR);
});
