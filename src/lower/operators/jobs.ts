/** The jobs that lowerings make: contractions, vector kernels, copies. */
import type { GraphNode } from '#ir';
import {
  type Contraction,
  emitContraction,
  packedBytes,
  packedWeights,
  predictContraction,
  type Tiling,
} from '../contraction.ts';
import { emitCopy, planCopy, predictCopy } from '../kernels/copy.ts';
import type { Emitted, Planner } from '../planner.ts';
import { type LoopDim, tilesOf } from '../stream.ts';
import { emitVectorKernel, predictVectorKernel, type VectorKernel } from '../vectorNest.ts';
import type { View } from '../views.ts';

const loopsOf = (loops: readonly LoopDim[]): Emitted['loops'] =>
  loops.map((l) => ({
    dim: l.name,
    tiles: tilesOf(l),
    size: Math.min(l.tile, l.total),
    ...(l.deal === undefined ? {} : { cores: l.deal.parts }),
  }));

/** Makes the job of a contraction on the matrix unit. The tiling must have been found before. */
export function contractionJob(
  p: Planner,
  nodes: readonly GraphNode[],
  contraction: () => Contraction,
  tiling: Tiling,
  views: { readonly reads: readonly View[]; readonly writes: readonly View[] },
): void {
  const shape = contraction();
  const packed = shape.weights.kind === 'constant' ? packedBytes(shape, tiling) : 0;
  p.job({
    nodes,
    op: nodes.map((n) => n.op).join('+'),
    where: 'matrix',
    reads: views.reads,
    writes: views.writes,
    macs: p.macs(nodes),
    vectorOps: 0,
    packedBytes: packed,
    emit: (e, place): Emitted => {
      const k = contraction();
      let address = 0;
      if (k.weights.kind === 'constant') {
        address = place(packed);
        const segment = packedWeights(k, tiling, p.machine, address);
        const buffer = p.buffer(segment.name, packed, true);
        buffer.address = address;
        buffer.first = buffer.last = p.jobs.length;
        p.contents.set(buffer, segment.data);
      }
      const built = emitContraction(e, k, tiling, p.machine, address);
      return { loops: loopsOf(built.nest.loops), predicted: predictContraction(built, k, tiling, p.machine) };
    },
  });
}

/** Emits a vector kernel as a job. `plan` is called twice: to see whether it fits, and when addresses are known. */
export function vectorJob(
  p: Planner,
  nodes: readonly GraphNode[],
  plan: () => VectorKernel | undefined,
  views: {
    readonly reads: readonly View[];
    readonly writes: readonly View[];
    /** Of a job that does a part of the nodes, whose work another job counts. */
    readonly op?: string;
  },
): void {
  p.job({
    nodes,
    op: views.op ?? nodes.map((n) => n.op).join('+'),
    where: 'vector',
    reads: views.reads,
    writes: views.writes,
    macs: views.op === undefined ? p.macs(nodes) : 0,
    vectorOps: views.op === undefined ? p.vectorOps(nodes) : 0,
    packedBytes: 0,
    emit: (e): Emitted => {
      const kernel = plan();
      if (kernel === undefined) throw new TypeError('a vector kernel fitted when planned and does not now');
      emitVectorKernel(e, kernel, p.machine);
      return { loops: loopsOf(kernel.loops), predicted: predictVectorKernel(kernel, p.machine) };
    },
  });
}

/** A copy job. Whether it fits must have been seen before (`fits`). */
export function copyJob(
  p: Planner,
  node: GraphNode | undefined,
  kernel: { input: View; output: View; padsBefore?: readonly number[]; fill?: number },
): void {
  p.job({
    nodes: node === undefined ? [] : [node],
    op: node?.op ?? 'Identity',
    where: 'dma',
    reads: [keptOf(kernel)],
    writes: [kernel.output],
    macs: 0,
    vectorOps: 0,
    packedBytes: 0,
    emit: (e): Emitted => {
      const plan = planCopy(kernel, p.machine);
      if (plan === undefined) throw new TypeError('a copy fitted when planned and does not now');
      emitCopy(e, plan);
      return { loops: loopsOf(plan.loops), predicted: predictCopy(plan, p.machine) };
    },
  });
}

/** What a copy reads: less than its input where padding is negative, and so cuts. */
function keptOf({ input, output, padsBefore }: { input: View; output: View; padsBefore?: readonly number[] }): View {
  if (padsBefore === undefined) return input;
  const kept = (size: number, i: number): number =>
    Math.min(size + padsBefore[i]!, output.dims[i]!) - Math.max(padsBefore[i]!, 0);
  return { ...input, dims: input.dims.map((size, i) => Math.max(0, kept(size, i))) };
}
