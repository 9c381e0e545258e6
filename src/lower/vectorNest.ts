/**
 * Kernels of the vector unit: a tile nest whose body is a list of vector instructions over named tiles. How they are cut into tiles
 * stands in `vectorTiles.ts`.
 */
import type { LayerPrediction } from '#isa';
import type { Machine } from '#machine';
import { placeBuffers } from './bankPlacement.ts';
import { coresFor } from './cores.ts';
import type { Emitter } from './emitter.ts';
import type { FirstBlock } from './firstBlock.ts';
import { emitNest, loadLevels, type Placement, shapeOfNest } from './nest.ts';
import { predictNest } from './prediction.ts';
import {
  align,
  bufferBytes,
  buffersOf,
  elementBytes,
  isInside,
  isKept,
  type LoopDim,
  levelOf,
  type Stream,
} from './stream.ts';
import { emitSteps, type StepBody, stepCycles, type Temporary } from './vectorSteps.ts';

export interface VectorKernel {
  readonly loops: readonly LoopDim[];
  readonly inputs: readonly Stream[];
  readonly output: Stream;
  readonly temporaries: readonly Temporary[];
  /** Of what it takes the innermost elements for neighbours. */
  readonly needsRuns?: readonly Stream[];
  /** The steps of a tile. */
  readonly body: StepBody;
  /** Where its tiles were searched: the best so many of those that were predicted. Nobody but who explains it asks. */
  readonly considered?: (most: number) => readonly VectorKernel[];
}

/** Whether the innermost elements of a stream's tiles are neighbours, as in a buffer they are. */
const isRun = (s: Stream): boolean => !isKept(s) || s.dims.at(-1)!.stride === elementBytes(s);

/** Places streams and temporaries in NRAM; undefined where they do not fit, load at too many levels, or stay where the kernel cannot work on them. */
export function placeVector(
  k: VectorKernel,
  machine: Machine,
): { placements: Map<Stream, Placement>; temporaries: Map<Temporary, number> } | undefined {
  if (k.inputs.some((s) => isKept(s) && !isInside(s)) || k.needsRuns?.every(isRun) === false) return undefined;
  const streams = [...k.inputs, k.output].filter((s) => !isKept(s));
  const { addresses, seconds, end } = placeBuffers(
    [
      ...streams.map((s) => {
        const inTurn = buffersOf(k.loops, s) > 1;
        return { bytes: bufferBytes(s), count: inTurn ? 2 : 1, inTurn };
      }),
      ...k.temporaries.map((t) => ({ bytes: align(t.bytes), count: 1, inTurn: false })),
    ],
    machine.nram,
  );
  const placements = new Map(streams.map((s, i) => [s, { address: addresses[i]!, second: seconds[i]! }]));
  const temporaries = new Map(k.temporaries.map((t, i) => [t, addresses[streams.length + i]!]));
  const levels = new Set(k.inputs.filter((s) => !isKept(s)).map((s) => levelOf(k.loops, s)));
  return end <= machine.nram.bytes && levels.size <= loadLevels('vector') ? { placements, temporaries } : undefined;
}

/** @param next what it loads for the layer behind it */
export function emitVectorKernel(e: Emitter, k: VectorKernel, machine: Machine, next?: FirstBlock): void {
  const placed = placeVector(k, machine);
  if (placed === undefined) throw new TypeError('a vector kernel was emitted that does not fit');
  emitNest(e, {
    ...withNext(k, next),
    placements: placed.placements,
    unit: 'vector',
    body: (at) => emitSteps(e, k.body, at, machine, (t) => placed.temporaries.get(t)!),
  });
}

/** Busy cycles and traffic of a kernel. */
export function predictVectorKernel(k: VectorKernel, machine: Machine, next?: FirstBlock): LayerPrediction {
  const cycles = stepCycles(k.loops, k.body, machine);
  return predictNest(shapeOfNest({ ...withNext(k, next), unit: 'vector' }, cycles, coresFor(machine)), machine);
}

const withNext = (k: VectorKernel, next: FirstBlock | undefined): VectorKernel & { readonly next?: FirstBlock } =>
  next === undefined ? k : { ...k, next };
