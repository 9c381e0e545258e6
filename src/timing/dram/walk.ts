/**
 * The order in which a transfer asks for its bytes: dimensions d4 … d0 of the DRAM record, d0 fastest, inside the bounds only;
 * inner dimensions that continue one another make one contiguous piece, as in `dmaCost`. A piece is cut where the channel
 * changes and where the row does, and moves whole bursts.
 */
import { insideOf, type TransferShape } from '../dma.ts';
import { DIMENSIONS, LO, STRIDE } from '../record.ts';
import type { DramConfig } from './config.ts';

const WRAP = 2 ** 32;

/** Calls `visit` for every contiguous piece with its address and bytes. */
export function forPieces(shape: TransferShape, base: number, visit: (address: number, bytes: number) => void): void {
  let piece = shape.elementBytes;
  let address = base;
  const counts: number[] = [];
  const strides: number[] = [];
  for (let d = 0; d < DIMENSIONS; d++) {
    const inside = insideOf(shape, d);
    if (inside === 0) return;
    const stride = shape.dram[4 * d + STRIDE]!;
    address += Math.max(0, shape.dram[4 * d + LO]!) * stride;
    if (inside === 1) continue;
    if (counts.length === 0 && stride === piece) piece *= inside;
    else {
      counts.push(inside);
      strides.push(stride);
    }
  }
  const outer = counts.length;
  const index = new Array<number>(outer).fill(0);
  for (;;) {
    visit(((address % WRAP) + WRAP) % WRAP, piece);
    let d = 0;
    for (; d < outer; d++) {
      address += strides[d]!;
      if (++index[d]! < counts[d]!) break;
      address -= counts[d]! * strides[d]!;
      index[d] = 0;
    }
    if (d === outer) return;
  }
}

/** Calls `visit` for the consecutive bursts of each channel that a piece reaches; they are counted within the channel. */
export function forChannels(
  { channels, interleave, burstBytes }: DramConfig,
  address: number,
  bytes: number,
  visit: (channel: number, first: number, bursts: number) => void,
): void {
  if (channels === 1) {
    const first = Math.floor(address / burstBytes);
    visit(0, first, Math.floor((address + bytes - 1) / burstBytes) - first + 1);
    return;
  }
  const last = address + bytes - 1;
  const firstBlock = Math.floor(address / interleave);
  const lastBlock = Math.floor(last / interleave);
  for (let block = firstBlock; block <= Math.min(lastBlock, firstBlock + channels - 1); block++) {
    // The last block of this channel: as many rounds on as fit.
    const end = block + channels * Math.floor((lastBlock - block) / channels);
    const from = Math.floor(block / channels) * interleave + (block === firstBlock ? address % interleave : 0);
    const to = Math.floor(end / channels) * interleave + (end === lastBlock ? last % interleave : interleave - 1);
    const first = Math.floor(from / burstBytes);
    visit(block % channels, first, Math.floor(to / burstBytes) - first + 1);
  }
}
