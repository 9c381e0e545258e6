/**
 * Traffic against what is compulsory (inputs, weights and outputs once each) where tiles overlap or lie across the order of
 * memory, and where it once was many times that.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints } from '#ir';
import { type Machine, presets } from '#machine';
import { GraphBuilder } from '../support/graphBuilder.ts';

const textbook = presets.get('textbook-single')!;
const systolic = presets.get('systolic-16x16')!;

async function run(machine: Machine, make: (b: GraphBuilder) => string) {
  const b = new GraphBuilder(1, 12);
  const { program } = await compileModel(b.model([make(b)]), { machine, engine: await sharedEngine() });
  const { result } = await executeProgram(program, { data: false });
  const [layer] = program.layers;
  const { total } = result;
  return {
    compulsory: layer!.inputBytes + layer!.weightBytes + layer!.outputBytes,
    bytes: total.readBytes + total.writeBytes,
    bursts: total.readBurstBytes + total.writeBurstBytes,
    lanesBusy: Math.ceil(layer!.vectorOps / machine.vector.lanes) / result.cycles,
  };
}

const depthwise = (kernel: number, size: number, channels: number) => (b: GraphBuilder) =>
  b.node('Conv', [b.input([1, channels, size, size]).name, b.weights([channels, 1, kernel, kernel])], {
    group: int(channels),
    pads: ints(Array.from({ length: 4 }, () => (kernel - 1) / 2)),
  });

test.each([
  ['31×31 over 56×56×64', 1.3, 0.85, depthwise(31, 56, 64)],
  // NRAM does not hold the weights of 64 channels twice, so half the lanes idle.
  ['13×13 over 28×28×512', 4.5, 0.45, depthwise(13, 28, 512)],
  ['7×7 over 14×14×384', 2, 0.7, depthwise(7, 14, 384)],
])(
  'depthwise %s moves less than %d times what it must and keeps %d of the lanes busy',
  async (_, times, busy, make) => {
    const { bytes, compulsory, lanesBusy } = await run(textbook, make);
    expect(bytes / compulsory).toBeLessThan(times);
    expect(lanesBusy).toBeGreaterThan(busy);
  },
);

test.each([
  ['convolution', (b: GraphBuilder) => b.node('Conv', [b.input([1, 3, 224, 224]).name, b.weights([32, 3, 3, 3])])],
  [
    'pool',
    (b: GraphBuilder) =>
      b.node('MaxPool', [b.input([1, 64, 56, 56]).name], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
  ],
])('a %s over a row-major image uses whole bursts', async (_, make) => {
  const { bytes, bursts } = await run(systolic, make);
  expect(bursts / bytes).toBeLessThan(1.25);
});
