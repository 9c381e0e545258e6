/**
 * What banks of DRAM will add to a transfer, roughly, before it is known what state it finds them in: whole aligned bursts, an
 * ACTIVATE for each piece that lies apart, the first row and the first data. For estimates of time only.
 */
import type { DmaCost } from '../dma.ts';
import type { DramConfig } from './config.ts';

/** Cycles from the grant on beyond those of an ideal channel. */
export function estimatedStall(
  c: DramConfig,
  { segments, payloadBytes, transferCycles }: DmaCost,
  latency: number,
): number {
  if (segments === 0) return 0;
  const { t, burstBytes, burstClocks, channels } = c;
  // A piece begins anywhere in a burst.
  const bursts = (payloadBytes / segments + burstBytes / 2) / burstBytes;
  const piece = Math.max(Math.ceil(bursts) * burstClocks, segments > 1 ? t.tRRD_S : 0);
  const clocks = (segments * piece) / Math.min(channels, Math.max(1, segments * bursts)) + t.tRCD + t.CL;
  return Math.max(0, c.cycleAt(Math.ceil(clocks)) + latency - transferCycles);
}
