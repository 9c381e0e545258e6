/**
 * What each layer of a program cost in a run. Cycles of a layer as in `LayerResult`: layers that overlap an earlier one may
 * have few, or none.
 */
import type { HostNode, LayerPlan, Program } from '#isa';
import { type Machine, macsPerCycle } from '#machine';
import type { LayerResult, SimulationResult } from '#sim';
import { cyclesAtRate } from '#timing';

export type LayerBound = 'compute' | 'memory' | 'host' | 'none';

export interface LayerReport {
  /** Name of its main node. */
  readonly name: string;
  /** Operators, with what is fused: `Conv+Relu`. */
  readonly op: string;
  readonly nodes: readonly string[];
  readonly where: LayerPlan['where'];
  /** The nodes of a host layer, each with its reason; empty elsewhere. */
  readonly onHost: readonly HostNode[];
  readonly shape: readonly number[];
  readonly cycles: number;
  readonly macs: number;
  readonly vectorOps: number;
  /** On the DRAM channel, inside the bounds. */
  readonly bytes: { readonly read: number; readonly write: number };
  /** Which side was busy longer: matrix and vector unit, or transfers. */
  readonly bound: LayerBound;
  /**
   * Needed work ÷ (cycles × peak) of the unit it ran on: MACs of the matrix unit, operations of the vector unit, bytes of the
   * DRAM channel; executed work where the plan does not say what is needed (hand-written programs). null on the host, and
   * where it took no cycles of its own.
   */
  readonly utilisation: number | null;
  readonly loops: LayerPlan['loops'];
}

/** One for each layer of the program, in order. */
export const layerReports = (program: Program, result: Pick<SimulationResult, 'layers'>): readonly LayerReport[] =>
  program.layers.map((plan, i) => layerReport(plan, result.layers[i]!, program.machine));

function layerReport(plan: LayerPlan, run: LayerResult, machine: Machine): LayerReport {
  return {
    name: plan.name,
    op: plan.op,
    nodes: plan.nodes,
    where: plan.where,
    onHost: plan.onHost ?? [],
    shape: plan.outputShape,
    cycles: run.cycles,
    macs: plan.macs || run.macs,
    vectorOps: plan.vectorOps || run.vectorOps,
    bytes: { read: run.readBytes, write: run.writeBytes },
    bound: boundOf(plan, run, machine),
    utilisation: utilisationOf(plan, run, machine),
    loops: plan.loops,
  };
}

function boundOf(plan: LayerPlan, { busy, ...run }: LayerResult, machine: Machine): LayerBound {
  if (plan.where === 'host') return 'host';
  const compute = Math.max(busy.matrix ?? 0, busy.vector ?? 0);
  const channel = cyclesAtRate(run.readBurstBytes + run.writeBurstBytes, machine.dram.bandwidth);
  const memory = Math.max(busy.dma ?? 0, busy.load ?? 0, busy.store ?? 0, channel);
  if (compute === 0 && memory === 0) return 'none';
  return compute >= memory ? 'compute' : 'memory';
}

function utilisationOf(plan: LayerPlan, run: LayerResult, machine: Machine): number | null {
  if (run.cycles === 0) return null;
  switch (plan.where) {
    case 'matrix':
      return (plan.macs || run.macs) / (run.cycles * macsPerCycle(machine.matrix));
    case 'vector':
      return (plan.vectorOps || run.vectorOps) / (run.cycles * machine.vector.lanes);
    case 'dma': {
      const { bytes, cycles } = machine.dram.bandwidth;
      return ((run.readBytes + run.writeBytes) * cycles) / (run.cycles * bytes);
    }
    case 'host':
    case 'none':
      return null;
  }
}
