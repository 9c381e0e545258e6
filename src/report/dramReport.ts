/** What banks of DRAM did in a run: how often the row was open, what refresh took, and what came of the bandwidth. */
import { deviceOf, type Machine, peakBandwidth } from '#machine';
import type { DramResult, SimulationResult } from '#sim';

export interface DramReport extends DramResult {
  readonly device: string;
  readonly channels: number;
  /** Of all bursts; null where there were none. */
  readonly hitRate: number | null;
  /** Bytes a second of all channels at best, of transfers (bursts as `dma.burstBytes` counts them) over the run, and while transfers held the channel. */
  readonly peak: number;
  readonly achieved: number;
  readonly achievedHeld: number;
}

/** null where DRAM has no banks. */
export function dramReport(machine: Machine, { cycles, total, dram }: SimulationResult): DramReport | null {
  const { banked } = machine.dram;
  const device = banked && deviceOf(banked);
  if (banked === undefined || device === undefined || dram === undefined) return null;
  const bursts = dram.hits + dram.misses + dram.conflicts;
  const bytes = total.readBurstBytes + total.writeBurstBytes;
  const rate = (over: number): number => (over === 0 ? 0 : (bytes * machine.frequency) / over);
  return {
    ...dram,
    device: device.name,
    channels: banked.channels,
    hitRate: bursts === 0 ? null : dram.hits / bursts,
    peak: peakBandwidth(banked, device),
    achieved: rate(cycles),
    achievedHeld: rate(dram.cycles),
  };
}
