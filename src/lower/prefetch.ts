/**
 * Prefetch across layers: behind its last load a tile nest loads the first block of the next layer's constant weights, while its last tile
 * is computed and stored, into room that its own weights leave. The nest that finds its block there leaves out its first load of them. The
 * `sync` between the layers keeps both in order. A block counts as traffic of the layer that loads it.
 *
 * Tilings are chosen before, and know nothing of this: a layer's weights begin at the end of the memory for weights that the layer before
 * leaves free, and where a first block does not fit beside them, or a host part, a copy or a layer of the Winograd unit stands before it, its own layer loads it.
 */
import type { Machine } from '#machine';
import type { FirstBlock } from './firstBlock.ts';
import type { Placement } from './nest.ts';
import { bufferBytes, type LoopDim, type Stream } from './stream.ts';

/** What a nest loads into the memory for weights. */
export interface Weights {
  readonly loops: readonly LoopDim[];
  readonly stream: Stream;
  readonly buffers: number;
  /** Whether they are there before the run: others are made by layers before. */
  readonly areConstant: boolean;
}

/** A layer as the layers around it see it. */
export interface Neighbour {
  /** Whether it is a nest behind whose loads another may stand. */
  readonly mayLoadAhead: boolean;
  readonly weights?: Weights;
}

/** What a layer has of the layers around it. */
export interface Surroundings {
  /** Where its weights lie. */
  readonly placement?: Placement;
  /** Whether the first block of them is there when it begins. */
  readonly isEarly: boolean;
  /** What it loads for the layer behind it. */
  readonly next?: FirstBlock;
}

/** Of each layer, in order, where its weights lie and which first blocks are loaded early. @param wanted false: none */
export function planPrefetches(layers: readonly Neighbour[], machine: Machine, wanted: boolean): Surroundings[] {
  // Buffers begin at lines.
  const room = Math.floor(machine.wram.bytes / 64) * 64;
  const placed = layers.map(
    () => ({ isEarly: false }) as { isEarly: boolean; placement?: Placement; next?: FirstBlock },
  );
  let before = { bytes: 0, isHigh: false };
  layers.forEach(({ weights }, i) => {
    if (weights === undefined) {
      before = { bytes: 0, isHigh: false };
      return;
    }
    const { loops, stream, buffers, areConstant } = weights;
    const block = bufferBytes(stream);
    const [layer, previous] = [placed[i]!, layers[i - 1]];
    layer.isEarly = wanted && areConstant && previous?.mayLoadAhead === true && before.bytes + block <= room;
    const isHigh = layer.isEarly && before.bytes > 0 && !before.isHigh;
    const address = isHigh ? room - block : 0;
    layer.placement = { address, second: buffers === 1 ? 0 : isHigh ? -block : block };
    if (layer.isEarly) placed[i - 1]!.next = { loops, stream, address };
    before = { bytes: buffers * block, isHigh };
  });
  return placed;
}
