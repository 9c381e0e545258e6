/**
 * Slots that are processes, so that what ends one (memory, a fault in native code) ends nothing else and is known to be that job's doing. A process
 * that ended is replaced when the next job comes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failureOf } from '../evaluate.ts';
import { hung } from '../failures.ts';
import type { Job, Outcome } from '../job.ts';
import { neverStarted } from '../nodePool.ts';
import type { FromProcess, ToProcess } from './nodeEvaluator.ts';

/** Evaluates one job at a time. */
export interface Slot {
  /**
   * @param timeout milliseconds, after which the process is ended and the outcome is that
   * @throws anything where the process ended without an answer; the reason is the error's message
   */
  evaluate(job: Job, timeout: number): Promise<Outcome>;
  close(): void;
}

export type NetworkOf = (job: Job) => Promise<Uint8Array>;

/** Attempts at a process, and milliseconds of the pause behind the first. */
const MOST_STARTS = 5;
const PAUSE = 1000;

const IS_SOURCE = import.meta.url.endsWith('.ts');
const MODULE = fileURLToPath(new URL(IS_SOURCE ? './nodeEvaluator.ts' : './nodeEvaluator.js', import.meta.url));

/** @param module of the process, where another one is to stand in */
export const processSlot = (networkOf: NetworkOf, module = MODULE): Slot => new ProcessSlot(networkOf, module);

class ProcessSlot implements Slot {
  readonly #networkOf: NetworkOf;
  readonly #module: string;
  #ready: Promise<ChildProcess> | undefined;
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor(networkOf: NetworkOf, module: string) {
    this.#networkOf = networkOf;
    this.#module = module;
  }

  async evaluate(job: Job, timeout: number): Promise<Outcome> {
    const child = await (this.#ready ?? this.#started());
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        end();
        reject(new Error(endOf(code, signal)));
      };
      const onMessage = (message: FromProcess): void => {
        if (message.type === 'outcome') {
          end();
          resolve(message.outcome);
        } else if (message.type === 'network') {
          this.#networkOf(job).then(
            (bytes) => tell(child, { type: 'network', sha256: message.sha256, bytes }),
            (error: unknown) => {
              // It waits for bytes that will not come.
              end();
              this.#drop();
              reject(error);
            },
          );
        }
      };
      const timer = setTimeout(() => {
        end();
        this.#drop();
        const failure = failureOf(hung({ seconds: timeout / 1000 }));
        resolve({ key: job.key, ok: false, failure });
      }, timeout);
      child.on('message', onMessage);
      child.on('exit', onExit);
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
      else tell(child, { type: 'job', job });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /** The next job gets another process, which is not charged with the end of this one. */
  #drop(): void {
    const child = this.#child;
    this.#child = undefined;
    this.#ready = undefined;
    child?.kill('SIGKILL');
  }

  /**
   * A process that ends while it starts is no job's fault, and mostly passes: memory is short for a while, somebody ended it.
   * @throws SYS-EXPLORE-042 where none comes to work
   */
  async #started(): Promise<ChildProcess> {
    for (let times = 1; ; times++) {
      try {
        const child = await this.#start();
        this.#ready = Promise.resolve(child);
        return child;
      } catch (error) {
        if (this.#isClosed) throw error;
        if (times === MOST_STARTS) throw neverStarted({ reason: (error as Error).message, times });
        await sleep(PAUSE * times);
      }
    }
  }

  #start(): Promise<ChildProcess> {
    // Standard output is the command's answer; what a process of ours writes is none of it.
    const child = fork(this.#module, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#drop();
    });
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve(child));
      child.on('error', reject);
      child.once('exit', (code, signal) => reject(new Error(endOf(code, signal))));
    });
  }
}

/** A process that is gone hears nothing; its end is told by its exit. */
const tell = (child: ChildProcess, message: ToProcess): void => void child.send(message, () => {});

const endOf = (code: number | null, signal: string | null): string =>
  signal === null ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`;
