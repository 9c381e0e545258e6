/** A thread that evaluates jobs, one at a time: says that it is ready, then answers each job with its outcome. */
import { parentPort } from 'node:worker_threads';
import { createEngine } from '#engine';
import { createEvaluator } from './evaluate.ts';
import type { Job, Outcome } from './job.ts';

/** To a worker: a job, or the bytes that it asked for. */
export type ToWorker = { readonly job: Job } | { readonly sha256: string; readonly bytes: Uint8Array | undefined };
/** From a worker. */
export type FromWorker = { readonly ready: true } | { readonly outcome: Outcome } | { readonly wanted: string };

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);

const asked = new Map<string, { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }>();
const bytesOf = (sha256: string): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    asked.set(sha256, { resolve, reject });
    say({ wanted: sha256 });
  });

const evaluator = createEvaluator(await createEngine(), bytesOf);
port.on('message', async (message: ToWorker) => {
  if ('job' in message) return say({ outcome: await evaluator.evaluate(message.job) });
  const waiting = asked.get(message.sha256);
  asked.delete(message.sha256);
  if (message.bytes === undefined) waiting?.reject(new Error(`no model with hash ${message.sha256} is known`));
  else waiting?.resolve(message.bytes);
});
say({ ready: true });
