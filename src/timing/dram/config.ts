/**
 * What the timing of banked DRAM needs of a machine, worked out once: times by JEDEC name, where an address lies, and the two
 * clocks. Addresses go, from the burst up: channel (by its interleaving), interleaved bank, column, the other banks, row.
 * Bank b of a channel is bank ⌊b ÷ groups⌋ of group b mod groups, ranks one after the other.
 */
import { type BankedDram, banksOf, burstBytesOf, type DramDevice, deviceOf, type Machine } from '#machine';
import { clocksOf } from './clocks.ts';

export interface DramConfig {
  readonly channels: number;
  /** Bytes in one channel before the next one's turn. */
  readonly interleave: number;
  readonly burstBytes: number;
  /** Clocks that a burst takes the data bus. */
  readonly burstClocks: number;
  /** Of a channel: in all ranks. */
  readonly banks: number;
  /** Banks that consecutive bursts take in turn: they make a set. */
  readonly interleaved: number;
  /** Bursts in a set's rows of one number. */
  readonly setBursts: number;
  readonly sets: number;
  readonly ranks: number;
  readonly groups: number;
  /** By bank. */
  readonly rankOf: readonly number[];
  /** By bank: its group among those of all ranks. */
  readonly groupOf: readonly number[];
  readonly lookahead: number;
  readonly slots: DramDevice['commandSlots'];
  readonly t: DramDevice['timing'];
  /** First clock at or after a cycle's beginning. */
  readonly clockAt: (cycle: number) => number;
  /** First cycle that begins at or after a clock. */
  readonly cycleAt: (clock: number) => number;
}

const known = new WeakMap<Machine, DramConfig>();

/** Of a machine's DRAM; absent where that has no banks. */
export function dramConfig(machine: Machine): DramConfig | undefined {
  const { banked } = machine.dram;
  const device = banked && deviceOf(banked);
  if (banked === undefined || device === undefined) return undefined;
  let config = known.get(machine);
  if (config === undefined) {
    config = configOf(machine, banked, device);
    known.set(machine, config);
  }
  return config;
}

function configOf(machine: Machine, banked: BankedDram, device: DramDevice): DramConfig {
  const perRank = banksOf(device);
  const banks = perRank * banked.ranks;
  const burstBytes = burstBytesOf(device);
  const all = Array.from({ length: banks }, (_, bank) => bank);
  const rankOf = all.map((bank) => Math.floor(bank / perRank));
  return {
    channels: banked.channels,
    interleave: banked.channelInterleaveBytes,
    burstBytes,
    burstClocks: device.burstLength / 2,
    banks,
    interleaved: banked.interleavedBanks,
    setBursts: banked.interleavedBanks * (device.rowBytes / burstBytes),
    sets: banks / banked.interleavedBanks,
    ranks: banked.ranks,
    groups: device.bankGroups,
    rankOf,
    groupOf: all.map((bank) => rankOf[bank]! * device.bankGroups + (bank % device.bankGroups)),
    lookahead: banked.lookahead,
    slots: device.commandSlots,
    t: device.timing,
    ...clocksOf(machine.frequency, device.clock),
  };
}
