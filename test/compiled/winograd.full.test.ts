/** Whole networks by the Winograd unit: the host's numbers within the limit that every run is held to, exact busy cycles, and faster. */
import { expect, test } from 'vitest';
import { randomInput } from '#flow';
import { presets } from '#machine';
import { buildModel } from '#models';
import { runCompiled } from '../support/compiledRun.ts';

const machine = presets.get('textbook-extended')!;

test.each(['squeezenet', 'resnet18'])('%s', async (name) => {
  const model = await buildModel(name);
  const cycles = new Map<string, number>();
  for (const winograd of ['off', 'f2', 'f4', 'auto'] as const) {
    const slots = model.graph.inputs.map((v) => ({ name: v.name, dtype: 'float32', dims: [1, 3, 224, 224] }) as const);
    const feeds = new Map(slots.map((slot, i) => [slot.name, randomInput(slot, 1, i)] as const));
    const run = await runCompiled(model, machine, feeds, { batch: 1, winograd });
    expect(run.faults).toEqual([]);
    const done = run.compiled.program.layers.filter((l) => l.winograd !== undefined);
    expect(done.length > 0).toBe(winograd !== 'off');
    cycles.set(winograd, run.cycles);
  }
  expect(cycles.get('auto')).toBeLessThanOrEqual(Math.min(...cycles.values()));
  expect(cycles.get('auto')! * 1.4).toBeLessThan(cycles.get('off')!);
});
