/**
 * What SCALE-Sim's reports say of a layer, by closed forms over its folds: cycles of the array are those of `#timing`, accesses of
 * scratchpads follow from the folds, and DRAM from the model of `doubleBuffers.ts`. Column by column: docs/scalesim.md.
 * Samajdar et al., arXiv:1811.02883; its version 3: Raj et al., arXiv:2504.15377.
 */
import { type ArrayDesign, type ArrayFolds, type ArrayLayer, arrayFolds } from './arrayFolds.ts';
import { type DramUse, halvesOf, serve, windowsOf } from './doubleBuffers.ts';

/** How sparse filters are kept, beside their values. */
export type SparseStorage = 'ellpack_block' | 'csr' | 'csc';

export interface LayerUse {
  readonly name: string;
  /** From the first load before cycle 0 to the last word in DRAM. */
  readonly cyclesWithPrefetch: number;
  /** Of the array, stalls included. */
  readonly cycles: number;
  readonly stalls: number;
  /** 0 to 1: multiplications ÷ (elements of the array × cycles). */
  readonly utilisation: number;
  /** Elements of the array that hold something, on average over folds. */
  readonly mapping: number;
  /** `utilisation` without stalls. */
  readonly computeUtilisation: number;
  readonly sram: { readonly ifmap: SramUse; readonly filter: SramUse; readonly ofmap: SramUse };
  readonly dram: { readonly ifmap: DramUse; readonly filter: DramUse; readonly ofmap: DramUse };
  readonly sparse?: SparseUse;
}

export interface SramUse {
  readonly start: number;
  readonly stop: number;
  readonly words: number;
}

/** Words of 4 bytes, as SCALE-Sim has them here. */
export interface SparseUse {
  readonly representation: SparseStorage;
  readonly dense: number;
  readonly stored: number;
  readonly metadata: number;
}

/** Words a cycle before cycle 0 where the interface is as wide as needed; SCALE-Sim's constant. */
const FIRST_RATE = 10;
/** A scratchpad answers in the cycle behind the one that it is asked in. */
const SRAM_LATENCY = 1;

export function layerUse(layer: ArrayLayer, design: ArrayDesign, sparse?: SparseStorage): LayerUse {
  const { rows, columns, dataflow, bandwidth } = design;
  const folds = arrayFolds(sparse === undefined ? withoutSparsity(layer) : layer, design);
  const compute = folds.count * folds.cycles;
  const isOutputHeld = dataflow === 'output-stationary';
  const outputs = { first: isOutputHeld ? folds.streamed - 1 : 2 * rows - 1, rows: isOutputHeld ? 0 : folds.streamed };
  const half = (words: number): number => Math.ceil(words / 2);
  const span = sramSpan(layer, folds, rows, dataflow);
  const outputSpan = [outputs.first, compute - folds.cycles + outputs.first + lastOutput(folds, outputs.rows)] as const;
  const service = serve(
    {
      ifmap: windowsOf(folds, folds.ifmap, half(design.ifmapWords)),
      filter: windowsOf(folds, folds.filter, half(design.filterWords)),
      ofmap: halvesOf(folds, outputs.first, outputs.rows, half(design.ofmapWords)),
    },
    { read: bandwidth, write: bandwidth, first: FIRST_RATE, last: columns },
    [...span.ifmap, ...span.filter, ...outputSpan],
  );
  const cycles = compute + service.stalls;
  const macs = layer.pixels * layer.filters * folds.reduction;
  const peak = rows * columns;
  const reads = readsOf(layer, folds, dataflow);
  const at = (cycle: number): number => cycle + service.stallsBefore.get(cycle)!;
  const sram = ([start, stop]: readonly [number, number], words: number, latency: number): SramUse => ({
    start: at(start) + latency,
    stop: at(stop) + latency,
    words,
  });
  const { ifmap, filter, ofmap } = service;
  return {
    name: layer.name,
    cyclesWithPrefetch: Math.max(cycles, ofmap.stop + 1) - Math.min(ifmap.start, filter.start),
    cycles,
    stalls: service.stalls,
    utilisation: macs / (peak * cycles),
    // Every part of rows meets every part of columns.
    mapping: macs / folds.streamed / (peak * folds.count),
    computeUtilisation: macs / (peak * compute),
    sram: {
      ifmap: sram(span.ifmap, reads.ifmap, SRAM_LATENCY),
      filter: sram(span.filter, reads.filter, SRAM_LATENCY),
      // Words that are written are there in the cycle that they come in.
      ofmap: sram(outputSpan, reads.ofmap, 0),
    },
    dram: { ifmap, filter, ofmap },
    ...(sparse === undefined ? {} : { sparse: sparseUse(layer, folds.reduction, sparse) }),
  };
}

function withoutSparsity({ sparsity: _, ...layer }: ArrayLayer): ArrayLayer {
  return layer;
}

/** Words that the array asks the scratchpads for; elements over the edge are asked for, and answered with 0. */
function readsOf(layer: ArrayLayer, { reduction, rowParts, columnParts }: ArrayFolds, flow: ArrayDesign['dataflow']) {
  const { pixels, filters, reduction: all } = layer;
  switch (flow) {
    case 'weight-stationary':
      // Rows whose weights are of one group choose among its inputs, which are read once.
      return { ifmap: pixels * all * columnParts, filter: reduction * filters, ofmap: pixels * filters * rowParts };
    case 'input-stationary':
      return {
        ifmap: pixels * reduction,
        filter: reduction * filters * columnParts,
        ofmap: pixels * filters * rowParts,
      };
    case 'output-stationary':
      return {
        ifmap: pixels * reduction * columnParts,
        filter: reduction * filters * rowParts,
        ofmap: pixels * filters,
      };
  }
}

/** First and last cycle, without stalls, in which the array asks for words of the input and of the filters. */
function sramSpan(layer: ArrayLayer, folds: ArrayFolds, rows: number, flow: ArrayDesign['dataflow']) {
  const { filters } = layer;
  const { streamed } = folds;
  const begin = (folds.count - 1) * folds.cycles;
  const usedFirst = folds.rowsUsed(0);
  const usedLast = folds.rowsUsed(folds.rowParts - 1);
  const ifmapLast = lastInput(folds, rows, flow);
  switch (flow) {
    case 'weight-stationary':
      // The row that lies lowest goes in first.
      return { ifmap: [rows, ifmapLast], filter: [rows - usedFirst, begin + rows - 1] } as const;
    case 'input-stationary':
      return {
        ifmap: [rows - usedFirst, ifmapLast],
        filter: [rows, begin + rows + filters - 1 + usedLast - 1],
      } as const;
    case 'output-stationary': {
      const columnsLast = folds.columnsUsed(folds.columnParts - 1);
      return { ifmap: [0, ifmapLast], filter: [0, begin + streamed - 1 + columnsLast - 1] } as const;
    }
  }
}

/** The last cycle in which the array asks for a word of the input; over the edge there is none, for whole folds at times. */
function lastInput(folds: ArrayFolds, rows: number, flow: ArrayDesign['dataflow']): number {
  const { inputs, streamed, reduction } = folds;
  for (let fold = folds.count - 1; fold >= 0; fold--) {
    const [r, c] = [fold % folds.rowParts, Math.floor(fold / folds.rowParts)];
    const [used, columns] = [folds.rowsUsed(r), folds.columnsUsed(c)];
    // Row parts begin every `rows`; where inputs are held, so do column parts.
    const first = r * rows;
    let found: number | undefined;
    if (flow === 'weight-stationary') {
      found = lastSum(streamed, used, (p, k) => inputs.isInside(p, first + k));
      if (found !== undefined) found += rows;
    } else if (flow === 'output-stationary') {
      found = lastSum(used, reduction, (p, k) => inputs.isInside(first + p, k));
    } else {
      const firstPixel = c * folds.columnsUsed(0);
      const isAsked = (row: number): boolean =>
        Array.from({ length: columns }, (_, p) => inputs.isInside(firstPixel + p, first + row)).some(Boolean);
      for (let row = 0; row < used && found === undefined; row++) if (isAsked(row)) found = rows - 1 - row;
    }
    if (found !== undefined) return fold * folds.cycles + found;
  }
  return 0;
}

/** The largest a + b, both below their ends, for which something is there. */
function lastSum(aEnd: number, bEnd: number, isThere: (a: number, b: number) => boolean): number | undefined {
  for (let sum = aEnd + bEnd - 2; sum >= 0; sum--) {
    for (let b = Math.max(0, sum - aEnd + 1); b < bEnd && b <= sum; b++) if (isThere(sum - b, b)) return sum;
  }
  return undefined;
}

/** Cycles from a fold's first output to its last. */
function lastOutput(folds: ArrayFolds, rows: number): number {
  const used = rows === 0 ? folds.rowsUsed(folds.rowParts - 1) : rows;
  return used - 1 + folds.columnsUsed(folds.columnParts - 1) - 1;
}

function sparseUse(layer: ArrayLayer, kept: number, representation: SparseStorage): SparseUse {
  const { filters, reduction, sparsity } = layer;
  const values = kept * filters;
  const metadata = {
    // A number within its group for each value.
    ellpack_block: (values * Math.ceil(Math.log2(sparsity?.of ?? 1))) / 32,
    // A column for each value and where each row begins; or the other way round.
    csr: values + reduction + 1,
    csc: values + filters + 1,
  }[representation];
  return { representation, dense: reduction * filters, stored: values + metadata, metadata };
}
