/**
 * Prefetch across layers: behind its last load a tile nest loads the first block of the next layer's constant weights, while its last tile
 * is computed and stored, into room that its own weights leave. The nest that finds its block there leaves out its first load of them. The
 * `sync` between the layers keeps both in order. A block counts as traffic of the layer that loads it.
 *
 * Tilings are chosen before, and know nothing of this: a layer's weights begin at the end of the memory for weights that the layer before
 * leaves free, and where a first block does not fit beside them, or a host part, a copy or a layer of the Winograd unit stands before it, its own layer loads it.
 *
 * Weights that are held through several layers (`heldWeights.ts`) have a place of their own above all others. The first of the layers loads
 * them, or the layer before it does; the others find them.
 */
import type { Machine } from '#machine';
import type { FirstBlock } from './firstBlock.ts';
import type { Placement } from './nest.ts';
import { bufferBytes, holdingOf, type LoopDim, type Stream } from './stream.ts';

/** What a nest loads into the memory for weights. */
export interface Weights {
  readonly loops: readonly LoopDim[];
  readonly stream: Stream;
  readonly buffers: number;
  /** Whether they are there before the run: others are made by layers before. */
  readonly areConstant: boolean;
  /** Where they lie through several layers, and what each core has of them. */
  readonly held?: { readonly address: number; readonly what: string };
}

/** A layer as the layers around it see it. */
export interface Neighbour {
  /** Whether it is a nest behind whose loads another may stand. */
  readonly mayLoadAhead: boolean;
  readonly weights?: Weights;
  /** Bytes of WRAM below what is held while it runs; absent: all. */
  readonly room?: number;
}

/** What a layer has of the layers around it. */
export interface Surroundings {
  /** Where its weights lie. */
  readonly placement?: Placement;
  /** Whether the first block of them is there when it begins. */
  readonly isEarly: boolean;
  /** Whether a layer with the same has left them there. */
  readonly isHeld?: boolean;
  /** What it loads for the layer behind it. */
  readonly next?: FirstBlock;
}

/** What a layer's buffers take of WRAM. */
interface Taken {
  readonly from: number;
  readonly to: number;
}
const NOTHING: Taken = { from: 0, to: 0 };

/**
 * Bytes from a block to the next. Of two that serve in turn the other one is in the other half where the memory has banks, each of which serves
 * one unit at a time.
 */
function stepOf({ loops, stream, buffers }: Weights, { wram }: Machine, room: number): number {
  const block = bufferBytes(stream);
  const half = Math.floor(wram.bytes / 128) * 64;
  const isApart = (wram.banks ?? 1) > 1 && buffers === 2 && holdingOf(loops, stream) === undefined;
  return isApart && block <= half && half + block <= room ? half : block;
}

/** Of each layer, in order, where its weights lie and which first blocks are loaded early. @param wanted false: none */
export function planPrefetches(layers: readonly Neighbour[], machine: Machine, wanted: boolean): Surroundings[] {
  // Buffers begin at lines.
  const roomOf = (layer: Neighbour | undefined): number => Math.floor((layer?.room ?? machine.wram.bytes) / 64) * 64;
  const placed = layers.map(
    () => ({ isEarly: false }) as { isEarly: boolean; isHeld?: boolean; placement?: Placement; next?: FirstBlock },
  );
  /** What lies at the addresses of held weights. */
  const there = new Map<number, string>();
  let before = NOTHING;
  layers.forEach((neighbour, i) => {
    const { weights } = neighbour;
    const taken = before;
    before = NOTHING;
    if (weights === undefined) return;
    const { loops, stream, buffers, areConstant, held } = weights;
    const block = bufferBytes(stream);
    const [layer, previous] = [placed[i]!, layers[i - 1]];
    const mayBeEarly = wanted && areConstant && previous?.mayLoadAhead === true;
    if (held !== undefined) {
      const { address, what } = held;
      layer.placement = { address, second: 0 };
      const isThere = there.get(address) === what;
      there.set(address, what);
      const isFree = address + block <= roomOf(previous) && (taken.to <= address || taken.from >= address + block);
      layer.isHeld = isThere;
      layer.isEarly = isThere || (mayBeEarly && isFree);
      if (!isThere && layer.isEarly) placed[i - 1]!.next = { loops, stream, address };
      return;
    }
    const own = roomOf(neighbour);
    const room = Math.min(own, roomOf(previous));
    const step = stepOf(weights, machine, own);
    const extent = buffers === 2 ? step + block : buffers * block;
    const isHigh = mayBeEarly && taken.to > 0 && taken.from === 0;
    const address = isHigh ? room - block : 0;
    const isFree = isHigh
      ? address >= taken.to && extent <= room
      : taken.to === 0
        ? block <= room
        : block <= taken.from;
    layer.isEarly = mayBeEarly && isFree;
    const [at, second] = layer.isEarly ? [address, isHigh ? -step : step] : [0, step];
    layer.placement = { address: at, second: buffers === 1 ? 0 : second };
    if (layer.isEarly) placed[i - 1]!.next = { loops, stream, address };
    before = second < 0 ? { from: at + block - extent, to: at + block } : { from: 0, to: extent };
  });
  return placed;
}
