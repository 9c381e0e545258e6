/**
 * Presets that describe published devices: networks compile for them, run with data and agree with the host. One network has
 * all kinds of kernel; of random graphs each device takes a few of its own.
 */
import { describe, expect, test } from 'vitest';
import { int, ints } from '#ir';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { DEVICES } from '../support/machines.ts';
import { verdictOf } from './verdict.ts';

const GRAPHS_PER_DEVICE = 8;

/** Convolution, pooling, depthwise convolution, residual sum, mean, product and softmax, with sizes that divide nothing. */
function network() {
  const b = new GraphBuilder(20, 17);
  const x = b.input([1, 3, 30, 26]).name;
  const around = { pads: ints([1, 1, 1, 1]) };
  const first = b.node('Conv', [x, b.weights([33, 3, 3, 3]), b.constant([33])], around);
  const pooled = b.node('MaxPool', [b.node('Relu', [first])], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const depthwise = b.node('Conv', [pooled, b.weights([33, 1, 3, 3])], { ...around, group: int(33) });
  const second = b.node('Conv', [b.node('Relu', [depthwise]), b.weights([33, 33, 1, 1]), b.constant([33])]);
  const mean = b.node('GlobalAveragePool', [b.node('Add', [second, pooled])]);
  const scores = b.node('Gemm', [b.node('Flatten', [mean]), b.weights([33, 10]), b.constant([10])]);
  return { model: b.model([b.node('Softmax', [scores], { axis: int(1) })]), feeds: b.feeds() };
}

describe.each(DEVICES.map((machine) => [machine.name, machine] as const))('%s', (_, machine) => {
  test('agrees with the host on a network, and has it all on the processor', async () => {
    const { model, feeds } = network();
    const { faults, compiled } = await runCompiled(model, machine, feeds);
    expect(faults).toEqual([]);
    expect(compiled.program.layers.flatMap((layer) => layer.onHost ?? [])).toEqual([]);
  });

  test(`agrees with the host on ${GRAPHS_PER_DEVICE} random graphs`, async () => {
    const start = 1000 + GRAPHS_PER_DEVICE * DEVICES.indexOf(machine);
    for (let i = 0; i < GRAPHS_PER_DEVICE; i++) expect(await verdictOf(start + i, 1, machine)).toBeUndefined();
  });
});
