/**
 * What exploring has to show: 2,000 machines for AlexNet, killed three times and resumed, give what a run that was left alone gives; and NSGA-II reaches
 * the front of a space of 4,000 designs with a tenth of the evaluations.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import {
  type Executor,
  explore,
  frontOf,
  hypervolume,
  localExecutor,
  type Measures,
  memoryStore,
  type Objectives,
  type Outcome,
  objectivesOf,
  openStore,
  parseSpace,
  type Space,
  sha256,
  spaceIdentity,
  spaceOf,
} from '#explore';
import { resolveMachine } from '#machine';
import { buildVersion } from '../src/cli/manifest.ts';
import { systole } from './cli/systole.ts';
import { ROOT } from './house/sources.ts';

const version = buildVersion();
const WORKERS = String(Math.min(2, availableParallelism()));

describe('2,000 machines for AlexNet', () => {
  test('killed three times and resumed: nothing twice, nothing lost, the same results', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'systole-sweep-'));
    const space = `${ROOT}examples/12-two-thousand-machines.yaml`;
    const kept = (): number => {
      const db = new DatabaseSync(join(folder, 'killed', 'results.sqlite'));
      const { n } = db.prepare('select count(*) as n from outcomes').get() as { n: number };
      db.close();
      return n;
    };
    try {
      expect(await systole(['explore', space, '-o', 'whole', '--workers', WORKERS], folder)).toMatchObject({ code: 0 });
      let before = 0;
      for (const seconds of [8, 13, 18]) {
        const args = [
          '--conditions=source',
          `${ROOT}bin/systole.mjs`,
          'explore',
          space,
          '-o',
          'killed',
          '--workers',
          WORKERS,
          '--resume',
        ];
        const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
        const ended = new Promise((resolve) => child.on('exit', resolve));
        await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
        child.kill('SIGKILL');
        await ended;
        const now = kept();
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
      expect(before).toBeGreaterThan(0);
      const last = await systole(
        ['explore', space, '-o', 'killed', '--workers', WORKERS, '--resume', '--json'],
        folder,
      );
      const answer = JSON.parse(last.stdout) as { ran: number; reused: number; designs: number };
      expect(answer).toMatchObject({ ran: 2000 - before, reused: before, designs: 2000 });
      expect(kept()).toBe(2000);
      for (const file of ['results.csv', 'front.csv'])
        expect(readFileSync(join(folder, 'killed', file), 'utf8')).toBe(
          readFileSync(join(folder, 'whole', file), 'utf8'),
        );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** 5 × 4 × 5 × 5 × 8: every combination makes a machine. */
const FOUR_THOUSAND = `models: lenet5
machine: textbook-single
batch: 4
vary:
  matrix.tn: [4, 8, 16, 32, 64]
  matrix.ti: [8, 16, 32, 64]
  nram.bytes: { from: 8192, to: 131072, times: 2 }
  wram.bytes: { from: 32768, to: 524288, times: 2 }
  dram.bandwidth: [4, 8, 12, 16, 24, 32, 48, 64]
objectives: [time, energy, area]
`;

describe('NSGA-II on 4,000 designs', () => {
  test('within 400 evaluations 95 % of the hypervolume of the exhaustive front, in at least 8 of the seeds 1 to 10', async () => {
    const whole = await spaceOf(parseSpace(FOUR_THOUSAND, 'four-thousand.yaml'), {
      machine: resolveMachine,
      model: async (network) => ({ network }),
    });
    expect(whole.size).toBe(4000);
    const outcomes = await table(whole);
    const told: Executor = {
      async run(jobs, onOutcome) {
        for await (const job of jobs) onOutcome(outcomes.get(job.key)!);
      },
      close: async () => {},
    };
    const search = (over: Partial<Space['search']>) =>
      explore(
        { ...whole, search: { ...whole.search, ...over } },
        { executor: told, store: memoryStore(), version, signal: new AbortController().signal },
      );
    const all = await search({ method: 'exhaustive' });
    expect(all.designs.filter((d) => d.state !== 'done')).toEqual([]);
    const pointsOf = (designs: typeof all.designs): readonly Objectives[] =>
      frontOf(whole, designs).map((i) => objectivesOf(designs[i]!.measures as Measures, whole.objectives));
    // Objectives by the extent of the whole front; the reference lies a tenth of it beyond the worst of the front.
    const front = pointsOf(all.designs);
    const ends = whole.objectives.map((_, m) => {
      const values = front.map((p) => p[m]!);
      return [Math.min(...values), Math.max(...values)] as const;
    });
    const volume = (points: readonly Objectives[]): number =>
      hypervolume(
        points.map((p) => p.map((v, m) => (v - ends[m]![0]) / (ends[m]![1] - ends[m]![0]))),
        [1.1, 1.1, 1.1],
      );
    const best = volume(front);
    const shares: number[] = [];
    for (let seed = 1; seed <= 10; seed++) {
      const found = await search({ method: 'nsga2', seed, budget: 400 });
      expect(found.designs.length).toBe(400);
      shares.push(volume(pointsOf(found.designs)) / best);
    }
    const drawn = volume(pointsOf((await search({ method: 'random', seed: 1, budget: 400 })).designs)) / best;
    console.log(
      `front of ${front.length}; hypervolume by seed ${shares.map((s) => `${(100 * s).toFixed(2)} %`).join(' ')}; drawn at random ${(100 * drawn).toFixed(2)} %`,
    );
    expect(shares.filter((s) => s >= 0.95).length).toBeGreaterThanOrEqual(8);
  });
});

/** Outcomes of all designs, computed once for a version of the sources of the compiler; kept in .cache. */
async function table(space: Space): Promise<ReadonlyMap<string, Outcome>> {
  const folder = `${ROOT}.cache/explore`;
  mkdirSync(folder, { recursive: true });
  const identity = await spaceIdentity(space);
  const path = join(folder, `${(await sha256(new TextEncoder().encode(identity + version))).slice(0, 16)}.sqlite`);
  // A table of another version goes; one that was cut off is gone on with.
  const options = { version, identity, resume: true };
  const store = await openStore(path, options).catch(async () => {
    if (existsSync(path)) renameSync(path, `${path}.old`);
    return openStore(path, options);
  });
  const executor = localExecutor({
    workers: Number(WORKERS),
    timeout: space.timeout,
    models: () => Promise.reject(new Error('only networks by name')),
  });
  const outcomes = new Map<string, Outcome>();
  const kept = {
    ...store,
    get size() {
      return store.size;
    },
    get: (key: string): Outcome | undefined => {
      const outcome = store.get(key);
      if (outcome !== undefined) outcomes.set(key, outcome);
      return outcome;
    },
  };
  try {
    const { end } = await explore(space, { executor, store: kept, version, signal: new AbortController().signal });
    expect(end).toBe('complete');
  } finally {
    await executor.close();
    store.close();
  }
  return outcomes;
}
