/**
 * Poolings behind a convolution that are done with its tiles before they are stored: a MaxPool, AveragePool or global pooling that alone
 * reads what the convolution, with what else is behind it, leaves.
 */
import type { GraphNode } from '#ir';
import type { Machine } from '#machine';
import { reachedByWindows } from '../compulsory.ts';
import type { Contraction, Spatial } from '../contraction.ts';
import { planWindow, type WindowKernel } from '../kernels/window.ts';
import type { Planner } from '../planner.ts';
import { predictVectorKernel } from '../vectorNest.ts';
import { asPlane, placeOf, type View } from '../views.ts';
import type { Chain } from './epilogue.ts';
import { type PoolingOfNode, windowsOf } from './pool.ts';
import { unplaced } from './unplaced.ts';

export interface PoolBehind {
  readonly node: GraphNode;
  readonly pooling: PoolingOfNode;
  /** Predicted of it alone. */
  readonly cycles: number;
}

/** The chains behind a convolution, and before them the longest with the pooling that reads what it leaves, if there is one. */
export function withPool(p: Planner, chains: readonly Chain[]): readonly Chain[] {
  const [longest] = chains;
  const node = longest && p.onlyConsumer(longest.output);
  if (longest === undefined || node === undefined || p.isDone(node) || !p.mayFuse(node)) return chains;
  const pooling = windowsOf(node, p);
  if (pooling === undefined || 'host' in pooling) return chains;
  const [input, output] = [longest.output, node.outputs[0]!].map((name) => unplaced(p, name)) as [View, View];
  const cycles = cyclesAlone({ ...pooling, after: [], input, output }, p.machine);
  const nodes = [...longest.nodes, node];
  return [{ ...longest, nodes, output: node.outputs[0]!, pool: { node, pooling, cycles } }, ...chains];
}

/** What a pooling takes as a layer of its own; nothing is known of one whose windows fit no tile. */
function cyclesAlone(k: WindowKernel, machine: Machine): number {
  const kernel = planWindow(k, machine);
  return kernel === undefined ? 0 : predictVectorKernel(kernel, machine).cycles;
}

/**
 * A contraction with the pooling of a chain behind it.
 * @param k of which the result has the size that is pooled, and the strides of what is left
 */
export function pooledContraction(k: Contraction, { pool }: Chain): Contraction {
  if (pool === undefined) return k;
  const { y, x, reduce, fill, sums, scale } = pool.pooling;
  const along = (s: Spatial, { total, ...window }: typeof y): Spatial => ({
    ...{ ...s, total },
    pool: { ...window, limit: s.total },
  });
  const factors =
    typeof scale === 'object' ? { place: placeOf(scale), y: scale.strides[0]!, x: scale.strides[1]! } : scale;
  return {
    ...k,
    ...{ y: along(k.y, y), x: along(k.x, x) },
    pool: {
      ...{ reduce, fill, alone: pool.cycles },
      ...(sums === undefined ? {} : { sums }),
      ...(factors === undefined ? {} : { scale: factors }),
    },
  };
}

/** What a chain reads: of its operands what is pooled, and the map of factors. */
export function readByChain({ pool, operands }: Chain): readonly View[] {
  if (pool === undefined) return operands;
  const { y, x, scale } = pool.pooling;
  return [...operands.map((v) => reachedByWindows(asPlane(v), y, x)), ...(typeof scale === 'object' ? [scale] : [])];
}
