/**
 * The three engines behind one interface: submit jobs, work on them, count what failed for good. Each is set up as its documentation tells for
 * throughput; `recovery` says whether the times after which a dead worker's job is given away are the defaults or the least it takes.
 * Of their interfaces only what is used here is declared: they are no dependencies of the benchmark.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type EngineName = 'graphile-worker' | 'pg-boss' | 'bullmq';
export type Recovery = 'default' | 'least';

export interface Job {
  readonly n: number;
  /** How long it takes, in milliseconds. */
  readonly ms: number;
  /** Kills the process that works on it. */
  readonly poison?: boolean;
}

export interface Engine {
  submit(jobs: readonly Job[]): Promise<void>;
  /** Works until the process ends. */
  work(concurrency: number, handle: (job: Job) => Promise<void>): Promise<void>;
  /** Jobs that will not be tried again, and what the engine says of them. */
  failed(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Settings {
  readonly peers: string;
  readonly url: string;
  readonly recovery: Recovery;
}

/** How often a job is tried. */
export const ATTEMPTS = 3;
const QUEUE = 'bench';
const quiet = (): void => {};

async function load<T>(folder: string, name: string): Promise<T> {
  const path = createRequire(join(folder, 'package.json')).resolve(name);
  return (await import(pathToFileURL(path).href)) as T;
}

interface Graphile {
  readonly Logger: new (make: () => () => void) => unknown;
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: readonly object[]): Promise<unknown>;
    withPgClient<T>(use: (client: { query(sql: string): Promise<{ rows: T[] }> }) => Promise<T[]>): Promise<T[]>;
    release(): Promise<void>;
  }>;
  run(options: object): Promise<unknown>;
}

async function graphile({ peers, url, recovery }: Settings): Promise<Engine> {
  const library = await load<Graphile>(peers, 'graphile-worker');
  const logger = new library.Logger(() => quiet);
  const utils = await library.makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  const least = { minResetLockedInterval: 1000, maxResetLockedInterval: 2000 };
  return {
    submit: async (jobs) => {
      await utils.addJobs(jobs.map((job) => ({ identifier: QUEUE, payload: job, maxAttempts: ATTEMPTS })));
    },
    work: async (concurrency, handle) => {
      const preset = {
        worker: {
          connectionString: url,
          concurrentJobs: concurrency,
          localQueue: { size: 2 * concurrency },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          ...(recovery === 'least' ? least : {}),
        },
      };
      const taskList = { [QUEUE]: (payload: unknown) => handle(payload as Job) };
      await library.run({ preset, logger, taskList, noHandleSignals: true });
    },
    failed: async () => {
      const rows = await utils.withPgClient<{ last_error: string }>(async (client) => {
        const sql =
          'select last_error from graphile_worker._private_jobs where attempts >= max_attempts and locked_at is null';
        return (await client.query(sql)).rows as { last_error: string }[];
      });
      return rows.map((row) => String(row.last_error).split('\n')[0]!);
    },
    close: () => utils.release(),
  };
}

interface Boss {
  on(event: 'error' | 'warning', listener: () => void): void;
  start(): Promise<unknown>;
  stop(options: object): Promise<void>;
  createQueue(name: string, options: object): Promise<void>;
  insert(name: string, jobs: readonly object[]): Promise<unknown>;
  work(
    name: string,
    options: object,
    handler: (jobs: { id: string; data: Job }[]) => Promise<{ id: string; status: string }[]>,
  ): Promise<string>;
  supervise(name?: string): Promise<void>;
  findJobs(name: string, options: object): Promise<{ state: string; output: unknown }[]>;
}

async function pgBoss({ peers, url, recovery }: Settings): Promise<Engine> {
  const { PgBoss } = await load<{ PgBoss: new (options: object) => Boss }>(peers, 'pg-boss');
  const least = recovery === 'least';
  const intervals = { superviseIntervalSeconds: 1, monitorIntervalSeconds: 1 };
  const boss = new PgBoss({ connectionString: url, max: 4, ...(least ? intervals : {}) });
  boss.on('error', quiet);
  boss.on('warning', quiet);
  await boss.start();
  await boss.createQueue(QUEUE, { retryLimit: ATTEMPTS - 1, ...(least ? { heartbeatSeconds: 10 } : {}) });
  return {
    submit: async (jobs) => {
      await boss.insert(
        QUEUE,
        jobs.map((data) => ({ data })),
      );
    },
    work: async (concurrency, handle) => {
      const options = {
        batchSize: concurrency,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        perJobResults: true,
      };
      await boss.work(QUEUE, options, (jobs) =>
        Promise.all(jobs.map(({ id, data }) => handle(data).then(() => ({ id, status: 'completed' })))),
      );
    },
    failed: async () => {
      const jobs = await boss.findJobs(QUEUE, { limit: 100_000 });
      return jobs.filter((job) => job.state === 'failed').map((job) => JSON.stringify(job.output));
    },
    close: () => boss.stop({ graceful: false }),
  };
}

interface Bull {
  readonly Queue: new (
    name: string,
    options: object,
  ) => {
    on(event: 'error', listener: () => void): void;
    addBulk(jobs: readonly object[]): Promise<unknown>;
    getFailed(): Promise<{ failedReason: string }[]>;
    close(): Promise<void>;
  };
  readonly Worker: new (
    name: string,
    handler: (job: { data: Job }) => Promise<void>,
    options: object,
  ) => { on(event: 'error', listener: () => void): void };
}

async function bullmq({ peers, url, recovery }: Settings): Promise<Engine> {
  const bull = await load<Bull>(peers, 'bullmq');
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new bull.Queue(QUEUE, { connection, defaultJobOptions: { attempts: ATTEMPTS } });
  queue.on('error', quiet);
  const least = { lockDuration: 1000, stalledInterval: 1000 };
  return {
    submit: async (jobs) => {
      await queue.addBulk(jobs.map((data) => ({ name: QUEUE, data })));
    },
    work: async (concurrency, handle) => {
      const limits = { maxStalledCount: ATTEMPTS - 1, ...(recovery === 'least' ? least : {}) };
      const worker = new bull.Worker(QUEUE, (job) => handle(job.data), { connection, concurrency, ...limits });
      worker.on('error', quiet);
    },
    failed: async () => (await queue.getFailed()).map((job) => job.failedReason),
    close: () => queue.close(),
  };
}

const ENGINES: Readonly<Record<EngineName, (settings: Settings) => Promise<Engine>>> = {
  'graphile-worker': graphile,
  'pg-boss': pgBoss,
  bullmq,
};

export const openEngine = (name: EngineName, settings: Settings): Promise<Engine> => ENGINES[name](settings);
