/**
 * What a design is judged by: measures, each smaller or larger the better. Those of a run are of one sample, so that batches compare. Those of the
 * machine alone (area, peak, capacity) are known before anything runs: a design that breaks a limit on one of them is not run at all.
 *
 * Of several networks each measure is one figure, by the rule of the space:
 *   geomean  the geometric mean over the networks
 *   sum      one sample of each after the other: times, cycles, energies and traffic add up, and throughput (rounds a second), power,
 *            energy-delay product and efficiency follow from the sums
 *   worst    the worst of each
 */
import { coresOf, estimateArea, type Machine, type MatrixType, macsPerCycle, typesOf } from '#machine';
import type { Metrics, PointType } from './job.ts';

export interface MeasureEntry {
  readonly better: 'less' | 'more';
  /** Of the machine alone. */
  readonly isStatic?: true;
  readonly unit: string;
  /** As people are shown it: in this unit, after a multiplication. */
  readonly shown: { readonly unit: string; readonly factor: number };
  readonly en: string;
  readonly zh: string;
}

type Shown = readonly [unit: string, factor: number];
const entry =
  (better: MeasureEntry['better']) =>
  (unit: string, [shown, factor]: Shown, en: string, zh: string): MeasureEntry => ({
    ...{ better, unit, en, zh },
    shown: { unit: shown, factor },
  });
const less = entry('less');
const more = entry('more');
const isStatic = true as const;

export const MEASURES = {
  time: less('s', ['ms', 1e3], 'time of a sample', '每个样本的时间'),
  cycles: less('cycles', ['M', 1e-6], 'cycles of a sample', '每个样本的周期数'),
  throughput: more('1/s', ['1/s', 1], 'samples a second', '每秒样本数'),
  energy: less('J', ['mJ', 1e3], 'energy of a sample', '每个样本的能量'),
  power: less('W', ['W', 1], 'power while it runs', '运行功率'),
  edp: less('J s', ['mJ ms', 1e6], 'energy-delay product of a sample', '每个样本的能量延迟积'),
  efficiency: more('', ['%', 100], 'layer-wise bound ÷ cycles', '逐层下界 ÷ 周期数'),
  traffic: less('B', ['MiB', 2 ** -20], 'DRAM traffic of a sample', '每个样本的 DRAM 访存量'),
  area: { ...less('mm²', ['mm²', 1], 'area at 45 nm by the model', '按模型估计的面积（45 nm）'), isStatic },
  peak: { ...more('MAC/s', ['GMAC/s', 1e-9], 'peak of the matrix units', '矩阵单元峰值'), isStatic },
  capacity: { ...less('B', ['KiB', 2 ** -10], 'memory on the chip', '片上存储容量'), isStatic },
} as const satisfies Readonly<Record<string, MeasureEntry>>;

export type Measure = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly Measure[];
export const entryOf = (measure: Measure): MeasureEntry => MEASURES[measure];

export const RULES = ['geomean', 'sum', 'worst', 'each'] as const;
/** How measures of several networks become one; `each`: they do not, the network is one more choice of the space. */
export type Rule = (typeof RULES)[number];

/** null where the machine has no figures of energy. */
export type Measures = Readonly<Record<Measure, number | null>>;

export function staticMeasures(machine: Machine, type: PointType): Pick<Measures, 'area' | 'peak' | 'capacity'> {
  const { matrix, nram, wram, cluster, frequency } = machine;
  const cores = coresOf(machine);
  const mode: MatrixType = typesOf(matrix).includes(type) ? type : 'f32';
  const shared = cluster === undefined ? 0 : (cluster.count ?? 1) * cluster.sharedRam.bytes;
  return {
    area: estimateArea(machine).total,
    peak: macsPerCycle(matrix, mode) * cores * frequency,
    capacity: cores * (nram.bytes + wram.bytes + matrix.accumulatorBytes) + shared,
  };
}

/** Sums of which the other measures are made. */
interface Sums {
  readonly seconds: number;
  readonly cycles: number;
  readonly energy: number | null;
  readonly least: number;
  readonly bytes: number;
}

const ofSample = ({ samples, seconds, cycles, energy, efficiency, dramBytes }: Metrics): Sums => ({
  seconds: seconds / samples,
  cycles: cycles / samples,
  energy: energy === null ? null : energy / samples,
  least: (efficiency * cycles) / samples,
  bytes: dramBytes / samples,
});

type RunMeasures = Omit<Measures, 'area' | 'peak' | 'capacity'>;

const measuresOf = ({ seconds, cycles, energy, least, bytes }: Sums): RunMeasures => ({
  time: seconds,
  cycles,
  throughput: 1 / seconds,
  energy,
  power: energy === null ? null : energy / seconds,
  edp: energy === null ? null : energy * seconds,
  efficiency: least / cycles,
  traffic: bytes,
});

/** Of one network or several, as many as there are. */
export function runMeasures(runs: readonly Metrics[], rule: Rule): RunMeasures {
  const samples = runs.map(ofSample);
  if (rule === 'sum') {
    const sum = (of: (s: Sums) => number): number => samples.reduce((total, s) => total + of(s), 0);
    const hasEnergy = samples.every((s) => s.energy !== null);
    return measuresOf({
      seconds: sum((s) => s.seconds),
      cycles: sum((s) => s.cycles),
      energy: hasEnergy ? sum((s) => s.energy ?? 0) : null,
      least: sum((s) => s.least),
      bytes: sum((s) => s.bytes),
    });
  }
  const each = samples.map(measuresOf);
  const of = (name: keyof RunMeasures): number | null => {
    const values = each.map((m) => m[name]);
    if (values.includes(null)) return null;
    const numbers = values as number[];
    if (numbers.length === 1) return numbers[0]!;
    if (rule === 'worst') return entryOf(name).better === 'less' ? Math.max(...numbers) : Math.min(...numbers);
    return Math.exp(numbers.reduce((sum, v) => sum + Math.log(v), 0) / numbers.length);
  };
  const names = Object.keys(each[0]!) as (keyof RunMeasures)[];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as RunMeasures;
}

export interface Limit {
  readonly most?: number;
  readonly least?: number;
}
export type Constraints = Readonly<Partial<Record<Measure, Limit>>>;

/** By how much limits are broken in all, each relative to itself; 0 where all hold. What is not known breaks none. */
export function violationOf(measures: Partial<Measures>, constraints: Constraints): number {
  let sum = 0;
  for (const [name, { most, least }] of Object.entries(constraints) as [Measure, Limit][]) {
    const value = measures[name];
    if (value === undefined || value === null) continue;
    if (most !== undefined && value > most) sum += value / most - 1;
    if (least !== undefined && value < least) sum += value <= 0 ? least : least / value - 1;
  }
  return sum;
}

/** Objectives as numbers that are all to be small. */
export const objectivesOf = (measures: Measures, objectives: readonly Measure[]): readonly number[] =>
  objectives.map((name) => (entryOf(name).better === 'less' ? 1 : -1) * measures[name]!);
