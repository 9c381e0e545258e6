/**
 * What is decided of poolings behind convolutions, layer by layer, with the nests and the figures of both ways (`goldens/pooled.txt`): on a
 * machine where memory is fast, one where it is slow, one of small scratchpads, and several cores.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { parseModel } from '#ir';
import { type Machine, presets } from '#machine';
import { inferTypes } from '#ops';
import { explainModel } from './explain.ts';

/** Overlapping windows with padding, windows side by side behind a sum, a mean over maps, and a pooling whose operand has another reader. */
const NETWORK = `
  model ir=8 producer="test" opset {"": 17}
  graph g(x: float32[1,3,56,56], r: float32[1,48,28,28]) -> (y: float32[1,64,1,1], z: float32[1,32,7,7]) {
    const w1: float32[32,3,5,5] = splat 0.25
    const w2: float32[48,32,3,3] = splat 0.5
    const w3: float32[32,48,1,1] = splat 0.125
    const w4: float32[64,32,3,3] = splat 0.5
    c1 = Conv[pads=[2, 2, 2, 2]](x, w1) @overlapping
    r1 = Relu(c1) @relu1
    p1 = MaxPool[kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]](r1) @pool1
    c2 = Conv[pads=[1, 1, 1, 1]](p1, w2) @sideBySide
    s2 = Add(c2, r) @sum
    r2 = Relu(s2) @relu2
    p2 = AveragePool[kernel_shape=[2, 2], strides=[2, 2]](r2) @pool2
    c3 = Conv(p2, w3) @shared
    z = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](c3) @pool3
    c4 = Conv[pads=[1, 1, 1, 1]](c3, w4) @whole
    y = GlobalAveragePool(c4) @pool4
  }`;

const single = presets.get('textbook-single')!;
const MACHINES: readonly Machine[] = [
  single,
  presets.get('textbook-ch6')!,
  { ...single, name: 'scratchpads of 16 KB', nram: { bytes: 16384 }, wram: { bytes: 16384 } },
  presets.get('textbook-cluster')!,
];

test('which poolings are fused, and how', async () => {
  const engine = await sharedEngine();
  const parts = [];
  for (const machine of MACHINES) {
    const { layers } = await explainModel(inferTypes(parseModel(NETWORK)), { machine, engine, schedules: 1 });
    const lines = layers.flatMap(({ plan, run, contraction: c }) => [
      `${plan.name}: ${plan.op}, ${run.cycles} cycles`,
      ...(c?.apart === undefined
        ? []
        : [
            `  apart ${c.apart.convolution} + ${c.apart.pooling} cycles`,
            ...c.form.text.slice(-1).map((text) => `  ${text}`),
            ...c.nest.map((text) => `  | ${text}`),
          ]),
    ]);
    parts.push([`${machine.name}`, ...lines].join('\n'));
  }
  await expect(`# vitest run src/flow -u\n${parts.join('\n\n')}\n`).toMatchFileSnapshot('goldens/pooled.txt');
});
