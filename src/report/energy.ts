/**
 * Energy of a run: executed actions × the machine's energy of each. The host's is not known and left out. Of a program that
 * tells sizes only (the textbook's), operands of computations are not told, so their reads and writes on chip are left out, too.
 */
import type { Program } from '#isa';
import type { Machine } from '#machine';
import type { SimulationResult, Work } from '#sim';
import type { DramWork } from '#timing';

/** Where energy goes; `vector` is that of all operations but multiply-accumulates, `static` that of time. */
export const ENERGY_SINKS = [
  'matrix',
  'vector',
  'winograd',
  'nram',
  'wram',
  'accumulators',
  'sharedRam',
  'dram',
  'control',
  'static',
] as const;
export type EnergySink = (typeof ENERGY_SINKS)[number];

/** Joules. */
export interface EnergySplit {
  readonly total: number;
  readonly by: Readonly<Record<EnergySink, number>>;
}

export interface EnergyReport extends EnergySplit {
  /** Of the figures. */
  readonly technologyNanometres: number;
  /** As in the program; with `rest` they add up to the total. */
  readonly layers: readonly (EnergySplit & { readonly name: string })[];
  /** Of instructions outside all layers. */
  readonly rest: EnergySplit;
}

type Figures = NonNullable<Machine['energy']>;

/** Of executed work and the cycles that it took; of DRAM the bursts that its banks moved, where it has any. */
function splitOf(
  work: Work,
  dram: DramWork | undefined,
  cycles: number,
  figures: Figures,
  frequency: number,
): EnergySplit {
  const { mac, macByType = {}, vector, instruction, staticWatts = 0, sharedRam = { read: 0, write: 0 } } = figures;
  const bytes = (of: { readonly read: number; readonly write: number }, read: number, write: number): number =>
    of.read * read + of.write * write;
  const { divideOps, transcendentalOps } = work;
  const simpleOps = work.vectorOps + work.otherOps - divideOps - transcendentalOps;
  const types = Object.keys(macByType) as (keyof typeof macByType)[];
  const picojoules = {
    // Figures of other types stand in the place of that of f32.
    matrix: types.reduce((sum, type) => sum + (macByType[type]! - mac) * work[`${type}Macs`], mac * work.macs),
    vector: vector.simple * simpleOps + vector.divide * divideOps + vector.transcendental * transcendentalOps,
    winograd: (figures.winograd ?? 0) * work.winogradOps,
    nram: bytes(figures.nram, work.nramReadBytes, work.nramWriteBytes),
    wram: bytes(figures.wram, work.wramReadBytes, work.wramWriteBytes),
    accumulators: bytes(figures.accumulators, work.accumulatorReadBytes, work.accumulatorWriteBytes),
    sharedRam: bytes(sharedRam, work.sharedReadBytes, work.sharedWriteBytes),
    dram: bytes(figures.dram, dram?.readBytes ?? work.readBurstBytes, dram?.writeBytes ?? work.writeBurstBytes),
    control: instruction * work.instructions,
    static: (staticWatts * 1e12 * cycles) / frequency,
  };
  const by = Object.fromEntries(ENERGY_SINKS.map((sink) => [sink, picojoules[sink] * 1e-12])) as Record<
    EnergySink,
    number
  >;
  return { total: ENERGY_SINKS.reduce((sum, sink) => sum + by[sink], 0), by };
}

/** null where the machine has no figures. */
export function energyReport(
  { machine, layers }: Pick<Program, 'machine' | 'layers'>,
  result: SimulationResult,
): EnergyReport | null {
  const { energy, frequency } = machine;
  if (energy === undefined) return null;
  return {
    technologyNanometres: energy.technologyNanometres,
    ...splitOf(result.total, result.dram, result.cycles, energy, frequency),
    layers: layers.map(({ name }, i) => {
      const run = result.layers[i]!;
      return { name, ...splitOf(run, run.dram, run.cycles, energy, frequency) };
    }),
    rest: splitOf(result.rest, result.rest.dram, result.rest.cycles, energy, frequency),
  };
}
