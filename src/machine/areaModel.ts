/**
 * The area of a machine from its sizes, in square millimetres at 45 nm. For comparing machines of one kind, before anybody has drawn one: it is no
 * layout. It knows nothing of wiring between units, pads, memory controllers, clock and voltage, and takes the widths of ports as given; the
 * memories of the published chips below come out between 0.5 and 1.4 times as large (`areaModel.test.ts`). A machine that states areas (`area`) keeps them for what they are: measured.
 *
 *   memories      each of 0.2 mm² and 0.006 mm² a KB. Fitted to the buffers of DianNao (Chen et al., ASPLOS 2014, table 6: 2, 2 and 32 KB) and
 *                 ShiDianNao (Du et al., ISCA 2015: 64, 64 and 128 KB) at 65 nm, taken to 45 nm by the square of the length. The slope is half
 *                 the density of bare cells (0.346 µm² a bit: Mistry et al., IEDM 2007). Accumulators are memories, too.
 *   multipliers   at 45 nm and 0.9 V: multiplication of 8 bits 282, 32 bits 3495, f16 1640, f32 7700 µm²; addition of 32 bits 137, f32 4184 µm²
 *                 (Dally, High-Performance Hardware for Machine Learning, NIPS tutorial 2015; the same source as Horowitz's energies, ISSCC 2014).
 *                 i16 by the square of the bits between 8 and 32; bf16 as f16 by the square of the significands (8 and 11 bits).
 *   placed        a unit is 1.44 times its multipliers and adders, for registers, clock and routing: DianNao's functional unit, 0.846 mm² at
 *                 65 nm against 0.588 of its 256 multipliers and adders of 16 bits.
 *   several types one array computes all types of a unit and is as large as the largest of them needs.
 *   vector unit   a lane is a multiply-add and half as much again, for comparison, shifts and the tables of functions (assumption).
 *   control       0.068 mm², as DianNao's control processor (0.142 at 65 nm). Instruction memory is left out: machines state one that
 *                 holds whole programs, where a chip would fetch.
 *   DMA           0.01 mm² a queue, and 45 µm² for each byte a cycle of its ports (a register of 8 bits with its multiplexer: assumption).
 */
import { MATRIX_MODES, type MatrixMode, macsPerCycle } from './matrix.ts';
import { clustersOf, coresPerCluster, type Machine, queuesOf } from './schema.ts';

export const AREA_NANOMETRES = 45;

const SQUARE_MICROMETRES = 1e-6;
const KB = 1024;
/** Square millimetres. */
const MEMORY = { fixed: 0.2, ofKilobyte: 0.006 };
const CONTROL = 0.068;
const QUEUE = 0.01;
const PORT_BYTE = 45 * SQUARE_MICROMETRES;
const PLACED = 1.44;
const LANE = 1.5;

const INT_ADD = 137;
const FLOAT_ADD = 4184;
/** A multiplication and the addition of its product, µm². */
export const MULTIPLY_ADD: Readonly<Record<MatrixMode, number>> = {
  f32: 7700 + FLOAT_ADD,
  f16: 1640 + FLOAT_ADD,
  bf16: 1640 * (8 / 11) ** 2 + FLOAT_ADD,
  i8: 282 + INT_ADD,
  // Sums are of 64 bits.
  i16: (282 * 3495) ** 0.5 + 2 * INT_ADD,
};

export const AREA_PARTS = [
  'matrix',
  'vector',
  'winograd',
  'nram',
  'wram',
  'accumulators',
  'sharedRam',
  'dma',
  'control',
] as const;
export type AreaPart = (typeof AREA_PARTS)[number];

export interface AreaEstimate {
  /** Square millimetres at 45 nm, of the whole chip. */
  readonly total: number;
  readonly by: Readonly<Record<AreaPart, number>>;
}

/** A memory of so many bytes, mm². */
export const memoryArea = (bytes: number): number => MEMORY.fixed + MEMORY.ofKilobyte * (bytes / KB);

/** Multipliers of a type, mm². */
const multipliers = (count: number, mode: MatrixMode): number =>
  PLACED * count * MULTIPLY_ADD[mode] * SQUARE_MICROMETRES;

export function estimateArea(machine: Machine): AreaEstimate {
  const { matrix, vector, winograd, nram, wram, cluster, dma } = machine;
  const modes: readonly MatrixMode[] = ['f32', ...MATRIX_MODES.filter((mode) => matrix.types?.[mode] !== undefined)];
  const lanes: readonly (readonly [MatrixMode, number])[] = [
    ['f32', vector.lanes],
    ...MATRIX_MODES.flatMap((mode): readonly (readonly [MatrixMode, number])[] => {
      const own = vector.types?.[mode]?.lanes;
      return own === undefined ? [] : [[mode, own]];
    }),
  ];
  const cores = clustersOf(machine) * coresPerCluster(machine);
  const ofCore = {
    matrix: Math.max(...modes.map((mode) => multipliers(macsPerCycle(matrix, mode), mode))),
    vector: Math.max(...lanes.map(([mode, n]) => LANE * multipliers(n, mode))),
    // Additions and few multiplications by constants, which are additions too.
    winograd: winograd === undefined ? 0 : PLACED * winograd.lanes * TILE_ADDERS * FLOAT_ADD * SQUARE_MICROMETRES,
    nram: memoryArea(nram.bytes),
    wram: memoryArea(wram.bytes),
    accumulators: memoryArea(matrix.accumulatorBytes),
    dma: queuesOf(machine).length * QUEUE + dma.scratchpadBytesPerCycle * PORT_BYTE,
    control: CONTROL,
  };
  const by = Object.fromEntries(
    AREA_PARTS.map((part) => [
      part,
      part === 'sharedRam'
        ? clustersOf(machine) * (cluster === undefined ? 0 : memoryArea(cluster.sharedRam.bytes))
        : cores * ofCore[part],
    ]),
  ) as Record<AreaPart, number>;
  return { total: AREA_PARTS.reduce((sum, part) => sum + by[part], 0), by };
}

/** Adders of a lane of the transform unit: a row of a 6 × 6 tile takes some twelve (Lavin and Gray, CVPR 2016, F(4 × 4, 3 × 3)). */
const TILE_ADDERS = 12;
