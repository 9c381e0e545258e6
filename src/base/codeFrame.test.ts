/** Code frames: the caret stands under what is meant, whatever the line is made of and however long it is. */
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { codeFrame } from './codeFrame.ts';

const frame = (source: string, line: number, column: number, length = 1): string[] =>
  codeFrame({ source, line, column, length }).split('\n');

test('two lines before and after, the caret as long as what is meant', () => {
  expect(frame('one\ntwo\nthree four\nfive\nsix\nseven', 3, 7, 4)).toEqual([
    '  1 | one',
    '  2 | two',
    '> 3 | three four',
    '    |       ^^^^',
    '  4 | five',
    '  5 | six',
  ]);
  expect(frame('', 1, 1)).toEqual(['> 1 |', '    | ^']);
});

test('a line of a megabyte is clipped around the caret', () => {
  const item = '"键": "值值值值", ';
  const line = item.repeat(60_000);
  for (const at of [0, 3, 200, line.indexOf('"值', 500_000), line.length - 5]) {
    const [shown, caret] = frame(line, 1, at + 1, 4) as [string, string];
    expect(stringWidth(shown)).toBeLessThanOrEqual(110);
    const columns = stringWidth(caret.slice(0, caret.indexOf('^')));
    // What stands over the caret is what stands in the line.
    let over = shown;
    while (stringWidth(shown) - stringWidth(over) < columns) over = over.slice(1);
    expect(over.startsWith(line.slice(at, at + 4))).toBe(true);
    expect(stringWidth(caret.slice(caret.indexOf('^')))).toBe(stringWidth(line.slice(at, at + 4)));
  }
});

test('other long lines are clipped at their end; a mark longer than what is shown ends there', () => {
  const [shown, caret, other] = frame(`${'a'.repeat(300)}\n${'b'.repeat(300)}`, 1, 11, 250) as [string, string, string];
  expect(shown).toBe(`> 1 | ${'a'.repeat(99)}…`);
  expect(caret).toBe(`    | ${' '.repeat(10)}${'^'.repeat(89)}`);
  expect(other).toBe(`  2 | ${'b'.repeat(99)}…`);
});

test('tabs keep their place, control characters are not let through', () => {
  expect(frame('\tli r1, \x1b[31m5', 1, 9)).toEqual(['> 1 | \tli r1, \ufffd[31m5', '    | \t       ^']);
});
