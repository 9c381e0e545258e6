/**
 * Cost of a transfer between SharedRAM and a scratchpad: what lies inside the bounds crosses the core's link, or the one port of
 * the cluster; elements outside cost only the scratchpad side. No bursts and no latency, since SharedRAM is on chip.
 */
import type { Machine } from '#machine';
import { insideOf, padCycles, type TransferShape } from './dma.ts';
import { cyclesAtRate } from './rate.ts';
import { DIMENSIONS, elementsOf } from './record.ts';

export interface LinkCost {
  /** Bytes inside the bounds. */
  readonly payloadBytes: number;
  readonly scratchBytes: number;
  /** Cycles from being popped to asking for the port, or to the transfer over a link of its own. */
  readonly setupCycles: number;
  /** Cycles that link or port are taken. */
  readonly channelCycles: number;
  /** Cycles from then to the end. */
  readonly transferCycles: number;
  /** All of it with the port free. */
  readonly cycles: number;
  /** Whether it waits for the one port. */
  readonly takesPort: boolean;
}

/** @param shape its `dram` is the record of the SharedRAM */
export function linkCost(machine: Machine, shape: TransferShape): LinkCost {
  const { link, ports } = machine.cluster!.sharedRam;
  const { setupCycles } = machine.dma;
  let payloadBytes = shape.elementBytes;
  for (let d = 0; d < DIMENSIONS; d++) payloadBytes *= insideOf(shape, d);
  const scratchBytes = elementsOf(shape.sizes) * shape.elementBytes;
  const channelCycles = cyclesAtRate(payloadBytes, link);
  const transferCycles = Math.max(channelCycles, padCycles(machine, shape));
  const cycles = setupCycles + transferCycles;
  const takesPort = ports === 'one' && payloadBytes > 0;
  return { payloadBytes, scratchBytes, setupCycles, channelCycles, transferCycles, cycles, takesPort };
}
