/** What counting alone says of programs, programs with data, and numbers by name. The course's own answers are in course/chapter7/answers. */

import { expect, test } from 'vitest';
import { presets } from '#machine';
import type { Judged, Submission } from '../judge.ts';
import { judgeNumbers } from './numbers.ts';
import { judgeProgram, layerBound, type ProgramTask } from './program.ts';
import { heldTo, speedRemarks } from './speed.ts';
import { layerWork } from './work.ts';

const machine = presets.get('textbook-single')!;
/** Y = X·W of 4 × 64 by 64 × 16: 16 cycles of computation. */
const shape = { rows: 4, inner: 64, columns: 16 };
const SERIAL = `move DRAM WRAM 4096
move DRAM NRAM 1024
sync
compute MAC_32 4096
sync
move NRAM DRAM 256
`;
const SWAPPED = SERIAL.replace('WRAM 4096', 'NRAM 4096').replace('NRAM 1024', 'WRAM 1024');
const task: ProgramTask = { shape, machine, serial: SERIAL, best: SERIAL };
const program = (text: string): Submission => ({ kind: 'program', file: 'a.s', text });

/** Verdict, and the kinds of what was found with their lines. */
async function said(text: string, of: ProgramTask = task): Promise<string> {
  const { verdict, findings } = await judgeProgram(program(text), of);
  return [verdict, ...findings.map((f) => `${f.kind}${f.line === undefined ? '' : ` ${f.line}`}`)].join(', ');
}

test('the bound is that of computation or of the memory', () => {
  expect(layerBound(layerWork(shape, machine), machine)).toEqual({ compute: 16, bandwidth: 84 });
});

test.each([
  ['as it should be', SERIAL, 'incomplete, no-addresses, correct'],
  ['stored before it is computed', SERIAL.replace('sync\nmove NRAM', 'move NRAM'), 'wrong, missing-sync 5'],
  [
    'loaded after it is computed',
    'sync\ncompute MAC_32 4096\nsync\nmove DRAM WRAM 4096\nmove DRAM NRAM 1024\nmove NRAM DRAM 256\n',
    'wrong, too-early 2',
  ],
  [
    'a multiply-accumulate counted twice',
    SERIAL.replace('MAC_32 4096', 'MAC_32 8192'),
    'wrong, wrong-work, wrong-count 4',
  ],
  ['W into NRAM', SERIAL.replace('WRAM', 'NRAM'), 'wrong, wrong-work, wrong-memory 1'],
  ['X into WRAM and W into NRAM', SWAPPED, 'wrong, wrong-work, swapped-memories 1'],
  ['stored in part', SERIAL.replace('DRAM 256', 'DRAM 64'), 'wrong, not-stored, wrong-size 6'],
  ['added, not multiplied', SERIAL.replace('MAC', 'ADD'), 'wrong, wrong-unit 4'],
  ['endless', `loop 60000\nloop 60000\n${SERIAL}endloop\nendloop\n`, 'refused, too-long'],
  ['X loaded twice', `move DRAM NRAM 1024\n${SERIAL}`, 'incomplete, slower-than-serial, no-addresses, more-traffic'],
])('counted: %s', async (_, text, expected) => {
  expect(await said(text)).toBe(expected);
});

test('operands that are not those of the product', async () => {
  const placed = `move DRAM WRAM[0] 4096
move DRAM NRAM[0] 1024
sync
compute MAC_32 4096 NRAM[0] 1024 WRAM[0] 4096 to NRAM[1024] 256
sync
move NRAM[1024] DRAM 256
`;
  expect(await said(placed)).toBe('right, correct');
  expect(await said(placed.replace('NRAM[0] 1024 WRAM', 'NRAM[0] 512 WRAM'))).toBe('wrong, wrong-operands 4');
  expect(await said(placed.replace('WRAM[0] 4096 to', 'WRAM[4096] 4096 to'))).toBe('wrong, never-written 4');
});

test('what lies where', async () => {
  const compute = (x: string, w: string, y: string) =>
    `compute MAC_32 2048 NRAM[${x}] 512 WRAM[${w}] 2048 to NRAM[${y}] 256\n`;
  const loads = 'move DRAM WRAM[0] 4096\nmove DRAM NRAM[0] 1024\nsync\n';
  const store = 'sync\nmove NRAM[1024] DRAM 256\n';
  // Two slices of the inner dimension, added in one place.
  expect(await said(loads + compute('0', '0', '1024') + compute('512', '2048', '1024') + store)).toBe('right, correct');
  expect(await said(loads + compute('0', '0', '1024') + compute('512', '0', '1024') + store)).toBe(
    'wrong, multiplied-again 5',
  );
  expect(await said(loads + compute('0', '0', '1024') + compute('512', '2048', '512') + store)).toBe(
    'wrong, operands-overlap 5',
  );
  const early = `${loads}${compute('0', '0', '1024')}sync\nmove NRAM[1024] DRAM 128\nsync\n${compute('512', '2048', '1024')}`;
  expect(await said(`${early}sync\nmove NRAM[1152] DRAM 128\n`)).toBe('wrong, partial-sums 6');
  // What needs an address and has none.
  const bare = loads + compute('0', '0', '1024').replace('WRAM[0] 2048 ', '') + compute('512', '2048', '1024') + store;
  expect(await said(bare)).toBe('incomplete, no-addresses 4, correct');
});

test('slips of unit, and of cores', async () => {
  const scaled = (by: number) =>
    SERIAL.replace(/(move \w+ \w+) (\d+)/g, (_, m: string, n: string) => `${m} ${Math.ceil(Number(n) * by)}`);
  expect(await said(scaled(1 / 4))).toBe('wrong, wrong-unit-of-size');
  expect(await said(scaled(4))).toBe('wrong, wrong-unit-of-size');
  expect(await said(scaled(1000 / 1024))).toBe('wrong, wrong-unit-of-size');
  const cluster = presets.get('textbook-cluster')!;
  expect(await said(SERIAL, { ...task, machine: cluster })).toBe('wrong, runs-on-every-core');
});

test('a store in the loop of slices belongs behind it', async () => {
  const slices = `loop 4
move DRAM WRAM 1024
move DRAM NRAM 256
sync
compute MAC_32 1024
sync
move NRAM DRAM 256
sync
endloop
`;
  expect(await said(slices)).toBe('wrong, wrong-work, store-in-loop 7');
  expect(await said(slices.replace('DRAM 256\nsync\nend', 'DRAM 64\nsync\nend'))).toBe('wrong, partial-sums 7');
});

test('speed is remarked upon, and may be asked for', async () => {
  const judged = await judgeProgram(program(SERIAL), {
    ...task,
    best: SERIAL.replace('compute MAC_32 4096\nsync', 'compute MAC_32 1'),
  });
  expect(judged.findings.map((f) => f.kind)).toEqual(['no-addresses', 'correct', 'no-overlap']);
  const right: Judged = { verdict: 'right', findings: [], figures: { efficiency: 0.6, best: 110, bound: 100 } };
  expect(heldTo(right, 0.6)).toBe(right);
  expect(heldTo(right, 0.9)).toMatchObject({ verdict: 'incomplete', findings: [{ kind: 'too-slow' }] });
  expect(heldTo({ ...right, verdict: 'wrong' }, 0.9).verdict).toBe('wrong');
  const waits = { head: 1, tail: 2, gaps: 3 };
  expect(speedRemarks(120, { serial: 200, best: 101, bound: 100 }, waits).map((f) => f.kind)).toEqual([
    'far-from-bound',
  ]);
  expect(speedRemarks(110, { serial: 200, best: 101, bound: 100 }, waits)).toEqual([]);
});

test('four cores: each its part', async () => {
  const cluster = presets.get('textbook-cluster')!;
  const columns = `move DRAM NRAM 1024 mc
move DRAM WRAM 1024
sync
compute MAC_32 1024
sync
move NRAM DRAM 64
`;
  const of = { ...task, machine: cluster, serial: columns, best: columns };
  expect(await said(columns, of)).toBe('incomplete, no-addresses, correct');
  // Rows cut as well as columns leaves most of the product out.
  expect(await said(columns.replace('NRAM 1024 mc', 'NRAM 256'), of)).toContain('wrong, wrong-work');
  expect(await said(columns.replace('MAC_32 1024', 'MAC_32 4096'), of)).toBe('wrong, wrong-work, wrong-count 4');
});

const WITH_DATA = `.input x, 0, f32[4, 64]
.input w, 1024, f32[64, 16]
.output y, 5120, f32[4, 16]
cfg.dimi R0, 0, 256, 4
cfg.dimi R1, 0, 1024, 4
cfg.dimi R2, 0, 64, 4
cfg.dimi R3, 0, 4, 256
cfg.dimi R4, 0, 64, 4
cfg.dimi R5, 0, 4, 64
cfg.dimi R5, 4, 16, 64
li r1, 1024
li r2, 5120
load nram, r0, r0, R0, R0, f32
load wram, r0, r1, R1, R1, f32
sync
mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
sync
store nram, r2, r1, R2, R2, f32
halt
`;

test.each([
  ['its results are right', WITH_DATA, 'right, correct'],
  ['a race', WITH_DATA.replace('drain\nsync', 'drain'), 'wrong, never-written 17'],
  ['results of a part', WITH_DATA.replace('R4, 0, 64, 4', 'R4, 0, 63, 4'), 'wrong, wrong-results'],
  ['another output', WITH_DATA.replace('f32[4, 16]', 'f32[16, 4]'), 'wrong, wrong-operands'],
])('a program of the instruction set: %s', async (_, text, expected) => {
  expect(await said(text)).toBe(expected);
});

test('numbers by name: slips that are known, factors, what is missing', () => {
  const words = { en: 'parameters', zh: '参数' };
  const slips = [{ value: 22016, words: { en: 'biases are left out', zh: '漏掉偏置' } }];
  const fields = [
    { name: 'total', words, expected: 22538, slips },
    { name: 'bytes', words: { en: 'bytes', zh: '字节' }, expected: 90152 },
  ];
  const judge = (values: Readonly<Record<string, number>>): readonly string[] => {
    const { verdict, findings } = judgeNumbers({ kind: 'numbers', values }, fields);
    return [verdict, ...findings.map((f) => f.words.en)];
  };
  expect(judge({ total: 22538, bytes: 90152 })[0]).toBe('right');
  expect(judge({ total: 22016, bytes: 22538 })).toEqual([
    'wrong',
    'total (parameters): 22016 is not right. That is what comes out where biases are left out.',
    'bytes (bytes): 22538 is not right. It is a quarter: elements of 32 bits instead of bytes, or one core of four.',
  ]);
  expect(judge({ total: 22537 })).toEqual([
    'wrong',
    'total (parameters): 22537 is not right. It is too small, by less than 1 %.',
    'bytes (bytes) is not given.',
  ]);
  // Nothing is wrong with a number whose name alone is missing; of several, one line says which.
  expect(judge({ answer: 22538 })).toEqual([
    'incomplete',
    '22538 is total (parameters). Several numbers are asked for, so say which it is: total=22538.',
    'bytes (bytes) is not given.',
  ]);
  // One that fits nothing may be any of them: it is not wrong, and nothing is missing that was not begun.
  expect(judge({ answer: 22537 })).toEqual([
    'refused',
    'Say which number it is: NAME=NUMBER. The numbers are: total, bytes.',
  ]);
  expect(judge({ answer: 22016 })).toEqual([
    'wrong',
    'total (parameters): 22016 is not right. That is what comes out where biases are left out.',
  ]);
  expect(judge({ answer: 22537, bytes: 90152 })[0]).toBe('incomplete');
  expect(judge({ total: Number.POSITIVE_INFINITY })).toEqual(['refused', 'total: Infinity is no finite number.']);
  expect(judge({ totals: 1, bytes: 90152, total: 22538 })[1]).toContain("Did you mean 'total'?");
  expect(judgeNumbers(program(''), fields).verdict).toBe('refused');
});

test('the main number alone is the whole answer, with its name or without', () => {
  const words = { en: 'n', zh: 'n' };
  const fields = [
    { name: 'total', words, expected: 22538, main: true },
    { name: 'biases', words, expected: 522 },
  ];
  const kinds = (values: Readonly<Record<string, number>>): readonly string[] => {
    const { verdict, findings } = judgeNumbers({ kind: 'numbers', values }, fields);
    return [verdict, ...findings.map((f) => f.kind)];
  };
  expect(kinds({ answer: 22538 })).toEqual(['right', 'correct']);
  expect(kinds({ total: 22538 })).toEqual(['right', 'correct']);
  expect(kinds({ total: 22538, biases: 520 })[0]).toBe('wrong');
  expect(kinds({ biases: 522 })).toEqual(['incomplete', 'missing-number', 'correct']);
  // Another of the numbers, of which only the name is missing.
  expect(kinds({ answer: 522 })).toEqual(['incomplete', 'unnamed', 'missing-number']);
});

test('how far off a number is says no number', () => {
  const field = { name: 'n', words: { en: 'n', zh: 'n' }, expected: 22538 };
  const said = (answer: number, expected = 22538): string => {
    const { findings } = judgeNumbers({ kind: 'numbers', values: { answer } }, [{ ...field, expected }]);
    return findings[0]!.words.en.replace(/^.*not right\. /, '');
  };
  expect([22538.0001, 24000, 12000, 1e9].map((v) => said(v))).toEqual([
    'It is too large, by less than 1 %.',
    'It is too large, by 1 to 10 %.',
    'It is too small, by 10 to 100 %.',
    'It is too large, by more than the whole.',
  ]);
  expect(said(-22538)).toBe('It is of the right size with the wrong sign.');
  expect(said(3, 0)).toBe('It is too large.');
});

test('a number that is known and not asked for', () => {
  const words = { en: 'n', zh: 'n' };
  const fields = ['bound', 'serial'].map((name, i) => ({ name, words, expected: 100 + i }));
  const known = { value: 4208, words: { en: 'Hand in the program.', zh: '请提交程序。' } };
  expect(judgeNumbers({ kind: 'numbers', values: { answer: 4208 } }, fields, [known])).toMatchObject({
    verdict: 'refused',
    findings: [{ kind: 'not-asked', words: known.words }],
  });
});

test('a slip is known at the tolerance of its number', () => {
  const words = { en: 'speed-up', zh: '加速比' };
  const slips = [{ value: 3.8018, words: { en: 'a roofline is taken', zh: '取了 Roofline' } }];
  const field = { name: 'speedup', words, expected: 7.55, tolerance: 0.04, slips };
  const { findings } = judgeNumbers({ kind: 'numbers', values: { answer: 3.8 } }, [field]);
  expect(findings[0]!.words.en).toContain('a roofline is taken');
});

test('a module is no program', async () => {
  const { verdict, findings } = await judgeProgram({ kind: 'program', file: 'x.ts', text: '' }, task);
  expect([verdict, findings[0]!.words.en]).toEqual(['refused', expect.stringContaining("'x.ts' is a module")]);
});
