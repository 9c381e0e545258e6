/** What a queue of jobs on a server asks for and tells: of whoever submits a search, and of whoever works on it. */
import type { Notice } from '#base';
import type { ModelBytes, Outcome } from '../job.ts';
import type { QueueAddress } from './address.ts';

interface Connected {
  readonly address: QueueAddress;
  /** Of Systole: workers take jobs of their own alone. */
  readonly version: string;
  /** The server went away; it is asked again from now on. */
  readonly onLost?: (reason: string) => void;
  readonly onBack?: () => void;
  readonly onNotice?: (notice: Notice) => void;
}

export interface SubmitOptions extends Connected {
  readonly models: ModelBytes;
  /** Milliseconds that a job may take; at most 12 h. */
  readonly timeout: number;
  /** Told every few seconds. */
  readonly onState?: (state: QueueState) => void;
}

export interface QueueState {
  /** Connected workers of this version. */
  readonly workers: number;
  /** Jobs that were sent and have no outcome yet. */
  readonly onTheWay: number;
}

export interface ServeOptions extends Connected {
  /** Points at once, each in a process of its own. */
  readonly concurrency: number;
  /** Once aborted nothing new is begun: what runs is finished, what waits goes back. */
  readonly signal: AbortSignal;
  readonly onReady?: () => void;
  readonly onOutcome?: (outcome: Outcome) => void;
  /** A process ended on a job. */
  readonly onCrash?: (key: string, reason: string) => void;
  /** Path of a module whose processes stand in for those that evaluate. */
  readonly process?: string;
}

export interface Served {
  /** Outcomes with metrics. */
  readonly evaluated: number;
  /** Outcomes that are a failure. */
  readonly failures: number;
  /** Attempts that ended their process. */
  readonly crashes: number;
  /** Jobs given back. */
  readonly returned: number;
}
