/**
 * Groups of a convolution side by side in one: m groups of c channels and n filters as one of m·c channels and m·n filters, whose weights
 * are block-diagonal, zero wherever a filter meets another group's channel. It fills an array that a group of a channel or two leaves
 * nearly empty, for m times the weights. Of integers alone: a difference of zero makes every product 0, while 0·∞ of floats would not be.
 */
import type { Tensor } from '#ir';
import { ELEMENT_BYTES } from '#isa';
import { coresOf, type Machine } from '#machine';
import type { ContractionTypes } from '../contraction.ts';
import { type Elements, elementsOf } from '../elementTypes.ts';
import { leastProducts } from '../im2col/leastTime.ts';

/** What of a grouped convolution its time depends on. */
export interface Grouped {
  readonly groups: number;
  /** Filters and channels of a group. */
  readonly filters: number;
  readonly channels: number;
  readonly kernel: readonly [y: number, x: number];
  /** Of the result: width, height, samples. */
  readonly pixels: readonly [x: number, y: number, b: number];
  readonly types: Pick<ContractionTypes, 'a' | 'w'>;
}

/** A way to merge groups, and cycles that it cannot do without. */
export interface Merge {
  /** Groups in one. */
  readonly merged: number;
  readonly least: number;
}

/** Whether the weights of other groups can be zeros that change nothing. */
export const mayMerge = (types: Pick<ContractionTypes, 'a'>): boolean => types.a === 'i8' || types.a === 'u8';

/** The ways to merge groups evenly, the most promising first; one group at a time among them. */
export function mergesOf(k: Grouped, machine: Machine): readonly Merge[] {
  const even = Array.from({ length: k.groups }, (_, i) => i + 1).filter(
    (m) => k.groups % m === 0 && (m === 1 || mayMerge(k.types)),
  );
  return even.map((merged) => ({ merged, least: leastCycles(k, merged, machine) })).sort((a, b) => a.least - b.least);
}

/** The products, each of all pixels, and the weights on the DRAM channel: whichever takes longer. */
function leastCycles(
  { groups, filters, channels, kernel, pixels, types }: Grouped,
  m: number,
  machine: Machine,
): number {
  const [ky, kx] = kernel;
  // Windows as single runs, as im2col has them: what they take as they lie is no less.
  const products = (groups / m) * leastProducts(machine, pixels, m * filters, [ky * kx * m * channels], types.a);
  const bytes = ELEMENT_BYTES[types.w] * groups * filters * m * channels * ky * kx;
  const { bandwidth } = machine.dram;
  return Math.max(products / coresOf(machine), (bytes * bandwidth.cycles) / bandwidth.bytes);
}

/** Block-diagonal weights by all that they depend on: the same function each time, so that what is known of them can be kept by it. */
const written = new WeakMap<Tensor, Map<string, () => Elements>>();

/**
 * Weights [groups · filters, channels, …] as [groups ÷ m · m · filters, m · channels, …].
 * @param nothing the weight that counts as zero
 */
export function mergedWeights(weights: Tensor, groups: number, m: number, nothing: number): () => Elements {
  const given = elementsOf(weights);
  if (m === 1) return given;
  const ofTensor = written.get(weights) ?? new Map<string, () => Elements>();
  written.set(weights, ofTensor);
  const key = `${groups} ${m} ${nothing}`;
  const known = ofTensor.get(key);
  if (known !== undefined) return known;
  const filters = weights.dims[0]! / groups;
  const make = (): Elements => {
    const from = given();
    const run = from.length / weights.dims[0]!;
    const to = new (from.constructor as new (n: number) => Elements)(from.length * m).fill(nothing);
    for (let filter = 0; filter < weights.dims[0]!; filter++) {
      const at = Math.floor(filter / filters) % m;
      to.set(from.subarray(filter * run, (filter + 1) * run), (filter * m + at) * run);
    }
    return to;
  };
  ofTensor.set(key, make);
  return make;
}
