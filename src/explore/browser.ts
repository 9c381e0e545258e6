/** The browser half: jobs run one after the other in this thread, and outcomes last as long as the page. */
import { sharedEngine } from '#engine';
import { createEvaluator } from './evaluate.ts';
import type { Platform } from './platform.ts';
import { noQueue } from './queue/diagnostics.ts';
import { memoryStore } from './search.ts';

export const localExecutor: Platform['localExecutor'] = ({ models }) => ({
  async run(jobs, onOutcome, signal) {
    const evaluator = createEvaluator(await sharedEngine(), models);
    for await (const job of jobs) {
      if (signal.aborted) return;
      onOutcome(await evaluator.evaluate(job));
    }
  },
  close: async () => {},
});

export const openStore: Platform['openStore'] = async () => memoryStore();

export const queueExecutor: Platform['queueExecutor'] = async () => {
  throw noQueue({});
};
export const serveQueue: Platform['serveQueue'] = async () => {
  throw noQueue({});
};
