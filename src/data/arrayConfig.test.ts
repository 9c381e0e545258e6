/** SCALE-Sim's configurations: both generations, and what is refused where. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorOf } from '../../test/support/errorText.ts';
import { readArrayConfig } from './arrayConfig.ts';

const OLD = `[general]
run_name = "eyeriss"

[architecture_presets]
ArrayHeight:    12
ArrayWidth:     14
IfmapSramSz:    108
FilterSramSz:   108
OfmapSramSz:    54
Dataflow:       os
`;
const NEW = `# a comment
[general]
run_name = run
[architecture_presets]
ArrayHeight : 32
ArrayWidth : 16
ifmapsramszkB : 64
FilterSramSzkB : 64
OfmapSramSzkB : 32
Bandwidth : 10
Dataflow : ws
[run_presets]
InterfaceBandwidth: USER
UseRamulatorTrace: True
[sparsity]
SparsitySupport : true
SparseRep : csc
OptimizedMapping : false
`;

test('both generations', () => {
  expect(readArrayConfig(OLD, 'a.cfg')).toEqual({
    runName: 'eyeriss',
    rows: 12,
    columns: 14,
    dataflow: 'output-stationary',
    ifmapWords: 108 * 1024,
    filterWords: 108 * 1024,
    ofmapWords: 54 * 1024,
    bandwidth: undefined,
    sparsity: undefined,
    beyond: [],
  });
  expect(readArrayConfig(NEW, 'b.cfg')).toMatchObject({
    runName: 'run',
    dataflow: 'weight-stationary',
    ifmapWords: 65536,
    bandwidth: 10,
    sparsity: 'csc',
    beyond: [{ setting: 'UseRamulatorTrace', place: { file: 'b.cfg', line: 14, column: 20 } }],
  });
  expect(readArrayConfig(NEW.replace('USER', 'CALC'), 'b.cfg').bandwidth).toBeUndefined();
});

test.each([
  ['no setting', NEW.replace('ArrayHeight : 32', 'ArrayHeight 32'), 'SYS-DAT-098', 5, 1],
  ['before any section', 'run_name = a', 'SYS-DAT-098', 1, 1],
  ['no number', NEW.replace('ArrayWidth : 16', '  ArrayWidth : 16.5'), 'SYS-DAT-099', 6, 16],
  ['missing', NEW.replace('ArrayWidth', 'AraryWidth'), 'SYS-DAT-099', 4, 1],
  ['bandwidths that differ', NEW.replace(': 10', ': 10, 20, 10'), 'SYS-DAT-099', 10, 13],
  ['unknown dataflow', NEW.replace(': ws', ': rs'), 'SYS-DAT-099', 11, 12],
  ['no way of bandwidth', NEW.replace('USER', 'MINE'), 'SYS-DAT-099', 13, 21],
  ['unknown form of sparse filters', NEW.replace('csc', 'coo'), 'SYS-DAT-099', 17, 13],
  ['a run that leaves the folder', NEW.replace('= run', '= ../run'), 'SYS-DAT-099', 3, 12],
  ['empty', '', 'SYS-DAT-099', 1, undefined],
] as const)('refused with its place: %s', (_what, text, code, line, column) => {
  const error = errorOf(() => readArrayConfig(text, 'a.cfg'));
  expect(error).toMatchObject({ code, place: { file: 'a.cfg', line } });
  expect((error as { place: { column?: number } }).place.column).toBe(column);
});

const FOLDER = '../shared/data/scale-sim';

test.skipIf(!existsSync(FOLDER))(`published configurations (skipped where ${FOLDER} is absent)`, () => {
  const files = globSync(`${FOLDER}/*/configs/*.cfg`);
  expect(files).toHaveLength(16);
  for (const file of files) expect(readArrayConfig(readFileSync(file, 'utf8'), file).rows).toBeGreaterThan(11);
});
