/**
 * Exercise 6.1: what sets a deep-learning processor apart from the neural chips of the 1980s is that few neurons of hardware serve any
 * number of neurons of the algorithm, one after the other. A layer of 4,096 outputs on 16 lanes runs correctly, in 256 passes.
 */

import { sharedEngine } from 'systole/engine';
import { compareOutputs, compileModel, executeProgram, runOnHost } from 'systole/flow';
import { presets } from 'systole/machine';
import { SIZE } from 'systole/timing';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../../test/support/graphBuilder.ts';

test('6.1: 4,096 outputs on 16 lanes in 256 passes, equal to the reference', async () => {
  const engine = await sharedEngine();
  const machine = presets.get('textbook-single')!;
  if (machine.matrix.kind !== 'dot') throw new Error('textbook-single has vector-MACs');
  const lanes = machine.matrix.tn;
  expect(lanes).toBe(16);
  const b = new GraphBuilder(61, 18);
  const outputs = [b.node('MatMul', [b.input([1, 256]).name, b.weights([256, 4096])])];
  const model = b.model(outputs);
  const feeds = b.feeds();
  const compiled = await compileModel(model, { machine, engine });
  let passes = 0;
  const run = await executeProgram(compiled.program, {
    data: true,
    feeds,
    engine: async () => engine,
    // Every group of filters whose results leave the unit is a pass of its lanes.
    observer: (event) => {
      if (event.type !== 'mma:start' || event.entry.kind !== 'mma' || !event.entry.drain) return;
      passes += Math.ceil(event.entry.output[16 + SIZE]! / lanes);
    },
  });
  expect(passes).toBe(256);
  const host = await runOnHost(compiled.model, feeds, engine);
  expect(compareOutputs(run.outputs, host, engine.kind, compiled.model.graph).ok).toBe(true);
});
