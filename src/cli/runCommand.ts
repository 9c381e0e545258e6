/** Runs as commands: the words that they depend on, and those of a run with a change. */
import { basename } from 'node:path';
import type { Change } from '#flow';
import type { ConvolutionChoice, SparseOption, WinogradChoice } from '#lower';
import { changeText, DEFAULT_MACHINE } from '#machine';
import { originOf } from './model.ts';
import type { FusePools, ModelOptions } from './modelOptions.ts';

/** Options that a run depends on. */
export interface RunWords extends Omit<ModelOptions, 'log'> {
  readonly cores?: number;
  readonly sparse?: SparseOption;
  readonly winograd?: WinogradChoice;
  readonly convolution?: ConvolutionChoice;
  readonly fusePools?: FusePools;
  readonly inputSize?: readonly number[];
}

/** Those that are not given may stand there as undefined. */
type GivenWords = { readonly [K in keyof RunWords]: RunWords[K] | undefined } & Pick<RunWords, 'dtype'>;

const given = (name: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [name, String(value)];

/** The options that a run depends on, as words of the command line. */
export function wordsOf(machine: string | undefined, options: GivenWords): readonly string[] {
  const { dim = {}, batch, dtype, fetch = [], cores, sparse, winograd, convolution, fusePools, inputSize } = options;
  return [
    ...given('--machine', machine),
    ...sizeWords(dim, batch),
    ...given('--input-size', inputSize?.join(',')),
    ...(dtype === 'f32' ? [] : ['--dtype', dtype]),
    ...fetch.flatMap((value) => ['--fetch', value]),
    ...given('--cores', cores),
    ...given('--sparse', sparse),
    ...given('--winograd', winograd),
    ...given('--convolution', convolution),
    ...given('--fuse-pools', fusePools),
  ];
}

const sizeWords = (dim: Readonly<Record<string, number>>, batch: number | undefined): readonly string[] => [
  ...Object.entries(dim).flatMap(([symbol, n]) => ['--dim', `${symbol}=${n}`]),
  ...given('--batch', batch),
];

const lineOf = (words: readonly string[]): string => `systole ${words.map(quoted).join(' ')}`;

/**
 * The commands that run a network with a change, one a line.
 * @param symbols first dimensions of the inputs, which a batch sets
 */
export function changedCommand(
  name: string,
  machine: string | undefined,
  options: RunWords,
  { fields = [], winograd, convolution, sparse, cores, batch, dtype }: Change,
  symbols: readonly string[],
): string {
  const word = [machine ?? DEFAULT_MACHINE, ...fields.map(changeText)].join(',');
  const { dim = {} } = options;
  const dims = Object.entries(dim).filter(([symbol]) => batch === undefined || !symbols.includes(symbol));
  /** What the change says; an option that it sets to what holds without one is left out. */
  const chosen = <T>(changed: T | undefined, own: T | undefined, standard: T): T | undefined =>
    changed === undefined ? own : changed === standard ? undefined : changed;
  const changed: GivenWords = {
    ...options,
    dim: Object.fromEntries(dims),
    batch: batch ?? options.batch,
    winograd: chosen(winograd, options.winograd, 'auto'),
    convolution: chosen(convolution, options.convolution, 'auto'),
    sparse: chosen(sparse, options.sparse, 'auto'),
    cores: cores === 'all' ? undefined : (cores ?? options.cores),
    dtype: dtype === undefined || dtype === 'int8' ? options.dtype : dtype,
  };
  if (dtype !== 'int8') return lineOf(['run', name, '--timing-only', ...wordsOf(word, changed)]);
  const file = `${basename(name).replace(/\.\w+$/, '')}-int8.onnx`;
  const sizes = sizeWords(changed.dim ?? {}, changed.batch);
  // A file is open in its batch, where a network by its name is one sample.
  const isOpen = sizes.length === 0 && originOf(name) !== 'file' && symbols.length > 0;
  const run = isOpen ? { ...changed, batch: 1 } : changed;
  return [
    lineOf(['quantize', name, '-o', file, '--samples', String(INT8_SAMPLES), ...sizes]),
    lineOf(['run', file, '--timing-only', ...wordsOf(word, run)]),
  ].join('\n');
}

/** On how many random samples a network is calibrated whose time alone is wanted. */
export const INT8_SAMPLES = 1;

/** As a shell reads it. */
export const quoted = (word: string): string =>
  /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that the user gave. */
export const givenCommand = (): string => `systole ${process.argv.slice(2).map(quoted).join(' ')}`;
