/** The programs of exercises 7.7 to 7.12 as they were handed out with the source are those of the exercises, statement by statement. */
import { existsSync, readFileSync } from 'node:fs';
import { assembleProgram } from 'systole/isa';
import { presets } from 'systole/machine';
import { describe, expect, test } from 'vitest';
import {
  BATCH_SPLIT,
  COLUMN_SPLIT,
  clusterColumnTiles,
  clusterMixed,
  clusterPasses,
  clusterPassesOverlapped,
  clusterPassesSliced,
  clusterShared,
  columnTiles,
  innerSlices,
  innerSlicesThenColumns,
  LAYERS,
  rowTiles,
  rowTilesSerial,
  rowTilesSliced,
  serial,
} from './programs.ts';
import { run } from './schedule.ts';

const PROGRAMS = '../shared/course/programs';
const sparse = { x: 1 / 2, w: 1 / 4 };

const OWN: Readonly<Record<string, string>> = {
  '7.7_overlap': innerSlices(LAYERS['7.7'], 2),
  '7.7_serial': serial(LAYERS['7.7']),
  '7.8_db8': columnTiles(LAYERS['7.8'], 8),
  '7.8_k32': innerSlices(LAYERS['7.8'], 32),
  '7.8_k32_tail': innerSlicesThenColumns(LAYERS['7.8'], 32, 8),
  '7.8_serial': serial(LAYERS['7.8']),
  '7.9_db_B32': rowTiles(LAYERS['7.9'], 32),
  '7.9_db_sliced_B32': rowTilesSliced(LAYERS['7.9'], 32, 8),
  '7.9_serial_B64': rowTilesSerial(LAYERS['7.9'], 64),
  '7.10_db_B32': rowTiles(LAYERS['7.9'], 32, { ...sparse, macs: 1 }),
  '7.10_db_B32_sparse8': rowTiles(LAYERS['7.9'], 32, { ...sparse, macs: 1 / 8 }),
  '7.10_serial_B64': rowTilesSerial(LAYERS['7.9'], 64, { ...sparse, macs: 1 }),
  '7.11_db8': clusterColumnTiles(LAYERS['7.11'], 8),
  '7.11_serial_batch_shared': clusterShared(LAYERS['7.11'], BATCH_SPLIT, true),
  '7.11_serial_cols_shared': clusterShared(LAYERS['7.11'], COLUMN_SPLIT, true),
  '7.11_serial_mixed': clusterMixed(LAYERS['7.11'], true),
  '7.12_best_P4_B32': clusterPassesSliced(LAYERS['7.12'], 4, 32, 8),
  '7.12_db_P4_B32': clusterPassesOverlapped(LAYERS['7.12'], 4, 32, 'shared'),
  '7.12_serial_P4_B32': clusterPasses(LAYERS['7.12'], 4, 32, 'mixed'),
};

describe.skipIf(!existsSync(PROGRAMS))(`programs handed out (skipped where ${PROGRAMS} is absent)`, () => {
  test.each(Object.entries(OWN))('%s', (name, own) => {
    const machine = presets.get(/^7\.1[12]/.test(name) ? 'textbook-cluster' : 'textbook-single')!;
    const text = readFileSync(`${PROGRAMS}/${name}.asm`, 'utf8');
    const work = (program: string) => {
      const { cycles, total } = run(program, machine);
      return { cycles, total, words: assembleProgram(program, { file: name, machine }).words.length };
    };
    const [theirs, ours] = [work(text), work(own)];
    expect([theirs.cycles, theirs.total.readBytes, theirs.total.writeBytes, theirs.total.macs]).toEqual([
      ...[ours.cycles, ours.total.readBytes, ours.total.writeBytes, ours.total.macs],
    ]);
  });
});
