/** Jobs as they travel: what their key depends on, and what evaluating them gives. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, embeddedModel, executeProgram } from '#flow';
import { changedMachine, type Machine, resolveMachine } from '#machine';
import { createEvaluator } from './evaluate.ts';
import { type Job, jobOf, type Outcome, type Point } from './job.ts';

const machine = resolveMachine('textbook-single');
const point = (over: Partial<Point> = {}): Point => ({
  ...{ model: { network: 'lenet5' }, type: 'f32', effort: 'quick', machine },
  ...over,
});

test('a key says what the result depends on, and nothing else', async () => {
  const { key } = await jobOf(point(), '1.0.0');
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  const named: Machine = { ...machine, name: 'mine', description: 'of my own' };
  const turned = Object.fromEntries(Object.entries(machine).reverse()) as Machine;
  expect((await jobOf(point({ machine: named }), '1.0.0')).key).toBe(key);
  expect((await jobOf(point({ machine: turned }), '1.0.0')).key).toBe(key);
  const others = await Promise.all([
    jobOf(point(), '1.0.1'),
    jobOf(point({ effort: 'full' }), '1.0.0'),
    jobOf(point({ batch: 1 }), '1.0.0'),
    jobOf(point({ type: 'f16' }), '1.0.0'),
    jobOf(point({ machine: changedMachine(machine, [{ path: 'nram.bytes', value: 65536 }]) }), '1.0.0'),
  ]);
  expect(new Set([key, ...others.map((job) => job.key)]).size).toBe(6);
});

test('an outcome follows from the job alone, also when both went through JSON', async () => {
  const bytes = (): Promise<Uint8Array> => Promise.reject(new Error('no file is asked for'));
  const jobs = await Promise.all([
    jobOf(point(), '1'),
    jobOf(point({ type: 'i8', batch: 2, machine: resolveMachine('textbook-single-i8x4') }), '1'),
    jobOf(point({ model: { network: 'nobody' } }), '1'),
  ]);
  const run = async (order: readonly Job[]): Promise<Map<string, Outcome>> => {
    const evaluator = createEvaluator(await sharedEngine(), bytes);
    const out = new Map<string, Outcome>();
    for (const job of order) out.set(job.key, await evaluator.evaluate(JSON.parse(JSON.stringify(job)) as Job));
    return out;
  };
  const [there, back] = [await run(jobs), await run(jobs.toReversed())];
  for (const { key } of jobs) expect(JSON.stringify(back.get(key))).toBe(JSON.stringify(there.get(key)));
  const [first, second, third] = jobs.map(({ key }) => there.get(key)!);
  expect(first).toMatchObject({ ok: true, metrics: { samples: 1 } });
  expect(second).toMatchObject({ ok: true, metrics: { samples: 2 } });
  expect(third).toMatchObject({ ok: false, failure: { code: 'SYS-MOD-001' } });
});

test('a network that comes with Systole is the one that every command means, with its weights', async () => {
  const engine = await sharedEngine();
  const job = await jobOf(point({ effort: 'full' }), '1');
  const outcome = await createEvaluator(engine, () => Promise.reject(new Error('no file'))).evaluate(job);
  const { program } = await compileModel(embeddedModel('lenet5'), { machine, engine, batch: 1 });
  const { result } = await executeProgram(program, { data: false });
  expect(outcome).toMatchObject({ ok: true, metrics: { cycles: result.cycles } });
});
