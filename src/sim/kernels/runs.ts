/** A reduction as runs of elements that lie side by side: all of one length, in order. */
import { DIMENSIONS, type RecordWords, SIZE, STRIDE } from '#timing';
import { offsetsOf } from './nest.ts';

export interface Runs {
  /** Elements of a run. */
  readonly length: number;
  /** Byte offset of the first element of each. */
  readonly starts: Int32Array;
}

export function runsOf(record: RecordWords, elementBytes: number): Runs {
  let length = 1;
  let inner = 0;
  for (; inner < DIMENSIONS; inner++) {
    const n = Math.max(0, record[4 * inner + SIZE]!);
    if (n !== 1 && record[4 * inner + STRIDE] !== elementBytes * length) break;
    length *= n;
  }
  const outer = record.slice();
  for (let d = 0; d < inner; d++) outer[4 * d + SIZE] = 1;
  return length < 1 ? { length: 0, starts: new Int32Array(0) } : { length, starts: offsetsOf(outer, outer) };
}
