/** Jobs dealt to lanes: each once, families together. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Dealer } from './dealer.ts';
import type { Job } from './job.ts';

const jobOf = (family: string | undefined, i: number): Job =>
  ({ key: `${i}`, ...(family === undefined ? {} : { family }) }) as Job;

async function* told(jobs: readonly Job[]): AsyncGenerator<Job> {
  yield* jobs;
}

test('a lane has the jobs of its family, also those that another came upon', async () => {
  const jobs = ['a', 'a', 'a', 'b', 'b', 'c'].map(jobOf);
  const dealer = new Dealer(told(jobs), 2);
  const keys: string[][] = [[], []];
  for (let turn = 0; turn < 6; turn++) {
    const job = await dealer.take(turn % 2);
    if (job !== undefined) keys[turn % 2]!.push(job.family! + job.key);
  }
  expect(keys).toEqual([
    ['a0', 'a1', 'a2'],
    ['b3', 'b4', 'c5'],
  ]);
  expect(await dealer.take(0)).toBeUndefined();
});

test('every job goes to one lane, whichever asks next, and a lane that has nothing left takes from others', async () => {
  const families = fc.array(fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(families, fc.infiniteStream(fc.nat(2)), async (given, lanes) => {
      const dealer = new Dealer(told(given.map(jobOf)), 3);
      const keys: string[] = [];
      for (const lane of lanes) {
        const job = await dealer.take(lane);
        if (job === undefined) break;
        keys.push(job.key);
      }
      expect(keys.sort()).toEqual(given.map((_, i) => `${i}`).sort());
    }),
    { numRuns: 200 },
  );
});
