/** What differs between Node and a browser: where jobs run, here or elsewhere, and where outcomes are kept. */
import type { Executor, ModelBytes } from './job.ts';
import type { Served, ServeOptions, SubmitOptions } from './queue/queue.ts';
import type { ResultStore } from './search.ts';

export interface PoolOptions {
  /** How many jobs run side by side. */
  readonly workers: number;
  /** Milliseconds that a job may take. */
  readonly timeout: number;
  readonly models: ModelBytes;
}

export interface StoreOptions {
  /** Of Systole, and of the space (`spaceIdentity`): results of others are not taken. */
  readonly version: string;
  readonly identity: string;
  /** Whether there may be results already. */
  readonly resume: boolean;
}

export interface Platform {
  readonly localExecutor: (options: PoolOptions) => Executor;
  /** Jobs of a search to workers that are elsewhere. @throws SYS-EXPLORE-102 to 106, 112 */
  readonly queueExecutor: (options: SubmitOptions) => Promise<Executor>;
  /** Works on jobs of searches that are elsewhere, until the signal. @throws SYS-EXPLORE-102 to 107, 112 */
  readonly serveQueue: (options: ServeOptions) => Promise<Served>;
  readonly openStore: (path: string, options: StoreOptions) => Promise<ResultStore>;
}
