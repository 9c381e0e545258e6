/**
 * `mma` on the WebAssembly kernels: blocks of pixels pass blocks of weight rows, accumulators in between lie in working
 * space. Results are those of the order that ARCHITECTURE.md gives; other orders are taken only over what is independent.
 */
import { ACTIVATIONS } from '#isa';
import { filtersOf, lanesOf, type Machine } from '#machine';
import { elementsOf, type RecordWords, SIZE, STRIDE } from '#timing';
import type { MmaEntry } from '../entries.ts';
import { type Layout, PIXELS_PER_BLOCK } from './layout.ts';
import type { KernelFunctions } from './module.ts';
import { isInjective, memo, offsetsOf } from './nest.ts';
import { type Reduction, reductionOf } from './reduction.ts';

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);
const floatOf = (word: number): number => {
  bits[0] = word;
  return float[0]!;
};

export function createMma(
  machine: Machine,
  memory: WebAssembly.Memory,
  layout: Layout,
  kernels: KernelFunctions,
): (entry: MmaEntry) => void {
  const { matrix } = machine;
  const tn = filtersOf(matrix);
  const lanes = lanesOf(matrix);
  // Scalar MACs add element by element, as a column does.
  const systolic = matrix.kind !== 'dot';
  const words = new Int32Array(memory.buffer);
  const neuronTable = layout.pixels >>> 2;
  const resultTable = layout.outputs >>> 2;

  const inputs = memo((pixels: RecordWords) => offsetsOf(pixels, pixels, 3));
  const results = memo((pixels: RecordWords, output: RecordWords) => offsetsOf(pixels, output, 3));
  const reductions = memo((record: RecordWords): Reduction => {
    const reduction = reductionOf(record, matrix);
    words.set(reduction.segments, layout.segments >>> 2);
    if (reduction.gather !== undefined) words.set(reduction.gather, layout.offsets >>> 2);
    return reduction;
  });

  return (entry) => {
    const pixels = elementsOf(entry.pixels, 0, 3);
    const filters = Math.max(0, entry.output[16 + SIZE]!);
    if (pixels === 0 || filters === 0) return;
    const neurons = inputs(entry.pixels);
    const reduction = reductions(entry.reduction);
    const { elements, gather, blocks } = reduction;
    const outputs = entry.drain ? results(entry.pixels, entry.output) : undefined;
    const groups = Math.ceil(filters / tn);
    const groupStride = entry.output[16 + STRIDE]!;
    const p0 = floatOf(entry.p0);
    const p1 = floatOf(entry.p1);
    const act = ACTIVATIONS.indexOf(entry.act);

    /** Neurons of pixels `from` … on, in place or packed. */
    const fetchNeurons = (from: number, count: number): void => {
      for (let i = 0; i < count; i++) words[neuronTable + i] = layout.nram + entry.a + neurons[from + i]!;
      if (gather === undefined) return;
      kernels.gather(layout.pixels, count, layout.offsets, elements, layout.packed);
      for (let i = 0; i < count; i++) words[neuronTable + i] = layout.packed + 4 * elements * i;
    };

    const compute = (g: number, from: number, count: number): void => {
      const n = Math.min(tn, filters - g * tn);
      const vectors = systolic ? 2 * Math.ceil(n / 8) : Math.ceil(n / 4);
      const width = 16 * vectors;
      const { accumulators } = layout;
      const kept = layout.aram + 4 * tn * (entry.acc + g * pixels + from);
      if (entry.clear) words.fill(0, accumulators >>> 2, (accumulators + width * count) >>> 2);
      else kernels.fetchRows(kept, 4 * tn, accumulators, width, count, n);
      const weights = layout.wram + entry.w + 4 * g * elements * tn;
      for (let b = 1; b < blocks.length; b++) {
        const first = layout.segments + 16 * blocks[b - 1]!;
        const last = layout.segments + 16 * blocks[b]!;
        if (systolic) {
          kernels.systolicBlock(layout.pixels, count, weights, 4 * n, vectors, lanes, first, last, accumulators);
        } else {
          kernels.dotBlock(
            layout.pixels,
            count,
            weights,
            4 * n,
            vectors,
            lanes,
            first,
            last,
            accumulators,
            layout.tree,
          );
        }
      }
      if (outputs === undefined) {
        kernels.keepRows(accumulators, width, kept, 4 * tn, count, n);
        return;
      }
      const to = layout.nram + entry.c + g * groupStride;
      for (let i = 0; i < count; i++) words[resultTable + i] = to + outputs[from + i]!;
      const bias = entry.useBias ? layout.wram + entry.bias + 4 * g * tn : 0;
      kernels.drainRows(accumulators, width, layout.outputs, count, n, bias, act, p0, p1);
    };

    if (outputs !== undefined && !resultsAreApart(entry, filters, tn, groups)) {
      for (let g = 0; g < groups; g++) {
        for (let p = 0; p < pixels; p++) {
          fetchNeurons(p, 1);
          compute(g, p, 1);
        }
      }
      return;
    }
    const block =
      gather === undefined
        ? PIXELS_PER_BLOCK
        : Math.max(1, Math.min(PIXELS_PER_BLOCK, Math.floor(layout.packedWords / elements)));
    for (let p = 0; p < pixels; p += block) {
      const count = Math.min(block, pixels - p);
      fetchNeurons(p, count);
      for (let g = 0; g < groups; g++) compute(g, p, count);
    }
  };
}

/** Whether no two results meet, as far as strides show it; where they may, they are written in order. */
function resultsAreApart(entry: MmaEntry, filters: number, tn: number, groups: number): boolean {
  const strides = [0, 1, 2, 3].map((d) => entry.output[4 * d + STRIDE]!);
  const sizes = [0, 1, 2, 3].map((d) => entry.pixels[4 * d + SIZE]!);
  return isInjective([...sizes, groups], [...strides, entry.output[16 + STRIDE]!], 4 * Math.min(tn, filters));
}
