/** What travels over the queue: a job as JSON text, so that it arrives letter for letter, and why an attempt at one failed. */
import type { Job } from '../job.ts';

export interface Message {
  /** Of Systole. */
  readonly version: string;
  /** Of one submission, so that each tells its own jobs apart. */
  readonly run: string;
  /** A `Job`. */
  readonly job: string;
  /** Milliseconds that it may take. */
  readonly timeout: number;
}

/** Why an attempt failed, as the worker or, where that went silent, the engine stored it. */
export interface AttemptOutput {
  readonly reason?: string;
  readonly value?: { readonly message?: string };
  readonly message?: string;
}

export const messageOf = (job: Job, rest: Omit<Message, 'job'>): Message => ({ ...rest, job: JSON.stringify(job) });

export const jobIn = ({ job }: Message): Job => JSON.parse(job) as Job;

export const reasonIn = (output: AttemptOutput | null | undefined): string =>
  output?.reason ?? output?.message ?? output?.value?.message ?? 'its worker went silent';
