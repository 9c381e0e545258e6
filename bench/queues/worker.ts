/** A worker process: `worker.ts ENGINE SETTINGS CONCURRENCY LOG`. It writes a line `s N TIME` before a job and `e N TIME` after it. */
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineName, openEngine, type Settings } from './engines.ts';

const [name, settings, concurrency, path] = process.argv.slice(2) as [EngineName, string, string, string];
const log = openSync(path, 'a');
const note = (what: 's' | 'e', n: number): void => void writeSync(log, `${what} ${n} ${Date.now()}\n`);

// An engine that lets an error of its connection through ends the process: that is part of what is measured.
const engine = await openEngine(name, JSON.parse(settings) as Settings);
await engine.work(Number(concurrency), async ({ n, ms, poison }) => {
  note('s', n);
  if (poison === true) process.kill(process.pid, 'SIGKILL');
  if (ms > 0) await sleep(ms);
  note('e', n);
});
