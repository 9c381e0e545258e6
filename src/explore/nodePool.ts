/**
 * A pool of threads. A library's pool would do for jobs that end; here a job may hang or take its thread with it, and that is a result: the thread is
 * ended and another one started, and the job is tried once more only where the thread died, which may have had another cause.
 */
import { Worker } from 'node:worker_threads';
import { diagnostic, type SystoleError } from '#base';
import { Dealer } from './dealer.ts';
import { failureOf } from './evaluate.ts';
import { died, hung } from './failures.ts';
import type { Executor, Job, ModelBytes, Outcome } from './job.ts';
import type { FromWorker, ToWorker } from './nodeWorker.ts';
import type { PoolOptions } from './platform.ts';

export const neverStarted = diagnostic<{ reason: string; times: number }>('SYS-EXPLORE-042', 'internal', {
  en: (p) =>
    `no worker could be started, in ${p.times === 1 ? 'one attempt' : `${p.times} attempts`}: ${p.reason}. Too little memory is a usual cause; ` +
    'where there is enough, this is a bug of Systole: please report it.',
  zh: (p) =>
    `尝试 ${p.times} 次仍无法启动工作进程：${p.reason}。常见原因是内存不足；若内存充足，则是 Systole 的缺陷，请报告。`,
});

/** Threads that a job may take with it. */
const MOST_DEATHS = 2;

const IS_SOURCE = import.meta.url.endsWith('.ts');
const WORKER = new URL(IS_SOURCE ? './nodeWorker.ts' : './nodeWorker.js', import.meta.url);
const CONDITION = '--conditions=source';

/** What a thread did with a job. */
type Answer = { readonly outcome: Outcome } | { readonly hung: true } | { readonly died: string };

/** One thread. */
class Lane {
  readonly #models: ModelBytes;
  readonly #script: URL;
  #worker: Worker | undefined;
  #answer: ((answer: Answer) => void) | undefined;
  #ready: Promise<void> | undefined;

  constructor(models: ModelBytes, script: URL) {
    this.#models = models;
    this.#script = script;
  }

  /** @throws SYS-EXPLORE-042 */
  async run(job: Job, timeout: number): Promise<Answer> {
    this.#ready ??= this.#start();
    await this.#ready;
    const worker = this.#worker;
    if (worker === undefined) return { died: 'it was gone' };
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Answer>((resolve) => {
      this.#answer = resolve;
      timer = setTimeout(() => resolve({ hung: true }), timeout);
      worker.postMessage({ job } satisfies ToWorker);
    });
    clearTimeout(timer);
    this.#answer = undefined;
    if (!('outcome' in answer)) await this.end();
    return answer;
  }

  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = undefined;
    this.#answer?.({ died: 'it was ended' });
    await worker?.terminate();
  }

  #start(): Promise<void> {
    const conditions = IS_SOURCE && !process.execArgv.includes(CONDITION) ? [CONDITION] : [];
    const worker = new Worker(this.#script, { execArgv: [...process.execArgv, ...conditions], stdin: false });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      let last = 'it said nothing';
      worker.on('message', async (message: FromWorker) => {
        if ('ready' in message) return resolve();
        if ('outcome' in message) return this.#answer?.({ outcome: message.outcome });
        const bytes = await this.#models(message.wanted).catch(() => undefined);
        worker.postMessage({ sha256: message.wanted, bytes } satisfies ToWorker);
      });
      worker.on('error', (error) => {
        last = error instanceof Error ? error.message : String(error);
      });
      worker.on('exit', (code) => {
        const reason = `${last} (exit code ${code})`;
        // Ended by us: nobody waits for it any more.
        if (this.#worker !== worker) return resolve();
        this.#worker = this.#ready = undefined;
        this.#answer?.({ died: reason });
        reject(neverStarted({ reason, times: 1 }));
      });
    });
  }
}

/** @param script of a thread; a test has one that dies and hangs */
export function localExecutor({ workers, timeout, models }: PoolOptions, script = WORKER): Executor {
  const lanes = Array.from({ length: workers }, () => new Lane(models, script));
  const failed = ({ key }: Job, error: SystoleError): Outcome => ({ key, ok: false, failure: failureOf(error) });
  const runOne = async (lane: Lane, job: Job, isOver: () => boolean): Promise<Outcome | undefined> => {
    for (let deaths = 1; ; deaths++) {
      const answer = await lane.run(job, timeout);
      if ('outcome' in answer) return answer.outcome;
      // A thread that was ended by us died of nothing, and must not be started again.
      if (isOver()) return undefined;
      if ('hung' in answer) return failed(job, hung({ seconds: timeout / 1000 }));
      if (deaths === MOST_DEATHS) return failed(job, died({ reason: answer.died, times: deaths }));
    }
  };
  return {
    async run(jobs, onOutcome, signal) {
      const dealer = new Dealer(jobs, lanes.length);
      let fault: { readonly error: unknown } | undefined;
      const isOver = (): boolean => signal.aborted || fault !== undefined;
      const stop = (): void => {
        for (const lane of lanes) void lane.end();
      };
      signal.addEventListener('abort', stop, { once: true });
      const work = async (lane: Lane, i: number): Promise<void> => {
        while (!isOver()) {
          const job = await dealer.take(i);
          if (job === undefined) return;
          const outcome = await runOne(lane, job, isOver);
          if (outcome !== undefined && fault === undefined) onOutcome(outcome);
        }
      };
      try {
        // Whatever fails in one (no room for its outcome, no thread) ends all, and nothing is left that runs.
        const failed = (error: unknown): void => {
          fault ??= { error };
          stop();
        };
        await Promise.all(lanes.map((lane, i) => work(lane, i).catch(failed)));
        if (fault !== undefined) throw fault.error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.end()));
    },
  };
}
