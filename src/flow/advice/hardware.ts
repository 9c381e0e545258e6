/**
 * Changes of fields that belong together, and what they cost by the machine's own figures. What is made larger takes more energy for each
 * access and more area, where the machine has figures of them:
 *
 *   a scratchpad   energy of a byte by a power law through Horowitz's memories (ISSCC 2014, 45 nm: 64 bits of 32 KB 20 pJ, of 1 MB 100 pJ),
 *                  exponent 0.46; area by its bytes
 *   matrix unit    area by its multipliers; a multiply-accumulate takes the energy that it took
 *   vector unit    area by its lanes, likewise
 *
 * These are fields of the changed machine like any other, so that its run reports that energy itself.
 */
import { accessEnergyFactor, type FieldChange, type Machine } from '#machine';
import type { Scratchpad } from './rule.ts';

export type Fields = readonly FieldChange[];

const digits = (n: number): number => Number(n.toPrecision(3));

/** Where the capacity of a scratchpad stands. */
const CAPACITY: Readonly<Record<Scratchpad, string>> = {
  nram: 'nram.bytes',
  wram: 'wram.bytes',
  aram: 'matrix.accumulatorBytes',
  shared: 'cluster.sharedRam.bytes',
};
const FIGURE = { nram: 'nram', wram: 'wram', aram: 'accumulators', shared: 'sharedRam' } as const;
export const NAMES: Readonly<Record<Scratchpad, { readonly en: string; readonly zh: string }>> = {
  nram: { en: 'NRAM', zh: 'NRAM' },
  wram: { en: 'WRAM', zh: 'WRAM' },
  aram: { en: 'accumulators', zh: '累加器' },
  shared: { en: 'SharedRAM', zh: 'SharedRAM' },
};

const bytesOf = (machine: Machine, memory: Scratchpad): number =>
  ({
    nram: machine.nram.bytes,
    wram: machine.wram.bytes,
    aram: machine.matrix.accumulatorBytes,
    shared: machine.cluster?.sharedRam.bytes ?? 0,
  })[memory];

type AreaFigure = Exclude<keyof NonNullable<Machine['area']>, 'technologyNanometres'>;

function areaTimes({ area }: Machine, figure: AreaFigure, factor: number): Fields {
  const value = area?.[figure];
  return value === undefined ? [] : [{ path: `area.${figure}`, value: digits(value * factor) }];
}

/** A scratchpad of so many times its bytes. */
export function resized(machine: Machine, memory: Scratchpad, factor: number): Fields {
  const figure = FIGURE[memory];
  const energy = machine.energy?.[figure];
  const dearer = accessEnergyFactor(factor);
  return [
    { path: CAPACITY[memory], value: bytesOf(machine, memory) * factor },
    ...(energy === undefined
      ? []
      : (['read', 'write'] as const).map((access) => ({
          path: `energy.${figure}.${access}`,
          value: digits(energy[access] * dearer),
        }))),
    ...areaTimes(machine, figure, factor),
  ];
}

/** The two sides of a matrix unit: filters × lanes of `dot`, else rows × columns. */
export const sidesOf = ({ kind }: Machine['matrix']): readonly [string, string] =>
  kind === 'dot' ? ['tn', 'ti'] : ['rows', 'columns'];

const sideAt = (of: object, side: string): number => (of as Readonly<Record<string, number>>)[side]!;

/** Sides in numbers, as `16 × 16`. */
export const geometryText = ({ matrix }: Machine, factors: readonly [number, number] = [1, 1]): string =>
  sidesOf(matrix)
    .map((side, i) => sideAt(matrix, side) * factors[i]!)
    .join(' × ');

/** A matrix unit with sides of so many times, of every type; undefined where that is not whole. */
export function reshaped(machine: Machine, factors: readonly [number, number]): Fields | undefined {
  const { matrix } = machine;
  const sides = sidesOf(matrix);
  const types: readonly (readonly [string, object])[] = Object.entries(matrix.types ?? {});
  const units = [['matrix', matrix] as const, ...types.map(([type, of]) => [`matrix.types.${type}`, of] as const)];
  const fields = units.flatMap(([at, unit]) =>
    sides.flatMap((side, i) =>
      factors[i] === 1 ? [] : [{ path: `${at}.${side}`, value: sideAt(unit, side) * factors[i]! }],
    ),
  );
  if (fields.some(({ value }) => !Number.isInteger(value))) return undefined;
  // As many entries of accumulators, each as wide as the filters are.
  const filters = matrix.kind === 'dot' ? factors[0] : matrix.kind === 'systolic' ? factors[1] : 1;
  const { operands } = matrix;
  const ports = (name: 'inputBytesPerCycle' | 'weightBytesPerCycle', factor: number): Fields =>
    operands === undefined || factor <= 1 ? [] : [{ path: `matrix.operands.${name}`, value: operands[name] * factor }];
  const [inputs, weights] =
    matrix.kind === 'dot' ? [factors[1], factors[0] * factors[1]] : [factors[0] * factors[1], factors[0] * factors[1]];
  return [
    ...fields,
    ...(filters > 1 ? resized(machine, 'aram', filters) : []),
    ...ports('inputBytesPerCycle', inputs),
    ...ports('weightBytesPerCycle', weights),
    ...areaTimes(machine, 'matrix', factors[0] * factors[1]),
  ];
}

/** Fields of an object that are there. */
const entriesOf = <T>(of: Readonly<Record<string, T | undefined>>): readonly (readonly [string, T])[] =>
  Object.entries(of).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));

/** A vector unit with so many times the lanes, for every type. */
export function relaned(machine: Machine, factor: number): Fields {
  const { lanes, types } = machine.vector;
  const others = entriesOf(types ?? {});
  return [
    { path: 'vector.lanes', value: lanes * factor },
    ...others.map(([type, of]) => ({ path: `vector.types.${type}.lanes`, value: of.lanes * factor })),
    ...areaTimes(machine, 'vector', factor),
  ];
}

/** A rate of so many times. */
export const faster = (path: string, { bytes, cycles }: Machine['dram']['bandwidth'], factor: number): Fields => [
  { path, value: cycles === 1 ? bytes * factor : `${bytes * factor}/${cycles}` },
];

/** Bytes a cycle, as text. */
export const rateText = ({ bytes, cycles }: Machine['dram']['bandwidth'], factor = 1): string =>
  `${Number(((bytes * factor) / cycles).toPrecision(4))} B`;

/** Square millimetres of the chip by the machine's figures: those of a core for each of them, the SharedRAM's for each cluster. */
export function areaOf({ area, cluster }: Machine): number | null {
  if (area === undefined) return null;
  const { technologyNanometres: _, sharedRam = 0, ...core } = area;
  const clusters = cluster?.count ?? 1;
  const ofCore = entriesOf(core).reduce((sum, [, n]) => sum + n, 0);
  return clusters * ((cluster?.cores ?? 1) * ofCore + sharedRam);
}

/** Queues of so many times the depth, those with a depth of their own among them. */
export function fieldsOfDepth({ control }: Machine, factor: number): Fields {
  const own = entriesOf(control.queueDepths ?? {});
  return [
    { path: 'control.queueDepth', value: control.queueDepth * factor },
    ...own.map(([queue, depth]) => ({ path: `control.queueDepths.${queue}`, value: depth * factor })),
  ];
}
