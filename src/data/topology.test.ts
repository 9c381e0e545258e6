/** SCALE-Sim's topologies: both forms, what may stand around the layers, and what is refused. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allErrors, SystoleError } from '#base';
import { errorOf } from '../../test/support/errorText.ts';
import { readTopology, type TopologyForm } from './topology.ts';

const HEAD = 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n';

test('convolutions', () => {
  // ⌈(224 − 11 + 4) ÷ 4⌉ = 55; 11 · 11 · 3 = 363.
  expect(readTopology(`\ufeff${HEAD}Conv1, 224, 224, 11, 11, 3, 96, 4,\n\nsection,,,,,,,,\n`, 'x.csv')).toEqual([
    {
      name: 'Conv1',
      pixels: 3025,
      filters: 96,
      reduction: 363,
      convolution: { height: 224, width: 224, filterHeight: 11, filterWidth: 11, channels: 3, stride: 4 },
    },
  ]);
  // Depthwise: a layer for each channel.
  const depthwise = readTopology(`${HEAD}DP1, 8, 8, 3, 3, 32, 1, 1`, 'x.csv');
  expect(depthwise).toHaveLength(32);
  expect(depthwise[31]).toMatchObject({ name: 'DP1Channel_31', reduction: 9 });
});

test('matrix products', () => {
  expect(readTopology('Layer,M,N,K,\r\nQKV,197,2304,768,\r\n', 'x.csv')).toEqual([
    { name: 'QKV', pixels: 197, filters: 2304, reduction: 768 },
  ]);
  // A comma at the end or none; the sparsity has its own column; dense is said as 1:1, or not at all.
  const head = 'Layer, M, N, K, Sparsity,\n';
  const kept = ['2:4,', '2:4', '1:1,', ''].map((cell) => readTopology(`${head}a,1,2,8,${cell}`, 'x.csv')[0]!.sparsity);
  expect(kept).toEqual([{ kept: 2, of: 4 }, { kept: 2, of: 4 }, undefined, undefined]);
  // A first line that says nothing is skipped where the form is given.
  expect(readTopology('anything\na,1,2,3,', 'x.csv', 'gemm')).toMatchObject([{ pixels: 1, filters: 2, reduction: 3 }]);
});

test('what is refused, with file, line and column', () => {
  const refused = (text: string, form?: TopologyForm) => errorOf(() => readTopology(text, 'x.csv', form));
  expect(refused('')).toMatchObject({ code: 'SYS-DAT-020', place: { file: 'x.csv', line: 1 } });
  expect(refused('a,b,c\n1,2,3')).toMatchObject({ code: 'SYS-DAT-020' });
  expect(refused(`${HEAD}c,8,8,3,3,x,4,1`)).toMatchObject({ code: 'SYS-DAT-021', place: { line: 2, column: 11 } });
  expect(refused(`${HEAD}c,8,8,3,3,0,4,1`)).toMatchObject({ code: 'SYS-DAT-021' });
  expect(refused(`${HEAD}\nc,8,2,3,3,1,4,1`)).toMatchObject({ code: 'SYS-DAT-022', place: { line: 3, column: 9 } });
  expect(refused(`${HEAD}c, 8, 8, 3, 3`)).toMatchObject({ code: 'SYS-DAT-021', place: { line: 2, column: 14 } });
  expect(refused('Layer, M, N, K, Sparsity\na,1,2,8,5:4')).toMatchObject({
    code: 'SYS-DAT-096',
    place: { line: 2, column: 9, length: 3 },
  });
  expect(refused(HEAD, 'gemm')).toMatchObject({ code: 'SYS-DAT-097' });
  // All wrong rows are named at once.
  const error = errorOf(() => readTopology(`${HEAD}a,8,8,3,3,x,4,1\nb,8,8,3,3,1,4,1\nc,8,8,9,3,1,4,y`, 'x.csv'));
  expect(allErrors(error as SystoleError).map((e) => [e.place.line, e.place.column])).toEqual([
    [2, 11],
    [4, 15],
    [4, 7],
  ]);
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
    // Templates (B in place of a number) and tables with gaps, which SCALE-Sim cannot read either.
    const gaps = /(?:LSTM_template|MLPERF|Sentimental_seqLSTM|CSV\/LSTM)\.csv:\d+ SYS-DAT-021$/;
    expect(refused.filter((r) => !gaps.test(r))).toEqual([]);
    expect(refused).toHaveLength(10);
    expect(layers).toBeGreaterThan(4000);
  });
});
