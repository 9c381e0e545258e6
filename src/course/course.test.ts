/** Checks by acceptance row, parameters read from texts, and what an exercise shows taken down. */
import { expect, test } from 'vitest';
import type { Exercise } from './exercise.ts';
import { hold } from './hold.ts';
import { defaults, readArguments } from './parameters.ts';
import { Transcript } from './transcript.ts';

const exercise: Exercise = {
  id: '0.1',
  title: { en: 'A test', zh: '测试' },
  asked: { en: 'What?', zh: '什么？' },
  explanation: { en: 'This.', zh: '这个。' },
  code: [],
  rows: 2,
  parameters: {
    rows: { kind: 'whole', words: { en: 'rows', zh: '行数' }, default: 8, least: 1, most: 64 },
    order: { kind: 'choice', words: { en: 'order', zh: '次序' }, default: 'a', among: ['a', 'b'] },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  show: () => {},
  check: () => {},
};

test('each line of a check says what was held, and of which row', async () => {
  const lines = await hold(async (check) => {
    check.equal('bits', [1, 2n, Number.NaN], [1, 2n, Number.NaN]);
    check.row(1).close('near', [1, [2]], [1, [2.5]], 0.5);
    check.row(2).close('far', [1, 2], [1], 0.5);
    await check.row(2).throws('refused', () => Promise.reject(new TypeError('no')), /TypeError.*no/);
    check.atMost('most', 3, 2);
  });
  expect(lines.map((l) => [l.what, l.holds, l.row])).toEqual([
    ['bits', true, undefined],
    ['near', true, 1],
    ['far', false, 2],
    ['refused', true, 2],
    ['most', false, undefined],
  ]);
});

test('parameters: defaults, values by text, and what is refused', () => {
  expect(defaults(exercise.parameters)).toMatchObject({ rows: 8, order: 'a', machine: { name: 'textbook-single' } });
  expect(readArguments(exercise, { rows: '64', machine: 'textbook-single,dram.bandwidth=32' })).toMatchObject({
    ...{ rows: 64, order: 'a', machine: { dram: { bandwidth: { bytes: 32, cycles: 1 } } } },
  });
  for (const [name, text, code] of [
    ...[['columns', '1', 'SYS-COURSE-001'] as const, ['rows', '65', 'SYS-COURSE-002'] as const],
    ...[['rows', '', 'SYS-COURSE-002'] as const, ['rows', '1.5', 'SYS-COURSE-002'] as const],
    ['order', 'c', 'SYS-COURSE-002'] as const,
  ]) {
    expect(() => readArguments(exercise, { [name]: text })).toThrow(expect.objectContaining({ code }));
  }
});

test('a transcript is in one language', () => {
  const { print, table, listing, items } = new Transcript('zh');
  print({ en: 'one', zh: '一' });
  table([{ en: 'n', zh: '数' }, 'm'], [[1, 'x']]);
  listing('p.s', 'sync');
  expect(items).toEqual([
    { kind: 'line', text: '一' },
    { kind: 'table', columns: ['数', 'm'], rows: [[1, 'x']] },
    { kind: 'listing', name: 'p.s', text: 'sync' },
  ]);
});
