/** SCALE-Sim's topologies: both forms, what may stand around the layers, and what is refused. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { errorOf } from '../../test/support/errorText.ts';
import { readTopology } from './topology.ts';

const HEAD = 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n';

test('convolutions', () => {
  // ⌈(224 − 11 + 4) ÷ 4⌉ = 55; 11 · 11 · 3 = 363.
  expect(readTopology(`\ufeff${HEAD}Conv1, 224, 224, 11, 11, 3, 96, 4,\n\nsection,,,,,,,,\n`, 'x.csv')).toEqual([
    { name: 'Conv1', pixels: 3025, filters: 96, reduction: 363 },
  ]);
});

test('matrix products', () => {
  expect(readTopology('Layer,M,N,K,\r\nQKV,197,2304,768,\r\n', 'x.csv')).toEqual([
    { name: 'QKV', pixels: 197, filters: 2304, reduction: 768 },
  ]);
});

test('what is refused, with file and line', () => {
  const refused = (text: string) => errorOf(() => readTopology(text, 'x.csv'));
  expect(refused('')).toMatchObject({ code: 'SYS-DAT-020', place: { file: 'x.csv', line: 1 } });
  expect(refused('a,b,c\n1,2,3')).toMatchObject({ code: 'SYS-DAT-020' });
  expect(refused(`${HEAD}c,8,8,3,3,x,4,1`)).toMatchObject({ code: 'SYS-DAT-021', place: { line: 2 } });
  expect(refused(`${HEAD}c,8,8,3,3,0,4,1`)).toMatchObject({ code: 'SYS-DAT-021' });
  expect(refused(`${HEAD}\nc,8,2,3,3,1,4,1`)).toMatchObject({ code: 'SYS-DAT-022', place: { line: 3 } });
});

const FOLDER = '../shared/data/scale-sim';

describe.skipIf(!existsSync(FOLDER))(`published topologies (skipped where ${FOLDER} is absent)`, () => {
  test('are read, or refused with the line', () => {
    let layers = 0;
    const refused: string[] = [];
    for (const file of globSync(`${FOLDER}/*/topologies/**/*.csv`)) {
      try {
        layers += readTopology(readFileSync(file, 'utf8'), file).length;
      } catch (error) {
        if (!(error instanceof SystoleError)) throw error;
        refused.push(`${file.slice(FOLDER.length + 1)}:${error.place.line} ${error.code}`);
      }
    }
    // Templates and tables with gaps in them.
    expect(refused.filter((r) => !r.endsWith('SYS-DAT-021'))).toEqual([]);
    expect(refused.length).toBeLessThan(12);
    expect(layers).toBeGreaterThan(4000);
  });
});
