/**
 * What each layer of a program cost in a run. Cycles of a layer as in `LayerResult`: layers that overlap an earlier one may
 * have few, or none.
 */
import type { HostNode, LayerPlan, Program, SparsePlan, WinogradPlan } from '#isa';
import { coresOf, type Machine } from '#machine';
import { type LayerResult, type SimulationResult, topologyOf } from '#sim';
import { cyclesAtRate } from '#timing';
import { matrixPeakCycles } from './physicalBound.ts';

export type LayerBound = 'compute' | 'memory' | 'host' | 'none';

export interface LayerReport {
  /** Name of its main node, with `2/4` behind it where that became several layers. */
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
  /** Needed operations of the vector unit, or those that it executed where that is less or the plan does not say. */
  readonly vectorOps: number;
  /** On the DRAM channel, inside the bounds. */
  readonly bytes: { readonly read: number; readonly write: number };
  /** Which side was busy longer: the units that compute, or transfers. */
  readonly bound: LayerBound;
  /**
   * Work ÷ (cycles × peak) of the unit it ran on, 0 to 1: needed MACs of the matrix unit, needed operations of the vector unit,
   * busy cycles of the Winograd unit, bytes of the DRAM channel. Executed work counts where that is less (a part of a node that became several layers, an instruction
   * that does several operations at once), and where the plan does not say what is needed (hand-written programs). null on the
   * host, and where it took no cycles of its own. A layer that overlaps others has the cycles from its first entry to its last.
   */
  readonly utilisation: number | null;
  /** What became of the lanes of the units that computed for it, in lane-cycles. */
  readonly lanes: LayerResult['lanes'];
  readonly loops: LayerPlan['loops'];
  /** Values between layers that it finds on the chip or leaves there. */
  readonly kept: NonNullable<LayerPlan['kept']>;
  /** null where its weights lie dense, or it has none. */
  readonly sparse: SparseReport | null;
  /** Of a convolution that the Winograd unit does: how, and how exact that is; else null. */
  readonly winograd: WinogradPlan | null;
}

/** Weights that lie compressed. */
export interface SparseReport {
  readonly form: SparsePlan['form'];
  /** Share of weights that are not zero. */
  readonly density: number;
  /** Weights, and those that are not zero. */
  readonly weights: number;
  readonly nonzero: number;
  /** Of the weights in DRAM, parameters included: those that they take, and those that they would take more if they lay dense. */
  readonly bytes: number;
  readonly bytesSpared: number;
  /** Multiply-accumulates that the matrix unit executed, and those of `macs` that it left out. */
  readonly macsExecuted: number;
  readonly macsSkipped: number;
}

/** One for each layer of the program, in order. */
export const layerReports = (program: Program, result: Pick<SimulationResult, 'layers'>): readonly LayerReport[] =>
  program.layers.map((plan, i) => layerReport(plan, result.layers[i]!, program));

function layerReport(plan: LayerPlan, run: LayerResult, program: Program): LayerReport {
  const { machine } = program;
  return {
    name: plan.name,
    op: plan.op,
    nodes: plan.nodes,
    where: plan.where,
    onHost: plan.onHost ?? [],
    shape: plan.outputShape,
    cycles: run.cycles,
    macs: plan.macs || run.macs,
    vectorOps: worth(plan.vectorOps, run.vectorOps),
    bytes: { read: run.readBytes, write: run.writeBytes },
    bound: boundOf(plan, run, machine, topologyOf(program).places.length),
    utilisation: utilisationOf(plan, run, machine),
    lanes: run.lanes,
    loops: plan.loops,
    winograd: plan.winograd ?? null,
    kept: plan.kept ?? [],
    sparse: plan.sparse === undefined ? null : sparseReport(plan, plan.sparse, run),
  };
}

/** Of a stream every weight is multiplied. What tiles compute again, and rows that fill up, count as executed. */
export function sparseReport({ macs }: LayerPlan, plan: SparsePlan, run: Pick<LayerResult, 'macs'>): SparseReport {
  const { form, weights, nonzero, bytes, denseBytes } = plan;
  return {
    ...{ form, density: nonzero / weights, weights, nonzero, bytes, bytesSpared: denseBytes - bytes },
    macsExecuted: run.macs,
    macsSkipped: form === 'stream' ? 0 : Math.max(0, macs - run.macs),
  };
}

/** @param cores by which busy cycles are counted */
function boundOf(plan: LayerPlan, { busy, ...run }: LayerResult, machine: Machine, cores: number): LayerBound {
  if (plan.where === 'host') return 'host';
  const mean = (...cycles: (number | undefined)[]): number => Math.max(0, ...cycles.map((c) => c ?? 0)) / cores;
  const compute = mean(busy.matrix, busy.vector, busy.winograd);
  const channel = cyclesAtRate(run.readBurstBytes + run.writeBurstBytes, machine.dram.bandwidth);
  const memory = Math.max(mean(busy.dma, busy.load, busy.store, busy.link), channel);
  if (compute === 0 && memory === 0) return 'none';
  return compute >= memory ? 'compute' : 'memory';
}

/** Work that was needed and done. */
const worth = (needed: number, executed: number): number => Math.min(needed || executed, executed);

function utilisationOf(plan: LayerPlan, run: LayerResult, machine: Machine): number | null {
  if (run.cycles === 0) return null;
  const cycles = Math.max(run.cycles, run.last - run.first);
  switch (plan.where) {
    case 'matrix':
      return run.macs === 0 ? 0 : (worth(plan.macs, run.macs) / run.macs) * (matrixPeakCycles(machine, run) / cycles);
    case 'vector':
      return run.vectorOps === 0
        ? 0
        : (worth(plan.vectorOps, run.vectorOps) / run.vectorOps) * (run.vectorLaneCycles / (cycles * coresOf(machine)));
    case 'winograd':
      return (run.busy.winograd ?? 0) / (cycles * coresOf(machine));
    case 'dma': {
      const { bandwidth } = machine.dram;
      return ((run.readBytes + run.writeBytes) * bandwidth.cycles) / (cycles * bandwidth.bytes);
    }
    case 'host':
    case 'none':
      return null;
  }
}
