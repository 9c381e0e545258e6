/** Random DRAM: channels with times that a data sheet could have, requests to them, and machines that have such DRAM. */
import type { Random } from '#base';
import { type BankedDram, burstBytesOf, dramDevices, type Machine } from '#machine';
import type { Request } from '../../src/timing/dram/channel.ts';
import type { DramConfig } from '../../src/timing/dram/config.ts';

export function randomConfig(random: Random): DramConfig {
  const burstClocks = random.pick([1, 2, 4, 8]);
  const tRCD = random.integer(1, 20);
  const tRCDWR = random.pick([tRCD, random.integer(1, 20)]);
  const tRP = random.integer(1, 20);
  const tRAS = Math.max(tRCD, tRCDWR) + random.integer(0, 30);
  const tCCD_S = burstClocks + random.pick([0, 0, 1]);
  const tRRD_S = random.integer(1, 10);
  const tWTR_S = random.integer(1, 6);
  const CL = random.integer(1, 25);
  const CWL = random.integer(0, CL);
  const groups = random.pick([1, 2, 4]);
  const ranks = random.pick([1, 1, 2]);
  const perRank = groups * random.pick([1, 2, 4]);
  const banks = ranks * perRank;
  const interleaved = random.pick([1, 2, 4, 8, 16].filter((n) => n <= banks));
  const row = random.pick([1, 2, 4, 8]);
  const rankOf = Array.from({ length: banks }, (_, bank) => Math.floor(bank / perRank));
  const same = (cycle: number): number => cycle;
  return {
    channels: 1,
    interleave: 64,
    burstBytes: 64,
    burstClocks,
    banks,
    interleaved,
    setBursts: interleaved * random.pick([1, 4, 32]),
    sets: banks / interleaved,
    ranks,
    groups,
    rankOf,
    groupOf: rankOf.map((rank, bank) => rank * groups + (bank % groups)),
    lookahead: random.integer(0, 9),
    slots: { column: random.pick([1, 2, 4, 8]), row, rowOffset: random.integer(0, row - 1) },
    t: {
      CL,
      CWL,
      tRCD,
      tRCDWR,
      tRP,
      tRPab: tRP + random.integer(0, 6),
      tRAS,
      tRC: tRAS + random.integer(0, tRP + 3),
      tRRD_S,
      tRRD_L: tRRD_S + random.integer(0, 4),
      tFAW: random.integer(1, 50),
      tCCD_S,
      tCCD_L: tCCD_S + random.integer(0, 4),
      tWR: random.integer(1, 20),
      tWTR_S,
      tWTR_L: tWTR_S + random.integer(0, 6),
      tRTP: random.integer(1, 12),
      tRTW: CL + burstClocks - CWL + random.integer(0, 3),
      tRTRS: random.integer(0, 3),
      tRFC: random.integer(10, 100),
      tREFI: random.integer(200, 2000),
    },
    clockAt: same,
    cycleAt: same,
  };
}

/** Requests in order of asking: long ones, single bursts, quiet times in between. */
export function randomRequests(random: Random, c: DramConfig): Request[] {
  let asked = 0;
  let granted = 0;
  const rows = random.pick([1, 2, 4]);
  const writes = random.pick([0, 0.1, 0.5]);
  const gap = random.pick([0, 0, 10, 500, 9000]);
  let isWrite = false;
  return Array.from({ length: random.integer(5, 60) }, () => {
    // Requests of one transfer come at once, and go the same way.
    if (random.integer(0, 2) === 0) {
      asked += random.integer(0, gap);
      granted = Math.max(granted, asked + random.integer(0, Math.min(gap, 60)));
      isWrite = random.uniform() < writes;
    }
    const first = random.integer(0, c.setBursts - 1);
    const most = c.setBursts - first;
    return {
      set: random.integer(0, c.sets - 1),
      row: random.integer(0, rows - 1),
      first,
      bursts: random.integer(0, 2) === 0 ? most : random.integer(1, Math.min(most, 6)),
      isWrite,
      asked,
      granted,
    };
  });
}

/** The machine's DRAM in banks, small enough to meet each other, as fast as its bandwidth at least. */
export function randomBanked(random: Random, { dram, frequency }: Pick<Machine, 'dram' | 'frequency'>): BankedDram {
  const base = random.pick([...dramDevices.values()]);
  const channels = random.pick([1, 1, 2, 4]);
  const ranks = random.pick([1, 1, 2]);
  const busBytes = random.pick([1, 2, 8]);
  const burstLength = random.pick([base.burstLength, 4]);
  const burst = burstBytesOf({ ...base, busBytes, burstLength });
  const rowBytes = Math.max(burst, random.pick([64, 256, 1024]));
  const banksPerGroup = random.pick([1, 2, 4]);
  const needed = (dram.bandwidth.bytes / dram.bandwidth.cycles) * frequency;
  const least = Math.ceil(needed / (2 * busBytes * channels));
  return {
    device: {
      ...base,
      name: 'random',
      // Any ratio of clocks; one that is not a small fraction, too.
      clock: random.pick([least, 2 * least + 1, Math.ceil(least / 1e6) * 1e6]),
      busBytes,
      burstLength,
      banksPerGroup,
      rowBytes,
      rows: Math.ceil(dram.bytes / (channels * ranks * base.bankGroups * banksPerGroup * rowBytes)),
      timing: { ...base.timing, tCCD_S: Math.max(base.timing.tCCD_S, burstLength / 2), tRTW: 30 },
    },
    channels,
    ranks,
    channelInterleaveBytes: random.pick([burst, rowBytes]),
    interleavedBanks: random.pick([1, base.bankGroups]),
    lookahead: random.integer(0, 4),
  };
}
