/**
 * The schedules of exercises 7.7 to 7.12, each with the cycles, bytes and busy cycles that were worked out for it by hand and by
 * an independent simulation.
 */
import type { Machine } from 'systole/machine';
import {
  BATCH_SPLIT,
  COLUMN_SPLIT,
  clusterColumnTiles,
  clusterColumnTilesStoredLast,
  clusterDirect,
  clusterMixed,
  clusterPasses,
  clusterPassesOverlapped,
  clusterPassesSliced,
  clusterShared,
  columnTiles,
  growingSlices,
  innerSlices,
  innerSlicesThenColumns,
  LAYERS,
  rowTiles,
  rowTilesSerial,
  rowTilesSliced,
  type Sparsity,
  SQUARE_SPLIT,
  serial,
} from './programs.ts';

export interface Schedule {
  readonly exercise: string;
  readonly name: string;
  readonly machine: 'textbook-single' | 'textbook-cluster';
  /** SharedRAM with one port instead of a link for each core. */
  readonly onePort?: true;
  readonly text: string;
  readonly cycles: number;
  /** On the DRAM channel. */
  readonly bytes: number;
  /** Cycles that the DRAM channel and each matrix unit are busy. */
  readonly busy: readonly [dram: number, matrix: number];
}

type Row = readonly [
  name: string,
  text: string,
  cycles: number,
  bytes: number,
  dram: number,
  matrix: number,
  port?: 'one',
];

const rows = (exercise: string, machine: Schedule['machine'], list: readonly Row[]): Schedule[] =>
  list.map(([name, text, cycles, bytes, dram, matrix, port]) => ({
    exercise,
    name,
    machine,
    ...(port === undefined ? {} : { onePort: true }),
    text,
    cycles,
    bytes,
    busy: [dram, matrix],
  }));

const P7 = LAYERS['7.7'];
const P8 = LAYERS['7.8'];
const P9 = LAYERS['7.9'];
const P11 = LAYERS['7.11'];
const P12 = LAYERS['7.12'];

/** Weights in a quarter of their bytes, inputs in half: decompressed on the way in; zeros of W left out; of X and W. */
const COMPRESSED: Sparsity = { x: 1 / 2, w: 1 / 4, macs: 1 };
const SKIPS_W: Sparsity = { ...COMPRESSED, macs: 1 / 4 };
const SKIPS_BOTH: Sparsity = { ...COMPRESSED, macs: 1 / 8 };

const each = <T>(
  values: readonly (readonly [n: number, cycles: number])[],
  make: (n: number, cycles: number) => T,
): T[] => values.map(([n, cycles]) => make(n, cycles));

export const SCHEDULES: readonly Schedule[] = [
  ...rows('7.7', 'textbook-single', [
    ['serial', serial(P7), 34, 2052, 33, 1],
    ['two halves of K', innerSlices(P7, 2), 34, 2052, 33, 2],
  ]),
  ...rows('7.8', 'textbook-single', [
    ['serial', serial(P8), 6912, 180224, 2816, 4096],
    ...each(
      [
        [2, 5760],
        [4, 5184],
        [8, 4896],
        [16, 4752],
        [32, 4680],
        [64, 4644],
        [128, 4626],
      ],
      (n, cycles): Row => [`${n} column tiles`, columnTiles(P8, n), cycles, 180224, 2816, 4096],
    ),
    ...each(
      [
        [2, 5632],
        [4, 4992],
        [8, 4672],
        [16, 4512],
        [32, 4432],
        [64, 4392],
        [128, 4372],
        [256, 4362],
      ],
      (n, cycles): Row => [`${n} slices of K`, innerSlices(P8, n), cycles, 180224, 2816, 4096],
    ),
    ['32 slices of K, the last 8 as column tiles', innerSlicesThenColumns(P8, 32, 8), 4208, 180224, 2816, 4096],
    ['growing slices of K, the last 32 as 128 column tiles', growingSlices(P8, 32, 128, 1.6), 4112, 180224, 2816, 4096],
  ]),
  ...rows('7.9', 'textbook-single', [
    ...[16, 32, 64].map((b): Row => [`serial, ${b} rows`, rowTilesSerial(P9, b), 157696, 1703936, 26624, 131072]),
    ...each(
      [
        [8, 133312],
        [16, 133504],
        [32, 133888],
      ],
      (b, cycles): Row => [`overlapped, ${b} rows`, rowTiles(P9, b), cycles, 1703936, 26624, 131072],
    ),
    ...each(
      [
        [16, 131600],
        [32, 131872],
      ],
      (b, cycles): Row => [`sliced start and end, ${b} rows`, rowTilesSliced(P9, b, 8), cycles, 1703936, 26624, 131072],
    ),
  ]),
  ...rows('7.10', 'textbook-single', [
    ['serial, 64 rows', rowTilesSerial(P9, 64, COMPRESSED), 147968, 1081344, 16896, 131072],
    ['overlapped, 32 rows', rowTiles(P9, 32, COMPRESSED), 132096, 1081344, 16896, 131072],
    ['overlapped, 64 rows', rowTiles(P9, 64, COMPRESSED), 132608, 1081344, 16896, 131072],
    ['sliced, 32 rows', rowTilesSliced(P9, 32, 8, COMPRESSED), 131424, 1081344, 16896, 131072],
    ['skips W: serial, 64 rows', rowTilesSerial(P9, 64, SKIPS_W), 49664, 1081344, 16896, 32768],
    ['skips W: overlapped, 32 rows', rowTiles(P9, 32, SKIPS_W), 33792, 1081344, 16896, 32768],
    ['skips W: sliced, 32 rows', rowTilesSliced(P9, 32, 8, SKIPS_W), 33376, 1081344, 16896, 32768],
    ['skips X and W: serial, 64 rows', rowTilesSerial(P9, 64, SKIPS_BOTH), 33280, 1081344, 16896, 16384],
    ['skips X and W: overlapped, 32 rows', rowTiles(P9, 32, SKIPS_BOTH), 17408, 1081344, 16896, 16384],
    ['skips X and W: sliced, 32 rows', rowTilesSliced(P9, 32, 8, SKIPS_BOTH), 17120, 1081344, 16896, 16384],
  ]),
  ...rows('7.11', 'textbook-cluster', [
    ['batch split, straight, unicast', clusterDirect(P11, BATCH_SPLIT, false), 5504, 573440, 4480, 1024],
    ['batch split, straight, multicast', clusterDirect(P11, BATCH_SPLIT, true), 2432, 180224, 1408, 1024],
    ['column split, straight, unicast', clusterDirect(P11, COLUMN_SPLIT, false), 3200, 278528, 2176, 1024],
    ['column split, straight, multicast', clusterDirect(P11, COLUMN_SPLIT, true), 2432, 180224, 1408, 1024],
    ['column split through SharedRAM', clusterShared(P11, COLUMN_SPLIT, true), 2503, 180224, 1408, 1024],
    ['column split, one port, multicast', clusterShared(P11, COLUMN_SPLIT, true), 2614, 180224, 1408, 1024, 'one'],
    ['column split, one port, unicast', clusterShared(P11, COLUMN_SPLIT, false), 2713, 180224, 1408, 1024, 'one'],
    ['batch split through SharedRAM', clusterShared(P11, BATCH_SPLIT, true), 2578, 180224, 1408, 1024],
    ['batch split, one port, multicast', clusterShared(P11, BATCH_SPLIT, true), 2614, 180224, 1408, 1024, 'one'],
    ['batch split, one port, unicast', clusterShared(P11, BATCH_SPLIT, false), 3007, 180224, 1408, 1024, 'one'],
    ['2 × 2 split through SharedRAM', clusterShared(P11, SQUARE_SPLIT, true), 2520, 180224, 1408, 1024],
    ['X through SharedRAM', clusterMixed(P11, true), 2432, 180224, 1408, 1024],
    ['X through SharedRAM, one port, multicast', clusterMixed(P11, true), 2432, 180224, 1408, 1024, 'one'],
    ['X through SharedRAM, one port, unicast', clusterMixed(P11, false), 2432, 180224, 1408, 1024, 'one'],
    ...each(
      [
        [2, 1856],
        [4, 1632],
        [8, 1520],
        [16, 1464],
        [32, 1437],
      ],
      (n, cycles): Row => [`${n} column tiles a core`, clusterColumnTiles(P11, n), cycles, 180224, 1408, 1024],
    ),
    ['stored last', clusterColumnTilesStoredLast(P11, 32, false), 1409, 180224, 1408, 1024],
    ['stored last, X by multicast from DRAM', clusterColumnTilesStoredLast(P11, 32, true), 1408, 180224, 1408, 1024],
  ]),
  ...rows('7.12', 'textbook-cluster', [
    ['4 passes, 32 rows', clusterPasses(P12, 4, 32, 'mixed'), 618624, 11534336, 90112, 524288],
    ['2 passes, 64 rows', clusterPasses(P12, 2, 64, 'mixed'), 616512, 11534336, 90112, 524288],
    ['everything through SharedRAM', clusterPasses(P12, 4, 32, 'shared'), 621328, 11534336, 90112, 524288],
    ['X straight, unicast', clusterPasses(P12, 4, 32, 'unicast'), 737280, 27262976, 212992, 524288],
    ['X straight, multicast', clusterPasses(P12, 4, 32, 'multicast'), 638976, 14680064, 114688, 524288],
    ['overlapped', clusterPassesOverlapped(P12, 4, 32, 'shared'), 537088, 11534336, 90112, 524288],
    [
      'overlapped, one port, multicast',
      clusterPassesOverlapped(P12, 4, 32, 'shared'),
      537088,
      11534336,
      90112,
      524288,
      'one',
    ],
    [
      'overlapped, one port, unicast',
      clusterPassesOverlapped(P12, 4, 32, 'shared', false),
      537088,
      11534336,
      90112,
      524288,
      'one',
    ],
    [
      'overlapped, X straight, unicast',
      clusterPassesOverlapped(P12, 4, 32, 'unicast'),
      529920,
      27262976,
      212992,
      524288,
    ],
    [
      'overlapped, X straight, multicast',
      clusterPassesOverlapped(P12, 4, 32, 'multicast'),
      529152,
      14680064,
      114688,
      524288,
    ],
    ['four stages, sliced start and end', clusterPassesSliced(P12, 4, 32, 8), 525504, 11534336, 90112, 524288],
  ]),
];

/** The machine of a schedule. */
export function machineOf(schedule: Schedule, presets: ReadonlyMap<string, Machine>): Machine {
  const machine = presets.get(schedule.machine)!;
  const { cluster } = machine;
  if (schedule.onePort !== true || cluster === undefined) return machine;
  return { ...machine, cluster: { ...cluster, sharedRam: { ...cluster.sharedRam, ports: 'one' } } };
}
