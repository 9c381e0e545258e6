/**
 * Deeper buffering: blocks of weights in more than two buffers, where the memory for weights has the room and the event model says that it
 * pays. With two, the load queue is at most two blocks ahead. Where now and then a large tile of activations comes between them, the matrix
 * unit has used these up before the tile is there; with more of them it goes on meanwhile.
 */

import type { Machine } from '#machine';
import { cyclesAtRate } from '#timing';
import { type BuiltContraction, type Contraction, predictContraction, type Tiling } from './contraction.ts';
import { turnsOf } from './prediction.ts';
import { bufferBytes, buffersOf, isKept, levelOf } from './stream.ts';

/** Numbers of buffers that are tried. */
const DEEPER = [3, 4, 5, 6, 8];
export const MOST_BUFFERS = 8;

/** Buffers that a nest has for its weights. */
export const weightBuffers = ({ nest, w }: BuiltContraction): number => nest.ring?.buffers ?? buffersOf(nest.loops, w);

/**
 * A contraction with as many buffers of weights as are predicted to be fastest. Those beyond two must save more time than a block takes to
 * come: that is what a prefetch in the same room could save (`prefetch.ts`).
 * @param allowed the most of them
 */
export function withRing(
  built: BuiltContraction,
  k: Contraction,
  t: Tiling,
  machine: Machine,
  allowed = MOST_BUFFERS,
): BuiltContraction {
  const { nest, w } = built;
  const level = levelOf(nest.loops, w);
  const isAlone = nest.inputs.every((s) => s === w || isKept(s) || levelOf(nest.loops, s) !== level);
  if (level === 0 || !isAlone) return built;
  const block = bufferBytes(w);
  const most = Math.min(allowed, Math.floor(machine.wram.bytes / block), turnsOf(nest.loops, level));
  const time = (b: BuiltContraction): number => predictContraction(b, k, t, machine).cycles;
  let best = built;
  let least = time(built) - cyclesAtRate(block, machine.dram.bandwidth);
  for (const buffers of DEEPER) {
    if (buffers > most) break;
    const deeper = { ...built, nest: { ...nest, ring: { stream: w, buffers } } };
    const cycles = time(deeper);
    if (cycles >= least) continue;
    [best, least] = [deeper, cycles];
  }
  return best;
}
