/**
 * Weights of a contraction as a stream of blocks: constant ones, packed into the order of use (`packedWeights.ts`) with the parameters of
 * the drain path (biases, then scales) behind each block, and computed ones, which are loaded by strides. A block is a whole number of
 * words, in which it is loaded, and its parameters begin with a word. Where many constant weights are zero a block may be compressed
 * (`sparse/forms.ts`).
 */
import { internalError } from '#base';
import { ELEMENT_BYTES, type SparsePlan } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { type Contraction, type Tiling, typesOfContraction, widthsOf } from './contraction.ts';
import type { Emitter, Operand, Register } from './emitter.ts';
import { inDenseForm, multipliedWords, sparseOf, streamedWords } from './sparse/forms.ts';
import { sparseRun } from './sparse/sparseRun.ts';
import type { BlockSizes } from './sparse/weightCounts.ts';
import type { LoopDim, SizeOf, Stream, TileContext } from './stream.ts';

export const hasBias = (k: Contraction): boolean => k.weights.kind === 'constant' && k.weights.bias !== undefined;

/** Words behind a block for each filter: its bias and its scale. */
export const parametersOf = (k: Contraction): number =>
  (hasBias(k) ? 1 : 0) + (k.quantisation?.scale === undefined ? 0 : 1);

/** Blocks that the reduction is cut into: of channels and of kernel rows. */
export const reductionBlocks = (k: Contraction, t: Pick<BlockSizes, 'c' | 'ky'>): number =>
  Math.ceil(k.c.total / t.c) * Math.ceil(k.y.kernel / t.ky);

/** Words of a block of weights, without parameters. */
export const wordsOf = (k: Pick<Contraction, 'types'>, reduction: number, filters: number): number =>
  Math.ceil((widthsOf(k).w * reduction * filters) / 4);

/** Sizes of the tiles of a loop. */
export const sizesOf = (total: number, tile: number): number[] =>
  Array.from({ length: Math.ceil(total / tile) }, (_, i) => Math.min(tile, total - i * tile));

/** Words of a block in WRAM, without parameters. @param t sizes of the tiling's blocks */
export function wordsInWram(k: Contraction, t: BlockSizes, size: BlockSizes): number {
  const depth = size.ky * k.x.kernel * size.c;
  const sparse = sparseOf(k);
  return sparse === undefined || sparse.form === 'stream'
    ? wordsOf(k, depth, size.n)
    : multipliedWords(sparse, t, size, depth);
}

/** Words of a block in DRAM, parameters included. */
export function wordsInDram(k: Contraction, t: BlockSizes, size: BlockSizes): number {
  const parameters = parametersOf(k) * size.n;
  const words = wordsInWram(k, t, size) + parameters;
  const sparse = sparseOf(k);
  return sparse?.form === 'stream' ? streamedWords(k, sparse, t, size, { words, parameters }) : words;
}

/** Words of the largest block in WRAM, parameters included. */
export function mostWordsInWram(k: Contraction, t: BlockSizes): number {
  const isDense = sparseOf(k) === undefined;
  const some = (total: number, tile: number): number[] => [...new Set(isDense ? [tile] : sizesOf(total, tile))];
  let most = 0;
  for (const n of some(k.n.total, t.n))
    for (const c of some(k.c.total, t.c))
      for (const ky of some(k.y.kernel, t.ky))
        most = Math.max(most, wordsInWram(k, t, { n, c, ky }) + parametersOf(k) * n);
  return most;
}

/** Sizes of the tiles of a loop, each with how often it is met. */
function sizesOfTiles(total: number, tile: number): readonly (readonly [size: number, times: number])[] {
  const whole = Math.floor(total / tile);
  const last = total - whole * tile;
  return [...(whole > 0 ? [[tile, whole] as const] : []), ...(last > 0 ? [[last, 1] as const] : [])];
}

/** Words in DRAM of all blocks of `n` filters with channels of these sizes, parameters included. */
function wordsOfBlocks(k: Contraction, t: BlockSizes, channels: ReturnType<typeof sizesOfTiles>, n: number): number {
  let words = 0;
  for (const [c, cs] of channels)
    for (const [ky, kys] of sizesOfTiles(k.y.kernel, t.ky)) words += cs * kys * wordsInDram(k, t, { n, c, ky });
  return words;
}

/** Words of the packed weights of one outer index. */
const wordsOfOuter = (k: Contraction, t: BlockSizes): number =>
  sizesOfTiles(k.n.total, t.n).reduce(
    (sum, [n, times]) => sum + times * wordsOfBlocks(k, t, sizesOfTiles(k.c.total, t.c), n),
    0,
  );

/** DRAM bytes of the packed weights (parameters included, once per reduction block). */
export const packedBytes = (k: Contraction, t: BlockSizes): number =>
  4 * k.outer.reduce((n, o) => n * o.total, 1) * wordsOfOuter(k, t);

/** What a layer's plan tells of weights that lie compressed. */
export function sparsePlan(k: Contraction, t: BlockSizes): SparsePlan | undefined {
  const sparse = sparseOf(k);
  if (sparse === undefined) return undefined;
  const { form, counts } = sparse;
  const bytes = { bytes: packedBytes(k, t), denseBytes: packedBytes(inDenseForm(k), t) };
  return { form, weights: counts.total, nonzero: counts.nonzero, ...bytes };
}

/** The mean of these over blocks, of weights that lie dense without what rounds up to words. @param blocks of an outer index */
export function meanBlockBytes(k: Contraction, t: BlockSizes, blocks: number): number {
  if (sparseOf(k) !== undefined) return (4 * wordsOfOuter(k, t)) / blocks;
  const elements = k.y.kernel * k.x.kernel * k.c.total;
  return (k.n.total * (widthsOf(k).w * elements + 4 * parametersOf(k) * reductionBlocks(k, t))) / blocks;
}

/** The weights as a stream of blocks. @param packedAddress of constant ones */
export function weightStream(
  k: Contraction,
  t: Tiling,
  machine: Machine,
  loops: { readonly outer: readonly LoopDim[] } & Readonly<Record<'n' | 'c' | 'ky', LoopDim>>,
  packedAddress: number,
): Stream {
  const { outer, n, c, ky } = loops;
  const types = typesOfContraction(k);
  const tn = filtersOf(machine.matrix, types.a);
  if (k.weights.kind === 'constant') {
    const sparse = sparseOf(k);
    const type = sparse?.form === 'stream' ? types.w : 'f32';
    const inWords = 4 / ELEMENT_BYTES[type];
    const at = (size: SizeOf): BlockSizes => ({ n: size(n), c: size(c), ky: size(ky) });
    const inWram = (size: BlockSizes): number => wordsInWram(k, t, size) + parametersOf(k) * size.n;
    return {
      name: 'weights',
      space: 'wram',
      // Whole words, whatever they hold.
      type,
      address: packedAddress,
      dims: [],
      loops: [...outer, n, c, ky],
      bufferBytes: 4 * mostWordsInWram(k, t),
      linear: {
        elements: (size) => inWords * inWram(at(size)),
        ...(sparse?.form === 'stream'
          ? { stream: { format: 'bitmap', bytes: (size) => 4 * wordsInDram(k, t, at(size)) } }
          : {}),
        emit: (e, context) => {
          const address = e.register();
          e.op('li', { rd: address, imm: packedAddress >>> 0 });
          outer.forEach((o, i) => {
            const inner = k.outer.slice(i + 1).reduce((m, d) => m * d.total, 1);
            e.addScaled(address, context.index(o), 4 * inner * wordsOfOuter(k, t));
          });
          const filters = sizesOf(k.n.total, t.n)[0]!;
          e.addScaled(address, context.index(n), 4 * wordsOfBlocks(k, t, sizesOfTiles(k.c.total, t.c), filters));
          if (sparse === undefined) return denseRun(e, context, k, t, loops, address);
          return sparseRun(e, context, loops, address, {
            taken: (size) => wordsInDram(k, t, at(size)),
            ofRows: (size) => wordsOfBlocks(k, t, [[size(c), 1]], size(n)),
            elements: (size) => inWords * inWram(at(size)),
            isStream: sparse.form === 'stream',
          });
        },
      },
    };
  }
  return {
    name: 'weights',
    space: 'wram',
    type: types.w,
    ...k.weights.place,
    outer: [
      ...k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.wStride })),
      ...(t.n > tn ? [{ loop: n, stride: t.n * k.weights.nStride }] : []),
    ],
    dims:
      t.n > tn
        ? [
            { limit: t.n / tn, stride: tn * k.weights.nStride },
            { loop: c, limit: k.c.total, stride: k.weights.cStride },
            { limit: tn, stride: k.weights.nStride },
          ]
        : [
            { loop: c, limit: k.c.total, stride: k.weights.cStride },
            { loop: n, limit: k.n.total, stride: k.weights.nStride, whole: true },
          ],
  };
}

/** Where the current block of dense weights lies, the filters' blocks being passed already, and its words. */
function denseRun(
  e: Emitter,
  at: TileContext,
  k: Contraction,
  t: Tiling,
  { n, c, ky }: Readonly<Record<'n' | 'c' | 'ky', LoopDim>>,
  address: Register,
): { readonly address: Register; readonly elements: Operand } {
  const parameters = parametersOf(k);
  const nt = at.size(n);
  const rowsOf = sizesOf(k.y.kernel, t.ky);
  // All rows of a channel block, then those rows of kernels that come before within the block.
  addBlocks(e, address, at.index(c), () =>
    sumOf(
      e,
      [...new Set(rowsOf)].map((size): [number, () => Operand] => [
        rowsOf.filter((s) => s === size).length,
        () => blockWords(e, k, [size * k.x.kernel, t.c, nt], parameters),
      ]),
    ),
  );
  addBlocks(e, address, at.index(ky), () => blockWords(e, k, [t.ky * k.x.kernel, at.size(c), nt], parameters));
  const taps = tapsOf(e, at.size(ky), k.x.kernel);
  const elements = blockWords(e, k, [taps, at.size(c), nt], parameters);
  if (typeof taps !== 'number') e.release(taps.register);
  return { address, elements };
}

/** Taps of a block's kernel rows. A register in the answer belongs to the caller. */
export function tapsOf(e: Emitter, kernelRows: Operand, kernelColumns: number): Operand {
  if (typeof kernelRows === 'number') return kernelRows * kernelColumns;
  const r = e.register();
  e.op('muli', { rd: r, ra: kernelRows.register, imm: kernelColumns });
  return { register: r };
}

/** Words of a block of taps × channels × filters. A register in the answer belongs to the caller. */
export function weightWords(e: Emitter, k: Contraction, sizes: readonly [Operand, Operand, Operand]): Operand {
  const [taps, channels, filters] = sizes;
  const known = sizes.filter((s) => typeof s === 'number').reduce((n, s) => n * s, 1);
  const open = [taps, channels, filters].filter((s) => typeof s !== 'number');
  if (open.length === 0) return wordsOf(k, known, 1);
  const r = e.register();
  e.set(r, open[0]!);
  for (const factor of open.slice(1)) e.op('mul', { rd: r, ra: r, rb: factor.register });
  const width = widthsOf(k).w;
  if (width === 4 || (width * known) % 4 === 0) {
    const words = (width * known) / 4;
    if (words !== 1) e.op('muli', { rd: r, ra: r, imm: words });
    return { register: r };
  }
  // ⌈bytes ÷ 4⌉
  if (width * known !== 1) e.op('muli', { rd: r, ra: r, imm: width * known });
  e.addTo(r, 3);
  e.with(2, (rb) => e.op('sra', { rd: r, ra: r, rb }));
  return { register: r };
}

/** Words of a block, parameters included. A register in the answer belongs to the caller. */
function blockWords(
  e: Emitter,
  k: Contraction,
  sizes: readonly [Operand, Operand, Operand],
  parameters: number,
): Operand {
  const words = weightWords(e, k, sizes);
  const [, , filters] = sizes;
  if (parameters === 0) return words;
  if (typeof words === 'number') {
    if (typeof filters === 'number') return words + parameters * filters;
    throw internalError({ what: 'words of a block are known, and its filters are not' });
  }
  e.addScaled(words.register, filters, parameters);
  return words;
}

/** Σ times · words. A register in the answer belongs to the caller. */
function sumOf(e: Emitter, terms: readonly (readonly [times: number, words: () => Operand])[]): Operand {
  let known = 0;
  let sum: Register | undefined;
  for (const [times, words] of terms) {
    const w = words();
    if (typeof w === 'number') known += times * w;
    else if (sum === undefined) {
      if (times !== 1) e.op('muli', { rd: w.register, ra: w.register, imm: times });
      sum = w.register;
    } else {
      e.addScaled(sum, w, times);
      e.release(w.register);
    }
  }
  if (sum === undefined) return known;
  e.addTo(sum, known);
  return { register: sum };
}

/** address += index · 4 · words: over so many blocks of packed weights. */
function addBlocks(e: Emitter, address: Register, index: Operand, wordsOfBlock: () => Operand): void {
  if (typeof index === 'number') return;
  const words = wordsOfBlock();
  if (typeof words === 'number') return e.addScaled(address, index, 4 * words);
  const step = words.register;
  e.op('muli', { rd: step, ra: step, imm: 4 });
  e.op('mad', { rd: address, ra: step, rb: index.register, rc: address });
  e.release(step);
}
