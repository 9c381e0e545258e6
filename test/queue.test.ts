/**
 * Searches over many machines, on a real PostgreSQL: Debian's package, a server of its own in a temporary folder. Without the package these tests
 * are skipped by name; `.ci/run` installs it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import {
  createEvaluator,
  type Executor,
  type Job,
  jobOf,
  type Outcome,
  type Point,
  queueAddress,
  queueExecutor,
  serveQueue,
  sha256,
} from '#explore';
import { presets } from '#machine';
import { buildModel } from '#models';
import { writeModel } from '#onnx';
import { printedSchema } from '../src/cli/answers.ts';
import { WORKER } from '../src/cli/commands/worker.ts';
import { buildVersion } from '../src/cli/manifest.ts';
import { type Running, startSystole } from './cli/systole.ts';
import { ROOT } from './house/sources.ts';
import { PASSWORD, postgresPrograms, postgresServer, type Server } from './support/servers.ts';

const VERSION = buildVersion();
const programs = postgresPrograms();
const POISONED = fileURLToPath(new URL('./support/poisonedProcess.ts', import.meta.url));

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

const pointOf = (network: string, bytes = 64): Point => {
  const machine = presets.get('textbook-single')!;
  const changed = { ...machine, dram: { ...machine.dram, bandwidth: { bytes, cycles: 1 } } };
  return { model: { network }, type: 'f32', effort: 'quick', machine: changed };
};

/** Every outcome by key, and how often each key was told. */
async function collect(executor: Executor, jobs: readonly Job[], onCount: (count: number) => void = () => {}) {
  const outcomes = new Map<string, Outcome>();
  let told = 0;
  await executor.run(
    each(jobs),
    (outcome) => {
      outcomes.set(outcome.key, outcome);
      onCount(++told);
    },
    new AbortController().signal,
  );
  return { outcomes, told };
}

const command = (...args: string[]): Running => startSystole(args, ROOT);

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); await sleep(50))
    if (Date.now() > end) throw new Error(`never ${what}`);
}

describe.skipIf(programs === undefined)('a queue on a real PostgreSQL (Debian: postgresql)', () => {
  let server: Server;
  const noBytes = (): Promise<Uint8Array> => Promise.reject(new Error('no network has bytes here'));

  beforeAll(async () => {
    server = await postgresServer(programs!);
  });
  afterAll(async () => {
    await server?.remove();
  });

  test('a wrong password, a database that is not there, a server that is not there: a code, and no secret', async () => {
    const of = (url: string) => command('worker', '--queue', url, '--json', '--debug');
    const cases = [
      [server.url.replace('tr0ub4', 'wrong'), 'SYS-EXPLORE-104', 3],
      [server.url.replace('/postgres', '/nowhere').replace('postgres:/', 'postgresql:/'), 'SYS-EXPLORE-105', 3],
      [`postgres://systole:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/x`, 'SYS-EXPLORE-103', 4],
    ] as const;
    const commands = cases.map(([url]) => of(url));
    for (const [i, [url, code, exit]] of cases.entries()) {
      expect(await commands[i]!.ended).toMatchObject({ code: exit });
      const output = commands[i]!.said();
      expect(output).toContain(code);
      for (const secret of [new URL(url).password, decodeURIComponent(new URL(url).password)])
        expect(output).not.toContain(secret);
    }
  });

  test('a worker of another version takes nothing and says so', async () => {
    const executor = await queueExecutor({
      address: queueAddress(server.url),
      version: '9.9.9',
      timeout: 60_000,
      models: noBytes,
    });
    const stop = new AbortController();
    const jobs = [await jobOf(pointOf('lenet5'), '9.9.9')];
    const running = executor.run(each(jobs), () => expect.unreachable(), stop.signal);
    await sleep(500);
    const worker = command('worker', '--queue', server.url);
    expect(await worker.ended).toMatchObject({ code: 4 });
    expect(worker.said()).toContain(`SYS-EXPLORE-107: the jobs waiting at 127.0.0.1`);
    expect(worker.said()).toContain(`are of Systole 9.9.9; this is ${VERSION}`);
    // Told to end, the submitter takes its jobs back, so that nobody is refused for them any more.
    stop.abort();
    await running;
    await executor.close();
  });

  test('a job that ends its process fails alone, after so many attempts; a worker told to end finishes what it began', async () => {
    const address = queueAddress(server.url);
    const stop = new AbortController();
    const crashes: string[] = [];
    const served = serveQueue({
      address,
      version: 'poison',
      concurrency: 2,
      process: POISONED,
      signal: stop.signal,
      onCrash: (_key, reason) => crashes.push(reason),
    });
    const networks = ['poison', ...Array.from({ length: 30 }, (_, i) => `n${i}`), 'slow'];
    const jobs = await Promise.all(networks.map((network) => jobOf(pointOf(network), 'poison')));
    const executor = await queueExecutor({ address, version: 'poison', timeout: 60_000, models: noBytes });
    const { outcomes, told } = await collect(executor, jobs);
    expect(told).toBe(jobs.length);
    const codes = jobs.map(({ key }) => (outcomes.get(key) as { failure: { code: string } }).failure.code);
    expect(codes).toEqual(networks.map((name) => (name === 'poison' ? 'SYS-EXPLORE-110' : 'SYS-TEST-001')));
    expect(outcomes.get(jobs[0]!.key)).toMatchObject({ failure: { en: expect.stringContaining('ended by SIGKILL') } });
    expect(crashes).toHaveLength(4);
    const slow = [await jobOf(pointOf('slow', 1), 'poison')];
    const hasty = await queueExecutor({ address, version: 'poison', timeout: 300, models: noBytes });
    const hung = (await collect(hasty, slow)).outcomes.get(slow[0]!.key);
    expect(hung).toMatchObject({ failure: { code: 'SYS-EXPLORE-040' } });
    await hasty.close();
    // With more time it is tried anew.
    const later = collect(executor, slow);
    await sleep(1500);
    stop.abort();
    expect(await served).toMatchObject({ crashes: 4, returned: 0 });
    expect((await later).outcomes.get(slow[0]!.key)).toMatchObject({ failure: { code: 'SYS-TEST-001' } });
    await executor.close();
  });

  test('three workers, one killed, the server killed and started again: every point once, as on one machine', async () => {
    const bytes = writeModel(await buildModel('lenet5', { weights: false }));
    const file = { file: 'lenet.onnx', sha256: await sha256(bytes) };
    const points = Array.from({ length: 24 }, (_, i) => pointOf('lenet5', 4 + i));
    const jobs = await Promise.all([...points, { ...points[0]!, model: file }].map((point) => jobOf(point, VERSION)));
    const evaluator = createEvaluator(await createEngine(), async () => bytes);
    const workers = [1, 2, 3].map(() => command('worker', '--queue', server.url, '--concurrency', '1', '--json'));
    await until('ready', () => workers.every(({ said }) => said().includes('takes jobs from')));
    const executor = await queueExecutor({
      address: queueAddress(server.url),
      version: VERSION,
      timeout: 60_000,
      models: async () => bytes,
    });
    let restarted: Promise<void> | undefined;
    const { outcomes, told } = await collect(executor, jobs, (count) => {
      if (count >= 4) workers[0]!.child.kill('SIGKILL');
      if (count >= 10) restarted ??= server.stop('SIGKILL').then(() => server.start());
    });
    await restarted;
    expect(told).toBe(jobs.length);
    for (const job of jobs) expect(outcomes.get(job.key)).toEqual(await evaluator.evaluate(job));
    // Asked again, by whomever, nothing runs.
    expect((await collect(executor, jobs)).told).toBe(jobs.length);
    await executor.close();
    for (const { child } of workers.slice(1)) child.kill('SIGINT');
    for (const { ended, said } of workers.slice(1)) {
      const { code, stdout } = await ended;
      expect(code).toBe(0);
      expect(printedSchema(WORKER).parse(JSON.parse(stdout))).toMatchObject({ version: VERSION, crashes: 0 });
      expect(said()).toContain('answers again');
    }
    for (const { said } of workers)
      for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(said()).not.toContain(secret);
  });
});
