/** The embedded adder on the host and on the processor: all 512 rows of its truth table. */
import { expect, test } from 'vitest';
import { createEngine } from '#engine';
import { elementCount } from '#ir';
import { PRESETS } from '../../../test/support/machines.ts';
import { adderInput, adderModel, compareOutputs, compileModel, executeProgram, runOnHost, sumsOf } from '../index.ts';

const additions = Array.from({ length: 512 }, (_, i) => ({ a: i >> 5, b: (i >> 1) & 15, carry: i & 1 }));
const right = additions.map(({ a, b, carry }) => a + b + carry);

test('the network has 470 parameters', () => {
  const sizes = [...adderModel().graph.constants.values()].map((t) => elementCount(t.dims));
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(470);
});

test.each(PRESETS.map((machine) => [machine.name, machine] as const))(
  '512 of 512 rows are exact on the host and on %s',
  async (_, machine) => {
    const engine = await createEngine();
    const compiled = await compileModel(adderModel(), { machine, engine, batch: 512 });
    const feeds = new Map([['bits', adderInput(additions)]]);
    const host = await runOnHost(compiled.model, feeds, engine);
    expect(sumsOf(host.get('sum')!)).toEqual(right);
    const { outputs } = await executeProgram(compiled.program, { data: true, feeds, engine: async () => engine });
    expect(sumsOf(outputs.get('sum')!)).toEqual(right);
    expect(compareOutputs(outputs, host, engine.kind, compiled.model.graph)).toMatchObject({ ok: true, maxAbs: 0 });
  },
);
