/** Numbers that are handed in by name: the question says the names, and answers in the exercises' own text are known where they are not the one. */
import { defaults, type Exercise, machineOfName } from 'systole/course';
import { expect, test } from 'vitest';
import { digitsInUse, exercises } from './index.ts';
import { withoutMnist } from './mnist.ts';
import { configure, given } from './settings.ts';

const judged = async (id: string, values: Readonly<Record<string, number>>) => {
  const exercise: Exercise = (await exercises.find((e) => e.id === id)!.load()).exercise;
  return { exercise, ...(await exercise.judge!({ kind: 'numbers', values }, defaults(exercise.parameters))) };
};

/** What a student finds who is right, by the source's table and rounded as the question allows. */
const RIGHT: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '1.3': { separable2: 14, separable3: 104, xor: 3 },
  '2.3': { delta1: 0.126, delta2: 0.0282, delta3: -0.309, delta4: 0.154 },
  '2.4': { sigmoidMin: 4.54e-5, reluMin: 0, reluMax: 10, preluMin: -0.1, preluMax: 10, eluMin: -0.01, eluMax: 10 },
  '2.5': { ridge: 0.667, large: -0.3, small: 0 },
  '2.6': { origin: 0.25, at2: 0.105 },
  '2.7': { origin: 1, at1: 0.354 },
  '2.8': { matrices: 3, biases: 3, y1: 0.5, y2: 0.75, label: 1 },
  '2.9': { agree: 10, alternate: 0.526, agreeMinus: 0.667, alternateMinus: 2 },
  '2.10': { dw: -1.215, db: -1.74, swish: 0.5, signlog: 1 },
  '3.2': {
    ...{ alexnetMul: 724406816, alexnetAdd: 724406816, vgg19Mul: 19632062464, vgg19Add: 19632062464 },
    ...{ resnet152Mul: 11513626624, resnet152Add: 11491072512 },
  },
  '3.3': { iou: 1 / 7, all: 0.625, eleven: 0.614, raw: 0.604 },
  '3.6': { rcnn: 3.09e13, fast: 4.23e11, faster: 2.25e11 },
  '3.7': { gate: 0.679, candidate: 0.635, cell: 0.567, state: 0.349, parameters: 2480 },
  '3.8': { d1: 0.714, d2: 0.5, d3: 0.286, value: -1.253, jsd: 0.0664, even: -1.386 },
  '3.9': { g11: 14, g12: 32, g22: 77, loss: 56.76 },
  '4.3': { macs: 64e9, products: 16e6 },
  '4.5': { first: -73.9, second: -96.8, third: -113.68 },
  '4.6': { cropWidth: 437, cropHeight: 328, cropX: 31, cropY: 23 },
  '4.8': { rate9999: 0.1, rate10000: 0.09, rate100000: 0.0349, smooth5000: 0.0949 },
  '4.11': { modern: 61706, original: 60000, c1: 117600, c3: 240000, c5: 48000, f6: 10080, out: 840 },
  '5.4': {
    ...{ caffe1: -103.939, caffe2: -116.779, caffe3: 131.32, tf1: 1, tf2: -1, tf3: -1 },
    ...{ torch1: 2.249, torch2: -2.036, torch3: -1.804 },
  },
  '5.6': { same: 112, valid: 109 },
  '5.9': { smallest: 5.96e-8, largest: 65504, half: 1, master: 1.1 },
  '6.1': { passes: 256 },
  '6.4': { gain: 1.178 },
  '6.7': { maxOverMean: 2.468, maxOverMin: 54.24, tiles: 2772 },
  '6.12': { im2col: 389376, expansion: 9 },
  '7.1': { a100: 153, mlu100: 625, tpuv4: 229 },
  '7.2': { cache128: 8192, pinned128: 6144, cache256: 4096 },
  '7.3': { x: 512, w: 2048, y: 256, transfers: 3 },
  '7.4': { instructions: 130, cycles: 1029.9 },
  '7.5': { inOrder: 157696, oneBuffer: 157696, renamed: 133888, gain: 1.178 },
  '7.6': { wide: 256, narrow: 256, plain: 16 },
};

test('every question says the names of its numbers, and right ones are found right', async () => {
  const untold: string[] = [];
  const others: string[] = [];
  for (const { id, load } of exercises) {
    if ((await load()).exercise.judge === undefined) continue;
    const { exercise, findings } = await judged(id, { ...RIGHT[id], none: 1 });
    const list = /The numbers are: (.*)\.$/.exec(findings[0]!.words.en)?.[1]?.split(', ') ?? [];
    const { en, zh } = exercise.asked;
    untold.push(
      ...list.filter((name) => ![en, zh].every((text) => text.includes(`\`${name}\``))).map((n) => `${id} ${n}`),
    );
    if (RIGHT[id] === undefined) continue;
    for (const { kind, words } of findings.slice(1)) if (kind !== 'correct') others.push(`${id} ${words.en}`);
    if (Object.keys(RIGHT[id]).length !== list.length) others.push(`${id} asks for ${list}`);
  }
  expect({ untold, others }).toEqual({ untold: [], others: [] });
});

test('an exercise judges answers, or says what it asks for instead', async () => {
  const both: string[] = [];
  for (const { id, load } of exercises) {
    const { judge, answeredBy } = (await load()).exercise;
    if ((judge === undefined) === (answeredBy === undefined)) both.push(id);
  }
  expect(both).toEqual([]);
});

test.each([
  ['2.6', { answer: 0.5 }, 'not the slope'],
  ['2.8', { matrices: 2 }, 'none for the output'],
  ['2.10', { dw: -1.215, db: 1.735844372836027 }, 'wrong sign'],
  ['3.7', { parameters: 2560 }, 'two biases'],
  ['4.8', { rate10000: 0.1 }, 'too late'],
  ['5.4', { caffe1: 151.061 }, 'BGR'],
  ['7.2', { cache128: 6144 }, 'LRU'],
  ['6.2', { answer: 3.8 }, 'roofline'],
  ['6.2', { answer: 5.69 }, 'the rest takes 5 %'],
  ['7.10', { macs: 4194304, bytes: 1703936 }, '--skip both'],
] as const)('%s %o', async (id, values, why) => {
  const { verdict, findings } = await judged(id, values);
  expect(verdict).toBe('wrong');
  expect(findings[0]!.words.en).toContain(why);
});

test('3.1: a right number without its name, and running statistics counted', async () => {
  const { verdict, findings } = await judged('3.1', { answer: 60965224, resnet152: 60344232 });
  expect([verdict, ...findings.map((f) => f.kind)]).toEqual(['wrong', 'wrong-number', 'unnamed', 'missing-number']);
  expect(findings[0]!.words.en).toContain('running means and variances');
  expect(findings[1]!.words.en).toContain('alexnet=60965224');
});

test.each([
  ['2.2', { total: 22538 }, 'right'],
  // The published error of the exercise, which is known without a name.
  ['3.1', { answer: 60955224 }, 'wrong'],
  ['7.9', { answer: 131600 }, 'refused'],
  ['7.9', { answer: 7 }, 'refused'],
] as const)('%s %o: %s', async (id, values, expected) => {
  expect((await judged(id, values)).verdict).toBe(expected);
});

test('cycles of the best program are no number that is asked for: the program is', async () => {
  const { findings } = await judged('7.9', { answer: 131600 });
  expect(findings.map((f) => f.kind)).toEqual(['not-asked']);
});

test('a machine on which the programs of an exercise do not run is named, and no file that a reader has not', async () => {
  const { exercise } = await exercises.find((e) => e.id === '7.11')!.load();
  const values = { ...defaults(exercise.parameters), machine: machineOfName('textbook-single') };
  const thrown = await Promise.resolve()
    .then(() => exercise.judge!({ kind: 'numbers', values: { macs: 1 } }, values))
    .catch((error: Error) => error);
  expect(thrown).toMatchObject({ code: 'SYS-COURSE-003', place: {} });
  expect(String(thrown)).not.toContain('reference.s');
});

test('digits in use are told, and a folder that is none of MNIST', async () => {
  expect((await withoutMnist(digitsInUse)).en).toContain('not MNIST');
  const { mnist } = given();
  configure({ mnist: import.meta.dirname });
  expect((await digitsInUse()).en).toContain('cannot be read');
  configure({ mnist });
});
