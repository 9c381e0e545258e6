/**
 * 2,000 machines × AlexNet over a real PostgreSQL, with three worker processes, one of them killed, and the server killed and started again in
 * mid-run: exactly the 2,000 results of the same search on this machine alone. The figures it prints are those of docs/queues.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startSystole } from './cli/systole.ts';
import { postgresPrograms, postgresServer, type Server } from './support/servers.ts';

const SPACE = `models: [alexnet]
machine: textbook-single
vary:
  nram.bytes: { from: 32768, to: 106496, step: 8192 }
  wram.bytes: { from: 65536, to: 249856, step: 20480 }
  vector.lanes: [32, 64]
  dram.latencyCycles: { from: 0, to: 90, step: 10 }
objectives: [cycles, area]
`;
const POINTS = 2000;

/** Results on the server so far, by PostgreSQL's own client. */
function stored(server: Server, folder: string): number {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] as ('ignore' | 'pipe')[] } as const;
    return Number(
      execFileSync(join(folder, 'psql'), [server.url, '-tAc', 'select count(*) from systole.result'], options),
    );
  } catch {
    // No tables yet.
    return 0;
  }
}

const programs = postgresPrograms();

describe.skipIf(programs === undefined)('2,000 points over a real PostgreSQL (Debian: postgresql)', () => {
  let server: Server;
  let folder = '';
  let running: readonly Running[] = [];

  beforeAll(async () => {
    server = await postgresServer(programs!);
    folder = mkdtempSync(join(tmpdir(), 'systole-queue-'));
    writeFileSync(join(folder, 'space.yaml'), SPACE);
  });
  afterAll(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('three workers, one killed, the server killed and started again: the results of one machine', async () => {
    const workers = [1, 2, 3].map(() => startSystole(['worker', '--queue', server.url, '--concurrency', '1'], folder));
    const began = performance.now();
    const search = startSystole(['explore', 'space.yaml', '-o', 'far', '--queue', server.url], folder);
    running = [...workers, search];
    const reach = async (count: number): Promise<void> => {
      while (stored(server, programs!) < count && search.child.exitCode === null) await sleep(500);
    };
    await reach(POINTS / 4);
    workers[0]!.child.kill('SIGKILL');
    await reach(POINTS / 2);
    await server.stop('SIGKILL');
    await sleep(2000);
    await server.start();
    const far = await search.ended;
    const seconds = (performance.now() - began) / 1000;
    expect(far.code, far.stderr).toBe(0);
    for (const { child } of workers.slice(1)) child.kill('SIGINT');
    const ends = await Promise.all(workers.map(({ ended }) => ended));
    expect(ends.slice(1).map(({ code }) => code)).toEqual([0, 0]);

    const start = performance.now();
    const near = await startSystole(['explore', 'space.yaml', '-o', 'near', '--workers', '2'], folder).ended;
    const alone = (performance.now() - start) / 1000;
    expect(near.code, near.stderr).toBe(0);
    const results = ['far', 'near'].map((name) => readFileSync(join(folder, name, 'results.csv'), 'utf8'));
    expect(results[0]!.trimEnd().split('\n')).toHaveLength(POINTS + 1);
    expect(results[0]).toBe(results[1]);
    expect(stored(server, programs!)).toBe(POINTS);
    console.log(
      `${POINTS} points: ${seconds.toFixed(0)} s over the queue (three workers, one killed, server restarted), ` +
        `${alone.toFixed(0)} s with two threads\n${ends.map(({ stdout }) => stdout).join('')}`,
    );
  });
});
