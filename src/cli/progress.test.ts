/** The line of progress: cut by the columns that a terminal shows. */
import stringWidth from 'string-width';
import { expect, test, vi } from 'vitest';
import { cutToColumns, Progress } from './progress.ts';

test('a text is cut by columns, of which a Chinese character takes two', () => {
  expect(cutToColumns('loss 0.5', 8)).toBe('loss 0.5');
  expect(cutToColumns('loss 0.5', 5)).toBe('loss ');
  expect(cutToColumns('损失 0.5', 3)).toBe('损');
  expect(cutToColumns('还需 12 秒', 10)).toBe('还需 12 秒');
});

test.each([
  ['loss 0.1234 · '.repeat(20), 80],
  ['损失 0.1234 · '.repeat(20), 80],
  ['损失 0.1234 · '.repeat(20), 41],
])('fits a terminal: %s at %d', (text, columns) => {
  const written: string[] = [];
  vi.useFakeTimers();
  try {
    const progress = new Progress({
      isTTY: true,
      columns,
      write: (line: string) => written.push(line),
    } as unknown as NodeJS.WriteStream);
    vi.advanceTimersByTime(2000);
    progress.update(() => text);
  } finally {
    vi.useRealTimers();
  }
  const [line] = written.map((w) => w.replace('\r\x1b[2K', ''));
  expect(stringWidth(line!)).toBeLessThan(columns);
  expect(stringWidth(line!)).toBeGreaterThanOrEqual(columns - 2);
});

test('without a terminal there is no line written over, and of long work one every 30 s', () => {
  const written: string[] = [];
  vi.useFakeTimers();
  try {
    const progress = new Progress({ write: (line: string) => written.push(line) } as unknown as NodeJS.WriteStream);
    for (let s = 1; s <= 100; s++) {
      vi.advanceTimersByTime(1000);
      progress.update(() => 'never');
      progress.updateOrLog(() => `${s} s`);
    }
  } finally {
    vi.useRealTimers();
  }
  expect(written).toEqual(['30 s\n', '60 s\n', '90 s\n']);
});
