/** A DRAM channel against the model that is stepped clock by clock and checks each command, on random devices and addresses. */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { brokenRule, type Command, stepChannel } from '../../../test/support/dramModel.ts';
import { randomConfig, randomRequests } from '../../../test/support/randomDram.ts';
import { newChannel, serveRequest } from './channel.ts';

test('equal times, and no rule of a data sheet broken, for random streams', { timeout: 120_000 }, () => {
  const seen = { hits: 0, misses: 0, conflicts: 0, refreshes: 0 };
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const config = randomConfig(random);
    const requests = randomRequests(random, config);
    const model = stepChannel(
      config,
      requests.map((r) => ({
        ...r,
        bursts: Array.from({ length: r.bursts }, (_, i) => ({
          bank: r.set * config.interleaved + ((r.first + i) % config.interleaved),
          row: r.row,
        })),
      })),
    );
    const message = `seed ${seed} ${JSON.stringify(config)}`;
    const state = newChannel(config);
    const tally = { hits: 0, misses: 0, conflicts: 0 };
    const last = requests.map((r) => serveRequest(config, state, r, tally));
    expect(last, message).toEqual(model.last);
    const { log, last: _, ...counted } = model;
    expect(tally, message).toEqual(counted);
    checkBuses(log, config.burstClocks, config.t, message);
    const refreshes = log.filter(({ kind }) => kind === 'REF').map(({ clock }) => clock);
    expect(refreshes.length, message).toBe(state.refreshes);
    refreshes.forEach((clock, i) => {
      expect(clock, message).toBeGreaterThanOrEqual((i + 1) * config.t.tREFI);
    });
    seen.hits += tally.hits;
    seen.misses += tally.misses;
    seen.conflicts += tally.conflicts;
    seen.refreshes += refreshes.length;
  }
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(1000);
});

/** No two commands in one slot, no two bursts on the data bus at once. */
function checkBuses(
  log: readonly Command[],
  burst: number,
  { CL, CWL }: { readonly CL: number; readonly CWL: number },
  message: string,
): void {
  const isColumn = ({ kind }: Command): boolean => kind === 'RD' || kind === 'WR';
  for (const bus of [log.filter(isColumn), log.filter((command) => !isColumn(command))]) {
    expect(new Set(bus.map(({ clock }) => clock)).size, message).toBe(bus.length);
  }
  const data = log.filter(isColumn).map(({ clock, kind }) => clock + (kind === 'RD' ? CL : CWL));
  data.sort((a, b) => a - b);
  for (let i = 1; i < data.length; i++) expect(data[i]! - data[i - 1]!, message).toBeGreaterThanOrEqual(burst);
}

test('the model that judges can fail', () => {
  const config = randomConfig(new Random(1));
  const act = { clock: 100, kind: 'ACT', bank: 0, row: 1 } as const;
  const early = { clock: 100 + config.t.tRCD - 1, kind: 'RD', bank: 0, row: 1 } as const;
  expect(brokenRule(config, [act], early)).toBe('tRCD');
  expect(brokenRule(config, [act], { ...early, clock: early.clock + 1 })).toBeUndefined();
});
