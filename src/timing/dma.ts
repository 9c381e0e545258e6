/**
 * Cost of one DMA transfer. What of it reaches DRAM is what lies inside the bounds; inner dimensions whose strides continue
 * where the ones below end make one contiguous segment, and each segment moves whole bursts, wherever it starts. Elements
 * outside the bounds cost only the scratchpad side. Where the scratchpad has ways, its side goes run by run (`ways.ts`), a run being
 * what inner dimensions make of one stride. O(dimensions).
 */
import type { Machine } from '#machine';
import { cyclesAtRate } from './rate.ts';
import { DIMENSIONS, elementsOf, HI, LO, type RecordWords, SIZE, STRIDE } from './record.ts';
import { type PadSpace, wayCycles, waysOf } from './ways.ts';

export interface TransferShape {
  /** Record that gives the sizes: the DRAM side of a load, the scratchpad side of a store. */
  readonly sizes: RecordWords;
  /** DRAM side: strides and bounds. */
  readonly dram: RecordWords;
  readonly elementBytes: number;
  /** The scratchpad side is SharedRAM, whose DRAM side takes what DRAM gives. */
  readonly isShared?: boolean;
  /** Scratchpad side: strides, and where it lies; needed where a scratchpad has ways. */
  readonly pad?: { readonly record: RecordWords; readonly space: PadSpace };
}

export interface DmaCost {
  /** Bytes inside the bounds. */
  readonly payloadBytes: number;
  /** Bytes on the DRAM channel: whole bursts. */
  readonly dramBytes: number;
  readonly scratchBytes: number;
  readonly segments: number;
  /** Cycles from being popped to asking for the DRAM channel, or to the scratchpad side where DRAM is not touched. */
  readonly setupCycles: number;
  /** Cycles the DRAM channel is taken. */
  readonly channelCycles: number;
  /** Cycles from the grant of the channel to the end. */
  readonly transferCycles: number;
  /** Of these behind the last byte from DRAM, as in the pipeline of a decompressor. */
  readonly tailCycles?: number;
  /** All of it with the channel free. */
  readonly cycles: number;
}

/** Number of indices of dimension `d` inside the bounds. */
export const insideOf = (shape: TransferShape, d: number): number =>
  Math.max(0, Math.min(shape.dram[4 * d + HI]!, shape.sizes[4 * d + SIZE]!) - Math.max(0, shape.dram[4 * d + LO]!));

export function dmaCost(machine: Machine, shape: TransferShape): DmaCost {
  let segment = shape.elementBytes;
  let segments = 1;
  for (let d = 0; d < DIMENSIONS; d++) {
    const inside = insideOf(shape, d);
    if (inside === 0) segments = 0;
    if (inside <= 1) continue;
    if (segments === 1 && shape.dram[4 * d + STRIDE] === segment) segment *= inside;
    else segments *= inside;
  }
  const scratchBytes = elementsOf(shape.sizes) * shape.elementBytes;
  const side = shape.isShared === true ? 0 : padCycles(machine, shape);
  return segmentsCost(machine, segments, segment, scratchBytes, side);
}

/** Cycles of the scratchpad side: what the port takes for the bytes, or more for conflicts among ways. */
export function padCycles(
  machine: Machine,
  { sizes, pad, elementBytes }: Pick<TransferShape, 'sizes' | 'pad' | 'elementBytes'>,
): number {
  const port = Math.ceil((elementsOf(sizes) * elementBytes) / machine.dma.scratchpadBytesPerCycle);
  const ways = pad && waysOf(machine, pad.space);
  if (pad === undefined || ways === undefined) return port;
  let run = 1;
  let runs = 1;
  /** Of the run, once it has two elements. */
  let stride = elementBytes;
  for (let d = 0; d < DIMENSIONS; d++) {
    const size = Math.max(0, sizes[4 * d + SIZE]!);
    const step = pad.record[4 * d + STRIDE]!;
    if (size === 1) continue;
    if (run === 1 && runs === 1) {
      run = size;
      stride = step;
    } else if (runs === 1 && step === run * stride) run *= size;
    else runs *= size;
  }
  return Math.max(port, runs * wayCycles(ways, run, stride));
}

/**
 * Cost of a transfer of so many contiguous segments of so many bytes each, which fills or empties `scratchBytes`.
 * @param sideCycles cycles of the scratchpad side; if absent, what the port takes for the bytes
 */
export function segmentsCost(
  machine: Machine,
  segments: number,
  segmentBytes: number,
  scratchBytes: number,
  sideCycles = Math.ceil(scratchBytes / machine.dma.scratchpadBytesPerCycle),
): DmaCost {
  const burst = machine.dma.burstBytes;
  const payloadBytes = segments * segmentBytes;
  const dramBytes = segments * Math.ceil(segmentBytes / burst) * burst;
  const setupCycles = machine.dma.setupCycles;
  const channelCycles = cyclesAtRate(dramBytes, machine.dram.bandwidth);
  const transferCycles = Math.max(dramBytes === 0 ? 0 : channelCycles + machine.dram.latencyCycles, sideCycles);
  return {
    payloadBytes,
    dramBytes,
    scratchBytes,
    segments,
    setupCycles,
    channelCycles,
    transferCycles,
    cycles: setupCycles + transferCycles,
  };
}
