/**
 * Predicted against simulated: the tile search sums the unit costs of `timing` in closed form, the simulator adds them up entry
 * by entry. Matrix cycles and DRAM bytes must be equal to the last one; total time is an estimate and must be near.
 */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { createEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints, type Model, tensorOf, tensorType } from '#ir';
import { presets } from '#machine';
import { modelOf } from '#onnx';

interface Shape {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly group: number;
}

function conv(s: Shape): Model {
  const weights = tensorOf(
    'float32',
    [s.filters, s.channels / s.group, s.kernel, s.kernel],
    new Float32Array((s.filters * s.channels * s.kernel ** 2) / s.group).fill(0.5),
  );
  return modelOf({
    name: 'conv',
    inputs: [{ name: 'x', type: tensorType('float32', [s.batch, s.channels, s.size, s.size]) }],
    outputs: [{ name: 'y', type: undefined }],
    nodes: [
      {
        name: 'conv',
        op: 'Conv',
        domain: '',
        inputs: ['x', 'w'],
        outputs: ['y'],
        attributes: new Map([
          ['strides', ints([s.stride, s.stride])],
          ['pads', ints([s.pad, s.pad, s.pad, s.pad])],
          ['dilations', ints([s.dilation, s.dilation])],
          ['group', int(s.group)],
        ]),
      },
    ],
    constants: new Map([['w', weights]]),
    types: new Map(),
  });
}

test('80 convolutions: predicted matrix cycles and DRAM bytes are those of the run', { timeout: 300_000 }, async () => {
  const random = new Random(7);
  const engine = await createEngine();
  const machine = presets.get('textbook-single')!;
  let worst = 1;
  for (let i = 0; i < 80; i++) {
    const group = random.pick([1, 1, 1, 2]);
    const kernel = random.pick([1, 1, 3, 5]);
    const shape: Shape = {
      batch: random.pick([1, 1, 3]),
      channels: group * random.integer(1, 90),
      size: random.integer(kernel * 2, 40),
      filters: group * random.integer(1, 90),
      kernel,
      stride: random.pick([1, 1, 2]),
      pad: random.integer(0, Math.floor(kernel / 2)),
      dilation: kernel > 1 ? random.pick([1, 1, 2]) : 1,
      group,
    };
    if (shape.channels === group && shape.filters === group && group > 1) continue;
    const { program } = await compileModel(conv(shape), { machine, engine });
    const { result } = await executeProgram(program, { data: false });
    const [layer] = program.layers;
    const message = JSON.stringify({ shape, loops: layer!.loops });
    expect(layer!.where, message).toBe('matrix');
    const predicted = layer!.predicted!;
    const busy = (name: string): number => result.units.find((u) => u.name === name)!.busy;
    expect(predicted.matrixCycles, message).toBe(busy('matrix'));
    expect(predicted.dramBytes, message).toBe(result.total.readBytes + result.total.writeBytes);
    worst = Math.max(worst, result.cycles / predicted.cycles, predicted.cycles / result.cycles);
  }
  console.log(`total time: predicted and simulated differ by a factor of at most ${worst.toFixed(2)}`);
  expect(worst).toBeLessThan(2);
});
