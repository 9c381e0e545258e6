/** Pictures with labels as samples for training: levels become floats, labels class numbers or one-hot rows. */
import { diagnostic } from '#base';
import type { SampleSet } from './batches.ts';
import type { ImageSet } from './imageSet.ts';

export interface ImageSampleOptions {
  /** Factor on the levels 0 to 255; 1/255 by default. */
  readonly scale?: number;
  /** Subtracted after scaling, for each channel or one for all; 0 by default. */
  readonly mean?: number | readonly number[];
  /** Divisor after that; 1 by default. */
  readonly deviation?: number | readonly number[];
  /** Targets: class numbers as int64 (default) or int32, or one-hot rows of float32. */
  readonly targets?: 'int64' | 'int32' | 'oneHot';
}

const wrongFactors = diagnostic<{ name: string; found: number; channels: number }>('SYS-DAT-089', 'usage', {
  en: (p) =>
    `'${p.name}' is ${p.found} numbers for ${p.channels} channels; expected one number, or one for each channel, no divisor 0`,
  zh: (p) => `'${p.name}' 含 ${p.found} 个数，而通道数为 ${p.channels}；应为一个数或每个通道一个数，除数不得为 0`,
});

/**
 * Pictures with labels as samples: float32 [channels, height, width] inputs, (level · scale − mean) ÷ deviation.
 * @throws SYS-DAT-089 means or deviations that do not fit the channels
 */
export function imageSamples(set: ImageSet, options: ImageSampleOptions = {}): SampleSet {
  const { scale = 1 / 255, mean = 0, deviation = 1, targets = 'int64' } = options;
  const { count, channels, height, width, pixels } = set;
  const each = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? new Array<number>(channels).fill(value) : value;
    const sound = list.length === channels && !(name === 'deviation' && list.includes(0));
    if (!sound) throw wrongFactors({ name, found: list.length, channels });
    return list;
  };
  const [means, deviations] = [each('mean', mean), each('deviation', deviation)];
  const inputs = new Float32Array(pixels.length);
  const plane = height * width;
  // A level has one of 256 values, so each channel is a table.
  const tables = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, level) => (level * scale - means[c]!) / deviations[c]!),
  );
  for (let at = 0, c = 0; at < inputs.length; at += plane, c = (c + 1) % channels) {
    const table = tables[c]!;
    for (let i = at; i < at + plane; i++) inputs[i] = table[pixels[i]!]!;
  }
  return { count, inputs, inputDims: [channels, height, width], ...targetsOf(set, targets) };
}

function targetsOf({ labels, classes }: ImageSet, form: 'int64' | 'int32' | 'oneHot') {
  if (form === 'int32') return { targets: Int32Array.from(labels), targetDims: [] };
  if (form === 'int64') return { targets: BigInt64Array.from(labels, BigInt), targetDims: [] };
  const targets = new Float32Array(labels.length * classes.length);
  for (const [i, label] of labels.entries()) targets[i * classes.length + label] = 1;
  return { targets, targetDims: [classes.length] };
}
