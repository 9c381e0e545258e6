/**
 * A connection to the queue's server: pg-boss, which keeps the jobs, and two tables of our own beside it, results by job and networks by content.
 * Whoever has been connected once rides out a server that goes away: what is asked is asked again, with growing pauses, until it is answered.
 * So everything that is asked must be the same done twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import { SystoleError } from '#base';
import type { QueueAddress } from './address.ts';
import { accessRefused, databaseMissing, engineMissing, serverFailed, serverUnreachable } from './diagnostics.ts';
import type { SubmitOptions } from './queue.ts';

/** The version that the tests run with; a peer range in package.json says which others do. */
const ENGINE_VERSION = '12';
/** How often a job is given to a worker before it is listed as failed. */
export const ATTEMPTS = 4;
/** Seconds without a sign of life after which a job is given away; pg-boss takes no less than 10. */
const HEARTBEAT = 10;
/** Seconds between looks for jobs without one. */
const LOOK = 3;
/** Seconds that a point may take in all. */
const LONGEST = 12 * 3600;
/** Seconds that a finished job is kept; its result is kept apart. */
const KEPT = 24 * 3600;
const RESULT_DAYS = 30;
/** Milliseconds of the first pause before asking again, and of the longest. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
/** Schema of pg-boss and of our tables. */
const SCHEMA = 'systole_queue';

const TABLES = `
  begin;
  select pg_advisory_xact_lock(hashtext('systole tables'));
  create schema if not exists systole;
  create table if not exists systole.result (
    key text primary key, outcome json not null, worker text not null, stored_at timestamptz not null default now());
  create table if not exists systole.network (
    sha256 text primary key, bytes bytea not null, stored_at timestamptz not null default now());
  delete from systole.result where stored_at < now() - interval '${RESULT_DAYS} days';
  delete from systole.network where stored_at < now() - interval '${RESULT_DAYS} days';
  commit;`;

export interface QueueServer {
  readonly address: QueueAddress;
  readonly boss: PgBoss;
  /**
   * The answer of `ask`, asked until the server gives one.
   * @throws the signal's reason once aborted; SYS-EXPLORE-103 to 106 for what asking again does not mend
   */
  persist<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** From now on a server that is away is waited for no longer than so many milliseconds: then what is asked fails (SYS-EXPLORE-103). */
  waitAtMost(ms: number): void;
  rows<T>(text: string, values: readonly unknown[], signal?: AbortSignal): Promise<readonly T[]>;
  close(): Promise<void>;
}

/** Name of the queue that holds the jobs of a version: workers of another one do not look into it. */
export const queueOf = (version: string): string => `systole/${version.replace(/[^\w.-]/g, '_')}`;
/** The list of those that were given up. */
export const failedOf = (version: string): string => `${queueOf(version)}/failed`;

/** @throws SYS-EXPLORE-102 to 106 */
export async function openServer(
  address: QueueAddress,
  {
    name,
    version,
    connections,
    onLost,
    onBack,
  }: Pick<SubmitOptions, 'onLost' | 'onBack'> & {
    /** Of this process, for whoever looks at the server. */
    readonly name: string;
    readonly version: string;
    readonly connections: number;
  },
): Promise<QueueServer> {
  const { PgBoss } = await loadEngine();
  const driver = { query_timeout: 60_000, keepAlive: true };
  const boss = new PgBoss({
    ...driver,
    connectionString: address.url,
    application_name: name,
    max: connections,
    connectionTimeoutMillis: 10_000,
    schema: SCHEMA,
    instanceName: name,
    instanceHeartbeatSeconds: HEARTBEAT,
    schedule: false,
    superviseIntervalSeconds: LOOK,
    monitorIntervalSeconds: LOOK,
    openTelemetry: { enabled: false },
  });
  // What a statement of ours meets is thrown to us; what one of the engine's own meets, it does again by itself.
  boss.on('error', () => {});
  boss.on('warning', () => {});
  const sql = (text: string, values?: readonly unknown[]): Promise<{ rows: unknown[] }> =>
    boss.getDb().executeSql(text, values as unknown[]);
  try {
    await boss.start();
    await sql(TABLES);
    const failed = failedOf(version);
    await boss.createQueue(failed, { retryLimit: 0 });
    const limits = { retryLimit: ATTEMPTS - 1, expireInSeconds: LONGEST, deleteAfterSeconds: KEPT };
    await boss.createQueue(queueOf(version), { ...limits, heartbeatSeconds: HEARTBEAT, deadLetter: failed });
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw diagnosed(error, address);
  }
  let lostAt: number | undefined;
  let patience = Number.POSITIVE_INFINITY;
  const persist = async <T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      signal?.throwIfAborted();
      try {
        const answer = await ask();
        if (lostAt !== undefined) onBack?.();
        lostAt = undefined;
        return answer;
      } catch (error) {
        if (!isPassing(error)) throw diagnosed(error, address);
        if (lostAt === undefined) onLost?.(address.scrub(reasonOf(error)));
        lostAt ??= Date.now();
        if (Date.now() - lostAt > patience) throw diagnosed(error, address);
      }
      // Not all at once when the server is back.
      await sleep(pause * (0.75 + Math.random() / 2), undefined, signal === undefined ? {} : { signal });
    }
  };
  return {
    address,
    boss,
    persist,
    waitAtMost: (ms) => {
      patience = ms;
    },
    rows: async <T>(text: string, values: readonly unknown[], signal?: AbortSignal) =>
      (await persist(() => sql(text, values), signal)).rows as T[],
    close: () => boss.stop({ graceful: false }).catch(() => {}),
  };
}

async function loadEngine(): Promise<typeof import('pg-boss')> {
  try {
    return await import('pg-boss');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes("'pg-boss'"))
      throw engineMissing({ version: ENGINE_VERSION });
    throw error;
  }
}

/** An error of a connection attempt to several addresses of a host holds one for each. */
const causeOf = (error: unknown): NodeJS.ErrnoException => {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first : new Error(String(first));
};

function reasonOf(error: unknown): string {
  const { message, code } = causeOf(error);
  // The driver's words for it are about its own parameters.
  if (/client password must be a string/.test(message)) return 'it asks for a password, and none was given';
  return (message || code || 'no reason given').split('\n', 1)[0]!;
}

const OF_CONNECTION = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN)/;
/** SQLSTATE: connection exceptions, shutdown and start-up of the server, too many clients, lock and serialisation failures. */
const OF_SERVER = /^(08\w{3}|57P0[1235]|53300|40001|40P01|55P03)$/;
const OF_DRIVER =
  /connection (terminated|ended|closed|timeout)|timeout exceeded when trying to connect|query read timeout|not queryable/i;

/** Whether asking again can help. */
function isPassing(error: unknown): boolean {
  const { code = '', message } = causeOf(error);
  return OF_CONNECTION.test(code) || OF_SERVER.test(code) || OF_DRIVER.test(message);
}

/** What a driver threw, as a diagnostic without secrets. */
function diagnosed(error: unknown, address: QueueAddress): SystoleError {
  if (error instanceof SystoleError) return error;
  const { code = '', message } = causeOf(error);
  const params = { address: address.shown, reason: address.scrub(reasonOf(error)) };
  if (code === '3D000') return databaseMissing(params);
  // Without a password the driver itself complains.
  if (/^28/.test(code) || /\bpassword\b/i.test(message)) return accessRefused(params);
  if (isPassing(error)) return serverUnreachable(params);
  return serverFailed(params);
}
