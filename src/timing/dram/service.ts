/**
 * A whole transfer on banked DRAM: its bytes become requests of the channels they lie in, in the order of `walk.ts`; channels
 * work side by side. The transfer is at its end when the last data of all of them have passed. All numbers are whole cycles.
 */
import type { DmaCost, TransferShape } from '../dma.ts';
import { type ChannelState, copyOfChannel, newChannel, serveRequest, type Tally } from './channel.ts';
import type { DramConfig } from './config.ts';
import { forChannels, forPieces } from './walk.ts';

/** Plain data, never changed: serving a transfer makes another. */
export interface DramState {
  readonly channels: readonly ChannelState[];
  /** Where the next transfer that has no address is taken to lie. */
  readonly next: number;
}

export const newDram = (c: DramConfig): DramState => ({
  channels: Array.from({ length: c.channels }, () => newChannel(c)),
  next: 0,
});

export interface DramTransfer {
  /** Absent: one piece of `bytes`. */
  readonly shape?: TransferShape;
  /** Undefined where nobody told it: from the state's `next` on, or from 0 where the bytes would not fit any more. */
  readonly address: number | undefined;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** Cycle at which it asked for the channel, and at which it was granted. */
  readonly asked: number;
  readonly granted: number;
  /** What it would take of an ideal channel. */
  readonly cost: DmaCost;
}

/** Executed on DRAM; bursts by what their row was. */
export interface DramWork extends Tally {
  /** Cycles that transfers held the channel. */
  cycles: number;
  /** Of whole bursts, each where it lies: a piece that begins inside one moves that one whole. */
  readBytes: number;
  writeBytes: number;
}

export interface DramService {
  readonly state: DramState;
  readonly work: Readonly<DramWork>;
  /** The cycle at which the next transfer may be granted. */
  readonly free: number;
  /** Cycles from the grant to the transfer's end, never less than of an ideal channel. */
  readonly transferCycles: number;
}

/**
 * @param dramBytes of the machine: where transfers without addresses begin anew
 * @param latency between the DRAM and the DMA engines
 */
export function serveTransfer(
  c: DramConfig,
  state: DramState,
  transfer: DramTransfer,
  { bytes: dramBytes, latencyCycles: latency }: { readonly bytes: number; readonly latencyCycles: number },
): DramService {
  const { isWrite, granted, cost } = transfer;
  const channels = state.channels.slice();
  const work: DramWork = { hits: 0, misses: 0, conflicts: 0, cycles: 0, readBytes: 0, writeBytes: 0 };
  const asked = c.clockAt(transfer.asked);
  const from = c.clockAt(granted);
  let last = -1;
  const request = (channel: number, firstBurst: number, count: number): void => {
    let s = channels[channel]!;
    if (s === state.channels[channel]) {
      s = copyOfChannel(s);
      channels[channel] = s;
    }
    for (let burst = firstBurst; burst < firstBurst + count; ) {
      const number = Math.floor(burst / c.setBursts);
      const first = burst - number * c.setBursts;
      const bursts = Math.min(c.setBursts - first, firstBurst + count - burst);
      const set = number % c.sets;
      const row = Math.floor(number / c.sets);
      last = Math.max(last, serveRequest(c, s, { set, row, first, bursts, isWrite, asked, granted: from }, work));
      burst += bursts;
    }
  };
  const piece = (address: number, bytes: number): void => forChannels(c, address, bytes, request);

  let { next } = state;
  const { address, bytes } = transfer;
  if (address === undefined) {
    if (next + bytes > dramBytes) next = 0;
    piece(next, bytes);
    next += bytes;
  } else if (transfer.shape === undefined) piece(address, bytes);
  else forPieces(transfer.shape, address, piece);
  const passed = last + c.burstClocks;
  const free = Math.max(c.cycleAt(passed), granted + cost.channelCycles);
  const arrived = c.cycleAt(passed + (isWrite ? c.t.CWL : c.t.CL)) + latency;
  work.cycles = free - granted;
  work[isWrite ? 'writeBytes' : 'readBytes'] = (work.hits + work.misses + work.conflicts) * c.burstBytes;
  return {
    state: { channels, next },
    work,
    free,
    transferCycles: Math.max(arrived - granted + (cost.tailCycles ?? 0), cost.transferCycles),
  };
}
