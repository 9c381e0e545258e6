/**
 * Job queues on PostgreSQL and Redis: graphile-worker, pg-boss, BullMQ; throughput, and what a killed worker and a killed server leave.
 *
 *   npm run bench queues -- --peers DIR [--engine NAME]… [--wait SECONDS] [PART…]
 *
 * Parts: throughput, worker, server, poison; all without one. DIR is a folder in whose node_modules the engines lie; the servers are those of
 * Debian's packages postgresql and redis-server, started here in a temporary folder with the packages' settings, and anew for every figure.
 *
 * Method. Workers are processes of their own that write a line before and after each job into a file, so that what ran, when and how often is
 * known without the engine. throughput: jobs are submitted in calls of 500 (time of the calls), then workers are started, and the time from the
 * first line to the last gives jobs a second: trivial jobs 10 at a time in each worker, jobs of 50 ms 2 at a time. worker: of two workers that
 * with a job of 2 s is killed (SIGKILL); the time until the job begins again, at the engine's default and at the least times it takes, waited
 * for at most `--wait` s. server: three workers, jobs of 5 ms; when a third has ended the server is killed (SIGKILL) and started again after
 * 2 s; how many of the jobs were never done, how many ran twice, how many workers lived; where none did,
 * three new ones are started. poison: a job that kills its worker, workers started anew
 * whenever they die; how often it ran until the engine lists it as failed, and what it says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { postgresPrograms, postgresServer, type Server } from '../test/support/servers.ts';
import { type EngineName, type Job, openEngine, type Recovery, type Settings } from './queues/engines.ts';
import { hasRedis, redisServer } from './queues/redisServer.ts';

const WORKER = fileURLToPath(new URL('./queues/worker.ts', import.meta.url));
const INSTALL = 'npm install --prefix DIR --ignore-scripts graphile-worker pg-boss bullmq ioredis';

interface Subject {
  readonly engine: EngineName;
  readonly server: string;
  open(): Promise<Server>;
}

interface Line {
  readonly what: 's' | 'e';
  readonly n: number;
  readonly time: number;
}

/** Everything that one figure needs: a server, its settings, the workers and what they wrote. */
class Bench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'systole-queues-'));
  readonly #log = join(this.#folder, 'log');
  readonly workers = new Set<ChildProcess>();
  readonly name: EngineName;
  readonly server: Server;
  readonly settings: Settings;

  constructor(name: EngineName, server: Server, settings: Settings) {
    this.name = name;
    this.server = server;
    this.settings = settings;
  }

  worker(concurrency: number): ChildProcess {
    const args = [
      '--conditions=source',
      WORKER,
      this.name,
      JSON.stringify(this.settings),
      String(concurrency),
      this.#log,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    this.workers.add(child);
    child.once('exit', () => this.workers.delete(child));
    return child;
  }

  lines(): readonly Line[] {
    if (!existsSync(this.#log)) return [];
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => {
        const [what, n, time] = text.split(' ');
        return { what: what as 's' | 'e', n: Number(n), time: Number(time) };
      });
  }

  ends(): number {
    return new Set(this.lines().flatMap(({ what, n }) => (what === 'e' ? [n] : []))).size;
  }

  async submit(jobs: readonly Job[]): Promise<number> {
    const engine = await openEngine(this.name, this.settings);
    const begin = performance.now();
    for (let at = 0; at < jobs.length; at += 500) await engine.submit(jobs.slice(at, at + 500));
    const seconds = (performance.now() - begin) / 1000;
    await engine.close();
    return seconds;
  }

  /** Waits until `done` or until nothing has been written for `idle` seconds. */
  async wait(done: () => boolean, idle: number): Promise<void> {
    let seen = -1;
    for (let since = Date.now(); !done() && Date.now() - since < idle * 1000; await sleep(100)) {
      const now = this.lines().length;
      if (now !== seen) since = Date.now();
      seen = now;
    }
  }

  async close(): Promise<void> {
    const exits = [...this.workers].map((child) => new Promise((done) => child.once('exit', done)));
    for (const child of this.workers) child.kill('SIGKILL');
    await Promise.all(exits);
    await this.server.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const jobsOf = (count: number, ms: number): Job[] => Array.from({ length: count }, (_, n) => ({ n, ms }));

type Measure = (bench: Bench, wait: number) => Promise<string>;

const throughput =
  (count: number, ms: number, workers: number, concurrency: number): Measure =>
  async (bench) => {
    const seconds = await bench.submit(jobsOf(count, ms));
    for (let w = 0; w < workers; w++) bench.worker(concurrency);
    await bench.wait(() => bench.ends() === count, 20);
    const times = bench.lines().map((line) => line.time);
    const rate = (1000 * count) / (Math.max(...times) - Math.min(...times));
    const what = `${ms === 0 ? 'trivial' : `${ms} ms`}, ${workers} × ${concurrency}`;
    return `${what}: submitted ${(count / seconds).toFixed(0)}/s, done ${rate.toFixed(0)}/s${bench.ends() < count ? `, ONLY ${bench.ends()} of ${count}` : ''}`;
  };

const killedWorker: Measure = async (bench, wait) => {
  await bench.submit([{ n: 0, ms: 2000 }]);
  const first = bench.worker(1);
  await bench.wait(() => bench.lines().length > 0, 20);
  bench.worker(1);
  await sleep(1000);
  first.kill('SIGKILL');
  const killed = Date.now();
  const begins = (): readonly Line[] => bench.lines().filter(({ what }) => what === 's');
  await bench.wait(() => begins().length > 1, wait);
  const again = begins()[1];
  const times = bench.settings.recovery === 'least' ? 'least times' : 'defaults';
  return `worker killed, ${times}: ${again === undefined ? `job not given away within ${wait} s` : `job begins again after ${((again.time - killed) / 1000).toFixed(1)} s`}`;
};

const killedServer: Measure = async (bench, wait) => {
  const count = 1500;
  await bench.submit(jobsOf(count, 5));
  for (let w = 0; w < 3; w++) bench.worker(2);
  await bench.wait(() => bench.ends() >= count / 3, 20);
  await bench.server.stop('SIGKILL');
  const before = bench.ends();
  await sleep(2000);
  await bench.server.start();
  const back = Date.now();
  await sleep(3000);
  const lived = bench.workers.size;
  // What a supervisor would do.
  if (lived === 0) for (let w = 0; w < 3; w++) bench.worker(2);
  await bench.wait(() => bench.ends() === count, Math.min(wait, 45));
  const lines = bench.lines();
  const begins = lines.filter(({ what }) => what === 's').length;
  const first = lines.find(({ time }) => time > back)?.time;
  return (
    `server killed after ${before} of ${count}: ${count - bench.ends()} never done, ${begins - new Set(lines.map(({ n }) => n)).size} begun again, ` +
    `${lived} of 3 workers lived${lived === 0 ? ' (three new ones started)' : ''}, first job ${first === undefined ? 'never' : `${((first - back) / 1000).toFixed(1)} s`} after the restart, ` +
    `last ${((Math.max(...lines.map(({ time }) => time)) - back) / 1000).toFixed(1)} s`
  );
};

const poison: Measure = async (bench, wait) => {
  await bench.submit([{ n: 0, ms: 0, poison: true }]);
  const begin = Date.now();
  let failed: readonly string[] = [];
  while (failed.length === 0 && Date.now() - begin < wait * 1000) {
    if (bench.workers.size === 0) bench.worker(1);
    await sleep(500);
    const engine = await openEngine(bench.name, bench.settings);
    failed = await engine.failed();
    await engine.close();
  }
  const runs = bench.lines().length;
  const after = `${((Date.now() - begin) / 1000).toFixed(0)} s`;
  return `poisoned job: ran ${runs} times, ${failed.length === 0 ? `not in the failed list within ${after}` : `failed after ${after}: ${failed[0]}`}`;
};

const PARTS: Readonly<Record<string, readonly (readonly [Measure, Recovery])[]>> = {
  throughput: [
    [throughput(5000, 0, 1, 10), 'default'],
    [throughput(5000, 0, 3, 10), 'default'],
    [throughput(400, 50, 1, 2), 'default'],
    [throughput(1200, 50, 3, 2), 'default'],
  ],
  worker: [
    [killedWorker, 'default'],
    [killedWorker, 'least'],
  ],
  server: [[killedServer, 'least']],
  poison: [[poison, 'least']],
};

function subjects(): readonly Subject[] {
  const programs = postgresPrograms();
  const list: Subject[] = [];
  if (programs === undefined) console.log('no PostgreSQL: apt-get install postgresql');
  else {
    for (const engine of ['graphile-worker', 'pg-boss'] as const)
      list.push({ engine, server: 'PostgreSQL', open: () => postgresServer(programs) });
  }
  if (hasRedis()) {
    list.push({ engine: 'bullmq', server: 'Redis, snapshots', open: () => redisServer(false) });
    list.push({ engine: 'bullmq', server: 'Redis, append-only file', open: () => redisServer(true) });
  } else console.log('no Redis: apt-get install redis-server');
  return list;
}

export default async function queues(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'string' },
      engine: { type: 'string', multiple: true },
      wait: { type: 'string', default: '90' },
    },
  });
  const unknown = positionals.filter((part) => !Object.hasOwn(PARTS, part));
  if (unknown.length > 0 || values.peers === undefined) {
    if (values.peers === undefined) console.error(`--peers DIR names a folder with the engines (${INSTALL})`);
    if (unknown.length > 0)
      console.error(`no part '${unknown.join("', '")}'; there are: ${Object.keys(PARTS).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  console.log(`${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`);
  const peers = resolve(values.peers);
  for (const subject of subjects()) {
    if (values.engine !== undefined && !values.engine.includes(subject.engine)) continue;
    console.log(`\n${subject.engine}, ${subject.server}`);
    for (const [part, measures] of Object.entries(PARTS)) {
      if (positionals.length > 0 && !positionals.includes(part)) continue;
      for (const [measure, recovery] of measures) {
        const server = await subject.open();
        const bench = new Bench(subject.engine, server, { peers, url: server.url, recovery });
        try {
          console.log(`  ${await measure(bench, Number(values.wait))}`);
        } finally {
          await bench.close();
        }
      }
    }
  }
}
