/**
 * What im2col takes at least, so that it need not be predicted where it has nothing to gain: the products with all lanes that a window's
 * single run fills; by transfers, every unfolded element over the DRAM channel once for each window that has it; by the vector unit, a copy of
 * each. All of it as if in one tile: cutting only adds.
 */
import { ELEMENT_BYTES } from '#isa';
import { coresOf, type Machine, type MatrixType, macsPerCycle, unitFor, vectorLanes } from '#machine';
import { cyclesAtRate, mmaCycles } from '#timing';
import { type Contraction, reductionSizes, type Spatial, typesOfContraction } from '../contraction.ts';
import { unfoldedAxes } from './unfold.ts';

/** Less than this share of the time is no gain worth a search. */
const WORTH = 0.01;

/** Whether a way that takes so many cycles at least may be faster than what is predicted of another. */
export const mayGain = (least: number, cycles: number): boolean => least < (1 - WORTH) * cycles;

/** Cycles that a convolution takes at least by im2col. @param k unfolded */
export function leastOfUnfolded(k: Contraction, machine: Machine): number {
  const { unfold } = k;
  if (unfold === undefined) return 0;
  const outer = k.outer.reduce((n, o) => n * o.total, 1);
  const unfolding = outer * k.b.total * elementsUnfolded(k);
  const cores = coresOf(machine);
  const products = (outer * productsOf(k, machine)) / cores;
  if (unfold.by === 'dma')
    return k.a.home === undefined ? Math.max(products, channelOf(k, outer, unfolding, machine)) : products;
  const lanes = vectorLanes(machine.vector, typesOfContraction(k).a) ?? 1;
  return Math.max(products, (machine.vector.cycles.simple * unfolding) / (lanes * cores));
}

/** How many results along an axis are computed: of those that are pooled the ones that windows reach. */
export function computedAlong({ total, pool }: Spatial): number {
  if (pool === undefined) return total;
  const reach = (pool.kernel - 1) * pool.dilation + 1;
  let computed = 0;
  let end = 0;
  for (let window = 0; window < total; window++) {
    const first = window * pool.scale - pool.pad;
    const last = Math.min(pool.limit, first + reach);
    computed += Math.max(0, last - Math.max(first, end));
    end = Math.max(end, last);
  }
  return computed;
}

function productsOf(k: Contraction, machine: Machine): number {
  const reduction = reductionSizes(k, { c: k.c.total, wholeDepth: false }, { c: k.c.total, ky: k.y.kernel });
  const pixels = [computedAlong(k.x), computedAlong(k.y), k.b.total];
  return leastProducts(machine, pixels, k.n.total, reduction, typesOfContraction(k).a);
}

/** Cycles of the matrix unit for these products, however they are cut. */
export function leastProducts(
  machine: Machine,
  pixels: readonly number[],
  filters: number,
  reduction: readonly number[],
  type: MatrixType,
): number {
  if (unitFor(machine.matrix, type).kind !== 'scalar') return mmaCycles(machine, pixels, filters, reduction, type);
  // An array of scalars takes single pixels by other steps than several: only its peak is certain.
  return [...pixels, ...reduction, filters].reduce((n, size) => n * size, 1) / macsPerCycle(machine.matrix, type);
}

/** Elements of an image that come to be unfolded: one for each result and tap that has them, along the other axis one for each that is read; no padding. */
function elementsUnfolded({ unfold }: Contraction): number {
  const { of } = unfold!;
  const { along, kept } = unfoldedAxes(unfold!);
  const unfolding = along.reduce((n, axis) => n * elementsRead(of[axis], false), of.c.total);
  return kept === undefined ? unfolding : unfolding * elementsRead(kept, true);
}

/** Elements of the input that results along an axis read. @param once whether each counts once, however many read it */
function elementsRead(s: Spatial, once: boolean): number {
  // Results that a pooling leaves out count as ones that would read something.
  const results = computedAlong(s);
  const inside = Array.from({ length: s.kernel }, (_, tap) => {
    const first = tap * s.dilation - s.pad;
    const outputs = s.pool?.limit ?? s.total;
    const from = Math.max(0, Math.ceil(-first / s.scale));
    const to = Math.min(outputs, Math.floor((s.limit - 1 - first) / s.scale) + 1);
    return Math.max(0, to - from - (outputs - results));
  });
  return once ? Math.max(...inside) : inside.reduce((n, count) => n + count, 0);
}

/** Cycles of the channel: unfolded activations, weights, results, as far as they are in DRAM. */
function channelOf(k: Contraction, outer: number, unfolding: number, machine: Machine): number {
  const { a, w, result } = typesOfContraction(k);
  const isHeld = k.weights.kind === 'constant' && k.weights.isHeld === true;
  const weights = isHeld ? 0 : outer * k.n.total * k.c.total * k.y.kernel;
  const results = k.out.home === undefined ? outer * k.b.total * k.y.total * k.x.total * k.n.total : 0;
  const bytes = ELEMENT_BYTES[a] * unfolding + ELEMENT_BYTES[w] * weights + ELEMENT_BYTES[result] * results;
  return cyclesAtRate(bytes, machine.dram.bandwidth);
}
