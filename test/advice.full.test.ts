/** The advisor on random graphs and random machines, and on every preset: no crash, no figure that is none, and every piece is what a run of its change takes. */
import { expect, test } from 'vitest';
import { SystoleError } from '#base';
import { sharedEngine } from '#engine';
import { adviseModel, type Change, compileModel, convertModel, executeProgram } from '#flow';
import type { Model } from '#ir';
import { changedMachine, type Machine, presets } from '#machine';
import { buildModel } from '#models';
import { randomProcessorGraph } from './support/processorGraphs.ts';
import { randomMachine } from './support/randomMachine.ts';

async function hold(model: Model, machine: Machine, sizes: { readonly batch?: number } = {}): Promise<number> {
  const engine = await sharedEngine();
  const changes: Change[] = [];
  const commandOf = (change: Change): string => String(changes.push(change) - 1);
  const { report } = await adviseModel(model, { ...{ machine, engine, commandOf }, ...sizes, runs: 30 });
  const texts = [
    ...report.advice.flatMap((a) => [a.finding, a.proposal]),
    ...report.tried.flatMap((t) => [t.proposal, t.why]),
  ];
  for (const { en, zh } of texts) expect(`${en} ${zh}`).not.toMatch(/undefined|NaN|\[object|Infinity/);
  for (const { command, after, figures } of report.advice) {
    expect(Object.values(figures).every(Number.isFinite), JSON.stringify(figures)).toBe(true);
    const { fields = [], dtype, batch = sizes.batch, cores } = changes[Number(command)]!;
    const asked = dtype === 'float16' || dtype === 'bfloat16' ? (await convertModel(model, dtype)).model : model;
    const { program } = await compileModel(asked, {
      ...{ engine, machine: changedMachine(machine, fields) },
      ...(batch === undefined ? {} : { batch }),
      ...(typeof cores === 'number' ? { cores } : {}),
    });
    const { result } = await executeProgram(program, { data: false });
    expect(result.cycles / after.samples, `${machine.name}: ${command}`).toBe(after.cycles);
  }
  return report.advice.length;
}

test.each([...presets.keys()])('LeNet-5 on %s', async (name) => {
  expect(await hold(await buildModel('lenet5', { weights: false }), presets.get(name)!, { batch: 1 })).toBeGreaterThan(
    0,
  );
});

test('random graphs on random machines', async () => {
  let pieces = 0;
  for (let seed = 0; seed < 100; seed++) {
    try {
      pieces += await hold(randomProcessorGraph(seed).model, randomMachine(seed));
    } catch (error) {
      // What cannot be compiled cannot be advised on.
      if (!(error instanceof SystoleError) || error.kind === 'internal') throw error;
    }
  }
  expect(pieces).toBeGreaterThan(100);
});
