/**
 * Deeper buffering: blocks of weights in more than two buffers, where the memory for weights has the room and the event model says that it
 * pays. With two, the load queue is at most two blocks ahead. Where now and then a large tile of activations comes between them, the matrix
 * unit has used these up before the tile is there; with more of them it goes on meanwhile.
 */

import type { Machine } from '#machine';
import { cyclesAtRate } from '#timing';
import { type BuiltContraction, type Contraction, predictContraction, type Tiling } from './contraction.ts';
import { keyOf } from './contractionKey.ts';
import { decided } from './decisions.ts';
import { turnsOf } from './prediction.ts';
import { sparseOf } from './sparse/forms.ts';
import { bufferBytes, buffersOf, holdingOf, isKept, levelOf } from './stream.ts';

/** Without a ring. */
const TWO = 2;
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
  // Tiles that are held have a buffer each.
  if (level === 0 || !isAlone || holdingOf(nest.loops, w) !== undefined) return built;
  const block = bufferBytes(w);
  const most = Math.min(allowed, Math.floor(machine.wram.bytes / block), turnsOf(nest.loops, level));
  if (most < DEEPER[0]!) return built;
  const search = (): number => {
    const time = (b: BuiltContraction): number => predictContraction(b, k, t, machine).cycles;
    let best = TWO;
    let least = time(built) - cyclesAtRate(block, machine.dram.bandwidth);
    for (const buffers of DEEPER) {
      if (buffers > most) break;
      const cycles = time(inRing(built, buffers));
      if (cycles < least) [best, least] = [buffers, cycles];
    }
    return best;
  };
  const key = `buffers ${most} ${keyOf(k)} ${JSON.stringify(t)}`;
  const buffers = sparseOf(k) === undefined ? decided(machine, key, search) : search();
  return buffers === TWO ? built : inRing(built, buffers);
}

const inRing = (built: BuiltContraction, buffers: number): BuiltContraction => ({
  ...built,
  nest: { ...built.nest, ring: { stream: built.w, buffers } },
});
