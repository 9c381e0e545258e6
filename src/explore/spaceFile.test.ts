/** Space files: what they mean, and what is said of wrong ones, with the place. */
import { describe, expect, test } from 'vitest';
import { allErrors, SystoleError } from '#base';
import { resolveMachine } from '#machine';
import { genomeAt, machineAt, type Space, spaceIdentity, spaceOf, valuesAt } from './space.ts';
import { parseSpace } from './spaceFile.ts';

const read = (text: string): Promise<Space> =>
  spaceOf(parseSpace(text, 'space.yaml'), { machine: resolveMachine, model: async (network) => ({ network }) });

const GOOD = `models: lenet5
machine: textbook-single
vary:
  nram.bytes: { from: 16384, to: 131072, times: 2 }
  matrix.tn: { values: [32, 8, 16], with: { matrix.ti: 0.5 } }
objectives: [time, area]
`;

test('ranges, lists and fields that change along', async () => {
  const space = await read(GOOD);
  expect(space.size).toBe(12);
  expect(space.dimensions.map((d) => d.values)).toEqual([['f32'], [16384, 32768, 65536, 131072], [8, 16, 32]]);
  const genome = genomeAt(space, 11);
  expect(valuesAt(space, genome)).toEqual({ dtype: 'f32', 'nram.bytes': 131072, 'matrix.tn': 32 });
  expect(machineAt(space, genome)).toMatchObject({ nram: { bytes: 131072 }, matrix: { tn: 32, ti: 16 } });
  const small = machineAt(space, genomeAt(space, 0));
  // The energy of an access follows the size of the memory: an eighth of the bytes, by the exponent 0.46.
  expect(small).toMatchObject({ energy: { nram: { read: 1.828 } } });
});

test('steps meet their end in spite of fractions', async () => {
  const space = await read(
    GOOD.replace(
      'nram.bytes: { from: 16384, to: 131072, times: 2 }',
      'energy.nram.read: { from: 0.1, to: 1, step: 0.1 }',
    ),
  );
  expect(space.dimensions[1]!.values).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
});

test('what is asked of results is no part of their identity, what they are made of is', async () => {
  const own = await spaceIdentity(await read(GOOD));
  expect(await spaceIdentity(await read(GOOD.replace('[time, area]', '[cycles]\nsearch: { method: random }')))).toBe(
    own,
  );
  expect(await spaceIdentity(await read(GOOD.replace('[32, 8, 16]', '[32, 8]')))).not.toBe(own);
  expect(await spaceIdentity(await read(GOOD.replace('lenet5', 'mlp')))).not.toBe(own);
});

test('values that break another rule than their type stay designs, which fail by themselves', async () => {
  const space = await read(GOOD.replace('[32, 8, 16]', '[32, 48]'));
  expect(machineAt(space, genomeAt(space, 1))).toMatchObject({ code: expect.stringMatching(/^SYS-MACHINE-/) });
});

test('rates may be quotients', async () => {
  const space = await read(
    GOOD.replace('{ from: 16384, to: 131072, times: 2 }', '[16384]').replace(
      'nram.bytes: ',
      'dram.bandwidth: [64/5, 8]\n  nram.bytes: ',
    ),
  );
  expect(machineAt(space, genomeAt(space, 0))).toMatchObject({ dram: { bandwidth: { bytes: 64, cycles: 5 } } });
});

describe('wrong files', () => {
  const said = async (text: string): Promise<readonly string[]> => {
    try {
      await read(text);
    } catch (error) {
      if (!(error instanceof SystoleError)) throw error;
      return allErrors(error).map((e) => `${e.place.line}:${e.place.column} ${e.code} ${e.message}`);
    }
    return [];
  };
  const edit = (from: string, to: string): string => {
    expect(GOOD).toContain(from);
    return GOOD.replace(from, to);
  };

  test.each([
    [edit('objectives: [time, area]', 'objectives: [time, aera]'), /^6:20 SYS-EXPLORE-012 .*Did you mean 'area'/],
    [edit('objectives', 'objektives'), /^6:1 SYS-EXPLORE-011 .*Did you mean 'objectives'/],
    [edit('nram.bytes', 'nram.byte'), /^4:3 SYS-EXPLORE-020 .*Did you mean 'nram.bytes'/],
    [edit('matrix.ti', 'matrix.tx'), /^5:45 SYS-EXPLORE-020/],
    [edit('times: 2', 'times: 1'), /^4:49 SYS-EXPLORE-012 'vary.nram.bytes.times' is 1, expected a number above 1/],
    [edit('times: 2', 'tims: 2'), /^4:42 SYS-EXPLORE-011 .*Did you mean 'times'/],
    [edit(', times: 2', ''), /^4:15 SYS-EXPLORE-021/],
    [edit('[32, 8, 16]', '[32, 8, 32]'), /SYS-EXPLORE-025/],
    [edit('matrix.ti: 0.5', 'nram.bytes: 1'), /SYS-EXPLORE-022/],
    [edit('textbook-single', 'textbok-single'), /^2:10 SYS-MACHINE-013/],
    [edit('machine: textbook-single', 'machine: tpu-v1').replace('time,', 'energy,'), /SYS-EXPLORE-023/],
    [`${GOOD}constraints: { area: { most: many } }\n`, /^7:30 SYS-EXPLORE-012 .*'many', expected a number/],
    [`${GOOD}constraints: { aera: { most: 4 } }\n`, /^7:16 SYS-EXPLORE-011 .*Did you mean 'area'/],
    [
      `${GOOD}search: { method: nsga3 }\n`,
      /^7:19 SYS-EXPLORE-012 .* expected one of exhaustive, random, nsga2\. Did you mean 'nsga2'/,
    ],
    [
      `${GOOD}search: { method: exhaustive, budget: 5 }\n`,
      /^7:31 SYS-EXPLORE-028 'search.budget' is of random and nsga2/,
    ],
    [
      `${GOOD}search: { method: random, population: 8 }\n`,
      /^7:27 SYS-EXPLORE-028 .*is of nsga2, and the method is random/,
    ],
    [`${GOOD}constraints: { area: { least: 5, most: 2 } }\n`, /^7:22 SYS-EXPLORE-027 .*at least 5 and at most 2/],
    [
      edit('[time, area]', '[]'),
      /^6:13 SYS-EXPLORE-012 'objectives' is \[ \], expected a list of one to four measures/,
    ],
    [edit('models', 'modles'), /SYS-EXPLORE-013 .*expected the name of a network or an ONNX file/],
    [
      edit('{ values: [32, 8, 16], with: { matrix.ti: 0.5 } }', '[]'),
      /^5:14 SYS-EXPLORE-012 .*a list of values, or a range/,
    ],
    [
      edit('[32, 8, 16]', '[32, foo]'),
      /^5:29 SYS-EXPLORE-012 'matrix.tn' is 'foo', expected a whole number, at least 1/,
    ],
    [edit('[32, 8, 16]', '[32, 3.5, -5]'), /^5:34 SYS-EXPLORE-012 'matrix.tn' is -5/],
    [edit('from: 16384', 'from: 0.5'), /^4:15 SYS-EXPLORE-012 'nram.bytes' is 0.5, expected a whole number of bytes/],
    [
      edit('nram.bytes: { from: 16384, to: 131072, times: 2 }', 'dram.bandwidth: [64/5, 64/0]'),
      /^4:26 SYS-EXPLORE-012 .*"64\/5"/,
    ],
    [`${GOOD}dtype: [f32, f31]\n`, /^7:14 SYS-EXPLORE-012/],
    [`${GOOD}vary: {}\n`, /^7:1 SYS-EXPLORE-010 this is not valid YAML/],
    [edit('lenet5', '[lenet5'), /SYS-EXPLORE-010/],
    ['machine: textbook-single\n', /SYS-EXPLORE-013 key 'models' is missing: expected the name of a network/],
    ['- 1\n', /SYS-EXPLORE-012 'space' is \[ … \], expected a mapping/],
    ['', /SYS-EXPLORE-01/],
    [
      'a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n',
      /SYS-EXPLORE-010/,
    ],
  ])('%#: %s', async (text, expected) => {
    const all = await said(text);
    expect(all.find((line) => expected.test(line)) ?? all.join('\n')).toMatch(expected);
  });
});
