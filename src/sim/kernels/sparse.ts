/**
 * `mma.sparse` on the WebAssembly kernel, and `load.sparse`. What the filters of a group keep is written out as a table of
 * neuron offsets, row by row, before the pixels pass; groups and pixels go in the order of the definition.
 */
import { ACTIVATIONS, decodeStream, FILTERS_PER_INDEX_WORD, groupShape } from '#isa';
import { filtersOf, lanesOf, type Machine, packingOf } from '#machine';
import { DIMENSIONS, elementsOf, keptReduction, type RecordWords, SIZE, STRIDE } from '#timing';
import { sparseShape } from '../accesses.ts';
import type { DramMemory } from '../dram.ts';
import type { Kernels, LoadSparseEntry, MmaSparseEntry, OverfullFilter } from '../entries.ts';
import { type Layout, PIXELS_PER_BLOCK } from './layout.ts';
import type { KernelFunctions } from './module.ts';
import { memo, offsetsOf } from './nest.ts';

export function createLoadSparse(nram: Uint8Array, wram: Uint8Array): Kernels['loadSparse'] {
  const pads = { nram, wram };
  const places = memo((record: RecordWords) => offsetsOf(record, record));
  return (entry: LoadSparseEntry, dram: DramMemory) => {
    const { bytes, format, elementBytes, pad, padRecord } = entry;
    const stream = new Uint8Array(bytes);
    dram.read(entry.dram, stream, 0, bytes);
    const dense = decodeStream(format, stream, elementsOf(padRecord), elementBytes);
    if (!(dense instanceof Uint8Array)) return dense;
    const to = pads[entry.space];
    if (dense.length === 0) return undefined;
    if (isContiguous(padRecord, elementBytes)) {
      to.set(dense, pad);
      return undefined;
    }
    const offsets = places(padRecord);
    for (let i = 0, from = 0; i < offsets.length; i++) {
      const at = (pad + offsets[i]!) >>> 0;
      for (let b = 0; b < elementBytes; b++) to[at + b] = dense[from++]!;
    }
    return undefined;
  };
}

/** Whether the elements of a record follow each other. */
function isContiguous(record: RecordWords, elementBytes: number): boolean {
  let length = elementBytes;
  for (let d = 0; d < DIMENSIONS; d++) {
    const size = record[4 * d + SIZE]!;
    if (size > 1 && record[4 * d + STRIDE] !== length) return false;
    length *= size;
  }
  return true;
}

const floats = new Float32Array(2);
const floatBits = new Int32Array(floats.buffer);

export function createMmaSparse(
  machine: Machine,
  memory: WebAssembly.Memory,
  layout: Layout,
  kernels: KernelFunctions,
): Kernels['mmaSparse'] {
  const { matrix } = machine;
  const { sparse } = layout;
  // Dispatch has refused it on other machines.
  if (sparse === undefined) return () => undefined;
  const tn = filtersOf(matrix);
  const lanes = lanesOf(matrix);
  const words = new Int32Array(memory.buffer);
  const neuronTable = layout.pixels >>> 2;
  const resultTable = layout.outputs >>> 2;
  const table = sparse.offsets >>> 2;
  const counts = sparse.kept >>> 2;
  const inputs = memo((pixels: RecordWords) => offsetsOf(pixels, pixels, 3));
  const results = memo((pixels: RecordWords, output: RecordWords) => offsetsOf(pixels, output, 3));
  const reductions = memo((record: RecordWords) => offsetsOf(record, record));

  /** Set bits of a filter's bitmap over `depth` elements, which begins at word `at`. */
  const bitsOf = (at: number, depth: number): number => {
    let bits = 0;
    for (let k = 0; k < depth; k++) bits += (words[at + (k >>> 5)]! >>> (k & 31)) & 1;
    return bits;
  };

  /** Writes the table of a group whose index words begin at word `at`. */
  const writeTable = (entry: MmaSparseEntry, at: number, n: number, neurons: Int32Array, rows: number): void => {
    const row = 4 * Math.ceil(n / 4);
    words.fill(0, table, table + row * rows);
    words.fill(0, counts, counts + row);
    const depth = neurons.length;
    if (entry.format === 'two4') {
      const perQuad = Math.ceil(n / FILTERS_PER_INDEX_WORD);
      words.fill(rows, counts, counts + n);
      for (let q = 0, to = table; 4 * q < depth; q++, to += 2 * row) {
        for (let f = 0; f < n; f++) {
          const pair = words[at + q * perQuad + (f >>> 3)]! >>> (4 * (f & 7));
          words[to + f] = neurons[4 * q + (pair & 3)]!;
          words[to + row + f] = neurons[4 * q + ((pair >>> 2) & 3)]!;
        }
      }
      return;
    }
    const perFilter = Math.ceil(depth / 32);
    for (let f = 0; f < n; f++) {
      let kept = 0;
      for (let k = 0; k < depth; k++) {
        if ((words[at + f * perFilter + (k >>> 5)]! >>> (k & 31)) & 1) words[table + row * kept++ + f] = neurons[k]!;
      }
      words[counts + f] = kept;
    }
  };

  return (entry): OverfullFilter | undefined => {
    const pixels = elementsOf(entry.pixels, 0, 3);
    const filters = Math.max(0, entry.output[16 + SIZE]!);
    if (pixels === 0 || filters === 0) return undefined;
    const neurons = elementsOf(entry.reduction) === 0 ? new Int32Array(0) : reductions(entry.reduction);
    const depth = neurons.length;
    const shape = sparseShape(entry);
    const rows = elementsOfSizes(keptReduction(shape));
    const groups = Math.ceil(filters / tn);
    const first = (layout.wram + entry.w) >>> 2;
    const stride = groupShape(entry.format, depth, tn, rows).words;
    const sizeOf = (g: number): number => Math.min(tn, filters - g * tn);
    for (let g = 0; entry.format === 'bitmap' && g < groups; g++) {
      for (let n = 0; n < sizeOf(g); n++) {
        const kept = bitsOf(first + g * stride + n * Math.ceil(depth / 32), depth);
        if (kept > rows) return { filter: g * tn + n, kept };
      }
    }

    const from = inputs(entry.pixels);
    const outputs = entry.drain ? results(entry.pixels, entry.output) : undefined;
    const run = entry.format === 'two4' && packingOf(matrix) === 'run' ? entry.reduction[SIZE]! / 2 : rows;
    floatBits[0] = entry.p0;
    floatBits[1] = entry.p1;
    const act = ACTIVATIONS.indexOf(entry.act);
    for (let g = 0; g < groups; g++) {
      const n = sizeOf(g);
      const vectors = Math.ceil(n / 4);
      const width = 16 * vectors;
      const { accumulators } = layout;
      const at = first + g * stride;
      writeTable(entry, at, n, neurons, rows);
      const values = 4 * (at + groupShape(entry.format, depth, n, rows).indexWords);
      for (let p = 0; p < pixels; p += PIXELS_PER_BLOCK) {
        const count = Math.min(PIXELS_PER_BLOCK, pixels - p);
        for (let i = 0; i < count; i++) words[neuronTable + i] = layout.nram + entry.a + from[p + i]!;
        const kept = layout.aram + 4 * tn * (entry.acc + g * pixels + p);
        if (entry.clear) words.fill(0, accumulators >>> 2, (accumulators + width * count) >>> 2);
        else kernels.fetchRows(kept, 4 * tn, accumulators, width, count, n);
        kernels.sparseBlock(
          ...([layout.pixels, count, values, 4 * n, vectors, lanes, rows, Math.max(1, run)] as const),
          ...([sparse.offsets, sparse.kept, accumulators, layout.tree, matrix.kind !== 'dot'] as const),
        );
        if (outputs === undefined) {
          kernels.keepRows(accumulators, width, kept, 4 * tn, count, n);
          continue;
        }
        const to = layout.nram + entry.c + g * entry.output[16 + STRIDE]!;
        for (let i = 0; i < count; i++) words[resultTable + i] = to + outputs[p + i]!;
        const bias = entry.useBias ? layout.wram + entry.bias + 4 * g * tn : 0;
        kernels.drainRows(accumulators, width, layout.outputs, count, n, bias, act, floats[0]!, floats[1]!);
      }
    }
    return undefined;
  };
}

const elementsOfSizes = (sizes: readonly number[]): number => sizes.reduce((n, size) => n * Math.max(0, size), 1);
