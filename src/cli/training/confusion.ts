/** The confusion matrix as a table: rows are what samples are, columns what they were taken for. */
import stringWidth from 'string-width';
import type { Console } from '../console.ts';

export function confusionText(rows: readonly Int32Array[], classes: readonly string[], console: Console): string {
  const title = console.text({ en: 'is \\ taken for', zh: '实际 \\ 识别为' });
  const cells = [
    [title, ...classes, console.text({ en: 'right', zh: '正确' })],
    ...rows.map((row, i) => {
      const total = row.reduce((a, b) => a + b, 0);
      const share = total === 0 ? '–' : `${((100 * row[i]!) / total).toFixed(1)} %`;
      return [classes[i]!, ...Array.from(row, (n, j) => (n === 0 && i !== j ? '·' : `${n}`)), share];
    }),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column]!))));
  const right = (text: string, width: number): string => ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
  return cells.map((row) => row.map((text, column) => right(text, widths[column]!)).join('  ')).join('\n');
}
