/**
 * The physical bound: what no schedule on this machine can go below, from the program and the work that it executed. The
 * maximum over the units of executed work ÷ peak, and of compulsory traffic ÷ DRAM bandwidth.
 * Compulsory are the network's inputs, weights and outputs, each once; of them no more than the program moved, since what it
 * never touches (rows that a Gather leaves out, an input for the host alone) was not compulsory.
 */
import { diagnostic } from '#base';
import { type Program, SLOT_BYTES, type TensorSlot } from '#isa';
import { macsPerCycle } from '#machine';
import type { SimulationResult } from '#sim';
import { cyclesAtRate } from '#timing';

export type BoundUnit = 'matrix' | 'vector' | 'memory' | 'host';

export interface PhysicalBound {
  readonly cycles: number;
  /** What it comes from. */
  readonly unit: BoundUnit;
  /** Least cycles by unit. */
  readonly by: Readonly<Record<BoundUnit, number>>;
}

const belowBound = diagnostic<{ cycles: number; bound: number; unit: BoundUnit | 'channel' }>(
  'SYS-REPORT-001',
  'internal',
  {
    en: (p) =>
      `the run took ${p.cycles} cycles, and the work it did needs at least ${p.bound} (${p.unit}): time is counted wrongly. ` +
      'This is a bug of Systole; please report it with the model and the machine file.',
    zh: (p) =>
      `运行用了 ${p.cycles} 周期，而其完成的工作至少需要 ${p.bound} 周期（${p.unit}）：时间计算有误。` +
      '这是 Systole 的缺陷，请附上模型与机器文件报告。',
  },
);

const slotBytes = (slots: readonly TensorSlot[]): number =>
  slots.reduce((n, s) => n + s.dims.reduce((product, d) => product * d, SLOT_BYTES[s.dtype]), 0);

export function physicalBound(program: Program, result: Pick<SimulationResult, 'total'>): PhysicalBound {
  const { machine } = program;
  const { total } = result;
  const weights = program.constants.reduce((n, c) => n + c.bytes, 0);
  const reads = Math.min(slotBytes(program.inputs) + weights, total.readBytes);
  const writes = Math.min(slotBytes(program.outputs), total.writeBytes);
  const by = {
    matrix: Math.ceil(total.macs / macsPerCycle(machine.matrix)),
    vector: Math.ceil(total.vectorOps / machine.vector.lanes),
    memory: cyclesAtRate(reads + writes, machine.dram.bandwidth),
    host: total.hostCycles,
  };
  const units = Object.keys(by) as BoundUnit[];
  const unit = units.reduce((most, u) => (by[u] > by[most] ? u : most));
  return { cycles: by[unit], unit, by };
}

/**
 * Stops a run that is faster than physics: below the bound, or with more on the DRAM channel than it carries.
 * @throws SYS-REPORT-001
 */
export function assertAbovePhysicalBound(program: Program, result: Pick<SimulationResult, 'cycles' | 'total'>): void {
  const { cycles, total } = result;
  const bound = physicalBound(program, result);
  if (cycles < bound.cycles) throw belowBound({ cycles, bound: bound.cycles, unit: bound.unit });
  const channel = cyclesAtRate(total.readBurstBytes + total.writeBurstBytes, program.machine.dram.bandwidth);
  if (cycles < channel) throw belowBound({ cycles, bound: channel, unit: 'channel' });
}
