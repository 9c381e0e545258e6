/**
 * Forms in which the constant weights of a contraction may lie where many are zero, and what a block of them takes:
 *
 *   stream  compressed in DRAM, dense in WRAM: `load.sparse` puts the zeros back, products are those of dense weights
 *   two4    two of each four channels, in DRAM and in WRAM: `mma.sparse` multiplies half of them
 *   bitmap  what each filter keeps, in as many rows as the fullest filter of a block needs: `mma.sparse` multiplies the rows
 *
 * Blocks of the same sizes take the same bytes and rows, those of the one that needs most; shorter ones are filled up with zeros that are
 * written out. So addresses follow from indices as those of dense weights do, and time depends on nothing but the program.
 */
import { groupShape, STREAM_BLOCK, STREAM_GROUP } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { type Contraction, typesOfContraction, widthsOf } from '../contraction.ts';
import { type BlockSizes, countsOf, type WeightCounts } from './weightCounts.ts';

export const WEIGHT_FORMS = ['stream', 'two4', 'bitmap'] as const;
export type WeightForm = (typeof WEIGHT_FORMS)[number];

export interface SparseWeights {
  readonly form: WeightForm;
  readonly counts: WeightCounts;
  /** Filters of a group, Tn. */
  readonly tn: number;
}

/** Of more weights that are not zero indices take about what is spared. */
const MOST_DENSITY = 0.9;

/** How a contraction's weights are compressed; undefined where they are not. */
export const sparseOf = ({ weights }: Pick<Contraction, 'weights'>): SparseWeights | undefined =>
  weights.kind === 'constant' ? weights.sparse : undefined;

/** All that a tiling depends on. */
export function sparseKey(k: Contraction): string | undefined {
  const sparse = sparseOf(k);
  return sparse && `${sparse.form} ${sparse.counts.digest}`;
}

/** The contraction with its weights in a form. */
export const inForm = (k: Contraction, sparse: SparseWeights | undefined): Contraction =>
  sparse === undefined || k.weights.kind !== 'constant' ? k : { ...k, weights: { ...k.weights, sparse } };

/** The contraction with its weights dense. */
export function inDenseForm(k: Contraction): Contraction {
  if (k.weights.kind !== 'constant') return k;
  const { sparse: _, ...weights } = k.weights;
  return { ...k, weights };
}

/** The forms that a machine can use for weights which are sparse enough. */
export function formsOf(k: Contraction, machine: Machine): readonly SparseWeights[] {
  const { matrix, dma, cluster } = machine;
  const form = matrix.kind === 'scalar' ? undefined : matrix.sparsity?.weights;
  // A stream comes to one core alone: there is no multicast of it.
  const streams = dma.decompressor !== undefined && cluster === undefined;
  const { a, w, result } = typesOfContraction(k);
  const skips = form !== undefined && a === 'f32' && w === 'f32' && result === 'f32';
  if (k.weights.kind !== 'constant' || k.unfold !== undefined || (!streams && !skips)) return [];
  const counts = countsOf(k);
  if (counts === undefined || counts.nonzero > MOST_DENSITY * counts.total) return [];
  const tn = filtersOf(matrix, a);
  const of = (form: WeightForm): SparseWeights => ({ form, counts, tn });
  return [
    ...(streams ? [of('stream')] : []),
    ...(skips && form === 'bitmap' ? [of('bitmap')] : []),
    ...(skips && form === '2:4' && counts.isTwoOfFour ? [of('two4')] : []),
  ];
}

/** Whether blocks of so many channels can be in the form: two of four channels stand in whole groups. */
export const fitsForm = (k: Contraction, channels: number): boolean =>
  sparseOf(k)?.form !== 'two4' || channels % STREAM_GROUP === 0;

/** Kept rows of a block of `bitmap`, R. */
export const rowsOf = ({ counts }: SparseWeights, tile: BlockSizes, size: BlockSizes): number =>
  counts.most(tile, size).ofFilter;

/** The reduction of a block, innermost first, as far as it is multiplied. */
export function keptReduction(
  k: Contraction,
  tile: BlockSizes,
  size: BlockSizes,
  reduction: readonly number[],
): readonly number[] {
  const sparse = sparseOf(k);
  switch (sparse?.form) {
    case 'two4':
      return [reduction[0]! / 2, ...reduction.slice(1)];
    case 'bitmap':
      return [rowsOf(sparse, tile, size)];
    default:
      return reduction;
  }
}

/** Words of a block for `mma.sparse`, in DRAM as in WRAM. @param depth elements of its reduction */
export function multipliedWords(sparse: SparseWeights, tile: BlockSizes, size: BlockSizes, depth: number): number {
  const { form, tn } = sparse;
  const rows = form === 'bitmap' ? rowsOf(sparse, tile, size) : depth / 2;
  const words = (n: number): number =>
    n === 0 ? 0 : groupShape(form === 'bitmap' ? 'bitmap' : 'two4', depth, n, rows).words;
  return Math.floor(size.n / tn) * words(tn) + words(size.n % tn);
}

/**
 * Words of the stream of a block: an index word for each 32 elements, and values in whole words. What these round up in elements of less
 * than a word depends on where the values lie; it counts as the most that it can be.
 * @param words of the block in WRAM, parameters included
 * @param parameters of these words
 */
export function streamedWords(
  k: Contraction,
  { counts }: SparseWeights,
  tile: BlockSizes,
  size: BlockSizes,
  { words, parameters }: { readonly words: number; readonly parameters: number },
): number {
  const width = widthsOf(k).w;
  const blocks = Math.ceil((4 * words) / width / STREAM_BLOCK);
  const values = width * counts.most(tile, size).ofBlock + 4 * parameters;
  return blocks + Math.min(words, Math.floor((values + (4 - width) * blocks) / 4));
}
