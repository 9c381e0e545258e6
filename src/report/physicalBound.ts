/**
 * The physical bound: what no schedule on this machine can go below. The maximum over the units of executed work ÷ peak, and of
 * compulsory traffic ÷ DRAM bandwidth. What traffic is compulsory says the plan of the program, not the run: a run that moved less
 * lost some, and is stopped. Of a program that nobody planned (assembly) what it moved counts.
 */
import { diagnostic } from '#base';
import type { Program } from '#isa';
import { coresOf, MATRIX_MODES, type Machine, macsPerCycle, modesOf } from '#machine';
import type { SimulationResult, Work } from '#sim';
import { cyclesAtRate } from '#timing';

export type BoundUnit = 'matrix' | 'vector' | 'memory' | 'host';

type MacCounter = 'macs' | `${(typeof MATRIX_MODES)[number]}Macs`;

export interface PhysicalBound {
  readonly cycles: number;
  /** What it comes from. */
  readonly unit: BoundUnit;
  /** Least cycles by unit. */
  readonly by: Readonly<Record<BoundUnit, number>>;
}

/** Time below what the work needs, or traffic below what the program needs. */
type Below =
  | { what: 'cycles'; found: number; least: number; unit: BoundUnit | 'channel' }
  | { what: 'read'; found: number; least: number }
  | { what: 'written'; found: number; least: number };

const belowBound = diagnostic<Below>('SYS-REPORT-001', 'internal', {
  en: (p) =>
    (p.what === 'read' || p.what === 'written'
      ? `the run ${p.what === 'read' ? 'read' : 'wrote'} ${p.found} bytes over the DRAM channel, and the program needs at least ${p.least}: traffic is counted wrongly. `
      : `the run took ${p.found} cycles, and the work it did needs at least ${p.least} (${p.unit}): time is counted wrongly. `) +
    'This is a bug of Systole; please report it with the model and the machine file.',
  zh: (p) =>
    (p.what === 'read' || p.what === 'written'
      ? `运行经 DRAM 通道${p.what === 'read' ? '读取' : '写入'}了 ${p.found} 字节，而程序至少需要 ${p.least} 字节：访存量计算有误。`
      : `运行用了 ${p.found} 周期，而其完成的工作至少需要 ${p.least} 周期（${p.unit}）：时间计算有误。`) +
    '这是 Systole 的缺陷，请附上模型与机器文件报告。',
});

/** Of the sums of quotients below: what rounding might have added. */
const ROUNDING = 2 ** -40;

/** Cycles of executed work at the peak of the matrix units, each type at its own; other operations at the highest of all. */
export function matrixPeakCycles(machine: Machine, work: Pick<Work, 'otherOps' | MacCounter>): number {
  const { matrix } = machine;
  const others = MATRIX_MODES.filter((mode) => matrix.types?.[mode] !== undefined);
  const f32Macs = others.reduce((rest, mode) => rest - work[`${mode}Macs`], work.macs);
  const highest = Math.max(...modesOf(matrix).map((mode) => macsPerCycle(matrix, mode)));
  const cycles = others.reduce(
    (sum, mode) => sum + work[`${mode}Macs`] / macsPerCycle(matrix, mode),
    f32Macs / macsPerCycle(matrix) + work.otherOps / highest,
  );
  return cycles / coresOf(machine);
}

export function physicalBound(program: Program, result: Pick<SimulationResult, 'total'>): PhysicalBound {
  const { machine } = program;
  const { total } = result;
  const { readBytes, writeBytes } = program.compulsory ?? total;
  const by = {
    matrix: Math.ceil(matrixPeakCycles(machine, total) * (1 - ROUNDING)),
    vector: Math.ceil(total.vectorLaneCycles / coresOf(machine)),
    memory: cyclesAtRate(readBytes + writeBytes, machine.dram.bandwidth),
    host: total.hostCycles,
  };
  const units = Object.keys(by) as BoundUnit[];
  const unit = units.reduce((most, u) => (by[u] > by[most] ? u : most));
  return { cycles: by[unit], unit, by };
}

/**
 * Stops a run that is faster than physics: below the bound, with more on the DRAM channel than it carries, or with less than
 * the program cannot do without.
 * @throws SYS-REPORT-001
 */
export function assertAbovePhysicalBound(program: Program, result: Pick<SimulationResult, 'cycles' | 'total'>): void {
  const { cycles, total } = result;
  const { compulsory } = program;
  if (compulsory !== undefined && total.readBytes < compulsory.readBytes)
    throw belowBound({ what: 'read', found: total.readBytes, least: compulsory.readBytes });
  if (compulsory !== undefined && total.writeBytes < compulsory.writeBytes)
    throw belowBound({ what: 'written', found: total.writeBytes, least: compulsory.writeBytes });
  const bound = physicalBound(program, result);
  if (cycles < bound.cycles) throw belowBound({ what: 'cycles', found: cycles, least: bound.cycles, unit: bound.unit });
  const channel = cyclesAtRate(total.readBurstBytes + total.writeBurstBytes, program.machine.dram.bandwidth);
  if (cycles < channel) throw belowBound({ what: 'cycles', found: cycles, least: channel, unit: 'channel' });
}
