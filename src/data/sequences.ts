/** Sequences of different lengths as one array: the rules of Keras' `pad_sequences`. */
import { diagnostic } from '#base';

export interface PaddingOptions {
  /** Length of all; that of the longest by default. */
  readonly length?: number;
  /** On which side shorter ones are filled up; `pre` by default. */
  readonly padding?: 'pre' | 'post';
  /** On which side longer ones lose elements; `pre` by default. */
  readonly truncating?: 'pre' | 'post';
  /** With what; 0 by default. */
  readonly value?: number;
  /** Element type of the result; `int32` by default. */
  readonly dtype?: 'int32' | 'float32';
}

export interface PaddedSequences {
  readonly dims: readonly [count: number, length: number];
  /** Row-major. */
  readonly values: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

const badLength = diagnostic<{ found: number }>('SYS-DAT-072', 'usage', {
  en: (p) => `sequences cannot be padded to a length of ${p.found}; expected a whole number of at least 0`,
  zh: (p) => `无法将序列填充到长度 ${p.found}；应为非负整数`,
});

const notInteger = diagnostic<{ sequence: number; element: number; found: number }>('SYS-DAT-073', 'usage', {
  en: (p) =>
    `${p.sequence < 0 ? 'the value to pad with' : `element ${p.element} of sequence ${p.sequence}`} is ${p.found}, which is no ` +
    'integer of 32 bits; choose float32',
  zh: (p) =>
    `${p.sequence < 0 ? '填充值' : `序列 ${p.sequence} 的第 ${p.element} 个元素`}为 ${p.found}，不是 32 位整数；请选用 float32`,
});

/**
 * Sequences as [count, length], filled up or cut (Keras, `keras.utils.pad_sequences`; Keras cuts and fills at the
 * beginning unless told otherwise, so that what a recurrent network sees last is whole).
 * @throws SYS-DAT-072 length, SYS-DAT-073 a number that the type does not hold
 */
export function padSequences(sequences: readonly ArrayLike<number>[], options: PaddingOptions = {}): PaddedSequences {
  const { padding = 'pre', truncating = 'pre', value = 0, dtype = 'int32' } = options;
  const length = options.length ?? sequences.reduce((longest, s) => Math.max(longest, s.length), 0);
  if (!Number.isInteger(length) || length < 0) throw badLength({ found: length });
  const fits = dtype === 'float32' ? () => true : (n: number) => Number.isInteger(n) && n === (n | 0);
  if (!fits(value)) throw notInteger({ sequence: -1, element: 0, found: value });
  const size = sequences.length * length;
  const values = (dtype === 'float32' ? new Float32Array(size) : new Int32Array(size)).fill(value);
  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, length);
    const from = truncating === 'pre' ? sequence.length - kept : 0;
    const to = row * length + (padding === 'pre' ? length - kept : 0);
    for (let i = 0; i < kept; i++) {
      const element = sequence[from + i]!;
      if (!fits(element)) throw notInteger({ sequence: row, element: from + i, found: element });
      values[to + i] = element;
    }
  }
  return { dims: [sequences.length, length], values };
}
