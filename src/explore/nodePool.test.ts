/** The pool of threads: one that dies or hangs is replaced, and the job it had says so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Job, Outcome } from './job.ts';
import { localExecutor } from './nodePool.ts';

const folder = mkdtempSync(join(tmpdir(), 'systole-pool-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A thread that does what the key of its job says; `once` dies at the first attempt alone. */
const SCRIPT = `
import { existsSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ job: { key } }) => {
  if (key.startsWith('die')) process.exit(3);
  if (key.startsWith('throw')) setTimeout(() => { throw new Error('out of luck'); });
  else if (key.startsWith('hang')) for (;;);
  else {
    const mark = ${JSON.stringify(join(folder, 'mark'))};
    if (key.startsWith('once') && !existsSync(mark)) {
      writeFileSync(mark, '');
      process.exit(4);
    }
    parentPort.postMessage({ outcome: { key, ok: true, metrics: {} } });
  }
});
parentPort.postMessage({ ready: true });
`;

async function* jobs(keys: readonly string[]): AsyncGenerator<Job> {
  for (const key of keys) yield { key } as Job;
}

const pool = (workers: number, timeout = 1000) => {
  writeFileSync(join(folder, 'worker.mjs'), SCRIPT);
  const models = (): Promise<Uint8Array> => Promise.reject(new Error('none'));
  return localExecutor({ workers, timeout, models }, pathToFileURL(join(folder, 'worker.mjs')));
};

test('jobs that die, throw and hang are outcomes with their reasons; the others are done', async () => {
  const keys = ['a', 'die', 'b', 'hang', 'c', 'once', 'throw', ...Array.from({ length: 20 }, (_, i) => `d${i}`)];
  const told: Outcome[] = [];
  const executor = pool(2);
  await executor.run(jobs(keys), (outcome) => told.push(outcome), new AbortController().signal);
  await executor.close();
  expect(told.map((o) => o.key).sort()).toEqual([...keys].sort());
  const codes = Object.fromEntries(told.flatMap((o) => (o.ok ? [] : [[o.key, o.failure.code]])));
  expect(codes).toEqual({ die: 'SYS-EXPLORE-041', throw: 'SYS-EXPLORE-041', hang: 'SYS-EXPLORE-040' });
  expect(told.find((o) => o.key === 'throw')).toMatchObject({
    failure: { en: expect.stringContaining('out of luck') },
  });
});

test('an abort ends a job under way and asks for no more', async () => {
  const abort = new AbortController();
  const told: Outcome[] = [];
  const executor = pool(2, 600_000);
  const began = executor.run(jobs(['a', 'hang1', 'hang2', 'b', 'c']), (o) => void told.push(o), abort.signal);
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await began;
  await executor.close();
  expect(told.map((o) => o.key)).toEqual(['a']);
});

test('threads that never start are an error, not a wait', async () => {
  writeFileSync(join(folder, 'broken.mjs'), 'throw new Error("no such thread");');
  const executor = localExecutor(
    { workers: 1, timeout: 1000, models: () => Promise.reject(new Error('none')) },
    pathToFileURL(join(folder, 'broken.mjs')),
  );
  const run = executor.run(jobs(['a']), () => {}, new AbortController().signal);
  await expect(run).rejects.toMatchObject({ code: 'SYS-EXPLORE-042' });
});

test('where an outcome cannot be kept all threads end, whatever they are about, and none is started anew', async () => {
  const executor = pool(3, 600_000);
  const run = executor.run(
    jobs(['hang1', 'hang2', 'a', 'b', 'c']),
    () => {
      throw new Error('no room');
    },
    new AbortController().signal,
  );
  await expect(run).rejects.toThrow('no room');
  // A thread keeps the process from ending.
  const threads = process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
  await executor.close();
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length).toBe(threads);
  const again = pool(1);
  await again.run(jobs(['a']), () => {}, new AbortController().signal);
  await again.close();
});
