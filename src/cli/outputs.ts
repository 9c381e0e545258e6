/** What comes out of a run: `.npy` files, the best classes, the first values for people. */
import { join } from 'node:path';
import { diagnostic } from '#base';
import { type ElementType, writeNpy } from '#data';
import { type Tensor, tensorBytes, tensorNumbers } from '#ir';
import type { Console } from './console.ts';
import { makeFolder, Output, readText } from './files.ts';

const LABELS = { en: 'a text file of labels, one a line', zh: '标签文本文件，每行一个' };

const labelCount = diagnostic<{ found: number; outputs: readonly string[] }>('SYS-CLI-021', 'invalid', {
  en: (p) =>
    `the number of labels in the file is ${p.found}, and no output has as many classes: ${p.outputs.join(', ')}. Give the labels that the network was trained with, or leave --labels out.`,
  zh: (p) =>
    `文件有 ${p.found} 个标签，而没有类别数相同的输出：${p.outputs.join('、')}。请给出训练该网络时的标签，或去掉 --labels。`,
});

/** One `.npy` for each output, each under its own name once it is whole. */
export function writeOutputs(folder: string, outputs: ReadonlyMap<string, Tensor>): readonly string[] {
  makeFolder(folder);
  const files = [...outputs].map(([name, tensor]) => {
    const file = new Output(join(folder, fileName(name)));
    file.write(writeNpy({ dtype: npyType(tensor.dtype), dims: tensor.dims, bytes: tensorBytes(tensor) }));
    return file;
  });
  // Names are taken only when all are written.
  for (const file of files) file.commit();
  return files.map((file) => file.path);
}

/** NumPy has no bfloat16: its bit patterns are kept. */
const npyType = (dtype: string): ElementType => (dtype === 'bfloat16' ? 'uint16' : (dtype as ElementType));

/** A value's name may hold what a file name may not. */
const fileName = (name: string): string => `${name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'}.npy`;

export interface Ranked {
  readonly class: number;
  readonly label?: string;
  readonly value: number;
}

export interface Ranking {
  readonly output: string;
  /** One list for each sample of the batch, best first. */
  readonly samples: readonly (readonly Ranked[])[];
}

export function readLabels(path: string): readonly string[] {
  const lines = readText(path, LABELS).split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => line.trim());
}

/** The best classes of the first output that has as many as there are labels, or (without labels) of the first output. */
export function rank(
  outputs: ReadonlyMap<string, Tensor>,
  count: number,
  labels?: readonly string[],
  file?: string,
): Ranking | undefined {
  const classes = (t: Tensor): number => (t.dims.length < 2 ? t.dims : t.dims.slice(1)).reduce((a, b) => a * b, 1);
  const found = [...outputs].find(([, t]) => labels === undefined || classes(t) === labels.length);
  if (found === undefined) {
    if (labels === undefined) return undefined;
    const texts = [...outputs].map(([name, t]) => `${name} [${t.dims.join(',')}]`);
    throw labelCount({ found: labels.length, outputs: texts }, file === undefined ? {} : { file });
  }
  const [output, tensor] = found;
  const numbers = tensorNumbers(tensor);
  const width = classes(tensor);
  const samples = Array.from({ length: width === 0 ? 0 : numbers.length / width }, (_, row) => {
    const values = numbers.subarray(row * width, (row + 1) * width);
    const order = Array.from(values, (_v, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
    return order.slice(0, count).map((i) => {
      const label = labels?.[i];
      return { class: i, ...(label === undefined ? {} : { label }), value: values[i]! };
    });
  });
  return { output, samples };
}

/** Samples that are shown to people; all are in the JSON. */
const SHOWN_SAMPLES = 10;
const SHOWN_VALUES = 10;

export function rankingText(ranking: Ranking, console: Console): string {
  const { output, samples } = ranking;
  const lines = samples
    .slice(0, SHOWN_SAMPLES)
    .flatMap((best, row) => [
      ...(samples.length > 1 ? [`${output}[${row}]`] : [output]),
      ...best.map((r) =>
        `  ${String(r.class).padStart(5)}  ${r.value.toPrecision(6).padStart(12)}  ${r.label ?? ''}`.trimEnd(),
      ),
    ]);
  const more = samples.length - SHOWN_SAMPLES;
  if (more > 0) lines.push(console.text({ en: `… ${more} more samples`, zh: `… 另有 ${more} 个样本` }));
  return lines.join('\n');
}

export function outputsText(outputs: ReadonlyMap<string, Tensor>): string {
  return [...outputs]
    .map(([name, tensor]) => {
      const numbers = tensorNumbers(tensor);
      const values = Array.from(numbers.subarray(0, SHOWN_VALUES), (v) => String(Number(v.toPrecision(6))));
      const rest = numbers.length > SHOWN_VALUES ? ', …' : '';
      return `${name} ${tensor.dtype}[${tensor.dims.join(',')}] = ${values.join(', ')}${rest}`;
    })
    .join('\n');
}
