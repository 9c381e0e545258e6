/**
 * The worker's half: takes jobs of its own version of Systole from the queue, has them evaluated, and stores each outcome by its job's key before
 * it says that the job is done. A worker that dies in between leaves a job that is given away again, and whose outcome then stands there already.
 * A process that ends on a job costs that job an attempt and nothing else.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystoleError } from '#base';
import type { Job, Outcome } from '../job.ts';
import { modelLost, otherVersion } from './diagnostics.ts';
import { jobIn, type Message } from './messages.ts';
import { openServer, type QueueServer, queueOf } from './nodeServer.ts';
import { processSlot, type Slot } from './nodeSlots.ts';
import { workerName } from './nodeSubmit.ts';
import type { Served, ServeOptions } from './queue.ts';

/** Milliseconds between looks for jobs where there were none. */
const IDLE = 500;
/** Milliseconds between signs of life. */
const TOUCH = 3000;
/** Milliseconds between looks for jobs of other versions. */
const OTHERS = 15_000;
/** Milliseconds that a worker which was told to end waits for a server that is away. */
const LAST_WAIT = 15_000;
/** Milliseconds for which a worker has jobs at hand, and at most so many jobs for each slot. */
const AHEAD = 500;
const MOST_AHEAD = 32;

interface Held {
  readonly id: string;
  readonly retryCount: number;
  readonly job: Job;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Serves until the signal. @throws SYS-EXPLORE-102 to 107 */
export async function serveQueue(options: ServeOptions): Promise<Served> {
  const { address, version, onLost, onBack } = options;
  const events = { ...(onLost && { onLost }), ...(onBack && { onBack }) };
  const server = await openServer(address, { ...events, name: workerName(version), version, connections: 4 });
  try {
    await refuseOthers(server, version);
    options.onReady?.();
    return await new Service(server, options).run();
  } finally {
    await server.close();
  }
}

class Service {
  readonly #server: QueueServer;
  readonly #options: ServeOptions;
  readonly #slots: readonly Slot[];
  readonly #free: Slot[];
  readonly #size: number;
  /** Fetched and not begun; all that is fetched and not settled, by id. */
  readonly #waiting: Held[] = [];
  readonly #held = new Map<string, Held>();
  /** Done, to be stored. */
  #done: { readonly held: Held; readonly outcome: Outcome }[] = [];
  readonly #networks = new Map<string, Promise<Uint8Array>>();
  readonly #worker = `${hostname()}/${process.pid}`;
  /** Versions whose waiting jobs have been told of. */
  readonly #told = new Set<string>();
  #wake = (): void => {};
  #wakeStore = (): void => {};
  /** Nothing more will be done. */
  #isOver = false;
  #isTouching = false;
  #fault: unknown;
  /** Milliseconds that evaluations took. */
  #busy = 0;
  #evaluated = 0;
  #failures = 0;
  #crashes = 0;
  #returned = 0;

  constructor(server: QueueServer, options: ServeOptions) {
    this.#server = server;
    this.#options = options;
    const { concurrency, process: module } = options;
    this.#slots = Array.from({ length: concurrency }, () => processSlot((job) => this.#networkOf(job), module));
    this.#free = [...this.#slots];
    this.#size = this.#slots.length;
  }

  async run(): Promise<Served> {
    const { signal } = this.#options;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    const life = setInterval(() => void this.#touch(), TOUCH);
    const storing = this.#store();
    let others = Date.now() + OTHERS;
    try {
      while (!signal.aborted) {
        if (this.#fault !== undefined) throw this.#fault;
        const wanted = this.#size + this.#ahead() - this.#held.size;
        const got = 2 * wanted < this.#ahead() ? 0 : await this.#fetch(wanted);
        this.#begin();
        if (Date.now() > others && this.#held.size === 0) {
          await this.#tellOthers();
          others = Date.now() + OTHERS;
        }
        if (got === 0 && !signal.aborted) await this.#change(this.#held.size === 0 ? IDLE : TOUCH);
      }
      this.#server.waitAtMost(LAST_WAIT);
      await this.#giveBack();
      while (this.#held.size > 0 && this.#fault === undefined) await this.#change(TOUCH);
      if (this.#fault !== undefined) throw this.#fault;
    } finally {
      this.#server.waitAtMost(LAST_WAIT);
      clearInterval(life);
      for (const slot of this.#slots) slot.close();
      this.#isOver = true;
      this.#wakeStore();
      await storing;
    }
    const [evaluated, failures, crashes, returned] = [this.#evaluated, this.#failures, this.#crashes, this.#returned];
    return { evaluated, failures, crashes, returned };
  }

  /** Jobs to hold beside those that are worked on: what half a second takes, so that no slot waits for the server, and of long jobs one each. */
  #ahead(): number {
    const done = this.#evaluated + this.#failures;
    const mean = done === 0 ? AHEAD : this.#busy / done;
    return this.#size * Math.min(MOST_AHEAD, Math.max(1, Math.round(AHEAD / mean)));
  }

  /** Until something ends or is to end, or so many milliseconds. */
  async #change(ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
      sleep(ms, undefined, { signal: timer.signal }).catch(() => {}),
    ]);
    timer.abort();
  }

  async #fetch(count: number): Promise<number> {
    const { version, signal } = this.#options;
    const ask = () => this.#server.boss.fetch<Message>(queueOf(version), { batchSize: count });
    const messages = await this.#server.persist(ask, signal).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
    const fetched = messages.flatMap(({ id, retryCount, data }): Held[] => {
      // The queue's name keeps other versions out; a job that is there all the same is none of ours.
      if (data.version === version) return [{ id, retryCount, job: jobIn(data), timeout: data.timeout }];
      void this.#fail({ id, retryCount }, `a job of Systole ${data.version} in the queue of ${version}`);
      return [];
    });
    if (fetched.length === 0) return 0;
    for (const held of fetched) this.#held.set(held.id, held);
    // What somebody stored before he could say so, or for another search, is not done again.
    const text = 'select outcome from systole.result where key = any($1)';
    const rows = await this.#server.rows<{ outcome: Outcome }>(text, [fetched.map(({ job }) => job.key)]);
    const known = new Map(rows.map(({ outcome }) => [outcome.key, outcome]));
    for (const held of fetched) {
      const outcome = known.get(held.job.key);
      if (outcome === undefined) this.#waiting.push(held);
      else this.#finish(held, outcome);
    }
    return fetched.length;
  }

  #begin(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0)
      void this.#evaluate(this.#waiting.shift()!, this.#free.pop()!);
  }

  async #evaluate(held: Held, slot: Slot): Promise<void> {
    const { onCrash, address, signal } = this.#options;
    const begin = performance.now();
    try {
      const outcome = await slot.evaluate(held.job, held.timeout);
      this.#busy += performance.now() - begin;
      if (outcome.ok) this.#evaluated++;
      else this.#failures++;
      this.#options.onOutcome?.(outcome);
      this.#finish(held, outcome);
    } catch (error) {
      this.#crashes++;
      const reason = address.scrub(error instanceof Error ? error.message : String(error));
      // It would spoil one job after the other.
      if (error instanceof SystoleError && error.kind === 'internal') this.#fault = error;
      else onCrash?.(held.job.key, reason);
      await this.#fail(held, reason);
    } finally {
      this.#free.push(slot);
      if (!signal.aborted) this.#begin();
      this.#wake();
    }
  }

  /** An attempt that failed: the engine gives the job away again, or lists it. */
  async #fail({ id, retryCount }: Pick<Held, 'id' | 'retryCount'>, reason: string): Promise<void> {
    try {
      const queue = queueOf(this.#options.version);
      await this.#server.persist(() => this.#server.boss.fail(queue, { id, retryCount }, { reason }));
    } catch (error) {
      this.#fault = error;
    }
    this.#held.delete(id);
    this.#wake();
  }

  #finish(held: Held, outcome: Outcome): void {
    this.#done.push({ held, outcome });
    this.#wakeStore();
  }

  /** Stores what is done, all that has come together since the last time in one statement. */
  async #store(): Promise<void> {
    const queue = queueOf(this.#options.version);
    const text =
      'insert into systole.result (key, outcome, worker) select key, outcome, $3 from unnest($1::text[], $2::json[]) as r (key, outcome) ' +
      'on conflict (key) do nothing';
    while (!this.#isOver || this.#done.length > 0) {
      if (this.#done.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wakeStore = resolve;
        });
        continue;
      }
      const batch = this.#done;
      this.#done = [];
      try {
        const keys = batch.map(({ outcome }) => outcome.key);
        await this.#server.rows(text, [keys, batch.map(({ outcome }) => JSON.stringify(outcome)), this.#worker]);
        const attempts = batch.map(({ held: { id, retryCount } }) => ({ id, retryCount }));
        await this.#server.persist(() => this.#server.boss.complete(queue, attempts));
      } catch (error) {
        this.#fault = error;
      }
      for (const { held } of batch) this.#held.delete(held.id);
      this.#wake();
    }
  }

  /** Says of everything held that it is worked on. A server that is away hears it again at the next turn. */
  async #touch(): Promise<void> {
    if (this.#held.size === 0 || this.#isTouching) return;
    this.#isTouching = true;
    const attempts = [...this.#held.values()].map(({ id, retryCount }) => ({ id, retryCount }));
    await this.#server.boss.touch(queueOf(this.#options.version), attempts).catch(() => {});
    this.#isTouching = false;
  }

  async #giveBack(): Promise<void> {
    const back = this.#waiting.splice(0);
    this.#returned += back.length;
    await Promise.all(back.map((held) => this.#fail(held, 'its worker was told to end before it had begun')));
  }

  #networkOf({ point: { model } }: Job): Promise<Uint8Array> {
    if ('network' in model) throw new Error('a network by name has no bytes');
    const { sha256, file } = model;
    const ask = async (): Promise<Uint8Array> => {
      const rows = await this.#server.rows<{ bytes: Uint8Array }>(
        'select bytes from systole.network where sha256 = $1',
        [sha256],
      );
      if (rows[0] === undefined) throw modelLost({ file, sha256 });
      return rows[0].bytes;
    };
    const known = this.#networks.get(sha256) ?? ask();
    this.#networks.delete(sha256);
    this.#networks.set(sha256, known);
    known.catch(() => this.#networks.delete(sha256));
    if (this.#networks.size > 2) this.#networks.delete(this.#networks.keys().next().value!);
    return known;
  }

  async #tellOthers(): Promise<void> {
    for (const version of await otherVersions(this.#server, this.#options.version)) {
      if (this.#told.has(version)) continue;
      this.#told.add(version);
      const error = otherVersion({ mine: this.#options.version, theirs: version, address: this.#server.address.shown });
      this.#options.onNotice?.({ code: error.code, en: error.text('en'), zh: error.text('zh') });
    }
  }
}

/** Other versions with jobs that wait. */
async function otherVersions(server: QueueServer, version: string): Promise<readonly string[]> {
  const queues = await server.persist(() => server.boss.getQueues());
  const others = queues.flatMap(({ name }) =>
    /^systole\/[^/]+$/.test(name) && name !== queueOf(version) ? [name] : [],
  );
  const waiting = await Promise.all(others.map(async (name) => ((await hasWaiting(server, name)) ? [name] : [])));
  return waiting.flat().map((name) => name.slice(name.indexOf('/') + 1));
}

async function hasWaiting(server: QueueServer, queue: string): Promise<boolean> {
  const jobs = await server.persist(() => server.boss.findJobs(queue, { queued: true, limit: 1 }));
  return jobs.length > 0;
}

/** A worker that finds jobs of other versions alone would wait forever, unheard. @throws SYS-EXPLORE-107 */
async function refuseOthers(server: QueueServer, version: string): Promise<void> {
  if (await hasWaiting(server, queueOf(version))) return;
  const [theirs] = await otherVersions(server, version);
  if (theirs !== undefined) throw otherVersion({ mine: version, theirs, address: server.address.shown });
}
