/** Programs whose schedules were looked for quickly: as right as others, and about as fast. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import {
  compileModel,
  embeddedModel,
  executeProgram,
  lowerPrepared,
  prepareModel,
  randomInput,
  runAndCheck,
} from '#flow';
import { resolveMachine } from '#machine';
import { buildModel } from '#models';

test('the numbers are those of the host', async () => {
  const [engine, machine] = [await sharedEngine(), resolveMachine('textbook-single')];
  const compiled = await compileModel(embeddedModel('lenet5'), { machine, engine, effort: 'quick', batch: 2 });
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  const { check } = await runAndCheck(compiled, { engine, feeds });
  expect(check.ok).toBe(true);
});

test.each(['textbook-single', 'textbook-cluster'])(
  'squeezenet on %s: within 3 per cent of a full search',
  async (name) => {
    const [engine, machine] = [await sharedEngine(), resolveMachine(name)];
    const model = await buildModel('squeezenet', { weights: false });
    const prepared = await prepareModel(model, { engine, batch: 1, integers: false });
    const cycles = async (effort: 'quick' | 'full'): Promise<number> =>
      (await executeProgram(lowerPrepared(prepared, { machine, effort, sparse: 'off' }), { data: false })).result
        .cycles;
    expect((await cycles('quick')) / (await cycles('full'))).toBeLessThan(1.03);
  },
);
