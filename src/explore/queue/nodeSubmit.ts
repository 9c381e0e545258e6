/**
 * The submitter's half: an executor whose workers are elsewhere. Jobs go to the server as they come, up to a number on the way; results come from
 * the table that workers write, by the jobs' keys. What the table holds already, of whoever's search, is not done again.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notice } from '#base';
import { NOT_FOR_GOOD, poisoned } from '../failures.ts';
import type { Executor, Job, Outcome } from '../job.ts';
import { modelTooLarge } from './diagnostics.ts';
import { type AttemptOutput, type Message, messageOf, reasonIn } from './messages.ts';
import { ATTEMPTS, failedOf, openServer, type QueueServer, queueOf } from './nodeServer.ts';
import type { SubmitOptions } from './queue.ts';

/** Jobs on the way at once. */
const WINDOW = 2000;
/** Jobs sent in one statement. */
const CHUNK = 200;
/** Milliseconds between looks for results; between looks for what failed and who works. */
const LOOK = 200;
const SLOW_LOOK = 2000;
/** Milliseconds after which it is said that nobody works. */
const PATIENCE = 10_000;
/** A new search tries these anew. */
const FORGET = "delete from systole.result where key = any($1) and outcome->'failure'->>'code' = any($2)";
const MODEL_LIMIT = 128 * 2 ** 20;

/** @throws SYS-EXPLORE-102 to 106 */
export async function queueExecutor(options: SubmitOptions): Promise<Executor> {
  const { address, version, onLost, onBack } = options;
  const events = { ...(onLost && { onLost }), ...(onBack && { onBack }) };
  const server = await openServer(address, { ...events, name: 'systole explore', version, connections: 3 });
  const company: Company = { lastWorker: Date.now(), isTold: false };
  return {
    run: (jobs, onOutcome, signal) => new Submission(server, options, company, onOutcome).run(jobs, signal),
    close: () => server.close(),
  };
}

/** Whether somebody works, over all runs of an executor. */
interface Company {
  lastWorker: number;
  isTold: boolean;
}

class Submission {
  readonly #id = randomUUID();
  readonly #server: QueueServer;
  readonly #options: SubmitOptions;
  readonly #company: Company;
  readonly #onOutcome: (outcome: Outcome) => void;
  /** Taken and not yet sent. */
  #unsent: Job[] = [];
  /** Sent, by key. */
  readonly #sent = new Map<string, Job>();
  readonly #networks = new Set<string>();
  #wake = (): void => {};

  constructor(server: QueueServer, options: SubmitOptions, company: Company, onOutcome: (outcome: Outcome) => void) {
    this.#server = server;
    this.#options = options;
    this.#company = company;
    this.#onOutcome = onOutcome;
  }

  async run(jobs: AsyncIterable<Job>, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    let isFed = false;
    let broken: unknown;
    const feeding = this.#take(jobs, both).then(
      () => {
        isFed = true;
      },
      (error: unknown) => {
        broken = error ?? new Error('aborted');
      },
    );
    try {
      for (let slow = 0; ; ) {
        if (broken !== undefined && !signal.aborted) throw broken;
        if (isFed && this.#unsent.length + this.#sent.size === 0) return;
        await this.#send(signal);
        await this.#collect(signal);
        if (Date.now() >= slow) {
          await this.#lookAround(signal);
          slow = Date.now() + SLOW_LOOK;
        }
        await sleep(LOOK, undefined, { signal });
      }
    } catch (error) {
      await this.#withdraw();
      if (!signal.aborted) throw error;
    } finally {
      ended.abort();
      this.#wake();
      // A source that waits for outcomes may never end; what it still gives is not taken.
      void feeding;
    }
  }

  async #take(jobs: AsyncIterable<Job>, signal: AbortSignal): Promise<void> {
    for await (const job of jobs) {
      if (signal.aborted) return;
      this.#unsent.push(job);
      while (this.#unsent.length + this.#sent.size >= WINDOW && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    while (this.#unsent.length > 0) {
      const jobs = this.#unsent.slice(0, CHUNK);
      const { version, timeout } = this.#options;
      const keys = jobs.map(({ key }) => key);
      await this.#server.rows(FORGET, [keys, [...NOT_FOR_GOOD]], signal);
      const known = await this.#results(keys, signal);
      const unknown = jobs.filter(({ key }) => !known.has(key));
      for (const job of unknown) await this.#sendNetwork(job, signal);
      const messages = unknown.map((job) => ({
        id: this.#idOf(job.key),
        data: messageOf(job, { version, run: this.#id, timeout }),
      }));
      this.#unsent = this.#unsent.slice(jobs.length);
      // Before they are sent, so that whatever may have been sent is taken back.
      for (const job of unknown) this.#sent.set(job.key, job);
      if (messages.length > 0)
        await this.#server.persist(() => this.#server.boss.insert(queueOf(version), messages), signal);
      for (const outcome of known.values()) this.#onOutcome(outcome);
    }
  }

  /** Sent twice because an answer was lost, a job is the same one. */
  #idOf(key: string): string {
    const hex = createHash('sha256').update(`${this.#id} ${key}`).digest('hex');
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `8${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20, 32),
    ].join('-');
  }

  async #sendNetwork({ point: { model } }: Job, signal: AbortSignal): Promise<void> {
    if ('network' in model || this.#networks.has(model.sha256)) return;
    const bytes = await this.#options.models(model.sha256);
    if (bytes.length > MODEL_LIMIT) throw modelTooLarge({ file: model.file, bytes: bytes.length, limit: MODEL_LIMIT });
    const text = `insert into systole.network (sha256, bytes) values ($1, $2) on conflict (sha256) do update set stored_at = now()`;
    await this.#server.rows(text, [model.sha256, Buffer.from(bytes)], signal);
    this.#networks.add(model.sha256);
  }

  async #results(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Outcome>> {
    const text = 'select outcome from systole.result where key = any($1)';
    const rows = await this.#server.rows<{ outcome: Outcome }>(text, [keys], signal);
    return new Map(rows.map(({ outcome }) => [outcome.key, outcome]));
  }

  async #collect(signal: AbortSignal): Promise<void> {
    if (this.#sent.size === 0) return;
    for (const outcome of (await this.#results([...this.#sent.keys()], signal)).values()) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    if (!this.#sent.delete(outcome.key)) return;
    this.#wake();
    this.#onOutcome(outcome);
  }

  /** Who works, and which jobs were given up. */
  async #lookAround(signal: AbortSignal): Promise<void> {
    if (this.#sent.size === 0) return;
    const { version, onState, onNotice, address } = this.#options;
    const { boss } = this.#server;
    const failed = await this.#server.persist(
      () => boss.findJobs<Message>(failedOf(version), { data: { run: this.#id }, limit: WINDOW }),
      signal,
    );
    for (const { data, sourceOutput } of failed) {
      const { key } = JSON.parse(data.job) as Job;
      const error = poisoned({ attempts: ATTEMPTS, reason: address.scrub(reasonIn(sourceOutput as AttemptOutput)) });
      this.#settle({ key, ok: false, failure: { code: error.code, en: error.text('en'), zh: error.text('zh') } });
    }
    const live = (await this.#server.persist(() => boss.getInstances(), signal)).filter((i) => i.live);
    const workers = live.filter((i) => i.name === workerName(version));
    if (workers.length > 0) this.#company.lastWorker = Date.now();
    onState?.({ workers: workers.length, onTheWay: this.#sent.size });
    if (this.#company.isTold || Date.now() - this.#company.lastWorker < PATIENCE) return;
    this.#company.isTold = true;
    const others = live
      .filter((i) => i.name?.startsWith(WORKER) && i.name !== workerName(version))
      .map((i) => i.name!.slice(WORKER.length));
    onNotice?.(nobodyWorks(version, [...new Set(others)], address.shown));
  }

  /** Takes back what nobody has begun or finished. */
  async #withdraw(): Promise<void> {
    const ids = [...this.#sent.keys()].map((key) => this.#idOf(key));
    if (ids.length > 0) await this.#server.boss.deleteJob(queueOf(this.#options.version), ids).catch(() => {});
  }
}

const WORKER = 'systole worker ';
/** Of a worker process, as others see it on the server. */
export const workerName = (version: string): string => `${WORKER}${version}`;

function nobodyWorks(version: string, others: readonly string[], address: string): Notice {
  const found = others.length === 0 ? undefined : others.join(', ');
  return {
    code: 'SYS-EXPLORE-111',
    en:
      `no worker of Systole ${version} is connected to ${address}${found === undefined ? '' : ` (those that are: ${found})`}. ` +
      'The jobs wait for one: systole worker --queue URL',
    zh: `没有 Systole ${version} 的工作进程连接到 ${address}${found === undefined ? '' : `（已连接的是：${found}）`}。作业正在等待：systole worker --queue URL`,
  };
}
