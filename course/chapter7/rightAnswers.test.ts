/** Right programs of many styles for 7.8 to 7.12, with the places of their operands: none of them is refused. */
import { judgeProgram } from 'systole/course';
import { presets } from 'systole/machine';
import { expect, test } from 'vitest';
import { doubleBuffered79, pipelined712, serialPlaced79 } from './placed.ts';
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
  SQUARE_SPLIT,
  serial,
} from './programs.ts';

const lines = (...text: readonly (string | readonly string[])[]): string => `${text.flat().join('\n')}\n`;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Of 7.8: X 32768 bytes at NRAM[0], W 131072, Y 16384. */
const LOADED_78 = ['move DRAM NRAM[0] 32768', 'move DRAM WRAM[0] 131072', 'sync'];

/** Slices of K that grow, the last in column tiles: `growingSlices` with places. */
function growing78(): string {
  const sizes = [1, 1, 2, 3, 4, 6, 9, 14, 22, 35, 56, 71];
  const all = [...sizes, 32];
  const from = all.map((_, i) => all.slice(0, i).reduce((a, b) => a + b, 0));
  const x = (i: number): string => `NRAM[${128 * from[i]!}] ${128 * all[i]!}`;
  const w = (i: number): string => `WRAM[${512 * from[i]!}] ${512 * all[i]!}`;
  const load = (i: number): readonly string[] => [`move DRAM ${x(i)}`, `move DRAM ${w(i)}`];
  const tail = sizes.length;
  return lines(
    load(0),
    'sync',
    sizes.flatMap((k, i) => [
      ...load(i + 1),
      `compute MAC_32 ${4096 * k} ${x(i)} ${w(i)} to NRAM[32768] 16384`,
      'sync',
    ]),
    `compute MAC_32 32768 ${x(tail)} WRAM[${512 * 224}] 4096 to NRAM[32768] 4096`,
    'sync',
    'loop 3',
    `move NRAM[32768, +4096] DRAM 4096`,
    `compute MAC_32 32768 ${x(tail)} WRAM[${512 * 224 + 4096}, +4096] 4096 to NRAM[36864, +4096] 4096`,
    'sync',
    'endloop',
    'move NRAM[45056] DRAM 4096',
  );
}

const RIGHT: readonly (readonly [id: string, name: string, text: string])[] = [
  [
    '7.8',
    'column tiles in any order, stored in another, two at once',
    lines(
      LOADED_78,
      'loop 4',
      'compute MAC_32 262144 NRAM[0] 32768 WRAM[65536, 0, 98304, 32768] 32768 to NRAM[32768, 45056, 36864, 40960] 4096',
      'endloop',
      'sync',
      'move NRAM[40960] DRAM 8192',
      'move NRAM[36864] DRAM 4096',
      'move NRAM[32768] DRAM 4096',
    ),
  ],
  [
    '7.8',
    'column tiles, double buffered',
    lines(
      ['move DRAM NRAM[0] 32768', 'move DRAM WRAM[0] 32768', 'sync'],
      ['move DRAM WRAM[32768] 32768'],
      ['compute MAC_32 262144 NRAM[0] 32768 WRAM[0] 32768 to NRAM[32768] 4096', 'sync'],
      ['loop 2', 'move DRAM WRAM[0, 32768] 32768', 'move NRAM[32768, 36864] DRAM 4096'],
      ['compute MAC_32 262144 NRAM[0] 32768 WRAM[32768, 0] 32768 to NRAM[36864, 32768] 4096', 'sync', 'endloop'],
      ['move NRAM[32768] DRAM 4096'],
      ['compute MAC_32 262144 NRAM[0] 32768 WRAM[32768] 32768 to NRAM[36864] 4096', 'sync'],
      ['move NRAM[36864] DRAM 4096'],
    ),
  ],
  [
    '7.8',
    'slices of K added in one place, their operands in two buffers',
    lines(
      ['move DRAM NRAM[0] 8192', 'move DRAM WRAM[0] 32768', 'sync'],
      ['loop 3', 'move DRAM NRAM[8192, 0] 8192', 'move DRAM WRAM[32768, 0] 32768'],
      ['compute MAC_32 262144 NRAM[0, 8192] 8192 WRAM[0, 32768] 32768 to NRAM[16384] 16384', 'sync', 'endloop'],
      ['compute MAC_32 262144 NRAM[8192] 8192 WRAM[32768] 32768 to NRAM[16384] 16384', 'sync'],
      ['loop 2', 'move NRAM[16384, 24576] DRAM 8192', 'endloop'],
    ),
  ],
  [
    '7.8',
    'slices of K, the sums read where they lie, and left elsewhere in turn',
    lines(
      ['move DRAM NRAM[0] 8192', 'move DRAM WRAM[0] 32768', 'sync'],
      ['move DRAM NRAM[8192] 24576', 'move DRAM WRAM[32768] 98304'],
      ['compute MAC_32 262144 NRAM[0] 8192 WRAM[0] 32768 to NRAM[32768] 16384', 'sync'],
      ['compute MAC_32 262144 NRAM[8192] 8192 NRAM[32768] 16384 WRAM[32768] 32768 to NRAM[32768] 16384'],
      ['loop 2'],
      [
        'compute MAC_32 262144 NRAM[16384, 24576] 8192 NRAM[32768, 49152] 16384 WRAM[65536, 98304] 32768 ' +
          'to NRAM[49152, 32768] 16384',
      ],
      ['endloop', 'sync', 'move NRAM[32768] DRAM 16384'],
    ),
  ],
  [
    '7.8',
    'zeros loaded where the sums come, X and W in two pieces each',
    lines(
      LOADED_78,
      'move DRAM NRAM[65536] 16384',
      'sync',
      'loop 2',
      'compute MAC_32 524288 NRAM[0, 16384] 8192 NRAM[8192, 24576] 8192 NRAM[65536] 16384 WRAM[0, 65536] 32768 ' +
        'WRAM[32768, 98304] 32768 to NRAM[65536] 16384',
      'endloop',
      'sync',
      'move NRAM[65536] DRAM 16384',
    ),
  ],
  ['7.8', 'growing slices of K, the last in column tiles', growing78()],
  [
    '7.8',
    'row tiles whose results take the place of the X before, and X that of stored results',
    lines(
      ['move DRAM WRAM[0] 131072', 'move DRAM NRAM[0] 8192', 'move DRAM NRAM[8192] 8192', 'sync'],
      ['compute MAC_32 262144 NRAM[0] 8192 WRAM[0] 131072 to NRAM[16384] 4096', 'sync'],
      ['compute MAC_32 262144 NRAM[8192] 8192 WRAM[0] 131072 to NRAM[0] 4096', 'move NRAM[16384] DRAM 4096', 'sync'],
      ['move NRAM[0] DRAM 4096', 'move DRAM NRAM[16384] 8192', 'move DRAM NRAM[4096] 8192', 'sync'],
      ['compute MAC_32 262144 NRAM[16384] 8192 WRAM[0] 131072 to NRAM[0] 4096', 'sync'],
      ['move NRAM[0] DRAM 4096', 'sync'],
      ['compute MAC_32 262144 NRAM[4096] 8192 WRAM[0] 131072 to NRAM[0] 4096', 'sync'],
      ['move NRAM[0] DRAM 4096'],
    ),
  ],
  [
    '7.8',
    'halves of rows by halves of columns',
    lines(
      LOADED_78,
      'loop 2',
      'loop 2',
      'compute MAC_32 262144 NRAM[0, 0, 16384, 16384] 16384 WRAM[0, 65536] 65536 to NRAM[32768, +4096] 4096',
      ['endloop', 'endloop', 'sync', 'move NRAM[32768] DRAM 16384'],
    ),
  ],
  ['7.9', 'row tiles of 16, double buffered', doubleBuffered79(16)],
  ['7.9', 'row tiles of 40, and what is left', doubleBuffered79(40)],
  ['7.9', 'row tiles of 64, one after the other', serialPlaced79(64)],
  [
    '7.9',
    'row tiles in two slices of K',
    lines(
      ['move DRAM WRAM[0] 131072', 'sync', 'loop 32', 'move DRAM NRAM[0] 16384', 'sync', 'move DRAM NRAM[16384] 16384'],
      ['compute MAC_32 524288 NRAM[0] 16384 WRAM[0] 65536 to NRAM[32768] 16384', 'sync'],
      ['compute MAC_32 524288 NRAM[16384] 16384 WRAM[65536] 65536 to NRAM[32768] 16384', 'sync'],
      ['move NRAM[32768] DRAM 16384', 'sync', 'endloop'],
    ),
  ],
  [
    '7.10',
    'compressed row tiles, double buffered',
    lines(
      ['move DRAM WRAM[0] 32768', 'move DRAM NRAM[0] 16384', 'sync', 'move DRAM NRAM[16384] 16384'],
      ['compute MAC_32 1048576 NRAM[0] 16384 WRAM[0] 32768 to NRAM[32768] 16384', 'sync'],
      ['loop 30', 'move DRAM NRAM[0, 16384] 16384', 'move NRAM[32768, 49152] DRAM 16384'],
      ['compute MAC_32 1048576 NRAM[16384, 0] 16384 WRAM[0] 32768 to NRAM[49152, 32768] 16384', 'sync', 'endloop'],
      ['move NRAM[32768] DRAM 16384'],
      ['compute MAC_32 1048576 NRAM[16384] 16384 WRAM[0] 32768 to NRAM[49152] 16384', 'sync'],
      ['move NRAM[49152] DRAM 16384'],
    ),
  ],
  [
    '7.11',
    'columns of each core, X by multicast, two column tiles',
    lines(
      ['move DRAM NRAM[0] 32768 mc', 'move DRAM WRAM[0] 16384', 'sync', 'move DRAM WRAM[16384] 16384'],
      ['compute MAC_32 131072 NRAM[0] 32768 WRAM[0] 16384 to NRAM[32768] 2048', 'sync'],
      ['compute MAC_32 131072 NRAM[0] 32768 WRAM[16384] 16384 to NRAM[34816] 2048', 'move NRAM[32768] DRAM 2048'],
      ['sync', 'move NRAM[34816] DRAM 2048'],
    ),
  ],
  [
    '7.11',
    'rows of each core, all through SharedRAM, both ways',
    lines(
      ['move DRAM SHARED[0] 32768', 'move DRAM SHARED[32768] 131072', 'sync'],
      ['move SHARED[0] NRAM[0] 8192', 'move SHARED[32768] WRAM[0] 131072 mc', 'sync'],
      ['compute MAC_32 262144 NRAM[0] 8192 WRAM[0] 131072 to NRAM[8192] 4096', 'sync'],
      ['move NRAM[8192] SHARED[163840] 4096', 'sync', 'move SHARED[163840] DRAM 16384'],
    ),
  ],
  [
    '7.11',
    'columns of each core in four slices of K, SharedRAM used again for Y',
    lines(
      ['move DRAM SHARED[0] 32768', 'move DRAM WRAM[0] 32768', 'sync', 'loop 4'],
      ['move SHARED[0, +8192] NRAM[0, 8192] 8192 mc', 'sync'],
      ['compute MAC_32 65536 NRAM[0, 8192] 8192 WRAM[0, +8192] 8192 to NRAM[16384] 4096', 'sync', 'endloop'],
      ['move NRAM[16384] SHARED[0] 4096', 'sync', 'move SHARED[0] DRAM 16384'],
    ),
  ],
  ['7.12', 'the best given program', pipelined712()],
  [
    '7.12',
    'passes of 128 columns, X in SharedRAM once, nothing overlaps',
    lines(
      ['move DRAM SHARED[0] 1048576', 'sync', 'loop 4', 'move DRAM WRAM[0] 131072', 'sync', 'loop 32'],
      [`move SHARED[${range(32).map((t) => t * 32768)}] NRAM[0] 32768 mc`, 'sync'],
      ['compute MAC_32 1048576 NRAM[0] 32768 WRAM[0] 131072 to NRAM[32768] 16384', 'sync'],
      ['move NRAM[32768] DRAM 16384', 'sync', 'endloop', 'endloop'],
    ),
  ],
  [
    '7.12',
    'row tiles that stay, X from DRAM once, W through the cores for each',
    lines(
      ['loop 2', 'move DRAM SHARED[0] 524288', 'sync', 'loop 4', 'move DRAM WRAM[0, 131072] 131072', 'sync', 'loop 16'],
      [`move SHARED[${range(16).map((t) => t * 32768)}] NRAM[0, 32768] 32768 mc`, 'sync'],
      ['compute MAC_32 1048576 NRAM[0, 32768] 32768'],
      ['move NRAM[65536] DRAM 16384', 'sync', 'endloop', 'endloop', 'endloop'],
    ).replace(
      'NRAM[0, 32768] 32768\n',
      `NRAM[0, 32768] 32768 WRAM[${range(32).map((t) => (t < 16 ? 0 : 131072))}] 131072 to NRAM[65536] 16384\nsync\n`,
    ),
  ],
];

const single = presets.get('textbook-single')!;
const cluster = presets.get('textbook-cluster')!;

/** How fast they are is not the question: each is held against itself. */
async function judgedAlone(id: string, text: string) {
  const shape = LAYERS[id === '7.10' ? '7.9' : (id as '7.8')];
  const compression = id === '7.10' ? { compression: { x: 1 / 2, w: 1 / 4, macs: 1 } } : {};
  const machine = /^7\.1[12]/.test(id) ? cluster : single;
  const task = { shape, machine, ...compression, serial: text, best: text };
  return judgeProgram({ kind: 'program', file: 'a.s', text }, task);
}

test.each(RIGHT)('%s, %s', async (id, _, text) => {
  const { verdict, findings } = await judgedAlone(id, text);
  expect({ verdict, first: findings[0]!.words.en }).toMatchObject({
    verdict: 'right',
    first: expect.stringContaining('It does the work of the layer'),
  });
});

const sparse = { x: 1 / 2, w: 1 / 4, macs: 1 };

/** Right as far as counting goes: without addresses no program is right, and none of these is wrong. */
const COUNTED: readonly (readonly [id: string, texts: readonly string[]])[] = [
  ['7.7', [serial(LAYERS['7.7']), innerSlices(LAYERS['7.7'], 2)]],
  ['7.8', [serial(LAYERS['7.8']), ...[2, 8, 128].map((n) => columnTiles(LAYERS['7.8'], n))]],
  ['7.8', [2, 32, 256].map((n) => innerSlices(LAYERS['7.8'], n))],
  ['7.8', [innerSlicesThenColumns(LAYERS['7.8'], 32, 8), growingSlices(LAYERS['7.8'], 32, 128, 16 / 10)]],
  ['7.9', [rowTiles(LAYERS['7.9'], 32), rowTilesSliced(LAYERS['7.9'], 32, 8), rowTilesSerial(LAYERS['7.9'], 64)]],
  ['7.10', [rowTiles(LAYERS['7.9'], 32, sparse), rowTilesSerial(LAYERS['7.9'], 64, sparse)]],
  ['7.11', [BATCH_SPLIT, COLUMN_SPLIT, SQUARE_SPLIT].map((by) => clusterShared(LAYERS['7.11'], by, true))],
  ['7.11', [BATCH_SPLIT, COLUMN_SPLIT, SQUARE_SPLIT].map((by) => clusterDirect(LAYERS['7.11'], by, true))],
  ['7.11', [clusterMixed(LAYERS['7.11'], true), clusterColumnTiles(LAYERS['7.11'], 8)]],
  ['7.11', [true, false].map((direct) => clusterColumnTilesStoredLast(LAYERS['7.11'], 8, direct))],
  [
    '7.12',
    (['mixed', 'shared', 'unicast', 'multicast'] as const).map((via) => clusterPasses(LAYERS['7.12'], 4, 32, via)),
  ],
  ['7.12', [clusterPassesSliced(LAYERS['7.12'], 4, 32, 8), clusterPassesOverlapped(LAYERS['7.12'], 4, 32, 'shared')]],
];

test.each(COUNTED)('%s without addresses', async (id, texts) => {
  for (const text of texts) {
    const { verdict, findings } = await judgedAlone(id, text);
    expect([verdict, findings[0]!.kind, findings[1]!.kind]).toEqual(['incomplete', 'no-addresses', 'correct']);
  }
});
