/**
 * The process of one slot of a worker: evaluates the jobs that its parent sends, one after the other, and asks it for the bytes of networks. It
 * lives as long as its parent, whatever signal the terminal sends to both.
 */
import { createEngine } from '#engine';
import { createEvaluator } from '../evaluate.ts';
import type { Job, Outcome } from '../job.ts';

export type ToProcess =
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'network'; readonly sha256: string; readonly bytes: Uint8Array };

export type FromProcess =
  | { readonly type: 'ready' }
  | { readonly type: 'network'; readonly sha256: string }
  | { readonly type: 'outcome'; readonly outcome: Outcome };

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());

const send = (message: FromProcess): void => void process.send!(message);
const networks = new Map<string, (bytes: Uint8Array) => void>();

const engine = await createEngine();
const evaluator = createEvaluator(
  engine,
  (sha256) =>
    new Promise((resolve) => {
      networks.set(sha256, resolve);
      send({ type: 'network', sha256 });
    }),
);

process.on('message', (message: ToProcess) => {
  if (message.type === 'job') {
    void evaluator.evaluate(message.job).then((outcome) => send({ type: 'outcome', outcome }));
  } else {
    networks.get(message.sha256)?.(message.bytes);
    networks.delete(message.sha256);
  }
});
send({ type: 'ready' });
